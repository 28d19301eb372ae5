"""codegen: sessions, iterations and errors as canonical rows."""

from __future__ import annotations

from datetime import datetime

from tests.kinds.native import Tables, tables

__all__ = ["tables"]
KIND = "codegen"
T = datetime(2025, 1, 1)


def test_a_session(tables: Tables) -> None:
    tables.put(
        "session",
        {
            "id": 7,
            "design_goal": "goal",
            "parent_session_id": 6,
            "created_at": T,
            "extra": {"coding_plan": None, "more": [1, None]},
        },
    )
    tables.put(
        "iteration",
        {"id": 12, "session_id": 7, "code": "second", "feedback": "better", "created_at": T.replace(minute=2)},
        {"id": 11, "session_id": 7, "code": "first", "created_at": T.replace(minute=1)},
    )
    error = {"iteration_id": 11, "error_message": "bad", "error_line": 4, "created_at": T.replace(minute=3)}
    tables.put("error", {"id": 22, "error_type": "syntax", **error}, {"id": 21, **error})

    assert tables.only("sessions") == {
        "source": "s",
        "kind": "codegen",
        "session_id": "7",
        "parent_session_id": "6",
        "goal": "goal",
        "status": "completed",
        "success": True,
        "attempts": 2,
        "errors": 2,
        "started_at": T,
        "ended_at": T.replace(minute=2),
        "duration_s": 120.0,
        "extra": {"coding_plan": None, "more": [1, None]},
    }
    columns = ("attempt", "attempt_id", "status", "success", "code", "feedback", "errors", "started_at", "ended_at")
    assert tables.rows("attempts", "session_id", *columns) == [
        ("7", 1, "11", "failed", False, "first", None, 2, T.replace(minute=1), None),
        ("7", 2, "12", "completed", True, "second", "better", 0, T.replace(minute=2), None),
    ]
    assert tables.rows(
        "errors", "session_id", "attempt", "error_id", "error_type", "message", "line", "occurred_at"
    ) == [
        ("7", 1, "21", None, "bad", 4, T.replace(minute=3)),
        ("7", 1, "22", "syntax", "bad", 4, T.replace(minute=3)),
    ]


def test_only_the_last_iteration_tells(tables: Tables) -> None:
    """By its id, whatever the times say; a session without one is running."""
    tables.put("session", *({"id": number, "design_goal": "g", "created_at": T} for number in (1, 2, 3)))
    tables.put(
        "iteration",
        {"id": 1, "session_id": 1, "created_at": T.replace(hour=9)},
        {"id": 2, "session_id": 1, "created_at": T.replace(hour=5)},
        {"id": 3, "session_id": 2, "created_at": T.replace(hour=1)},
        {"id": 4, "session_id": 2},
    )
    tables.put("error", {"id": 1, "iteration_id": 2}, {"id": 2, "iteration_id": 3})

    columns = ("session_id", "status", "success", "attempts", "errors", "ended_at", "duration_s")
    assert tables.rows("sessions", *columns) == [
        ("1", "failed", False, 2, 1, T.replace(hour=5), 5 * 3600.0),
        ("2", "completed", True, 2, 1, None, None),
        ("3", "running", None, 0, 0, None, None),
    ]


def test_orphans(tables: Tables) -> None:
    """What hangs on nothing is kept, and changes nothing else."""
    tables.put("session", {"id": 1, "design_goal": "g"})
    tables.put("iteration", {"id": 1, "session_id": 99})
    tables.put("error", {"id": 1, "iteration_id": 1}, {"id": 2, "iteration_id": 98})

    assert tables.rows("sessions", "session_id", "attempts", "errors") == [("1", 0, 0)]
    assert tables.rows("attempts", "session_id", "attempt", "errors") == [("99", 1, 1)]
    assert tables.rows("errors", "error_id", "session_id", "attempt") == [("1", "99", 1), ("2", None, None)]


def test_two_sources_with_the_same_ids(tables: Tables) -> None:
    for source in ("s", "t"):
        tables.put("session", {"source": source, "id": 1, "design_goal": source})
        tables.put("iteration", {"source": source, "id": 1, "session_id": 1})
    tables.put("error", {"source": "t", "id": 1, "iteration_id": 1})

    assert tables.rows("sessions", "goal", "success") == [("s", True)]
    assert tables.rows("sessions", "goal", "success", source="t") == [("t", False)]
    assert tables.rows("attempts", "errors") == [(0,)]
