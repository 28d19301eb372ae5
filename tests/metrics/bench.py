"""A lab's canonical tables by hand, for the tests of what is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from sessionlab.derive import find_entrants
from sessionlab.metrics import Metrics
from sessionlab.model import ATTEMPTS, ERRORS, SESSIONS

# Every number has a spread of its own, so that a metric which reads the wrong column gives a wrong number.
SESSIONS_ROWS = """
SELECT
  'source ' || i % 2 AS source,
  ['codegen', 'workflow', 'worktree'][1 + i % 3] AS kind,
  'session ' || i AS session_id,
  'goal ' || i AS goal,
  CASE WHEN i % 7 > 0 THEN 'topic ' || i % 7 END AS topic,
  ['easy', 'hard'][1 + i % 2] AS difficulty,
  CASE WHEN i % 5 > 1 THEN hash(i) % 3 > 0 END AS success,
  CASE WHEN i % 11 > 0 THEN 1 + hash(31 * i) % 9 END AS attempts,
  CASE WHEN i % 3 > 0 THEN hash(37 * i) % 5 END AS problem_attempts,
  hash(41 * i) % 4 AS errors,
  100 + hash(43 * i) % 50 AS messages,
  CASE WHEN i % 4 > 0 THEN 'model ' || i % 4 END AS model,
  CASE WHEN i % 13 > 0 THEN TIMESTAMP '2026-01-01' + INTERVAL (7 * i) HOUR END AS started_at,
  CASE WHEN i % 17 > 0 THEN 30.5 + hash(47 * i) % 10000 / 7 END AS duration_s,
  json_object('failure_mode', ['timeout', 'crash'][1 + i % 2]) AS extra
FROM range({count}) AS numbers (i)
"""


# Competitions of two to five attempts, some of one agent, in sessions of one kind; two in three have a winner.
ATTEMPTS_ROWS = """
SELECT
  source, kind, session_id, attempt,
  CASE WHEN hash(i, attempt) % 19 > 0 THEN 'agent ' || (1 + hash(3 * i, attempt) % 5) END AS agent,
  'model ' || (1 + hash(5 * i, attempt) % 4) AS model,
  ['one', 'two', 'three'][CAST(1 + hash(7 * i, attempt) % 3 AS BIGINT)] AS runtime,
  CASE WHEN i % 3 > 0 THEN attempt = 1 + hash(11 * i) % size END AS winner
FROM (
  SELECT *, CAST(split_part(session_id, ' ', 2) AS BIGINT) AS i, 1 + hash(13 * i) % 5 AS size
  FROM sessions WHERE kind = 'worktree'
), range(1, 6) AS attempts (attempt)
WHERE attempt <= size
"""

ERRORS_ROWS = """
SELECT
  source, kind, session_id, line,
  CASE WHEN i % 5 > 0 THEN ['syntax', 'runtime'][1 + i % 2] END AS error_type,
  CASE WHEN hash(i, line) % 9 > 0 THEN
    ['line ' || i, 'no ''name ' || i || '''', 'not found: /home/u' || i || '/x.py', 'lost']
      [CAST(1 + hash(17 * i, line) % 4 AS BIGINT)] END AS message,
  started_at + INTERVAL (line) MINUTE AS occurred_at
FROM (
  SELECT *, CAST(split_part(session_id, ' ', 2) AS BIGINT) AS i FROM sessions WHERE kind = 'codegen'
), range(1, 5) AS lines (line)
WHERE line <= errors
"""


def empty_lab() -> duckdb.DuckDBPyConnection:
    """Make a database with empty tables."""
    lab = duckdb.connect()
    for table in (SESSIONS, ATTEMPTS, ERRORS):
        lab.execute(table.ddl("main"))
    return lab


def filled_lab(rows: str = SESSIONS_ROWS.format(count=400), values: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
    """Make a database with the sessions that a query gives; columns it does not name are NULL."""
    lab = empty_lab()
    lab.execute(f"INSERT INTO sessions BY NAME {rows}", values)
    return lab


def full_lab(of: str = "{rows}", count: int = 400) -> duckdb.DuckDBPyConnection:
    """Make a database with sessions, or with what a query makes of them, and their attempts and errors."""
    lab = filled_lab(of.replace("{rows}", SESSIONS_ROWS.format(count=count)))
    lab.execute(f"INSERT INTO attempts BY NAME {ATTEMPTS_ROWS}")
    note_entrants(lab)
    lab.execute(f"INSERT INTO errors BY NAME {ERRORS_ROWS}")
    return lab


def note_entrants(lab: duckdb.DuckDBPyConnection) -> None:
    """Bring ``entrants`` up to date with the attempts, as a load does."""
    find_entrants(lab, "attempts")


def metrics_of(lab: duckdb.DuckDBPyConnection) -> Metrics:
    """Make the metrics of such a database."""
    return Metrics(lab.sql)


def rows(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """Give the rows of a relation by the names of its columns."""
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
