WITH said AS (
  SELECT
    date_trunc('week', started_at) AS bucket,
    "kind",
    "difficulty",
    "source",
    "session_id",
    error_type,
    message AS said,
    occurred_at
  FROM errors JOIN sessions USING ("source", "kind", "session_id")
  WHERE "attempts" > 1
    AND (("extra" ->> '$.failure_mode') = 'timeout' OR "topic" IS NULL)
),
texts AS (
  SELECT
    said,
    trim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(said,
      '\s+', ' ', 'g'),
      '\B''[^''\n]*''\B|\B"[^"\n]*"\B|\B`[^`\n]*`\B', '<name>', 'g'),
      '\b[A-Za-z][A-Za-z0-9+.-]*://[^\s''"<>)]+', '<path>', 'g'),
      '(\b[A-Za-z]:|\B~|\B\.{1,2}|\B)([/\\]+[\w.@+~%-]*\w)+[/\\]?', '<path>', 'g'),
      '\b[\w.-]+(/[\w.-]+)+\.[A-Za-z]\w*', '<path>', 'g'),
      '\b(0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{12,})\b', '<hex>', 'g'),
      '(\B-)?\b\d+([.,]\d+)*([eE][+-]?\d+)?', '<n>', 'g')) AS folded
  FROM said
  GROUP BY said
),
found AS (
  SELECT
    bucket,
    "kind",
    "difficulty",
    error_type,
    folded,
    count(*) AS errors,
    max(occurred_at) AS last_seen
  FROM said LEFT JOIN texts USING (said)
  GROUP BY
    bucket,
    "kind",
    "difficulty",
    "source",
    "session_id",
    error_type,
    folded
)
SELECT
  bucket,
  "kind",
  "difficulty",
  error_type,
  folded AS message,
  CAST(sum(errors) AS BIGINT) AS errors,
  count(*) AS sessions,
  max(last_seen) AS last_seen
FROM found
GROUP BY
  bucket,
  "kind",
  "difficulty",
  error_type,
  message
ORDER BY
  bucket NULLS LAST,
  "kind" NULLS LAST,
  "difficulty" NULLS LAST,
  errors DESC,
  error_type NULLS LAST,
  message NULLS LAST
