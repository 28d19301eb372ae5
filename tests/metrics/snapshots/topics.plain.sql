SELECT
  value,
  sessions,
  share,
  judged,
  passed,
  passed / nullif(judged, 0) AS rate,
  CASE passed WHEN 0 THEN rate ELSE (passed + 1.9207294103470627e0 - 1.959963984540054e0 * sqrt(passed * (1 - rate) + 0.9603647051735313e0)) / (judged + 3.8414588206941254e0) END AS low,
  CASE passed WHEN judged THEN rate ELSE (passed + 1.9207294103470627e0 + 1.959963984540054e0 * sqrt(passed * (1 - rate) + 0.9603647051735313e0)) / (judged + 3.8414588206941254e0) END AS high
FROM (
  SELECT
    "topic" AS value,
    count(*) AS sessions,
    count(*) / sum(count(*)) OVER () AS share,
    count(success) AS judged,
    CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed
  FROM sessions
  GROUP BY value
)
ORDER BY
  sessions DESC,
  value NULLS LAST
