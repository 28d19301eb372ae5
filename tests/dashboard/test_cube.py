"""What the cube counts, how small it is, and what it says of what it gathered."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from sessionlab.dashboard import Cube, read_cube
from sessionlab.dashboard.cube import cube_sql
from sessionlab.dashboard.plan import BUCKETS, LIMIT, Category, Facts, Plan, ladder, most
from sessionlab.errors import QueryError
from tests.metrics.bench import empty_lab, filled_lab, metrics_of

SNAPSHOT = Path(__file__).parent / "cube.sql"

# Every column by a hash of its own, so that next to nothing comes together: the worst there is for a cube.
SCATTERED = """
SELECT 'x' AS source, ['codegen', 'workflow', 'worktree', 'conversation'][1 + i % 4] AS kind,
  CASE WHEN i % 7 > 0 THEN 'topic ' ||
    CAST(80 * pow(CAST(hash(i) % 10000 AS INTEGER) / 10000, 2) AS INTEGER) END AS topic,
  'status ' || hash(5 * i) % 6 AS status,
  CASE WHEN hash(11 * i) % 9 > 2 THEN CAST(hash(7 * i) % 10 AS INTEGER) < 7 END AS success,
  CASE WHEN i % 11 > 0 THEN CAST(hash(31 * i) % 15 AS INTEGER) END AS attempts,
  CASE WHEN i % 4 > 0 THEN 'model ' || hash(17 * i) % 12 END AS model,
  CASE WHEN i % 13 > 0 THEN TIMESTAMP '2024-01-01' + INTERVAL (CAST(hash(19 * i) % 1000000 AS INTEGER)) MINUTE END
    AS started_at
FROM range({count}) AS numbers (i)
"""


@pytest.fixture(scope="module")
def scattered() -> duckdb.DuckDBPyConnection:
    return filled_lab(SCATTERED.format(count=60_000))


def sums(cube: Cube, column: str | None = None) -> dict[str, tuple[int, ...]]:
    """Sum the cube's counts up, for each label of a column."""
    found: dict[str, Counter[int]] = {}
    place = list(cube.dimensions).index(column) if column else -1
    for cell in cube.cells:
        label = cube.dimensions[column].labels[cell[place] or 0] if column else ""
        found.setdefault(label, Counter()).update({i: count or 0 for i, count in enumerate(cell[-3:])})
    return {label: tuple(counts[i] for i in range(3)) for label, counts in found.items()}


def measured(lab: duckdb.DuckDBPyConnection, where: str | None = None, **arguments: Any) -> dict[Any, tuple[int, ...]]:
    rows = metrics_of(lab).success_rate(where=where, **arguments).to_dicts()
    by = arguments.get("by")
    return {row[by] if by else "": (row["sessions"], row["judged"], row["passed"]) for row in rows}


@pytest.mark.parametrize("where", [None, "attempts > 3 OR topic IS NULL"])
def test_sums_over_the_cube_are_the_whole(lab: duckdb.DuckDBPyConnection, where: str | None) -> None:
    cube = read_cube(lab.sql, where=where)
    assert sums(cube) == measured(lab, where)
    for column in ("kind", "model", "status"):
        shown = {None if label == "(unknown)" else label: counts for label, counts in sums(cube, column).items()}
        assert shown == measured(lab, where, by=column)
    assert cube.cut == ()


def test_unknown_values_are_cells_like_the_others(lab: duckdb.DuckDBPyConnection) -> None:
    cube = read_cube(lab.sql)
    assert sums(cube, "topic")["(unknown)"] == measured(lab, by="topic")[None]
    assert sums(cube, "topic")['"(unknown)"'] == measured(lab, by="topic")["(unknown)"]
    assert sums(cube, "tries")["(unknown)"] == measured(lab, by="attempts")[None]
    undated = [cell for cell in cube.cells if cell[-4] is None]
    assert sum(cell[-3] or 0 for cell in undated) == 47
    assert cube.notes == ("47 sessions without a start are counted, but not on the timeline",)


def test_attempts_beyond_ten_are_one(lab: duckdb.DuckDBPyConnection) -> None:
    cube = read_cube(lab.sql)
    assert cube.dimensions["tries"].labels == (*map(str, range(1, 10)), "10+", "(unknown)")
    assert sums(cube, "tries")["10+"] == measured(lab, "attempts >= 10")[""]
    assert sums(cube, "tries")["3"] == measured(lab, "attempts = 3")[""]


def test_buckets_are_the_metrics(lab: duckdb.DuckDBPyConnection) -> None:
    cube = read_cube(lab.sql)
    assert cube.bucket == "week"
    weeks = lab.sql("SELECT date_trunc('week', started_at) - TIMESTAMP '1970-01-01' FROM sessions GROUP BY 1")
    assert cube.days == sorted(span.days for (span,) in weeks.fetchall() if span)


@pytest.mark.parametrize(
    ("days", "bucket"), [(1, "day"), (70, "day"), (300, "week"), (1500, "month"), (6000, "quarter"), (20_000, "year")]
)
def test_time_is_counted_by_what_a_timeline_can_show(days: int, bucket: str) -> None:
    lab = filled_lab(f"SELECT 'x' AS source, unnest([DATE '1970-02-01', DATE '1970-02-01' + {days}]) AS started_at")
    assert read_cube(lab.sql).bucket == bucket


@pytest.mark.parametrize("limit", [LIMIT, 2_000, 300, 20])
def test_many_cells_become_few_and_nothing_is_lost(scattered: duckdb.DuckDBPyConnection, limit: int) -> None:
    cube = read_cube(scattered.sql, limit=limit)
    assert len(cube.cells) <= limit
    assert sums(cube) == measured(scattered)
    assert any(text.startswith("topic: the ") for text in cube.cut)
    assert any(text.startswith("time: by quarter instead of month") for text in cube.cut) or limit < LIMIT
    for label, counts in sums(cube, "topic").items():
        if label.startswith("topic "):
            assert counts == measured(scattered, by="topic")[label]


def test_what_is_gathered_is_what_is_rare(scattered: duckdb.DuckDBPyConnection) -> None:
    shown = sums(read_cube(scattered.sql), "topic")
    gathered = next(label for label in shown if label.startswith("other"))
    sizes = sorted((counts[0] for topic, counts in measured(scattered, by="topic").items() if topic), reverse=True)
    alone = [counts[0] for label, counts in shown.items() if label not in {gathered, "(unknown)"}]
    assert sorted(alone, reverse=True) == sizes[: len(alone)]
    assert gathered == f"other ({len(sizes) - len(alone)})"
    assert shown[gathered][0] == sum(sizes[len(alone) :])


def test_the_last_rung_fits_whatever_there_is() -> None:
    def category(column: str) -> Category:
        return Category(column, tuple(range(24)), (10,) * 24, 1000, True)

    facts = Facts(10_000_000, tuple(map(category, "abcdefg")), -700_000, 2_000_000, 99)
    rungs = ladder(facts)
    sizes = [most(rung, facts) for rung in rungs]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] <= LIMIT < sizes[-2]
    assert len(rungs) < 150


@pytest.mark.parametrize("by", ["session_id", "goal", "started_at", "duration_s", "success", "errors", "extra"])
def test_any_column_can_be_compared_by(by: str) -> None:
    lab = filled_lab(
        "SELECT 'x' AS source, 'session ' || i AS session_id, repeat('long ', 100) || i % 50 AS goal,"
        " i / 7 AS duration_s, TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS started_at, i % 3 > 0 AS success,"
        " i % 30 AS errors, json_object('a', i % 40) AS extra FROM range(300) AS numbers (i)"
    )
    cube = read_cube(lab.sql, by=by)
    labels = cube.dimensions[by].labels
    assert len(set(labels)) == len(labels) <= 25
    assert sum(counts[0] for counts in sums(cube, by).values()) == 300
    assert max(map(len, labels)) < 300


def test_numbers_stand_in_their_own_order() -> None:
    lab = filled_lab("SELECT 'x' AS source, i % 12 AS errors FROM range(100) AS numbers (i)")
    assert read_cube(lab.sql, by="errors").dimensions["errors"].labels == tuple(map(str, range(12)))


def test_the_first_known_column_is_compared_by_unless_one_is_named(lab: duckdb.DuckDBPyConnection) -> None:
    assert read_cube(lab.sql).by == ("topic",)
    assert read_cube(lab.sql, where="topic IS NULL").by == ("difficulty",)
    assert read_cube(lab.sql, by="Mode").by == ("mode",)
    assert read_cube(lab.sql, by="mode").notes[0] == "not known of any session: mode"
    assert read_cube(empty_lab().sql).by == ("source",)


def test_arguments_are_checked_as_the_metrics_do(lab: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match=r"no column 'topik'.*Did you mean 'topic'"):
        read_cube(lab.sql, by="topik")
    with pytest.raises(QueryError, match="does not hold up"):
        read_cube(lab.sql, where="true) OR (true")
    with pytest.raises(QueryError, match="by 4 columns at most, not by 5"):
        read_cube(lab.sql, by=["topic", "mode", "kind", "agent", "user_id"])


def test_a_cube_is_the_same_each_time(scattered: duckdb.DuckDBPyConnection) -> None:
    assert read_cube(scattered.sql) == read_cube(scattered.sql)


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0044-03-15 (BC)", "200000-01-01"])
def test_times_beyond_the_calendar_are_counted(moment: str) -> None:
    lab = filled_lab(f"SELECT 'x' AS source, unnest([TIMESTAMP '2026-01-01', TIMESTAMP '{moment}']) AS started_at")
    cube = read_cube(lab.sql)
    assert cube.sessions == 2


def test_the_sql_is_as_reviewed() -> None:
    plan = Plan({"topic": ("io", "it's"), "errors": (0, 1), "model": ()}, "week", 7)
    query = cube_sql(plan, "attempts > 1 and (kind = 'workflow' or topic is null)") + "\n"
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOT.write_text(query, encoding="utf-8")
    assert query == SNAPSHOT.read_text(encoding="utf-8"), "SNAPSHOTS=write pytest tests/dashboard writes it anew"
    assert sqlglot.transpile(query, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_every_bucket_is_one_of_duckdbs(lab: duckdb.DuckDBPyConnection) -> None:
    for bucket in (*BUCKETS, None):
        rows = lab.sql(cube_sql(Plan({}, bucket), None)).fetchall()
        assert sum(row[-3] for row in rows) == 600


def test_altair_is_imported_by_the_first_chart_only() -> None:
    code = (
        "import sys, duckdb; from sessionlab.dashboard import dashboard, read_cube;"
        "from sessionlab.model import SESSIONS;"
        "lab = duckdb.connect(); lab.execute(SESSIONS.ddl('main')); read_cube(lab.sql);"
        "assert not {'altair', 'vl_convert', 'pandas', 'pyarrow'} & sys.modules.keys(); dashboard(lab.sql).to_dict();"
        "assert not {'pandas', 'pyarrow'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
