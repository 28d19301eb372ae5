"""What SQLite columns may hold, and what becomes of it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from sessionlab import Lab
from sessionlab.errors import InvalidRecord, SourceError
from sessionlab.loaders import sqlite as loader
from sessionlab.loaders.sqlite_file import OpenWay
from tests.loaders.databases import CODEGEN, CONVERSATION, GOAL, fetch, lab, make, one, rejects, untouched

__all__ = ["lab"]

one_lab = pytest.mark.parametrize("lab", ["memory"], indirect=True)


def session(id_: str = "1", goal: str = "'a goal'", parent: str = "NULL", created: str = "NULL") -> str:
    return f"INSERT INTO session VALUES ({id_}, {goal}, {parent}, {created});"


def test_one_reject_leaves_the_rest(tmp_path: Path, lab: Lab) -> None:
    path = make(
        tmp_path / "s.db",
        CODEGEN,
        session("7", parent="'many'"),
        session("8"),
        session("9", created="'yesterday'"),
        "INSERT INTO iteration VALUES (1, NULL, NULL, NULL, NULL);".replace("NULL", "'none'", 1),
    )

    report = lab.load(path)

    assert (report.sessions, report.rejected) == (1, 3)
    assert rejects(lab, "file, record, reason") == [
        (str(path), 1, "iteration.session_id holds 'none' where a whole number of at most 64 bits is needed"),
        (
            str(path),
            7,
            "session.parent_session_id holds 'many' where a whole number of at most 64 bits is needed",
        ),
        (str(path), 9, "session.created_at holds 'yesterday' where a time is needed"),
    ]
    raw = [json.loads(text) for (text,) in rejects(lab, "raw")]
    assert raw[1] == {"id": 7, "design_goal": "a goal", "parent_session_id": "many", "created_at": None}
    assert raw[2] == {"id": 9, "design_goal": "a goal", "parent_session_id": None, "created_at": "yesterday"}


@one_lab
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (session(parent="'12a'"), "parent_session_id holds '12a' where a whole number"),
        (session(parent="9223372036854775808"), "parent_session_id holds 9.2"),
        (session(parent="1.5"), "parent_session_id holds 1.5 where a whole number"),
        (session(parent="x'01'"), "parent_session_id holds X'01' where a whole number"),
        (session(goal="x'6162'"), "design_goal holds X'6162' where a text is needed"),
        (session(created="'2025-13-01'"), "created_at holds '2025-13-01' where a time"),
        (session(created="''"), "created_at holds '' where a time"),
        (session(created="'infinity'"), "created_at holds 'infinity' where a time"),
        (session(created="x'00'"), "created_at holds X'00' where a time"),
        (session(created="1e30"), "created_at holds '1.0e+30' where a time"),
        (session(goal="CAST(x'61ff62' AS TEXT)"), "design_goal holds a text that is not UTF-8"),
        (session(created="CAST(x'ff' AS TEXT)"), "created_at holds 'bytes' where a time"),
    ],
)
def test_values_that_do_not_fit(tmp_path: Path, lab: Lab, row: str, reason: str) -> None:
    good = "INSERT INTO session VALUES (2, 'another goal', 1, '2025-11-13 03:46:40');"
    path = make(tmp_path / "s.db", CODEGEN, row, good)

    with untouched(tmp_path):
        report = lab.load(path)

    ((record, found),) = rejects(lab)
    assert (record, report.rejected) == (1, 1)
    assert reason in found
    assert fetch(lab, "SELECT session_id, goal, parent_session_id, started_at FROM sessions") == [
        ("2", "another goal", "1", datetime(2025, 11, 13, 3, 46, 40))
    ]


def test_null_where_a_value_is_required(tmp_path: Path, lab: Lab) -> None:
    path = make(
        tmp_path / "s.db",
        "CREATE TABLE session (id INTEGER, design_goal TEXT);",
        "INSERT INTO session VALUES (1, NULL), (NULL, 'no id'), (3, 'good');",
    )

    assert lab.load(path).sessions == 1
    assert rejects(lab) == [
        (1, "session.design_goal holds NULL where a text is needed"),
        (2, "session.id holds NULL where a whole number of at most 64 bits is needed"),
    ]


def test_texts_that_are_not_utf8(tmp_path: Path, lab: Lab) -> None:
    """Such rows alone are rejected, with their bytes to be seen, in several tables and in further columns too."""
    path = make(
        tmp_path / "s.db",
        CODEGEN,
        "ALTER TABLE session ADD COLUMN coding_plan TEXT;",
        "INSERT INTO session VALUES (1, CAST(x'61ff62' AS TEXT), NULL, NULL, NULL);",
        "INSERT INTO session VALUES (2, 'ä' || char(0) || '€', NULL, '2025-01-01', 'plän');",
        "INSERT INTO session VALUES (3, 'c', NULL, NULL, CAST(x'fe' AS TEXT));",
        "INSERT INTO iteration VALUES (4, 2, CAST(x'c3' AS TEXT), '€', NULL), (5, 2, 'code', NULL, NULL);",
    )

    lab.load(path)

    assert rejects(lab) == [
        (1, "session.design_goal holds a text that is not UTF-8"),
        (3, "session.extra holds a text that is not UTF-8"),
        (4, "iteration.code holds a text that is not UTF-8"),
    ]
    assert "a\\xffb" in rejects(lab, "raw")[0][0]
    assert fetch(lab, "SELECT goal, started_at, extra->>'coding_plan', attempts FROM sessions") == [
        ("ä\0€", datetime(2025, 1, 1), "plän", 1)
    ]
    assert fetch(lab, "SELECT attempt_id, code FROM attempts") == [("5", "code")]


def test_strict(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", CODEGEN, session("1"), session("2", created="'soon'"))
    other = make(tmp_path / "t.db", CODEGEN, session("1"), session("2", parent="'x'"))

    for file in (path, other):
        with pytest.raises(InvalidRecord, match="record 2: session"):
            lab.load(file, strict=True)
    assert one(lab, "SELECT count(*) FROM sources") == 0
    assert lab.load(path).sessions == 1


def test_everything_rejected(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", CODEGEN, session("1", created="'soon'"))

    with pytest.raises(SourceError, match=r"1 rejected:\n.*record 1: session.created_at holds 'soon'"):
        lab.load(path)


def test_nul_in_a_text(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", CODEGEN, session(goal="'a' || char(0) || 'b'"))

    assert lab.load(path).rejected == 0
    assert one(lab, "SELECT goal FROM sessions") == "a\0b"


def test_null_in_the_first_thousands_of_rows(tmp_path: Path, lab: Lab) -> None:
    """The driver would take a column that is NULL at first for a number."""
    path = make(
        tmp_path / "s.db",
        CODEGEN,
        "ALTER TABLE session ADD COLUMN coding_plan TEXT;",
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO session SELECT i, 'goal', CASE WHEN i = 5000 THEN 17 END,
            CASE WHEN i = 5000 THEN '2025-11-13T03:46:40Z' END, CASE WHEN i = 5000 THEN 'a plan' END FROM n;
        """,
    )

    assert lab.load(path).sessions == 5000
    assert fetch(lab, "SELECT * EXCLUDE (source, file) FROM codegen.session WHERE created_at IS NOT NULL") == [
        (5000, "goal", 17, datetime(2025, 11, 13, 3, 46, 40), '{"coding_plan":"a plan"}')
    ]
    assert one(lab, "SELECT count(extra) FROM sessions") == 1


def test_empty_tables(tmp_path: Path, lab: Lab) -> None:
    report = lab.load(make(tmp_path / "s.db", CODEGEN))

    assert (report.sessions, report.kinds, report.rows) == (0, ("codegen",), {})


@one_lab
def test_times(tmp_path: Path, lab: Lab) -> None:
    """As texts, and as numbers of seconds or milliseconds, whole or not."""
    moment = datetime(2025, 11, 13, 3, 46, 40)
    given = {
        "'2025-11-13T03:46:40.123456789+00:00'": moment.replace(microsecond=123456),
        "'2025-11-13T05:46:40+02:00'": moment,
        "'2025-11-13T03:46:40Z'": moment,
        "'2025-11-13 03:46:40.123'": moment.replace(microsecond=123000),
        "1763005600": moment,
        "'1763005600'": moment,
        "1763005600123": moment.replace(microsecond=123000),
        "1763005600.25": moment.replace(microsecond=250000),
        "'2025-11-13'": moment.replace(hour=0, minute=0, second=0),
    }
    rows = [session(str(number), created=value) for number, value in enumerate(given)]
    path = make(tmp_path / "s.db", CODEGEN.replace("TIMESTAMP", ""), *rows)

    assert lab.load(path).rejected == 0
    found = fetch(lab, "SELECT started_at FROM sessions ORDER BY session_id::INT")
    assert [value for (value,) in found] == list(given.values())


def test_booleans(tmp_path: Path, lab: Lab) -> None:
    path = make(
        tmp_path / "s.db",
        "CREATE TABLE session_states (thread_id TEXT PRIMARY KEY, code_attempts INTEGER, tests_passed BOOLEAN);",
        "INSERT INTO session_states VALUES ('a', 1, 1), ('b', 1, 0), ('c', 1, NULL), ('d', 1, 2), ('e', 1, 'yes');",
    )

    lab.load(path)

    assert fetch(lab, "SELECT session_id, success FROM sessions ORDER BY 1") == [("a", True), ("b", False), ("c", None)]
    assert rejects(lab) == [
        (4, "session_states.tests_passed holds 2 where 0 or 1 is needed"),
        (5, "session_states.tests_passed holds 'yes' where 0 or 1 is needed"),
    ]


@one_lab
@pytest.mark.parametrize(
    "metadata", ["{", "{'a': 1}", '{"a": NaN}', '{"a": 1} tail', '{"a": "\\ud800"}', "plain", '{"a":"\0"}']
)
def test_metadata_that_is_no_json(tmp_path: Path, lab: Lab, metadata: str) -> None:
    path = make(tmp_path / "s.db", CONVERSATION)
    with closing(sqlite3.connect(path)) as database:
        good = '{"success": true, "big": 123456789012345678901234567890}'
        rows = [("bad", "2025-01-01", metadata), ("good", "2025-01-02", good)]
        database.executemany("INSERT INTO sessions (session_id, start_time, metadata) VALUES (?, ?, ?)", rows)
        database.commit()

    lab.load(path)

    ((record, reason),) = rejects(lab)
    assert record == 1
    assert reason.startswith("sessions.metadata holds ")
    assert "JSON" in reason
    assert fetch(lab, "SELECT session_id, success FROM sessions") == [("good", True)]


@one_lab
def test_further_columns(tmp_path: Path, lab: Lab) -> None:
    """What the kind does not declare goes into ``extra``, of whatever type it is."""
    path = make(
        tmp_path / "s.db",
        CODEGEN,
        """
        CREATE TABLE s2 AS SELECT * FROM session;
        DROP TABLE session;
        CREATE TABLE session (
            id INTEGER, design_goal TEXT, coding_plan TEXT, "odd ""name'" TEXT, n INTEGER, x REAL, b BLOB, j TEXT,
            none TEXT);
        INSERT INTO session VALUES (1, 'goal', 'plan', 'odd', -5, 0.1, x'00ff', '{"a": [null, 1]}', NULL);
        INSERT INTO session VALUES (2, 'goal', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        INSERT INTO session VALUES (3, 'goal', NULL, NULL, NULL, 9e999, NULL, NULL, NULL);
        """,
    )

    lab.load(path)

    found = dict(fetch(lab, "SELECT session_id, extra FROM sessions ORDER BY session_id"))
    assert json.loads(found["1"]) == {
        "coding_plan": "plan",
        "odd \"name'": "odd",
        "n": -5,
        "x": 0.1,
        "b": "00FF",
        "j": '{"a": [null, 1]}',
    }
    assert found["2"] is None
    assert json.loads(found["3"])["x"] == float("inf")


@pytest.mark.parametrize("options", ["WITHOUT ROWID", "STRICT", "STRICT, WITHOUT ROWID"])
def test_other_tables(tmp_path: Path, lab: Lab, options: str) -> None:
    path = make(
        tmp_path / "s.db",
        f"CREATE TABLE session (id INTEGER PRIMARY KEY, design_goal TEXT, created_at TEXT) {options};",
        "INSERT INTO session VALUES (5, 'good', NULL), (6, 'bad', 'soon'), (7, NULL, NULL);",
    )

    lab.load(path)

    assert fetch(lab, "SELECT session_id FROM sessions") == [("5",)]
    numbered = "ROWID" not in options
    found = fetch(lab, "SELECT record, (raw->>'id')::INT FROM rejects ORDER BY 2")
    assert found == [(6 if numbered else None, 6), (7 if numbered else None, 7)]


@one_lab
def test_a_column_called_rowid(tmp_path: Path, lab: Lab) -> None:
    path = make(
        tmp_path / "s.db",
        "CREATE TABLE session (id INTEGER, design_goal TEXT, rowid TEXT);",
        "INSERT INTO session VALUES (5, 'good', 'x'), (6, NULL, 'y');",
    )

    lab.load(path)

    assert one(lab, "SELECT extra->>'rowid' FROM sessions") == "x"
    assert fetch(lab, "SELECT record FROM rejects") == [(2,)]


@one_lab
def test_upper_case(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", CODEGEN.upper(), GOAL, "INSERT INTO iteration (id, session_id) VALUES (3, 1);")

    lab.load(path)

    assert fetch(lab, "SELECT goal, attempts FROM sessions") == [("a goal", 1)]


def test_missing_tables(tmp_path: Path, lab: Lab) -> None:
    """A kind is told by its root table; the others may be absent."""
    path = make(tmp_path / "s.db", CONVERSATION)
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO sessions VALUES ('a', 'u', '2025-01-01', NULL, NULL)")
        database.execute("INSERT INTO conversations VALUES ('m', 'a', 'user', 'hello', NULL, NULL)")
        database.commit()

    report = lab.load(path)

    assert report.rows == {"conversation.sessions": 1, "conversation.conversations": 1}
    assert one(lab, "SELECT goal FROM sessions") == "hello"


def test_a_table_of_that_name_for_something_else(tmp_path: Path, lab: Lab) -> None:
    path = make(
        tmp_path / "s.db",
        "CREATE TABLE session (id INTEGER, design_goal TEXT); CREATE TABLE error (what TEXT);",
        "INSERT INTO session VALUES (1, 'goal'); INSERT INTO error VALUES ('no error of ours');",
    )

    report = lab.load(path)

    assert report.ignored == ("table error: no column id, iteration_id",)
    assert one(lab, "SELECT count(*) FROM codegen.error") == 0


def test_duplicate_ids(tmp_path: Path, lab: Lab) -> None:
    """Where no key forbids it, the one updated last stays, and the others are counted."""
    path = make(
        tmp_path / "s.db",
        "CREATE TABLE session_states (thread_id TEXT, code_attempts INTEGER, updated_at TEXT);",
        """
        INSERT INTO session_states VALUES ('a', 1, '2025-01-01'), ('a', 3, '2025-01-03'), ('a', 2, '2025-01-02'),
            ('b', 4, NULL), ('b', 5, '2024-01-01'), ('c', 6, NULL), ('c', 7, NULL);
        """,
    )

    report = lab.load(path)

    assert (report.sessions, report.superseded) == (3, 4)
    found = fetch(lab, "SELECT session_id, attempts FROM sessions ORDER BY 1")
    assert found[:2] == [("a", 3), ("b", 5)]
    lab.load(path)
    assert fetch(lab, "SELECT session_id, attempts FROM sessions ORDER BY 1") == found


def test_two_kinds(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", CODEGEN, GOAL, CONVERSATION, "INSERT INTO sessions (session_id) VALUES ('a');")

    report = lab.load(path)

    assert report.kinds == ("codegen", "conversation")
    assert fetch(lab, "SELECT kind, session_id FROM sessions ORDER BY kind") == [
        ("codegen", "1"),
        ("conversation", "a"),
    ]
    assert lab.load(path, kind="codegen").kinds == ("codegen",)
    assert fetch(lab, "SELECT kind, session_id FROM sessions") == [("codegen", "1")]


SESSION_OF_WORKTREE = """
    task TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, completed_at TEXT,
    model TEXT, timeout_seconds INTEGER, preserve_worktrees INTEGER, winner_id INTEGER, total_duration INTEGER,
    total_files_changed INTEGER, total_lines_added INTEGER, total_lines_deleted INTEGER, integration_phase TEXT,
    integration_instance_id INTEGER
"""
VALUES_OF_WORKTREE = """
    'the task', 'completed', '2025-01-01T00:00:00Z', '2025-01-01T00:05:00Z', '2025-01-01T00:05:00Z', 'm', 60, 1, 2,
    300000, 4, 50, 6, 'completed', 1
"""
REST_OF_WORKTREE = """
    CREATE TABLE instances (
        id INTEGER PRIMARY KEY, session_id TEXT, instance_id INTEGER, worktree_path TEXT, branch TEXT, agent_name TEXT,
        status TEXT, tmux_session_id TEXT, output TEXT, start_time TEXT, end_time TEXT, files_changed INTEGER,
        lines_added INTEGER, lines_deleted INTEGER, runtime TEXT, model TEXT, runtime_label TEXT);
    INSERT INTO instances (session_id, instance_id, agent_name, status, model, runtime) VALUES
        ('s', 1, 'agent-1', 'failed', 'm1', 'codex'), ('s', 2, 'agent-2', 'completed', 'm2', 'claude');
    CREATE TABLE chat_messages (
        id TEXT PRIMARY KEY, session_id TEXT, role TEXT, content TEXT, timestamp TEXT, instance_id INTEGER);
    INSERT INTO chat_messages VALUES ('c', 's', 'user', 'hello', '2025-01-01T00:01:00Z', 2);
"""
DOCUMENT_4 = f"""
    CREATE TABLE workspaces (hash TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, last_accessed TEXT NOT NULL);
    INSERT INTO workspaces VALUES ('0123456789abcdef', '/home/dev/project', '2025-01-02T00:00:00Z');
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, workspace_hash TEXT NOT NULL, session_type TEXT NOT NULL, runtime_mix TEXT,
        {SESSION_OF_WORKTREE});
    INSERT INTO sessions VALUES ('s', '0123456789abcdef', 'debate', '["codex", "claude"]', {VALUES_OF_WORKTREE});
    {REST_OF_WORKTREE}
"""
DOCUMENT_5 = f"""
    CREATE TABLE workspaces (
        id INTEGER PRIMARY KEY, workspace_path TEXT NOT NULL UNIQUE, workspace_hash TEXT NOT NULL UNIQUE,
        created_at TEXT NOT NULL, last_accessed_at TEXT NOT NULL) STRICT;
    INSERT INTO workspaces VALUES (7, '/home/dev/project', '0123456789abcdef', '2025-01-01', '2025-01-02T00:00:00Z');
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY, workspace_id INTEGER NOT NULL, type TEXT NOT NULL, {SESSION_OF_WORKTREE}) STRICT;
    INSERT INTO sessions VALUES ('s', 7, 'debate', {VALUES_OF_WORKTREE});
    CREATE TABLE session_runtime_mix (id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, runtime TEXT NOT NULL) STRICT;
    INSERT INTO session_runtime_mix VALUES (1, 's', 'codex'), (2, 's', 'claude');
    {REST_OF_WORKTREE}
"""


def test_both_worktree_schemas(tmp_path: Path, lab: Lab) -> None:
    """One session in the tables of either document gives the same canonical rows."""
    for name, script in {"four": DOCUMENT_4, "five": DOCUMENT_5}.items():
        assert lab.load(make(tmp_path / f"{name}.db", script), name=name).rejected == 0

    for table in ("sessions", "attempts", "messages"):
        rows = {
            name: fetch(lab, f"SELECT * EXCLUDE (source) FROM {table} WHERE source = '{name}' ORDER BY ALL")
            for name in ("four", "five")
        }
        assert rows["four"] == rows["five"] != []
    assert fetch(lab, "SELECT mode, workspace, model, agent FROM sessions WHERE source = 'four'") == [
        ("debate", "0123456789abcdef", "m2", "agent-2")
    ]
    assert json.loads(one(lab, "SELECT extra FROM sessions WHERE source = 'four'"))["runtime_mix"] == [
        "claude",
        "codex",
    ]
    assert fetch(lab, "SELECT workspace_path FROM worktree.workspaces") == [("/home/dev/project",)] * 2


@one_lab
@pytest.mark.parametrize(
    ("given", "runtimes"),
    [
        ("NULL", []),
        ("'[]'", []),
        ("'null'", []),
        ('\'["a", null, "b"]\'', ["a", "b"]),
        ("'codex,claude'", ["codex,claude"]),
        ("'[\"a\"'", ['["a"']),
        ("'\"a\"'", ["a"]),
        ("'[1, {\"b\": 2}]'", ["1", '{"b":2}']),
        ("x'ff'", ["FF"]),
        ("5", ["5"]),
    ],
)
def test_runtime_mix_in_a_column(tmp_path: Path, lab: Lab, given: str, runtimes: list[str]) -> None:
    """A text that is no list is kept as it stands."""
    script = DOCUMENT_4.replace('\'["codex", "claude"]\'', given).replace("runtime_mix TEXT", "runtime_mix")

    assert lab.load(make(tmp_path / "s.db", script)).rejected == 0
    found = fetch(lab, "SELECT runtime FROM worktree.session_runtime_mix ORDER BY 1")
    assert [runtime for (runtime,) in found] == sorted(runtimes)


WRITER = """
    import sqlite3, sys, time
    db = sqlite3.connect(sys.argv[1], timeout=30)
    db.execute("PRAGMA synchronous = OFF")
    print("ready", flush=True)
    number = 1000
    while True:
        number += 1
        time.sleep(0.0005)
        db.execute("INSERT INTO session (id, design_goal) VALUES (?, 'goal')", [number])
        db.execute("INSERT INTO iteration (id, session_id) VALUES (?, ?)", [number, number])
        db.execute("INSERT INTO error (id, iteration_id) VALUES (?, ?)", [number, number])
        db.commit()
"""


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_one_snapshot_beside_a_writer(tmp_path: Path, lab: Lab, mode: str) -> None:
    """All tables are read as of one moment, though somebody commits all the time."""
    path = make(tmp_path / "s.db", f"PRAGMA journal_mode = {mode};", CODEGEN)
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        seen = []
        for _ in range(4):
            time.sleep(0.05)
            lab.load(path)
            counts = {one(lab, f"SELECT count(*) FROM codegen.{table}") for table in ("session", "iteration", "error")}
            assert len(counts) == 1
            seen.append(counts.pop())
        assert writer.poll() is None
        assert seen == sorted(seen)
        assert seen[-1] > seen[0]
    finally:
        writer.kill()
        writer.wait()
        writer.stdout and writer.stdout.close()


def test_tries_are_bounded(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes under every read without a lock is an error in the end."""
    path = make(tmp_path / "s.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    tries = []

    def changed(way: OpenWay) -> bool:
        tries.append(way)
        return True

    monkeypatch.setattr(OpenWay, "changed", changed)

    with pytest.raises(SourceError, match="written to all the time"):
        lab.load(path)
    assert len(tries) == 5
    assert one(lab, "SELECT count(*) FROM codegen.session") == 0


def test_a_change_under_the_read(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The load begins anew, and has what stands there then."""
    path = make(tmp_path / "s.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    copy_all = loader.SqliteSource._copy_all
    writers: list[sqlite3.Connection] = []

    def copy_and_write(*arguments: object) -> None:
        copy_all(*arguments)  # type: ignore[arg-type]
        if not writers:
            writers.append(sqlite3.connect(path))
            writers[0].execute("INSERT INTO session (id, design_goal) VALUES (2, 'meanwhile')")
            writers[0].commit()

    monkeypatch.setattr(loader.SqliteSource, "_copy_all", copy_and_write)
    lab.load(path)

    assert one(lab, "SELECT count(*) FROM sessions") == 2
    writers[0].close()


def test_nothing_is_left_in_the_lab(tmp_path: Path, lab: Lab) -> None:
    lab.load(make(tmp_path / "s.db", CODEGEN, session(goal="CAST(x'ff' AS TEXT)"), session("2")))

    assert fetch(lab, "SELECT view_name FROM duckdb_views() WHERE view_name LIKE 'sessionlab%'") == []
