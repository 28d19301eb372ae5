"""workflow: states and their history as canonical rows."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.kinds.native import Tables, tables

__all__ = ["tables"]
KIND = "workflow"
T = datetime(2025, 1, 1)


def test_a_state(tables: Tables) -> None:
    tables.put(
        "session_states",
        {
            "id": "uuid",
            "created_at": T,
            "updated_at": T.replace(minute=1),
            "thread_id": "thread",
            "run_id": "run",
            "user_prompt": "prompt",
            "topic": "arrays",
            "difficulty": "easy",
            "problem_description": "description",
            "problem_tests": [{"input": "1"}],
            "code": "code",
            "tests_passed": True,
            "code_attempts": 3,
            "problem_attempts": 2,
            "workflow_status": "completed",
            "extra": {"agent": "a", "model": "m", "failure_mode": None},
        },
    )

    assert tables.only("sessions") == {
        "source": "s",
        "kind": "workflow",
        "session_id": "thread",
        "goal": "prompt",
        "topic": "arrays",
        "difficulty": "easy",
        "status": "completed",
        "success": True,
        "attempts": 3,
        "problem_attempts": 2,
        "agent": "a",
        "model": "m",
        "run_id": "run",
        "started_at": T,
        "ended_at": T.replace(minute=1),
        "duration_s": 60.0,
        "extra": {"agent": "a", "model": "m", "failure_mode": None},
    }
    assert tables.rows("attempts", "session_id", "attempt", "status", "success", "code", "agent", "model") == [
        ("thread", 1, None, None, None, "a", "m"),
        ("thread", 2, None, None, None, "a", "m"),
        ("thread", 3, "completed", True, "code", "a", "m"),
    ]


@pytest.mark.parametrize(
    ("status", "passed", "expected"),
    [
        ("running", True, ("running", None, None)),
        ("running", None, ("running", None, None)),
        ("completed", True, ("completed", True, T)),
        ("completed", None, ("completed", None, T)),
        ("failed", False, ("failed", False, T)),
        (None, True, ("completed", True, T)),
        (None, False, ("failed", False, T)),
        (None, None, (None, None, T)),
    ],
)
def test_status_and_success(
    tables: Tables, status: str | None, passed: bool | None, expected: tuple[object, ...]
) -> None:
    state = {"workflow_status": status, "tests_passed": passed, "updated_at": T, "code_attempts": 1}
    tables.put("session_states", {"thread_id": "t", **state})

    assert tables.rows("sessions", "status", "success", "ended_at") == [expected]
    assert tables.rows("attempts", "success") == [(expected[1],)]


def test_no_attempts(tables: Tables) -> None:
    tables.put("session_states", {"thread_id": "a", "code_attempts": 0}, {"thread_id": "b"})

    assert tables.rows("sessions", "session_id", "attempts") == [("a", 0), ("b", None)]
    assert tables.rows("attempts", "session_id") == []


def test_damaged_number_of_attempts(tables: Tables) -> None:
    """It is told as it stands, but not unfolded into that many rows."""
    tables.put("session_states", {"thread_id": "a", "code_attempts": 2**62}, {"thread_id": "b", "code_attempts": -5})

    assert tables.rows("sessions", "attempts") == [(-5,), (2**62,)]
    assert len(tables.rows("attempts", "attempt")) == 10000


def test_a_history_with_two_problems(tables: Tables) -> None:
    """Code attempts begin again at 0 with the second problem; the newest snapshot of each attempt tells its outcome."""
    final = {"code": "fourth", "tests_passed": True, "code_attempts": 1, "problem_attempts": 2}
    tables.put("session_states", {"thread_id": "t", **final})
    history = [
        ("not yet", False, 0, 1),
        ("first", None, 1, 1),
        ("first", False, 1, 1),
        ("second", False, 2, 1),
        (None, False, 0, 2),
        ("third", False, 1, 2),
        ("fourth", True, 1, 2),
    ]
    for place, (code, passed, code_attempts, problem_attempts) in enumerate(history, 1):
        state = {"code_attempts": code_attempts, "problem_attempts": problem_attempts}
        tables.put(
            "state_history", {"thread_id": "t", "snapshot": place, "code": code, "tests_passed": passed, **state}
        )

    assert tables.rows("sessions", "attempts", "problem_attempts", "success") == [(3, 2, True)]
    assert tables.rows("attempts", "attempt", "code", "success", "status") == [
        (1, "first", False, "failed"),
        (2, "second", False, "failed"),
        (3, "fourth", True, "completed"),
    ]


def test_the_newest_snapshot_tells_even_that_nothing_is_known(tables: Tables) -> None:
    tables.put("session_states", {"thread_id": "t", "code_attempts": 1})
    for place, (code, passed) in enumerate([("old", True), (None, None)], 1):
        state = {"code": code, "tests_passed": passed, "code_attempts": 1, "problem_attempts": 1}
        tables.put("state_history", {"thread_id": "t", "snapshot": place, **state})

    assert tables.rows("attempts", "code", "success", "status") == [(None, None, None)]


def test_a_history_without_attempts(tables: Tables) -> None:
    tables.put("session_states", {"thread_id": "t", "code_attempts": 0})
    tables.put("state_history", {"thread_id": "t", "snapshot": 1, "code_attempts": 0})

    assert tables.rows("sessions", "attempts") == [(0,)]
    assert tables.rows("attempts", "attempt") == []
