from __future__ import annotations

import duckdb
import pytest

from tests.metrics.bench import filled_lab

# Columns that hang together and some that do not, gaps in all of them, and texts that a page might take for code.
EVIL = "</script><img src=x onerror=\"document.title='pwned'\">"
ROWS = f"""
SELECT
  'source ' || i % 2 AS source,
  ['codegen', 'workflow', 'worktree'][1 + i % 3] AS kind,
  'session ' || i AS session_id,
  CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN '{EVIL.replace("'", "''")}' WHEN 2 THEN '(unknown)' ELSE 'topic ' || i % 7 END
    AS topic,
  ['easy', 'hard'][1 + i % 2] AS difficulty,
  ['completed', 'failed', 'running'][1 + CAST(hash(3 * i) % 3 AS INTEGER)] AS status,
  CASE WHEN hash(5 * i) % 5 > 0 THEN hash(7 * i) % 3 > 0 END AS success,
  CASE WHEN i % 11 > 0 THEN 1 + CAST(hash(31 * i) % 14 AS INTEGER) END AS attempts,
  CASE WHEN i % 4 > 0 THEN 'model ' || i % 4 END AS model,
  CASE WHEN i % 13 > 0 THEN TIMESTAMP '2026-01-01' + INTERVAL (7 * i) HOUR END AS started_at
FROM range(600) AS numbers (i)
"""


@pytest.fixture(scope="session")
def lab() -> duckdb.DuckDBPyConnection:
    return filled_lab(ROWS)
