WITH ends AS (
  SELECT
    date_trunc('week', started_at) AS bucket,
    "kind",
    "difficulty",
    attempts - CASE WHEN success IS NULL THEN 1 ELSE 0 END AS attempt,
    count(*) AS ended,
    CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed
  FROM sessions
  WHERE "attempts" > 1
    AND (("extra" ->> '$.failure_mode') = 'timeout' OR "topic" IS NULL)
    AND attempts - CASE WHEN success IS NULL THEN 1 ELSE 0 END >= 1
  GROUP BY
    bucket,
    "kind",
    "difficulty",
    attempt
),
risks AS (
  SELECT
    bucket,
    "kind",
    "difficulty",
    attempt,
    passed,
    CAST(sum(ended) OVER (PARTITION BY bucket, "kind", "difficulty" ORDER BY attempt DESC) AS BIGINT) AS at_risk
  FROM ends
),
sums AS (
  SELECT
    bucket,
    "kind",
    "difficulty",
    attempt,
    at_risk,
    passed,
    sum(ln(nullif(at_risk - passed, 0) / at_risk)) OVER (PARTITION BY bucket, "kind", "difficulty" ORDER BY attempt) AS log_survival,
    sum(passed / nullif(at_risk * (at_risk - passed), 0)) OVER (PARTITION BY bucket, "kind", "difficulty" ORDER BY attempt) AS variance
  FROM risks
)
SELECT
  bucket,
  "kind",
  "difficulty",
  attempt,
  at_risk,
  passed,
  CASE WHEN passed < at_risk THEN 1 - exp(log_survival) ELSE 1 END AS rate,
  CASE WHEN passed < at_risk THEN 1 - exp(log_survival * exp(-1.959963984540054e0 * sqrt(variance) / nullif(-log_survival, 0))) END AS low,
  CASE WHEN passed < at_risk THEN 1 - exp(log_survival * exp(1.959963984540054e0 * sqrt(variance) / nullif(-log_survival, 0))) END AS high
FROM sums
ORDER BY
  bucket NULLS LAST,
  "kind" NULLS LAST,
  "difficulty" NULLS LAST,
  attempt
