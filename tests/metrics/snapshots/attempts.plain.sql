SELECT
  count(*) AS sessions,
  count(attempts) AS known,
  avg(attempts) AS mean,
  stddev_samp(attempts) AS std,
  median(attempts) AS median,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY attempts) AS p90,
  max(attempts) AS max,
  avg(problem_attempts) AS problem_mean
FROM sessions
