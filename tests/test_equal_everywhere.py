"""The same records as JSON, as SQLite and as Postgres give the same canonical rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab
from sessionlab.kinds import KINDS
from sessionlab.model import ATTEMPTS, ERRORS, MESSAGES, SESSIONS
from sessionlab.samples import write_samples
from sessionlab.schema import Table, Type, quote
from tests.conftest import Server, empty_database

SESSIONS_EACH = 250
TABLES = (SESSIONS, ATTEMPTS, MESSAGES, ERRORS)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def lab(kind: str, tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Lab]:
    """A lab with three sources that hold the same records of one kind."""
    folder = tmp_path_factory.mktemp(kind)
    write_samples(folder / "json", SESSIONS_EACH, seed=7, kinds=[kind], format="json")
    write_samples(folder / "sqlite", SESSIONS_EACH, seed=7, kinds=[kind], format="sqlite")
    with empty_database(postgres) as url, Lab() as lab:
        write_samples(url, SESSIONS_EACH, seed=7, kinds=[kind])
        lab.load(str(folder / "json" / kind), name="json", strict=True)
        lab.load(str(folder / "sqlite" / f"{kind}.db"), name="sqlite", strict=True)
        lab.load(f"{url}&schema={kind}", name="postgres", strict=True)
        yield lab


def rows_of(lab: Lab, table: Table, source: str) -> list[tuple[Any, ...]]:
    columns = [column for column in table if column.name != "source"]
    names = ", ".join(quote(column.name) for column in columns)
    rows = lab.sql(f"SELECT {names} FROM {table.name} WHERE source = $source", source=source).fetchall()
    parsed = [
        tuple(
            json.dumps(json.loads(value), sort_keys=True) if column.type is Type.JSON and value is not None else value
            for column, value in zip(columns, row, strict=True)
        )
        for row in rows
    ]
    return sorted(parsed, key=repr)


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_same_canonical_rows(lab: Lab, kind: str, table: Table, source: str) -> None:
    expected = rows_of(lab, table, "json")
    found = rows_of(lab, table, source)

    assert len(found) == len(expected)
    for row, other in zip(found, expected, strict=True):
        assert row == other
    if table is SESSIONS:
        assert len(found) == SESSIONS_EACH


def test_the_rows_are_worth_comparing(lab: Lab, kind: str) -> None:
    """Each column that the kind can fill has a value somewhere."""
    full = {
        column.name
        for column in SESSIONS
        if lab.sql(f"SELECT count({quote(column.name)}) FROM sessions WHERE source = 'json'").fetchall() != [(0,)]
    }

    assert {"goal", "status", "success", "attempts", "started_at", "ended_at", "duration_s"} <= full
    assert ("workspace" in full) is (kind == "worktree")
    assert ("problem_attempts" in full) is (kind == "workflow")


def test_written_twice(tmp_path: Path, kind: str) -> None:
    """One seed gives the same database, so that a failure here can be looked at again."""
    for name in ("a", "b"):
        write_samples(tmp_path / name, 20, seed=3, kinds=[kind], format="sqlite")
    with Lab() as lab:
        for name in ("a", "b"):
            lab.load(str(tmp_path / name / f"{kind}.db"), name=name)
        for table in TABLES:
            assert rows_of(lab, table, "a") == rows_of(lab, table, "b")
