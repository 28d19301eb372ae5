SELECT
  bucket,
  "kind",
  "difficulty",
  sessions,
  judged,
  passed,
  passed / nullif(judged, 0) AS rate,
  CASE passed WHEN 0 THEN rate ELSE (passed + 1.9207294103470627e0 - 1.959963984540054e0 * sqrt(passed * (1 - rate) + 0.9603647051735313e0)) / (judged + 3.8414588206941254e0) END AS low,
  CASE passed WHEN judged THEN rate ELSE (passed + 1.9207294103470627e0 + 1.959963984540054e0 * sqrt(passed * (1 - rate) + 0.9603647051735313e0)) / (judged + 3.8414588206941254e0) END AS high,
  attempts_mean,
  attempts_median,
  problem_attempts_mean,
  duration_median_s,
  errors
FROM (
  SELECT
    date_trunc('week', started_at) AS bucket,
    "kind",
    "difficulty",
    count(*) AS sessions,
    count(success) AS judged,
    CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed,
    avg(attempts) AS attempts_mean,
    median(attempts) AS attempts_median,
    avg(problem_attempts) AS problem_attempts_mean,
    median(duration_s) AS duration_median_s,
    CAST(sum(errors) AS BIGINT) AS errors
  FROM sessions
  WHERE "attempts" > 1
    AND (("extra" ->> '$.failure_mode') = 'timeout' OR "topic" IS NULL)
  GROUP BY
    bucket,
    "kind",
    "difficulty"
)
ORDER BY
  bucket NULLS LAST,
  "kind" NULLS LAST,
  "difficulty" NULLS LAST
