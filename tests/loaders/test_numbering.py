"""Iterations whose ids begin again with each session: their errors are told apart all the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sessionlab import Lab


def session(number: int, *iterations: Sequence[str], ids: Sequence[int] | None = None, goal: str = "g") -> Any:
    """Write a session whose iterations have these errors."""
    return {
        "id": number,
        "design_goal": goal,
        "iterations": [
            {
                "id": id_,
                "code": f"code {number}.{place}",
                "errors": [{"id": error, "error_type": "e", "error_message": text} for error, text in enumerate(said)],
            }
            for place, (id_, said) in enumerate(zip(ids or range(1, 1 + len(iterations)), iterations, strict=True))
        ],
    }  # fmt: skip


def outcomes(lab: Lab) -> list[Any]:
    return lab.sql("SELECT session_id, success, attempts, errors FROM sessions ORDER BY session_id").fetchall()


def said(lab: Lab) -> list[Any]:
    return lab.sql("SELECT session_id, attempt, message FROM errors ORDER BY ALL").fetchall()


def test_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(session(1, ["one"], [])))
    (tmp_path / "b.json").write_text(json.dumps(session(2, [], ["two", "three"])))
    with Lab() as lab:
        assert lab.load(tmp_path).rejected == 0
        assert outcomes(lab) == [("1", True, 2, 1), ("2", False, 2, 2)]
        assert said(lab) == [("1", 1, "one"), ("2", 2, "three"), ("2", 2, "two")]
        assert lab.sql("SELECT session_id, attempt, errors FROM attempts ORDER BY ALL").fetchall() == [
            ("1", 1, 1), ("1", 2, 0), ("2", 1, 0), ("2", 2, 2),
        ]  # fmt: skip


def test_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(json.dumps([session(1, ["one"], []), session(2, [], ["two"]), session(3, [], ids=[3])]))
    with Lab() as lab:
        assert lab.load(path).rejected == 0
        assert outcomes(lab) == [("1", True, 2, 1), ("2", False, 2, 1), ("3", True, 1, 0)]
        assert said(lab) == [("1", 1, "one"), ("2", 2, "two")]
        numbers = "SELECT session_id, id, code, extra->>'id' FROM codegen.iteration ORDER BY id"
        assert lab.sql(numbers).fetchall() == [
            (1, 1, "code 1.0", None),
            (1, 2, "code 1.1", None),
            (2, 3, "code 2.0", "1"),
            (2, 4, "code 2.1", "2"),
            (3, 5, "code 3.0", "3"),
        ]


def test_twice_within_a_session(tmp_path: Path) -> None:
    """Then they are in the order of their ids, and of two alike in that of the file."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps(session(1, ["a"], ["b"], [], ids=[7, 3, 7])))
    with Lab() as lab:
        lab.load(path)
        assert outcomes(lab) == [("1", True, 3, 2)]
        assert said(lab) == [("1", 1, "b"), ("1", 2, "a")]


def test_a_session_that_is_there_twice_is_no_reason_to_number_anew(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(
        json.dumps([session(1, ["old"], goal="old"), session(1, ["new"], [], goal="new"), session(2, [], ids=[9])])
    )
    with Lab() as lab:
        assert lab.load(path).superseded == 1
        assert outcomes(lab) == [("1", True, 2, 1), ("2", True, 1, 0)]
        assert said(lab) == [("1", 1, "new")]
        assert lab.sql("SELECT id, extra FROM codegen.iteration ORDER BY id").fetchall() == [
            (1, None), (2, None), (9, None),
        ]  # fmt: skip


def test_what_is_replaced_takes_only_its_own_errors_along(tmp_path: Path) -> None:
    for name, value in (("a", session(1, ["of one"])), ("b", session(2, ["of two"]))):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    with Lab() as lab:
        lab.load(tmp_path)
        (tmp_path / "c.json").write_text(json.dumps(session(1, ["of one, later"], []) | {"created_at": "2025-01-01"}))
        assert lab.refresh().loads[0].superseded == 1
        assert said(lab) == [("1", 1, "of one, later"), ("2", 1, "of two")]
        (tmp_path / "b.json").write_text(json.dumps(session(2, [])))
        lab.refresh()
        assert outcomes(lab) == [("1", True, 2, 1), ("2", True, 1, 0)]


def test_where_no_numbers_are_left_the_record_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text(json.dumps([session(1, ["one"], ids=[2**63 - 1]), session(2, [], ids=[2**63 - 1]), session(3, [])]))
    with Lab() as lab:
        report = lab.load(path)
        assert report.reasons == (
            f"{path}, record 1: its rows have the id of others, and {2**63 - 1} leaves no number to tell them apart",
        )
        assert outcomes(lab) == [("1", False, 1, 1), ("3", True, 1, 0)]
