"""What the structure of a record tells: what may be read straight and what may not."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from sessionlab.kinds import KINDS
from sessionlab.loaders.structure import Shape, Unfit, shape_of

CODEGEN, WORKTREE, WORKFLOW = KINDS["codegen"], KINDS["worktree"], KINDS["workflow"]
FINE: dict[str, Any] = {"id": "UBIGINT", "design_goal": "VARCHAR"}


def test_shape() -> None:
    structure = {
        **FINE,
        "created_at": "VARCHAR",
        "parent_session_id": "NULL",
        "plan": {"a": ["VARCHAR"]},
        "none": "NULL",
        "iterations": [{"id": "BIGINT", "mood": "DOUBLE", "errors": ["NULL"]}],
    }
    shape = shape_of(CODEGEN, structure)
    assert dict(shape.names) == {
        ("session", "id"): {"id"},
        ("session", "design_goal"): {"design_goal"},
        ("session", "created_at"): {"created_at"},
        ("iteration", "id"): {"id"},
    }
    assert dict(shape.undeclared) == {"session": {"plan"}, "iteration": {"mood"}}
    assert shape.nests == {"iteration": "iterations"}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "DOUBLE"},
        {"id": "VARCHAR"},
        {"id": "NULL"},
        {"id": "BOOLEAN"},
        {"id": "HUGEINT"},
        {"id": "JSON"},
        {"design_goal": "UBIGINT"},
        {"design_goal": {"a": "VARCHAR"}},
        {"design_goal": ["VARCHAR"]},
        {"created_at": "BOOLEAN"},
        {"created_at": {}},
        {"ID": "UBIGINT"},
        {"Iterations": ["NULL"]},
        {"file": "VARCHAR"},
        {"filename": "VARCHAR"},
        {"": "VARCHAR"},
        {"a\0b": "VARCHAR"},
        {"Plan": "VARCHAR", "plan": "VARCHAR"},
        {"straße": "VARCHAR", "STRASSE": "VARCHAR"},
        {str(number): "VARCHAR" for number in range(201)},
        {"iterations": "VARCHAR"},
        {"iterations": {"id": "UBIGINT"}},
        {"iterations": ["VARCHAR"]},
        {"iterations": ["JSON"]},
        {"iterations": [{"code": "VARCHAR"}]},
        {"iterations": [{"id": "UBIGINT", "errors": [{"id": "VARCHAR"}]}]},
    ],
)
def test_unfit(change: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        shape_of(CODEGEN, {**FINE, **change})


@pytest.mark.parametrize("structure", ["NULL", "VARCHAR", ["NULL"], [FINE]])
def test_no_object(structure: Any) -> None:
    with pytest.raises(Unfit):
        shape_of(CODEGEN, structure)


def test_two_names() -> None:
    base = {"id": "VARCHAR", "task": "VARCHAR"}
    assert shape_of(WORKTREE, {**base, "createdAt": "VARCHAR", "created_at": "NULL"}).names[
        "sessions", "created_at"
    ] == {"createdAt"}
    with pytest.raises(Unfit, match="two names"):
        shape_of(WORKTREE, {**base, "createdAt": "VARCHAR", "created_at": "VARCHAR"})
    with pytest.raises(Unfit, match="two keys"):
        shape_of(WORKTREE, {**base, "chatHistory": [{"role": "VARCHAR"}], "chat_history": [{"role": "VARCHAR"}]})


@pytest.mark.parametrize(
    ("problem", "fits"),
    [
        ({"description": "VARCHAR", "tests": ["VARCHAR"]}, True),
        ("NULL", True),
        ("VARCHAR", False),
        ({"description": "UBIGINT"}, False),
        ({"description": "VARCHAR", "hint": "VARCHAR"}, False),
    ],
)
def test_inner_object(problem: Any, fits: bool) -> None:
    structure = {"thread_id": "VARCHAR", "problem": problem}
    if fits:
        assert set(shape_of(WORKFLOW, structure).names) >= {("session_states", "thread_id")}
    else:
        with pytest.raises(Unfit):
            shape_of(WORKFLOW, structure)


def shape(**undeclared: Any) -> Shape:
    return shape_of(CODEGEN, {**FINE, **undeclared})


def test_takes_and_merge() -> None:
    one = shape(plan="VARCHAR", created_at="VARCHAR")
    assert one.takes(shape(plan="UBIGINT"))
    assert one.takes(shape(other="VARCHAR"))
    assert not one.takes(shape(PLAN="VARCHAR"))
    assert not one.takes(shape(**{f"k{number}": "VARCHAR" for number in range(200)}))
    one.merge(shape(other="VARCHAR"))
    assert one.undeclared["session"] == {"plan", "other"}
    base = {"id": "VARCHAR", "task": "VARCHAR"}
    camel = shape_of(WORKTREE, {**base, "chatHistory": [{"role": "VARCHAR"}]})
    snake = shape_of(WORKTREE, {**base, "chat_history": [{"role": "VARCHAR"}]})
    assert not camel.takes(snake)
    assert camel.takes(shape_of(WORKTREE, base))


@pytest.mark.parametrize(
    ("text", "structure"),
    [
        ("1", "UBIGINT"),
        ("-1", "BIGINT"),
        ("18446744073709551616", "DOUBLE"),
        ("1.0", "DOUBLE"),
        ('"x"', "VARCHAR"),
        ("true", "BOOLEAN"),
        ("null", "NULL"),
        ("{}", "JSON"),
        ("[]", "NULL"),
        ('[1, "x"]', "JSON"),
        ("[1, true]", "JSON"),
        ("[-1, 18446744073709551615]", "HUGEINT"),
        ("[null, 1]", "UBIGINT"),
    ],
)
def test_what_duckdb_calls_things(text: str, structure: str) -> None:
    """All of the above stands on these words."""
    ((found,),) = duckdb.connect().execute(f"SELECT json_structure('{text}')::VARCHAR").fetchall()
    assert found == (f'["{structure}"]' if text.startswith("[") else f'"{structure}"')
