"""worktree from JSON to the canonical tables, with the quirks that its writers are known for."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tests.loaders.records import loaded, worktree, write

SESSION = {
    "id": "s-1",
    "type": "competition",
    "task": "fix the bug",
    "status": "completed",
    "createdAt": "2025-11-13T03:46:40.123456789+00:00",
    "updatedAt": "2025-11-13T03:56:40.123Z",
    "completedAt": "2025-11-13T03:56:40.123456Z",
    "model": "m-0",
    "timeoutSeconds": 900,
    "preserveWorktrees": True,
    "winnerId": 1,
    "totalDuration": 600000,
    "totalFilesChanged": 3,
    "totalLinesAdded": 40,
    "totalLinesDeleted": 5,
    "integrationPhase": "merged",
    "integrationInstanceId": 2,
    "runtimeMix": ["codex", "claude"],
    "evaluation": {"score": 7},
    "instances": [
        {
            "instanceId": 0,
            "worktreePath": "/w/0",
            "branch": "b-0",
            "agentName": "agent-0",
            "status": "failed",
            "tmuxSessionId": "tmux-0",
            "output": "out 0",
            "startTime": "2025-11-13T03:47:00Z",
            "endTime": "2025-11-13T03:48:00Z",
            "filesChanged": 11,
            "linesAdded": 12,
            "linesDeleted": 13,
            "runtime": "codex",
            "model": "m-1",
            "runtimeLabel": "Codex",
            "testsPassed": 4,
        },
        {"instanceId": 1, "agentName": "agent-1", "status": "completed", "model": "m-2", "output": None},
    ],
    "chatHistory": [
        {"id": "c-1", "role": "user", "content": "go", "timestamp": "2025-11-13T03:46:41Z", "instanceId": 1},
        {"id": "c-2", "role": "assistant", "content": "gone", "timestamp": "2025-11-13T03:46:42Z", "instanceId": None},
    ],
}
HASH = "0123456789abcdef"


def test_canonical(tmp_path: Path) -> None:
    with loaded(write(tmp_path / f"{HASH}.json", [SESSION]), strict=True) as found:
        ((extra, entrants, *row),) = found.rows("SELECT extra, entrants, * EXCLUDE (extra, entrants) FROM sessions")
        started, ended = datetime(2025, 11, 13, 3, 46, 40, 123456), datetime(2025, 11, 13, 3, 56, 40, 123456)
        assert row == [
            *(HASH, "worktree", "s-1", None, "fix the bug", None, None, "competition", "completed", True),
            *(2, None, None, 2, None, "agent-1", "m-2", None, HASH, started, ended, 600.0),
        ]
        assert json.loads(extra) == {
            "timeout_seconds": 900,
            "preserve_worktrees": True,
            "winner_id": 1,
            "total_duration": 600000,
            "total_files_changed": 3,
            "total_lines_added": 40,
            "total_lines_deleted": 5,
            "integration_phase": "merged",
            "integration_instance_id": 2,
            "runtime_mix": ["claude", "codex"],
            "evaluation": {"score": 7},
        }
        assert json.loads(entrants) == [
            {"won": True, "agent": "agent-1", "model": "m-2"},
            {"won": False, "agent": "agent-0", "model": "m-1", "runtime": "codex"},
        ]
        columns = "attempt, attempt_id, status, success, winner, agent, model, runtime, feedback"
        assert found.rows(f"SELECT {columns} FROM attempts ORDER BY attempt") == [
            (1, "0", "failed", False, False, "agent-0", "m-1", "codex", "out 0"),
            (2, "1", "completed", True, True, "agent-1", "m-2", None, None),
        ]
        columns = "files_changed, lines_added, lines_deleted, started_at, ended_at"
        assert found.rows(f"SELECT {columns} FROM attempts WHERE attempt = 1") == [
            (11, 12, 13, datetime(2025, 11, 13, 3, 47), datetime(2025, 11, 13, 3, 48))
        ]
        columns = "message_id, seq, role, content, attempt, sent_at"
        assert found.rows(f"SELECT {columns} FROM messages ORDER BY seq") == [
            ("c-1", 1, "user", "go", 2, datetime(2025, 11, 13, 3, 46, 41)),
            ("c-2", 2, "assistant", "gone", None, datetime(2025, 11, 13, 3, 46, 42)),
        ]
        assert found.rows("SELECT source, file, id, workspace_hash FROM worktree.workspaces") == [
            (HASH, str(tmp_path / f"{HASH}.json"), HASH, HASH)
        ]


def test_absent_options_as_null_or_left_out(tmp_path: Path) -> None:
    options = [name for name in SESSION if name not in ("id", "task")]
    records = [{**SESSION, **dict.fromkeys(options), "id": "null"}, {"id": "absent", "task": "fix the bug"}]
    with loaded(write(tmp_path / "some.json", records), strict=True) as found:
        rows = found.rows("SELECT * EXCLUDE (session_id) FROM sessions ORDER BY session_id")
        assert rows[0] == rows[1]
        for table in ("instances", "chat_messages", "session_runtime_mix"):
            assert found.rows(f"FROM worktree.{table}") == []


def test_statuses(tmp_path: Path) -> None:
    names = ["completed", "failed", "running", "round_1", "round_2", "round_3", "archived", "paused"]
    with loaded(write(tmp_path / "some.json", [worktree(name, status=name) for name in names]), strict=True) as found:
        rows = found.rows("SELECT session_id, status, success, extra->>'status' FROM sessions")
        assert {name: rest for name, *rest in rows} == {
            "completed": ["completed", True, None],
            "failed": ["failed", False, None],
            "running": ["running", None, None],
            "round_1": ["running", None, "round_1"],
            "round_2": ["running", None, "round_2"],
            "round_3": ["running", None, "round_3"],
            "archived": ["archived", None, None],
            "paused": ["paused", None, None],
        }


def test_archived_instance(tmp_path: Path) -> None:
    record = worktree("a", winnerId=1, instances=[{"instanceId": 1, "status": "archived"}, {"instanceId": 2}])
    with loaded(write(tmp_path / "some.json", [record]), strict=True) as found:
        assert found.rows("SELECT attempt, status, success, winner FROM attempts ORDER BY 1") == [
            (1, "archived", None, True),
            (2, None, None, False),
        ]


def test_same_session_twice_in_a_file(tmp_path: Path) -> None:
    """Updates touch only the first copy of the two: the one updated last is the one to keep, wherever it stands."""
    copies = [{**SESSION, "updatedAt": "2025-11-14"}, {**SESSION, "status": "running", "updatedAt": None}]
    for records in (copies, copies[::-1]):
        with loaded(write(tmp_path / "some.json", records), strict=True) as found:
            assert found.rows("SELECT session_id, status, attempts, messages FROM sessions") == [
                ("s-1", "completed", 2, 2)
            ]
            assert (found.report.sessions, found.report.superseded, found.report.rejected) == (1, 1, 0)
            assert found.rows("SELECT count(*) FROM worktree.instances") == [(2,)]
