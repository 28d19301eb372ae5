"""A lab's ``sessions`` table by hand, for the tests of what is computed from it."""

from __future__ import annotations

import duckdb

from sessionlab.metrics import Metrics
from sessionlab.model import SESSIONS

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


def empty_lab() -> duckdb.DuckDBPyConnection:
    """Make a database with an empty ``sessions``."""
    lab = duckdb.connect()
    lab.execute(SESSIONS.ddl("main"))
    return lab


def filled_lab(rows: str = SESSIONS_ROWS.format(count=400)) -> duckdb.DuckDBPyConnection:
    """Make a database with the sessions that a query gives; columns it does not name are NULL."""
    lab = empty_lab()
    lab.execute(f"INSERT INTO sessions BY NAME {rows}")
    return lab


def metrics_of(lab: duckdb.DuckDBPyConnection) -> Metrics:
    """Make the metrics of such a database."""
    return Metrics(lab.sql)
