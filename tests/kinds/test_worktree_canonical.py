"""worktree: sessions, instances and chat as canonical rows."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.kinds.native import Tables, tables

__all__ = ["tables"]
KIND = "worktree"
T = datetime(2025, 1, 1)


def test_a_session(tables: Tables) -> None:
    tables.put("workspaces", {"id": "5", "workspace_hash": "0123456789abcdef", "workspace_path": "/home"})
    rest = {
        "timeout_seconds": 60,
        "preserve_worktrees": False,
        "winner_id": 3,
        "total_duration": 61000,
        "total_files_changed": 4,
        "total_lines_added": 5,
        "total_lines_deleted": 6,
        "integration_phase": "pending",
        "integration_instance_id": 7,
    }
    tables.put(
        "sessions",
        {
            "id": "a",
            "workspace_id": "5",
            "type": "competition",
            "task": "task",
            "status": "completed",
            "created_at": T,
            "updated_at": T.replace(hour=2),
            "completed_at": T.replace(minute=1),
            "model": "session model",
            **rest,
            "extra": {"evaluation": None, "more": {"x": [None]}},
        },
    )
    tables.put("session_runtime_mix", {"session_id": "a", "runtime": "codex"}, {"session_id": "a", "runtime": "claude"})
    instance = {"session_id": "a", "files_changed": 1, "lines_added": 2, "lines_deleted": 3, "runtime": "codex"}
    times = {"start_time": T, "end_time": T.replace(second=9)}
    tables.put(
        "instances",
        {
            **instance,
            "instance_id": 3,
            "agent_name": "b",
            "model": "m3",
            "status": "completed",
            "output": "out",
            **times,
        },
        {**instance, "instance_id": 1, "agent_name": "c", "model": "m1", "status": "failed"},
        {**instance, "instance_id": 8, "agent_name": "d", "model": "m8", "status": "archived"},
    )
    tables.put(
        "chat_messages",
        {"id": "y", "session_id": "a", "role": "assistant", "content": "hi", "timestamp": T, "instance_id": 8},
        {"id": "x", "session_id": "a", "role": "user", "content": "ho", "timestamp": T, "extra": {"z": None}},
    )

    assert tables.only("sessions") == {
        "source": "s",
        "kind": "worktree",
        "session_id": "a",
        "goal": "task",
        "mode": "competition",
        "status": "completed",
        "success": True,
        "attempts": 3,
        "messages": 2,
        "agent": "b",
        "model": "m3",
        "workspace": "0123456789abcdef",
        "started_at": T,
        "ended_at": T.replace(minute=1),
        "duration_s": 60.0,
        "extra": {**rest, "runtime_mix": ["claude", "codex"], "evaluation": None, "more": {"x": [None]}},
    }
    columns = ("attempt", "attempt_id", "status", "success", "winner", "agent", "model", "runtime", "feedback")
    assert tables.rows("attempts", *columns) == [
        (1, "1", "failed", False, False, "c", "m1", "codex", None),
        (2, "3", "completed", True, True, "b", "m3", "codex", "out"),
        (3, "8", "archived", None, False, "d", "m8", "codex", None),
    ]
    numbers = ("files_changed", "lines_added", "lines_deleted", "started_at", "ended_at")
    assert tables.rows("attempts", *numbers, order="attempt")[1] == (1, 2, 3, T, T.replace(second=9))
    assert tables.rows("messages", "seq", "message_id", "role", "content", "attempt", "sent_at", "extra") == [
        (1, "x", "user", "ho", None, T, '{"z": null}'),
        (2, "y", "assistant", "hi", 3, T, None),
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", ("completed", True, None)),
        ("failed", ("failed", False, None)),
        ("running", ("running", None, None)),
        ("paused", ("paused", None, None)),
        ("round_2", ("running", None, '{"status":"round_2"}')),
        (None, (None, None, None)),
    ],
)
def test_status(tables: Tables, status: str | None, expected: tuple[object, ...]) -> None:
    tables.put("sessions", {"id": "a", "task": "t", "status": status})

    assert tables.rows("sessions", "status", "success", "extra") == [expected]


def test_no_winner(tables: Tables) -> None:
    """Without one, nobody is said to have lost, and the session's own model stands; numbers may begin at 0."""
    tables.put("sessions", {"id": "a", "task": "t", "model": "own"}, {"id": "b", "task": "t", "winner_id": 9})
    tables.put(
        "instances",
        *({"session_id": name, "instance_id": n, "model": "m"} for name in ("a", "b") for n in (0, 1)),
    )

    assert tables.rows("sessions", "session_id", "agent", "model") == [("a", None, "own"), ("b", None, None)]
    assert tables.rows("attempts", "session_id", "attempt", "attempt_id", "winner") == [
        ("a", 1, "0", None),
        ("a", 2, "1", None),
        ("b", 1, "0", False),
        ("b", 2, "1", False),
    ]


def test_durations(tables: Tables) -> None:
    """By the times, else as the session has it, in milliseconds."""
    tables.put(
        "sessions",
        {"id": "a", "task": "t", "created_at": T, "completed_at": T.replace(second=5), "total_duration": 9000},
        {"id": "b", "task": "t", "created_at": T, "total_duration": 1500},
        {"id": "c", "task": "t", "created_at": T},
    )

    assert tables.rows("sessions", "session_id", "duration_s") == [("a", 5.0), ("b", 1.5), ("c", None)]


def test_workspaces(tables: Tables) -> None:
    """By the hash of the row that it points at, else by what it says itself."""
    tables.put("workspaces", {"id": "1", "workspace_hash": "hash"}, {"id": "2"})
    tables.put("sessions", *({"id": n, "task": "t", "workspace_id": n} for n in ("1", "2", "3")))

    assert tables.rows("sessions", "session_id", "workspace") == [("1", "hash"), ("2", "2"), ("3", "3")]


def test_an_instance_number_twice(tables: Tables) -> None:
    """Both are attempts, and neither doubles a message or a session."""
    tables.put("sessions", {"id": "a", "task": "t", "winner_id": 1})
    tables.put("instances", *({"session_id": "a", "instance_id": n, "agent_name": "x"} for n in (1, 1, 2)))
    tables.put("chat_messages", {"id": "m", "session_id": "a", "instance_id": 1}, {"id": "n", "session_id": "a"})

    assert tables.rows("sessions", "session_id", "attempts", "agent", "messages") == [("a", 3, "x", 2)]
    assert tables.rows("attempts", "attempt") == [(1,), (2,), (3,)]
    assert tables.rows("messages", "message_id", "attempt") == [("m", 1), ("n", None)]


def test_orphans(tables: Tables) -> None:
    tables.put("instances", {"session_id": "a", "instance_id": 1})
    tables.put("chat_messages", {"id": "m", "session_id": "a"})

    assert tables.rows("sessions", "session_id") == []
    assert tables.rows("attempts", "session_id", "winner") == [("a", None)]
    assert tables.rows("messages", "session_id", "seq") == [("a", 1)]
