SELECT
  date_trunc('week', started_at) AS bucket,
  "kind",
  "difficulty",
  attempts,
  count(*) AS sessions,
  CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed,
  count(*) / sum(count(*)) OVER (PARTITION BY date_trunc('week', started_at), "kind", "difficulty" ORDER BY date_trunc('week', started_at), "kind", "difficulty") AS share
FROM sessions
WHERE "attempts" > 1
  AND (("extra" ->> '$.failure_mode') = 'timeout' OR "topic" IS NULL)
GROUP BY
  bucket,
  "kind",
  "difficulty",
  attempts
ORDER BY
  bucket NULLS LAST,
  "kind" NULLS LAST,
  "difficulty" NULLS LAST,
  attempts NULLS LAST
