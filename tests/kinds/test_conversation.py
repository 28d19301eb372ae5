"""conversation from JSON to the canonical tables."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tests.loaders.records import conversation, loaded, write


def said(number: int, role: str, **more: object) -> dict[str, object]:
    return {
        "conversation_id": f"m{number}",
        "message_role": role,
        "content": f"content {number}",
        "timestamp": f"2025-01-01T00:0{number}:00Z",
        **more,
    }


METADATA = {
    "parent_session_id": "p-1",
    "topic": "parsing",
    "difficulty": "hard",
    "mode": "agent",
    "success": False,
    "agent": "mini",
    "model": "m-1",
    "run_id": "r-1",
    "cost": 0.25,
}
SESSION = {
    "session_id": "s-1",
    "user_id": "u-1",
    "start_time": "2025-01-01T00:00:00Z",
    "end_time": "2025-01-01T01:00:00Z",
    "metadata": METADATA,
    "title": "a talk",
    "contexts": [
        {"context_id": "c1", "content": "a file", "type": "code", "created_at": "2025-01-01T00:00:30Z", "size": 3}
    ],
    "conversations": [
        said(2, "assistant", metadata={"tokens": 5}, liked=True),
        said(1, "user"),
        said(3, "user"),
        said(4, "assistant"),
        said(5, "user"),
    ],
}


def test_canonical(tmp_path: Path) -> None:
    with loaded(write(tmp_path / "some.json", SESSION), strict=True) as found:
        ((extra, *row),) = found.rows("SELECT extra, * EXCLUDE (extra) FROM sessions")
        assert json.loads(extra) == {**METADATA, "title": "a talk"}
        started, ended = datetime(2025, 1, 1), datetime(2025, 1, 1, 1)
        assert row == [
            *("some", "conversation", "s-1", "p-1", "content 1", "parsing", "hard", "agent", "completed", False),
            *(2, None, None, 5, "u-1", "mini", "m-1", "r-1", None, started, ended, 3600.0, None),
        ]
        columns = "attempt, attempt_id, feedback, agent, model, started_at"
        assert found.rows(f"SELECT {columns} FROM attempts ORDER BY attempt") == [
            (1, "m2", "content 2", "mini", "m-1", datetime(2025, 1, 1, 0, 2)),
            (2, "m4", "content 4", "mini", "m-1", datetime(2025, 1, 1, 0, 4)),
        ]
        columns = "session_id, message_id, seq, role, content, attempt, sent_at"
        assert found.rows(f"SELECT {columns} FROM messages ORDER BY seq") == [
            ("s-1", "m1", 1, "user", "content 1", 1, datetime(2025, 1, 1, 0, 1)),
            ("s-1", "m2", 2, "assistant", "content 2", 1, datetime(2025, 1, 1, 0, 2)),
            ("s-1", "m3", 3, "user", "content 3", 2, datetime(2025, 1, 1, 0, 3)),
            ("s-1", "m4", 4, "assistant", "content 4", 2, datetime(2025, 1, 1, 0, 4)),
            ("s-1", "m5", 5, "user", "content 5", None, datetime(2025, 1, 1, 0, 5)),
        ]
        ((extra,),) = found.rows("SELECT extra FROM messages WHERE message_id = 'm2'")
        assert json.loads(extra) == {"tokens": 5, "liked": True}
        assert found.rows("SELECT context_id, session_id, content, type, extra FROM conversation.contexts") == [
            ("c1", "s-1", "a file", "code", '{"size":3}')
        ]


def test_status_and_success(tmp_path: Path) -> None:
    records = [
        conversation("a"),
        conversation("b", end_time="2025-01-02", metadata={"success": True}),
        conversation("c", metadata={"success": None}),
    ]
    with loaded(write(tmp_path / "some.json", records), strict=True) as found:
        assert found.rows("SELECT session_id, status, success, attempts, messages FROM sessions ORDER BY 1") == [
            ("a", "running", None, 0, 0),
            ("b", "completed", True, 0, 0),
            ("c", "running", None, 0, 0),
        ]
