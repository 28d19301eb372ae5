SELECT
  date_trunc('week', started_at) AS bucket,
  "kind",
  "difficulty",
  count(*) AS sessions,
  count(attempts) AS known,
  avg(attempts) AS mean,
  stddev_samp(attempts) AS std,
  median(attempts) AS median,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY attempts) AS p90,
  max(attempts) AS max,
  avg(problem_attempts) AS problem_mean
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
