SELECT
  CASE
    WHEN "topic" IS NULL THEN -1
    WHEN "topic" = 'io' THEN 0
    WHEN "topic" = 'it''s' THEN 1
    ELSE 2
  END AS topic_code,
  CASE
    WHEN "errors" IS NULL THEN -1
    WHEN "errors" = CAST('0' AS BIGINT) THEN 0
    WHEN "errors" = CAST('1' AS BIGINT) THEN 1
    ELSE 2
  END AS errors_code,
  CASE
    WHEN "model" IS NULL THEN -1
    ELSE 0
  END AS model_code,
  CASE WHEN attempts >= 0 THEN least(attempts, 7) ELSE -1 END AS tries,
  date_diff('day', DATE '1970-01-01', date_trunc('week', started_at)) AS start,
  count(*) AS sessions,
  count(success) AS judged,
  CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed
FROM sessions
WHERE "attempts" > 1
  AND ("kind" = 'workflow' OR "topic" IS NULL)
GROUP BY
  topic_code,
  errors_code,
  model_code,
  tries,
  start
ORDER BY
  topic_code NULLS LAST,
  errors_code NULLS LAST,
  model_code NULLS LAST,
  tries NULLS LAST,
  start NULLS LAST
