SELECT
  count(*) AS sessions,
  percentile_cont(0.1) WITHIN GROUP (ORDER BY duration_s) AS p10,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_s) AS p50,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY duration_s) AS p90,
  percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_s) AS p99,
  avg(duration_s) AS mean
FROM sessions
