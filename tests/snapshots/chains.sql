WITH RECURSIVE linked AS MATERIALIZED (
SELECT
  source, kind, session_id, any_value(parent_session_id) AS parent, any_value(success) AS success,
  any_value(attempts) AS attempts, row_number() OVER () AS n
FROM sessions AS s
WHERE parent_session_id IS NOT NULL OR EXISTS (
  FROM sessions AS c WHERE c.source = s.source AND c.kind = s.kind AND c.parent_session_id = s.session_id
)
GROUP BY source, kind, session_id
),
upward AS MATERIALIZED (
SELECT c.n, p.n AS up
FROM linked AS c
LEFT JOIN linked AS p ON p.source = c.source AND p.kind = c.kind AND p.session_id = c.parent
),
walk AS MATERIALIZED (
SELECT n, n AS root, 0 AS depth FROM upward WHERE up IS NULL
UNION ALL
SELECT u.n, w.root, w.depth + 1 FROM walk AS w JOIN upward AS u ON u.up = w.n
),
placed AS MATERIALIZED (
SELECT c.*, r.session_id AS root, w.depth, CASE
  WHEN w.n IS NULL THEN 'cycle'
  WHEN w.depth = 0 AND c.parent IS NOT NULL THEN 'parent missing'
END AS note
FROM linked AS c
LEFT JOIN walk AS w ON w.n = c.n
LEFT JOIN linked AS r ON r.n = w.root
)
SELECT
  p.source, p.kind, p.session_id, p.root, p.depth, p.parent, p.note, p.success, p.attempts, s.goal
FROM placed AS p
JOIN sessions AS s USING (source, kind, session_id)
ORDER BY source, kind, root NULLS LAST, depth, session_id;

WITH RECURSIVE linked AS MATERIALIZED (
SELECT
  source, kind, session_id, any_value(parent_session_id) AS parent, any_value(success) AS success,
  any_value(attempts) AS attempts, row_number() OVER () AS n
FROM sessions AS s
WHERE parent_session_id IS NOT NULL OR EXISTS (
  FROM sessions AS c WHERE c.source = s.source AND c.kind = s.kind AND c.parent_session_id = s.session_id
)
GROUP BY source, kind, session_id
),
upward AS MATERIALIZED (
SELECT c.n, p.n AS up
FROM linked AS c
LEFT JOIN linked AS p ON p.source = c.source AND p.kind = c.kind AND p.session_id = c.parent
),
walk AS MATERIALIZED (
SELECT n, n AS root, 0 AS depth FROM upward WHERE up IS NULL
UNION ALL
SELECT u.n, w.root, w.depth + 1 FROM walk AS w JOIN upward AS u ON u.up = w.n
),
placed AS MATERIALIZED (
SELECT c.*, r.session_id AS root, w.depth, CASE
  WHEN w.n IS NULL THEN 'cycle'
  WHEN w.depth = 0 AND c.parent IS NOT NULL THEN 'parent missing'
END AS note
FROM linked AS c
LEFT JOIN walk AS w ON w.n = c.n
LEFT JOIN linked AS r ON r.n = w.root
)
SELECT
  depth,
  count(*) AS sessions,
  count(success) AS judged,
  CAST(coalesce(count_if(success), 0) AS BIGINT) AS passed,
  passed / nullif(judged, 0) AS rate,
  CASE passed WHEN 0 THEN rate ELSE (passed + 1.9207294103470627e0 - 1.959963984540054e0 * sqrt(passed * (1 - rate) + 0.9603647051735313e0)) / (judged + 3.8414588206941254e0) END AS low,
  CASE passed WHEN judged THEN rate ELSE (passed + 1.9207294103470627e0 + 1.959963984540054e0 * sqrt(passed * (1 - rate) + 0.9603647051735313e0)) / (judged + 3.8414588206941254e0) END AS high
FROM placed
GROUP BY depth
ORDER BY depth NULLS LAST;

WITH RECURSIVE linked AS MATERIALIZED (
SELECT
  source, kind, session_id, any_value(parent_session_id) AS parent, any_value(success) AS success,
  any_value(attempts) AS attempts, row_number() OVER () AS n
FROM sessions AS s
WHERE parent_session_id IS NOT NULL OR EXISTS (
  FROM sessions AS c WHERE c.source = s.source AND c.kind = s.kind AND c.parent_session_id = s.session_id
)
GROUP BY source, kind, session_id
),
tokens AS MATERIALIZED (
SELECT
  n.source, n.kind, n.session_id, n.parent,
  list_distinct(list_transform(string_split(s.goal, ' '), lambda part: hash(part))) AS words,
  list_distinct(list_transform(string_split(c.code, chr(10)), lambda part: hash(part))) AS lines
FROM linked AS n
JOIN sessions AS s USING (source, kind, session_id)
LEFT JOIN (
  SELECT source, kind, session_id, arg_max(code, attempt) AS code
  FROM attempts
  WHERE code IS NOT NULL
  GROUP BY source, kind, session_id
) AS c USING (source, kind, session_id)
),
kept AS MATERIALIZED (
SELECT
  c.source, c.kind, c.session_id, c.parent,
  len(c.words) AS words, len(p.words) AS words_before, len(c.lines) AS lines, len(p.lines) AS lines_before,
  CASE WHEN c.words = p.words THEN len(c.words) ELSE len(list_intersect(c.words, p.words)) END AS words_kept,
  CASE WHEN c.lines = p.lines THEN len(c.lines) ELSE len(list_intersect(c.lines, p.lines)) END AS lines_kept
FROM tokens AS c
JOIN tokens AS p ON p.source = c.source AND p.kind = c.kind AND p.session_id = c.parent
)
SELECT
  source, kind, session_id, parent,
  words_kept / (words + words_before - words_kept) AS goal_similarity,
  lines_kept / (lines + lines_before - lines_kept) AS code_similarity,
  lines - lines_kept AS lines_added,
  lines_before - lines_kept AS lines_removed
FROM kept
ORDER BY source, kind, session_id;
