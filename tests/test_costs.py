"""What work costs where a clock cannot tell: how many statements it runs, and how often it reads a table.

``SNAPSHOTS=write pytest tests/test_costs.py`` writes the counts anew.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab, open_store
from sessionlab.metrics import METRICS
from sessionlab.samples import write_samples

SNAPSHOT = Path(__file__).parent / "snapshots" / "costs.json"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder, 40, 3)
    with Lab() as lab:
        for source in sorted(folder.iterdir()):
            lab.load(source)
        yield lab


def agree(name: str, found: Mapping[str, Any]) -> None:
    """Compare counts with those that were written down."""
    noted = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}
    if os.environ.get("SNAPSHOTS") == "write":
        noted[name] = dict(sorted(found.items()))
        SNAPSHOT.write_text(json.dumps(dict(sorted(noted.items())), indent=1) + "\n")
    assert noted[name] == found, "SNAPSHOTS=write pytest tests/test_costs.py writes them anew"


def test_how_often_a_metric_reads_each_table(lab: Lab) -> None:
    assert lab.sql("SELECT count(*) FROM errors").fetchall()[0][0] > 0
    agree("reads", {name: reads(lab, lab.metrics.sql(name)) for name in sorted(METRICS)})


def reads(lab: Lab, query: str) -> dict[str, int]:
    """Count how often a query's plan reads each table; no other rows are read but those of its tables."""
    ((_, plan),) = lab._storage.reader().execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}").fetchall()
    scans = [found for found in operators(json.loads(plan)["operator"]) if "SCAN" in found["type"]]
    tables = [str(scan["extra_info"].get("Table", scan["type"])).partition(".")[2] for scan in scans]
    for scan, table in zip(scans, tables, strict=True):
        if table:
            rows = lab.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            assert scan["intermediate_rows"] <= rows, table
    return dict(sorted(Counter(filter(None, tables)).items()))


def operators(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Walk the operators of a plan."""
    for operator in found:
        yield operator
        yield from operators(operator.get("children", []))


@pytest.mark.parametrize("form", ["sqlite", "json"])
def test_a_load_runs_as_many_statements_for_few_sessions_as_for_many(tmp_path: Path, form: Any) -> None:
    kind = {"sqlite": "codegen", "json": "worktree"}[form]
    counts = []
    for sessions in (8, 320):
        folder = tmp_path / str(sessions)
        write_samples(folder, sessions, 5, kinds=[kind], format=form)
        with Lab() as lab:
            counts.append(statements(lab, lab.load, next(folder.iterdir())))
            assert lab.sql("FROM sessions").count("*").fetchall() == [(sessions,)]
    assert counts[0] == counts[1]
    agree(f"statements of a load of {form}", counts[0])


def test_a_refresh_without_a_change_only_asks_what_is_known(tmp_path: Path) -> None:
    write_samples(tmp_path, 300, 5, kinds=["worktree"], format="json")
    with Lab() as lab:
        lab.load(tmp_path)
        agree("statements of a refresh", statements(lab, lambda _: lab.refresh(), tmp_path))


def statements(lab: Lab, work: Callable[[Path], object], source: Path) -> dict[str, int]:
    """Count the statements that some work runs in a lab, by their first word."""
    root = lab._storage._readers.root  # type: ignore[attr-defined]
    root.execute("CALL enable_logging('QueryLog')")
    root.execute("CALL truncate_duckdb_logs()")
    work(source)
    root.execute("CALL disable_logging()")
    logged = root.execute("SELECT message FROM duckdb_logs WHERE type = 'QueryLog'").fetchall()
    return dict(sorted(Counter(text.split()[0] for (text,) in logged if "logging" not in text).items()))


def test_each_call_of_a_store_is_one_statement(tmp_path: Path) -> None:
    """And the bulk of rows as well, within one transaction."""
    ran: list[str] = []
    with open_store("codegen", tmp_path / "runs.db") as store:
        session = store.insert_session("goal")
        store._database._own().set_trace_callback(ran.append)  # type: ignore[attr-defined]
        one = store.insert_iteration(session, "code", "feedback")
        assert (store.get_iteration(one) or {})["code"] == "code"
        store.insert_iterations({"session_id": session, "code": f"code {number}"} for number in range(50))
    agree("statements of a store", dict(sorted(Counter(text.split()[0] for text in ran).items())))
