WITH measured AS (
  SELECT
    count(*) AS sessions,
    count(duration_s) AS known,
    percentile_cont([0.1, 0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY duration_s) AS quantiles,
    avg(duration_s) AS mean
  FROM sessions
)
SELECT
  sessions,
  known,
  quantiles[1] AS p10,
  quantiles[2] AS p50,
  quantiles[3] AS p90,
  quantiles[4] AS p99,
  mean
FROM measured
