SELECT
  attempts,
  count(*) AS sessions,
  count(*) FILTER (WHERE success) AS passed,
  count(*) / sum(count(*)) OVER () AS share
FROM sessions
GROUP BY attempts
ORDER BY attempts NULLS LAST
