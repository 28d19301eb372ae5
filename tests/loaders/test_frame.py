"""Data frames as sources: pandas, Polars, Arrow and DuckDB's own, under canonical column names."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sessionlab import Lab
from sessionlab.errors import InvalidRecord, SourceError
from sessionlab.loaders.frame import is_frame
from sessionlab.model import SESSIONS
from sessionlab.schema import Type
from tests.loaders.records import empty_lab

Make = Callable[[dict[str, Any]], Any]
MAKES: dict[str, Make] = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}

ALL: dict[str, Any] = {
    "kind": "runs",
    "session_id": "s-1",
    "parent_session_id": "p-1",
    "goal": "a goal",
    "topic": "a topic",
    "difficulty": "hard",
    "mode": "a mode",
    "status": "completed",
    "success": True,
    "attempts": 2,
    "problem_attempts": 3,
    "errors": 4,
    "messages": 5,
    "user_id": "u-1",
    "agent": "an agent",
    "model": "a model",
    "run_id": "r-1",
    "workspace": "w-1",
    "started_at": datetime(2025, 1, 1),
    "ended_at": datetime(2025, 1, 2),
    "duration_s": 6.5,
}


@pytest.fixture(params=MAKES)
def make(request: pytest.FixtureRequest) -> Make:
    return MAKES[request.param]


def rows(lab: Lab, columns: str) -> list[tuple[Any, ...]]:
    return list(lab.sql(f"SELECT {columns} FROM sessions ORDER BY session_id").fetchall())


def rejects(lab: Lab) -> list[tuple[Any, ...]]:
    return list(lab.sql("SELECT record, reason, raw FROM rejects ORDER BY record").fetchall())


def test_every_column(make: Make) -> None:
    assert {*ALL, "source", "extra", "entrants"} == set(SESSIONS.names)
    more = {"cost": [0.5], "source": ["mine"], "entrants": ["[]"]}
    frame = make({name: [value] for name, value in ALL.items()} | more)
    with empty_lab() as lab:
        report = lab.load(frame, name="runs", strict=True)
        (row,) = lab.table("sessions").to_dicts()
        assert json.loads(row.pop("extra")) == {"cost": 0.5, "source": "mine", "entrants": "[]"}
        assert row == {**ALL, "source": "runs", "entrants": None}
        assert (report.sessions, report.rejected, report.kinds, report.rows) == (1, 0, ("runs",), {"main.sessions": 1})


def test_least() -> None:
    with empty_lab() as lab:
        lab.load(pl.DataFrame({"session_id": ["a", "b"]}), name="runs")
        assert rows(lab, "session_id, kind, success, extra") == [("a", "frame", None, None), ("b", "frame", None, None)]
        lab.load(pl.DataFrame({"session_id": ["c"], "kind": [None]}), name="runs", kind="codegen")
        assert rows(lab, "session_id, kind") == [("c", "codegen")]


def test_loaded_again_replaces() -> None:
    with empty_lab() as lab:
        lab.load(pl.DataFrame({"session_id": ["a", "b"]}), name="runs")
        lab.load(pl.DataFrame({"session_id": ["c"]}), name="runs")
        assert rows(lab, "session_id") == [("c",)]
        assert lab.refresh().failed == ()


def test_missing_values(make: Make) -> None:
    """pandas has not-a-number for them, and makes whole numbers real ones."""
    frame = make(
        {
            "session_id": ["a", "b"],
            "attempts": [1.0, float("nan")],
            "success": [True, None],
            "duration_s": [float("nan"), 1.5],
            "started_at": [None, datetime(2025, 1, 1)],
            "topic": [None, "x"],
            "cost": [None, 1],
        }
    )
    with empty_lab() as lab:
        lab.load(frame, name="runs", strict=True)
        found = rows(lab, "session_id, attempts, success, duration_s, started_at, topic")
        assert found == [("a", 1, True, None, None, None), ("b", None, None, 1.5, datetime(2025, 1, 1), "x")]
        assert lab.sql("SELECT (extra->>'cost')::DOUBLE FROM sessions WHERE session_id = 'b'").fetchall() == [(1.0,)]


BAD: dict[str, tuple[Any, Any, str]] = {
    "attempts": (1.0, 1.5, "attempts holds 1.5 where a whole number of at most 64 bits is needed"),
    "errors": ("3", "many", "errors holds many where a whole number of at most 64 bits is needed"),
    "messages": (2.0, 1e19, "messages holds 1e+19 where a whole number of at most 64 bits is needed"),
    "success": (1, 2, "success holds 2 where true or false is needed"),
    "duration_s": ("1.5", "long", "duration_s holds long where a number is needed"),
    "started_at": ("2025-01-01T00:00:00Z", "yesterday", "started_at holds yesterday where a time is needed"),
    "ended_at": (1735689600, 10**30, "ended_at holds 1" + "0" * 30),
    "session_id": ("a", None, "session_id is missing"),
}


@pytest.mark.parametrize("column", [name for name in BAD if name != "ended_at"])
def test_bad_value(make: Make, column: str) -> None:
    good, bad, reason = BAD[column]
    columns = {"session_id": ["a", "b"], "goal": ["one", "two"], column: [good, bad]}
    with empty_lab() as lab:
        report = lab.load(make(columns), name="runs")
        assert rows(lab, "session_id") == [("a",)]
        assert report.rejected == 1
        ((place, why, raw),) = rejects(lab)
        assert (place, why) == (1, reason)
        assert json.loads(raw)["goal"] == "two"


def test_strict(make: Make) -> None:
    with empty_lab() as lab:
        lab.load(make({"session_id": ["a"]}), name="runs")
        with pytest.raises(InvalidRecord, match=r"runs, record 1: attempts holds x where a whole number"):
            lab.load(make({"session_id": ["b", "c"], "attempts": ["1", "x"]}), name="runs", strict=True)
        assert rows(lab, "session_id") == [("a",)]


def test_all_bad_is_an_error() -> None:
    with empty_lab() as lab:
        lab.load(pl.DataFrame({"session_id": ["a"]}), name="runs")
        with pytest.raises(SourceError, match="could be loaded; 1 rejected"):
            lab.load(pl.DataFrame({"session_id": [None], "goal": ["x"]}), name="runs")
        assert rows(lab, "session_id") == [("a",)]


def test_times(make: Make) -> None:
    """Times with an offset are converted; those without are taken as UTC."""
    moment = datetime(2025, 1, 1, 12)
    columns: dict[str, list[Any]] = {
        "naive": [moment],
        "aware": [moment.replace(tzinfo=UTC)],
        "day": [date(2025, 1, 1)],
        "text": ["2025-01-01T14:00:00+02:00"],
        "seconds": [1735732800],
        "millis": [1735732800000],
    }
    with empty_lab() as lab:
        for name, values in columns.items():
            lab.load(make({"session_id": [name], "started_at": values}), name=name, strict=True)
        assert dict(rows(lab, "session_id, started_at")) == {
            **dict.fromkeys(columns, moment),
            "day": datetime(2025, 1, 1),
        }


def test_duration_is_worked_out() -> None:
    columns: dict[str, Any] = {"session_id": ["a"], "started_at": ["2025-01-01"], "ended_at": ["2025-01-01 00:01:30"]}
    with empty_lab() as lab:
        lab.load(pl.DataFrame(columns), name="runs")
        assert rows(lab, "duration_s") == [(90.0,)]
        lab.load(pl.DataFrame({**columns, "duration_s": [5]}), name="runs")
        assert rows(lab, "duration_s") == [(5.0,)]


def test_same_session_twice() -> None:
    """The one that ended last stays; of two alike, the one further down."""
    columns = {
        "session_id": ["a", "a", "b", "b"],
        "ended_at": ["2025-01-02", "2025-01-01", None, None],
        "goal": ["late", "early", "first", "second"],
    }
    with empty_lab() as lab:
        report = lab.load(pl.DataFrame(columns), name="runs")
        assert rows(lab, "session_id, goal") == [("a", "late"), ("b", "second")]
        assert report.superseded == 2


@pytest.mark.parametrize(
    ("extra", "kept"),
    [
        ('{"x": 1}', {"x": 1}),
        ({"x": 1}, {"x": 1}),
        ("{}", None),
        ("just text", {"extra": "just text"}),
        ("[1]", {"extra": "[1]"}),
        (5, {"extra": 5}),
        (None, None),
    ],
)
def test_extra_of_its_own(extra: Any, kept: Any) -> None:
    with empty_lab() as lab:
        lab.load(pl.DataFrame({"session_id": ["a"], "extra": [extra]}), name="one")
        lab.load(pl.DataFrame({"session_id": ["a"], "extra": [extra], "more": ["y"]}), name="two")
        found = [
            value and json.loads(value) for (value,) in lab.sql("SELECT extra FROM sessions ORDER BY source").fetchall()
        ]
        assert found == [kept, {**(kept or {}), "more": "y"}]


def test_columns_of_any_name() -> None:
    names = ["place", "reason", "raw", "f", "SESSION_ID2", "a b", 'q"', "it's", "sessionlab_frame"]
    with empty_lab() as lab:
        lab.load(
            pl.DataFrame({"session_id": ["a"], **{name: [number] for number, name in enumerate(names)}}), name="runs"
        )
        ((extra,),) = rows(lab, "extra")
        assert json.loads(extra) == {name: number for number, name in enumerate(names)}


def test_nested_values_are_kept(make: Make) -> None:
    with empty_lab() as lab:
        lab.load(make({"session_id": ["a"], "tags": [["x", "y"]], "more": [{"b": [1]}]}), name="runs")
        ((extra,),) = rows(lab, "extra")
        assert json.loads(extra) == {"tags": ["x", "y"], "more": {"b": [1]}}


def test_no_session_id() -> None:
    with (
        Lab() as lab,
        pytest.raises(SourceError, match=r"has no column session_id; it has goal\. The canonical columns are"),
    ):
        lab.load(pl.DataFrame({"goal": ["x"]}), name="runs")


def test_no_name() -> None:
    with empty_lab() as lab, pytest.raises(SourceError, match=r"Give it one: load\(frame, name='runs'\)"):
        lab.load(pl.DataFrame({"session_id": ["a"]}))


def test_large(make: Make) -> None:
    with empty_lab() as lab:
        report = lab.load(make({"session_id": range(20_000), "attempts": [1] * 20_000}), name="runs")
        assert (report.sessions, report.rejected) == (20_000, 0)


def test_file_lab(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("lab") / "lab.duckdb"
    with Lab(path) as lab:
        lab.load(pl.DataFrame({"session_id": ["a", None]}), name="runs")
    with Lab(path) as lab:
        assert rows(lab, "session_id") == [("a",)]


def test_arrow_batches() -> None:
    """A stream can be read once only; a reader is one."""
    table = pa.table({"session_id": ["a", "b"], "attempts": ["1", "x"]})
    with empty_lab() as lab:
        lab.load(table.to_reader(), name="runs")
        assert rows(lab, "session_id, attempts") == [("a", 1)]
        assert [(place, why) for place, why, _ in rejects(lab)] == [
            (1, "attempts holds x where a whole number of at most 64 bits is needed")
        ]


def test_relation_of_duckdb() -> None:
    with empty_lab() as lab:
        try:
            lab.load(duckdb.sql("SELECT 'a' AS session_id"), name="runs")
        except SourceError as error:
            assert "cannot be read as a table" in str(error)  # noqa: PT017 - either will do
        else:
            assert rows(lab, "session_id") == [("a",)]


def test_is_frame() -> None:
    assert is_frame(pd.DataFrame())
    assert is_frame(pl.DataFrame())
    assert is_frame(pa.table({}))
    assert not is_frame([])
    assert not is_frame({"session_id": [1]})


def test_types_are_those_of_sessions() -> None:
    """Else the tests above would have left one out."""
    assert {column.type for column in SESSIONS} == {
        Type.TEXT,
        Type.BOOLEAN,
        Type.INTEGER,
        Type.TIME,
        Type.REAL,
        Type.JSON,
    }
