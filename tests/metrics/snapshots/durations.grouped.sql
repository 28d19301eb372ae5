WITH measured AS (
  SELECT
    date_trunc('week', started_at) AS bucket,
    "kind",
    "difficulty",
    count(*) AS sessions,
    count(duration_s) AS known,
    percentile_cont([0.1, 0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY duration_s) AS quantiles,
    avg(duration_s) AS mean
  FROM sessions
  WHERE "attempts" > 1
    AND (("extra" ->> '$.failure_mode') = 'timeout' OR "topic" IS NULL)
  GROUP BY
    bucket,
    "kind",
    "difficulty"
)
SELECT
  bucket,
  "kind",
  "difficulty",
  sessions,
  known,
  quantiles[1] AS p10,
  quantiles[2] AS p50,
  quantiles[3] AS p90,
  quantiles[4] AS p99,
  mean
FROM measured
ORDER BY
  bucket NULLS LAST,
  "kind" NULLS LAST,
  "difficulty" NULLS LAST
