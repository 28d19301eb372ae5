"""The text of the SQL: as reviewed, and as Spark takes it.

``SNAPSHOTS=write pytest tests/metrics`` writes the snapshots anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from sessionlab.metrics import METRICS

SNAPSHOTS = Path(__file__).parent / "snapshots"
ARGUMENTS: dict[str, dict[str, str | list[str]]] = {
    "plain": {},
    "grouped": {
        "by": ["kind", "Difficulty"],
        "bucket": "week",
        "where": "attempts > 1 and (extra->>'$.failure_mode' = 'timeout' or topic is null)",
    },
}


@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("name", METRICS)
def test_the_sql_is_as_reviewed(name: str, arguments: str) -> None:
    snapshot = SNAPSHOTS / f"{name}.{arguments}.sql"
    query = METRICS[name](**ARGUMENTS[arguments]) + "\n"
    if os.environ.get("SNAPSHOTS") == "write":
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(query, encoding="utf-8")
    assert query == snapshot.read_text(encoding="utf-8"), "SNAPSHOTS=write pytest tests/metrics writes it anew"


def test_every_snapshot_has_its_metric() -> None:
    expected = {f"{name}.{arguments}.sql" for name in METRICS for arguments in ARGUMENTS}
    assert {path.name for path in SNAPSHOTS.iterdir()} == expected


@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("name", METRICS)
def test_spark_can_have_it(name: str, arguments: str) -> None:
    (query,) = sqlglot.transpile(
        METRICS[name](**ARGUMENTS[arguments]),
        read="duckdb",
        write="spark",
        unsupported_level=sqlglot.ErrorLevel.RAISE,
    )
    spark = sqlglot.parse_one(query, read="spark", into=exp.Select)
    duckdb = sqlglot.parse_one(METRICS[name](**ARGUMENTS[arguments]), read="duckdb", into=exp.Select)
    assert spark.named_selects == duckdb.named_selects
    # How sqlglot writes DuckDB's quantile_cont: it is no function of Spark with two arguments.
    assert "PERCENTILE_CONT(attempts" not in query
