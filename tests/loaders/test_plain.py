"""The plain shape of records: every column under its own name, all else packed."""

from __future__ import annotations

from typing import Any

import pytest

from sessionlab.kinds import KINDS
from sessionlab.loaders.plain import PACKED, plain, plain_shape
from tests.loaders.records import codegen, worktree

WORKFLOW = KINDS["workflow"]


def told(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is null."""
    return {key: value for key, value in record.items() if value not in (None, [])}


def test_aliases_and_packing() -> None:
    record = worktree(
        "a", createdAt=1.5, sessionType="competition", more=[1], none=None, chat_history=[{"role": "user", "x": 1}]
    )
    flat = plain(KINDS["worktree"], record)
    assert told(flat) == {
        "id": "a",
        "type": "competition",
        "task": "task a",
        "created_at": "1970-01-01 00:00:01.500000",
        "chatHistory": [dict.fromkeys(flat["chatHistory"][0]) | {"role": "user", PACKED: {"x": 1}}],
        PACKED: {"more": [1]},
    }
    assert record["chat_history"] == [{"role": "user", "x": 1}]


@pytest.mark.parametrize(
    ("record", "description", "packed"),
    [
        ({"problem": {"description": "d"}}, "d", None),
        ({"problem": {"description": "d", "hint": "h"}}, "d", {"problem": {"hint": "h"}}),
        ({"problem": {"description": None}}, None, None),
        ({"problem": None}, None, None),
        ({"problem": {}}, None, None),
        ({"problem_description": "d", "problem": {"description": "d"}}, "d", None),
        ({"problem_description": "d", "problem": {"description": "e"}}, "d", {"problem": {"description": "e"}}),
        ({"problem_description": None, "problem": {"description": "e"}}, "e", None),
    ],
)
def test_inner_object(record: dict[str, Any], description: str | None, packed: Any) -> None:
    flat = plain(WORKFLOW, {"thread_id": "a", **record})
    assert (flat["problem_description"], flat[PACKED]) == (description, packed)


def test_values() -> None:
    session = codegen(1.0, parent_session_id=2**53 + 1, iterations=[None, {"id": 3.0}])  # type: ignore[arg-type]
    flat = plain(KINDS["codegen"], session)
    assert (flat["id"], flat["parent_session_id"]) == (1, 2**53 + 1)
    assert isinstance(flat["id"], int)
    assert [row["id"] for row in flat["iterations"]] == [3]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_shape(kind: Any) -> None:
    """What the reader is asked for is what the plain records have."""
    shape = plain_shape(kind)
    assert shape.packed == PACKED
    for table in kind.tables:
        assert [shape.keys_of(table, column) for column in table.columns] == [[column.name] for column in table.columns]
        assert table.parent is None or shape.nests[table.name] == table.nest[0]
