SELECT
  attempts,
  count(*) AS sessions,
  CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed,
  count(*) / sum(count(*)) OVER () AS share
FROM sessions
GROUP BY attempts
ORDER BY attempts NULLS LAST
