"""conversation: sessions and messages as canonical rows."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.kinds.native import Row, Tables, tables

__all__ = ["tables"]
KIND = "conversation"
T = datetime(2025, 1, 1)


def message(name: str, role: str, minute: int | None, **more: Any) -> Row:
    time = None if minute is None else T.replace(minute=minute)
    return {"conversation_id": name, "session_id": "a", "message_role": role, "timestamp": time, **more}


def test_a_session(tables: Tables) -> None:
    metadata = {
        "parent_session_id": "parent",
        "topic": "topic",
        "difficulty": "hard",
        "mode": "mode",
        "success": True,
        "agent": "agent",
        "model": "model",
        "run_id": "run",
        "rest": None,
    }
    end = T.replace(hour=1)
    tables.put(
        "sessions",
        {
            "session_id": "a",
            "user_id": "user",
            "start_time": T,
            "end_time": end,
            "metadata": metadata,
            "extra": {"more": None},
        },
    )
    tables.put(
        "conversations",
        message("4", "assistant", 4, content="done"),
        message("1", "system", 1, content="rules"),
        message("3", "user", 3, content="second"),
        message("2", "user", 2, content="first", metadata={"x": 1}, extra={"y": None}),
    )

    assert tables.only("sessions") == {
        "source": "s",
        "kind": "conversation",
        "session_id": "a",
        "parent_session_id": "parent",
        "goal": "first",
        "topic": "topic",
        "difficulty": "hard",
        "mode": "mode",
        "status": "completed",
        "success": True,
        "attempts": 1,
        "messages": 4,
        "user_id": "user",
        "agent": "agent",
        "model": "model",
        "run_id": "run",
        "started_at": T,
        "ended_at": end,
        "duration_s": 3600.0,
        "extra": {**metadata, "more": None},
    }
    assert tables.only("attempts") == {
        "source": "s",
        "kind": "conversation",
        "session_id": "a",
        "attempt": 1,
        "attempt_id": "4",
        "agent": "agent",
        "model": "model",
        "feedback": "done",
        "started_at": T.replace(minute=4),
    }
    columns = ("seq", "message_id", "role", "type", "content", "attempt", "sent_at", "extra")
    assert tables.rows("messages", *columns) == [
        (1, "1", "system", None, "rules", 1, T.replace(minute=1), None),
        (2, "2", "user", None, "first", 1, T.replace(minute=2), '{"x":1,"y":null}'),
        (3, "3", "user", None, "second", 1, T.replace(minute=3), None),
        (4, "4", "assistant", None, "done", 1, T.replace(minute=4), None),
    ]


def test_messages_belong_to_the_answer_that_follows(tables: Tables) -> None:
    """Those after the last answer belong to none; of one time, the ids tell; those without a time come last."""
    tables.put("sessions", {"session_id": "a"})
    tables.put(
        "conversations",
        message("z", "user", None),
        message("a", "user", 1),
        message("c", "assistant", 2),
        message("b", "assistant", 2),
        message("d", "user", 3),
        message("e", "assistant", 4),
        message("f", "user", 5),
    )

    assert tables.rows("messages", "seq", "message_id", "attempt") == [
        (1, "a", 1),
        (2, "b", 1),
        (3, "c", 2),
        (4, "d", 3),
        (5, "e", 3),
        (6, "f", None),
        (7, "z", None),
    ]
    assert tables.rows("attempts", "attempt", "attempt_id") == [(1, "b"), (2, "c"), (3, "e")]
    assert tables.rows("sessions", "attempts", "messages") == [(3, 7)]


@pytest.mark.parametrize(
    ("success", "expected"), [(True, True), (False, False), ("true", True), (None, None), ("maybe", None), (1, None)]
)
def test_success(tables: Tables, success: object, expected: bool | None) -> None:
    tables.put("sessions", {"session_id": "a", "metadata": {"success": success}})

    assert tables.rows("sessions", "success") == [(expected,)]


def test_a_session_of_which_nothing_is_known(tables: Tables) -> None:
    """It is running; there is nobody to say how it went."""
    tables.put("sessions", {"session_id": "a"})

    assert tables.only("sessions") == {
        "source": "s",
        "kind": "conversation",
        "session_id": "a",
        "status": "running",
        "attempts": 0,
        "messages": 0,
    }


@pytest.mark.parametrize(
    ("metadata", "extra", "expected"),
    [
        ('{"a": 1}', None, {"a": 1}),
        (None, '{"b":null}', {"b": None}),
        (' { "a": {"c": null} } ', '{"b":null}', {"a": {"c": None}, "b": None}),
        ("{}", '{"b":2}', {"b": 2}),
        ("{ }", "{}", {}),
        ('["a"]', '{"b":2}', {"metadata": ["a"], "b": 2}),
        ('"text"', '{"b":2}', {"metadata": "text", "b": 2}),
        ("null", '{"b":2}', {"metadata": None, "b": 2}),
    ],
)
def test_extra_loses_nothing(tables: Tables, metadata: str | None, extra: str | None, expected: object) -> None:
    tables.put("sessions", {"session_id": "a", "metadata": metadata, "extra": extra})
    tables.put("conversations", message("1", "user", 1, metadata=metadata, extra=extra))

    for name in ("sessions", "messages"):
        ((found,),) = tables.rows(name, "extra")
        assert json.loads(found) == expected


def test_orphans(tables: Tables) -> None:
    tables.put("conversations", message("1", "assistant", 1))

    assert tables.rows("sessions", "session_id") == []
    assert tables.rows("messages", "session_id", "attempt") == [("a", 1)]
    assert tables.rows("attempts", "session_id", "agent") == [("a", None)]


@pytest.mark.parametrize("at", [1, None])
def test_the_goal_is_the_first_of_messages_of_one_time(tables: Tables, at: int | None) -> None:
    tables.put("sessions", {"session_id": "a", "start_time": T})
    tables.put(
        "conversations",
        message("zz", "user", at, content="first", metadata={"index": 0}),
        message("mm", "user", at, content="second", metadata={"index": 1}),
        message("aa", "user", at, content="no index"),
    )
    assert tables.only("sessions")["goal"] == "first"
    assert tables.rows("messages", "seq", "content") == [(1, "first"), (2, "second"), (3, "no index")]
