"""The SQL of chains: who goes on from whom, how far from the start, and what of a text is kept."""

from __future__ import annotations

from sessionlab.metrics.rates import SUCCESS

_LINKED = """SELECT
  source, kind, session_id, any_value(parent_session_id) AS parent, any_value(success) AS success,
  any_value(attempts) AS attempts, row_number() OVER () AS n
FROM sessions AS s
WHERE parent_session_id IS NOT NULL OR EXISTS (
  FROM sessions AS c WHERE c.source = s.source AND c.kind = s.kind AND c.parent_session_id = s.session_id
)
GROUP BY source, kind, session_id"""
"""Sessions that have a parent or are one; each once, which the walk relies on, and numbered to be joined fast."""

_UPWARD = """SELECT c.n, p.n AS up
FROM linked AS c
LEFT JOIN linked AS p ON p.source = c.source AND p.kind = c.kind AND p.session_id = c.parent"""

_WALK = """SELECT n, n AS root, 0 AS depth FROM upward WHERE up IS NULL
UNION ALL
SELECT u.n, w.root, w.depth + 1 FROM walk AS w JOIN upward AS u ON u.up = w.n"""

_PLACED = """SELECT c.*, r.session_id AS root, w.depth, CASE
  WHEN w.n IS NULL THEN 'cycle'
  WHEN w.depth = 0 AND c.parent IS NOT NULL THEN 'parent missing'
END AS note
FROM linked AS c
LEFT JOIN walk AS w ON w.n = c.n
LEFT JOIN linked AS r ON r.n = w.root"""

_HASHES = "list_distinct(list_transform(string_split({text}, {by}), lambda part: hash(part)))"
"""The different parts of a text, as numbers: a tenth of the room and half the time of texts."""

_TOKENS = f"""SELECT
  n.source, n.kind, n.session_id, n.parent,
  {_HASHES.format(text="s.goal", by="' '")} AS words,
  {_HASHES.format(text="c.code", by="chr(10)")} AS lines
FROM linked AS n
JOIN sessions AS s USING (source, kind, session_id)
LEFT JOIN (
  SELECT source, kind, session_id, arg_max(code, attempt) AS code
  FROM attempts
  WHERE code IS NOT NULL
  GROUP BY source, kind, session_id
) AS c USING (source, kind, session_id)"""

_KEPT = """SELECT
  c.source, c.kind, c.session_id, c.parent,
  len(c.words) AS words, len(p.words) AS words_before, len(c.lines) AS lines, len(p.lines) AS lines_before,
  CASE WHEN c.words = p.words THEN len(c.words) ELSE len(list_intersect(c.words, p.words)) END AS words_kept,
  CASE WHEN c.lines = p.lines THEN len(c.lines) ELSE len(list_intersect(c.lines, p.lines)) END AS lines_kept
FROM tokens AS c
JOIN tokens AS p ON p.source = c.source AND p.kind = c.kind AND p.session_id = c.parent"""


def _with(last: str, **parts: str) -> str:
    named = ",\n".join(f"{name} AS MATERIALIZED (\n{text}\n)" for name, text in parts.items())
    return f"WITH RECURSIVE {named}\n{last}"


def sessions_sql() -> str:
    """Write the query of ``Chains.sessions``."""
    last = """SELECT
  p.source, p.kind, p.session_id, p.root, p.depth, p.parent, p.note, p.success, p.attempts, s.goal
FROM placed AS p
JOIN sessions AS s USING (source, kind, session_id)
ORDER BY source, kind, root NULLS LAST, depth, session_id"""
    return _with(last, linked=_LINKED, upward=_UPWARD, walk=_WALK, placed=_PLACED)


def depth_sql() -> str:
    """Write the query of ``Chains.by_depth``."""
    rates = ",\n".join(f"  {expression} AS {name}" for name, expression in SUCCESS.items())
    last = f"""SELECT
  depth,
  count(*) AS sessions,
{rates}
FROM placed
GROUP BY depth
ORDER BY depth NULLS LAST"""
    return _with(last, linked=_LINKED, upward=_UPWARD, walk=_WALK, placed=_PLACED)


def changes_sql() -> str:
    """Write the query of ``Chains.changes``."""
    last = """SELECT
  source, kind, session_id, parent,
  words_kept / (words + words_before - words_kept) AS goal_similarity,
  lines_kept / (lines + lines_before - lines_kept) AS code_similarity,
  lines - lines_kept AS lines_added,
  lines_before - lines_kept AS lines_removed
FROM kept
ORDER BY source, kind, session_id"""
    return _with(last, linked=_LINKED, tokens=_TOKENS, kept=_KEPT)
