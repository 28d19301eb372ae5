SELECT
  date_trunc('week', started_at) AS bucket,
  "kind",
  "difficulty",
  count(*) AS sessions,
  percentile_cont(0.1) WITHIN GROUP (ORDER BY duration_s) AS p10,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_s) AS p50,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY duration_s) AS p90,
  percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_s) AS p99,
  avg(duration_s) AS mean
FROM sessions
WHERE "attempts" > 1
  AND (("extra" ->> '$.failure_mode') = 'timeout' OR "topic" IS NULL)
GROUP BY
  bucket,
  "kind",
  "difficulty"
ORDER BY
  bucket NULLS LAST,
  "kind" NULLS LAST,
  "difficulty" NULLS LAST
