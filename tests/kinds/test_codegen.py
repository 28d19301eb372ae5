"""codegen from JSON to the canonical tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.loaders.records import codegen, loaded, write

SESSION = {
    "id": 7,
    "design_goal": "sort a list",
    "parent_session_id": 3,
    "created_at": "2025-01-01T00:00:00Z",
    "coding_plan": "first, second",
    "iterations": [
        {
            "id": 12,
            "code": "second try",
            "feedback": "good",
            "created_at": "2025-01-01T00:02:00Z",
            "errors": [],
        },
        {
            "id": 11,
            "code": "first try",
            "feedback": "bad",
            "created_at": "2025-01-01T00:01:00Z",
            "errors": [
                {
                    "id": 21,
                    "error_type": "TypeError",
                    "error_message": "no list",
                    "error_line": 5,
                    "created_at": "2025-01-01T00:01:30.500Z",
                },
                {"id": 22, "error_type": None, "error_message": "worse"},
            ],
        },
    ],
}


def at(minute: int, second: float = 0) -> datetime:
    whole = int(second)
    return datetime(2025, 1, 1, 0, minute, whole, int((second - whole) * 1_000_000))


def test_canonical(tmp_path: Path) -> None:
    with loaded(write(tmp_path / "some.json", SESSION), strict=True) as found:
        assert found.lab.table("sessions").to_dicts() == [
            {
                "source": "some",
                "kind": "codegen",
                "session_id": "7",
                "parent_session_id": "3",
                "goal": "sort a list",
                "topic": None,
                "difficulty": None,
                "mode": None,
                "status": "completed",
                "success": True,
                "attempts": 2,
                "problem_attempts": None,
                "errors": 2,
                "messages": None,
                "user_id": None,
                "agent": None,
                "model": None,
                "run_id": None,
                "workspace": None,
                "started_at": at(0),
                "ended_at": at(2),
                "duration_s": 120.0,
                "extra": '{"coding_plan":"first, second"}',
                "entrants": None,
            }
        ]
        attempts = "attempt, attempt_id, status, success, code, feedback, errors, started_at"
        assert found.rows(f"SELECT session_id, {attempts} FROM attempts ORDER BY attempt") == [
            ("7", 1, "11", "failed", False, "first try", "bad", 2, at(1)),
            ("7", 2, "12", "completed", True, "second try", "good", 0, at(2)),
        ]
        errors = "session_id, attempt, error_id, error_type, message, line, occurred_at"
        assert found.rows(f"SELECT {errors} FROM errors ORDER BY error_id") == [
            ("7", 1, "21", "TypeError", "no list", 5, at(1, 30.5)),
            ("7", 1, "22", None, "worse", None, None),
        ]
        assert found.rows("FROM messages") == []


def test_status(tmp_path: Path) -> None:
    failed = {"id": 1, "errors": [{"id": 1}]}
    records = [
        codegen(1),
        codegen(2, iterations=[]),
        codegen(3, iterations=[failed]),
        codegen(4, iterations=[{"id": 2}]),
    ]
    with loaded(write(tmp_path / "some.json", records), strict=True) as found:
        assert found.rows("SELECT session_id, status, success, attempts FROM sessions ORDER BY ALL") == [
            ("1", "running", None, 0),
            ("2", "running", None, 0),
            ("3", "failed", False, 1),
            ("4", "completed", True, 1),
        ]
