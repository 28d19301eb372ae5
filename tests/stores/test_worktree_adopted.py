"""A file with the editor's own schema, made by another program: taken over, read and written, nothing in it changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sessionlab import StoreError, open_store
from sessionlab.stores.migrations import current
from tests.stores.worktrees import Session, session

EDITOR = """
CREATE TABLE workspaces (id INTEGER PRIMARY KEY AUTOINCREMENT, workspace_path TEXT NOT NULL UNIQUE,
    workspace_hash TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL DEFAULT (datetime('now')),
    last_accessed_at TEXT NOT NULL DEFAULT (datetime('now')), CHECK(workspace_path <> '')) STRICT;
CREATE TABLE sessions (id TEXT PRIMARY KEY, workspace_id INTEGER NOT NULL, type TEXT NOT NULL, task TEXT NOT NULL,
    status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, completed_at TEXT, model TEXT,
    timeout_seconds INTEGER, preserve_worktrees INTEGER, winner_id INTEGER, total_duration INTEGER,
    total_files_changed INTEGER, total_lines_added INTEGER, total_lines_deleted INTEGER,
    FOREIGN KEY (workspace_id) REFERENCES workspaces(id) ON DELETE CASCADE) STRICT;
CREATE INDEX idx_sessions_workspace ON sessions(workspace_id);
CREATE TABLE session_runtime_mix (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, runtime TEXT NOT NULL,
    FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE, UNIQUE(session_id, runtime)) STRICT;
CREATE TABLE instances (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, instance_id INTEGER NOT NULL,
    worktree_path TEXT NOT NULL, branch TEXT NOT NULL, agent_name TEXT NOT NULL, status TEXT NOT NULL,
    tmux_session_id TEXT NOT NULL, output TEXT, start_time TEXT, end_time TEXT, files_changed INTEGER,
    lines_added INTEGER, lines_deleted INTEGER, runtime TEXT, model TEXT, runtime_label TEXT,
    FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE, UNIQUE(session_id, instance_id)) STRICT;
CREATE TABLE chat_messages (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL,
    timestamp TEXT NOT NULL, instance_id INTEGER,
    FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE) STRICT;
CREATE VIEW session_complete AS SELECT id FROM sessions;
INSERT INTO workspaces (id, workspace_path, workspace_hash) VALUES (4, '/nowhere/project', '7a029fd580dc2159');
INSERT INTO sessions VALUES ('s1', 4, 'debate', 'Which cache?', 'running', '2025-01-13T10:00:00Z',
    '2025-01-13 10:00:09', NULL, 'sonnet', 300, 1, NULL, NULL, NULL, NULL, NULL);
INSERT INTO session_runtime_mix VALUES (1, 's1', 'codex'), (2, 's1', 'claude');
INSERT INTO instances (id, session_id, instance_id, worktree_path, branch, agent_name, status, tmux_session_id)
    VALUES (9, 's1', 1, '/w/1', 'b1', 'claude', 'idle', 't1');
INSERT INTO chat_messages VALUES ('m2', 's1', 'assistant', 'Redis', '2025-01-13T10:00:05Z', 1),
    ('m1', 's1', 'user', 'Which?', '2025-01-13T10:00:01Z', NULL);
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(EDITOR)
    return path


def adopted() -> Session:
    """Give the session as the editor would: options that are NULL as null."""
    instance = dict.fromkeys(("output", "startTime", "endTime", "filesChanged", "linesAdded", "linesDeleted"))
    return {
        "id": "s1",
        "type": "debate",
        "task": "Which cache?",
        "status": "running",
        "createdAt": "2025-01-13T10:00:00Z",
        "updatedAt": "2025-01-13 10:00:09",
        "completedAt": None,
        "model": "sonnet",
        "timeoutSeconds": 300,
        "preserveWorktrees": True,
        **dict.fromkeys(("winnerId", "totalDuration", "totalFilesChanged", "totalLinesAdded", "totalLinesDeleted")),
        **dict.fromkeys(("integrationPhase", "integrationInstanceId")),
        "runtimeMix": ["codex", "claude"],
        "instances": [
            {
                "instanceId": 1,
                "worktreePath": "/w/1",
                "branch": "b1",
                "agentName": "claude",
                "status": "idle",
                "tmuxSessionId": "t1",
                **instance,
                **dict.fromkeys(("runtime", "model", "runtimeLabel")),
            }
        ],
        "chatHistory": [
            {"id": "m1", "role": "user", "content": "Which?", "timestamp": "2025-01-13T10:00:01Z", "instanceId": None},
            {"id": "m2", "role": "assistant", "content": "Redis", "timestamp": "2025-01-13T10:00:05Z", "instanceId": 1},
        ],
    }


def test_it_is_read_and_written(made: Path) -> None:
    assert current(made, "worktree") is None
    with open_store("worktree", made) as store:
        assert store.version == "0003"
        assert store.get_all_sessions("/nowhere/project") == [adopted()]
        assert [each["id"] for each in store.search_sessions("/nowhere/project", {"search_query": "redis"})] == ["s1"]
        wanted = {**adopted(), "evaluation": {"score": 1}, "integrationPhase": "pending", "status": "round_1"}
        some = {key: wanted[key] for key in ("id", "evaluation", "integrationPhase", "status")}
        assert store.update_session("/nowhere/project", some) == wanted
        found = store.add_chat_message("/nowhere/project", "s1", {**adopted()["chatHistory"][0], "id": "m3"})
        assert [each["id"] for each in found["chatHistory"]] == ["m1", "m2", "m3"]
        store.create_session("/nowhere/project", session(1))
        assert store.get_session("/nowhere/project", "session-1") == session(1)
    with open_store("worktree", made) as store:
        assert len(store.get_all_sessions("/nowhere/project")) == 2


def test_its_own_program_goes_on(made: Path) -> None:
    open_store("worktree", made).close()
    with closing(sqlite3.connect(made)) as database:
        database.execute("UPDATE sessions SET status = 'completed', winner_id = 1")
        database.execute(
            "INSERT INTO chat_messages VALUES ('m9', 's1', 'user', 'Thanks', '2026', NULL, NULL, NULL, NULL)"
        )
        database.commit()
    with open_store("worktree", made) as store:
        found = store.get_session("/nowhere/project", "s1")
        assert found is not None
        assert (found["status"], found["winnerId"]) == ("completed", 1)
        assert len(store.search_sessions("/nowhere/project", {"search_query": "thanks"})) == 1


def test_what_another_program_writes_wins_over_what_was_kept_aside(made: Path) -> None:
    with open_store("worktree", made) as store:
        store.create_session("/nowhere/project", session(1, status="round_2", runtimeMix=["a", "a"], model=None))
        store.update_session("/nowhere/project", {"id": "s1", "status": "round_3"})
    with closing(sqlite3.connect(made)) as database:
        database.execute("UPDATE sessions SET status = 'failed', model = 'opus'")
        database.execute("INSERT INTO session_runtime_mix (session_id, runtime) VALUES ('session-1', 'b')")
        database.commit()
    with open_store("worktree", made) as store:
        wanted = session(1, status="failed", runtimeMix=["a", "b"], model="opus")
        assert store.get_session("/nowhere/project", "session-1") == wanted


def test_a_file_that_lacks_more_is_refused(made: Path) -> None:
    with closing(sqlite3.connect(made)) as database:
        database.execute("ALTER TABLE instances DROP COLUMN runtime_label")
    before = made.read_bytes()
    with pytest.raises(StoreError, match=r"it is none: it lacks instances.runtime_label. Nothing was changed"):
        open_store("worktree", made)
    assert made.read_bytes() == before


def test_a_file_of_the_other_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE workspaces (hash TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, last_accessed TEXT NOT NULL);"
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, workspace_hash TEXT NOT NULL, session_type TEXT, task TEXT);"
        )
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"it lacks workspaces.id, workspaces.workspace_path, .* Nothing was changed"):
        open_store("worktree", path)
    assert path.read_bytes() == before
