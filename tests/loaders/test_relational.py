"""Matching tables to kinds; and every declared column, each with a value of its own, from SQLite and from Postgres."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sessionlab import Lab
from sessionlab.errors import UnknownKind
from sessionlab.kinds import KINDS, NativeTable
from sessionlab.loaders.match import match
from sessionlab.schema import Column, Type, quote
from tests.loaders.databases import fetch

TYPES = {
    "sqlite": {
        Type.TEXT: "TEXT",
        Type.INTEGER: "INTEGER",
        Type.REAL: "REAL",
        Type.BOOLEAN: "BOOLEAN",
        Type.TIME: "TIMESTAMP",
        Type.JSON: "TEXT",
    },
    "postgres": {
        Type.TEXT: "text",
        Type.INTEGER: "bigint",
        Type.REAL: "double precision",
        Type.BOOLEAN: "boolean",
        Type.TIME: "timestamptz",
        Type.JSON: "jsonb",
    },
}
START = datetime(2025, 11, 13, 3, 46, 40, 123456)
PARENTS = {"session_id", "thread_id", "iteration_id", "workspace_id"}


class Values:
    """Values that are never the same twice."""

    def __init__(self) -> None:
        self.number = 100

    def next(self, table: str, column: Column) -> Any:
        self.number += 1
        return {
            Type.TEXT: f"{table} {column.name}",
            Type.INTEGER: self.number,
            Type.BOOLEAN: True,
            Type.TIME: START + timedelta(hours=self.number),
            Type.JSON: json.dumps({f"{table} {column.name}": self.number}),
        }[column.type]


def rows_of(kind: str) -> dict[str, dict[str, Any]]:
    """Give one row a table of a kind, all values different but for those that point at another row."""
    values = Values()
    rows: dict[str, dict[str, Any]] = {}
    for table in KINDS[kind].tables:
        rows[table.name] = {column.name: values.next(table.name, column) for column in table}
        rows[table.name]["coding_plan"] = f"{table.name} coding_plan"
    for table in KINDS[kind].tables:
        if table.link and table.parent:
            (key,) = next(above.key for above in KINDS[kind].tables if above.name == table.parent)
            rows[table.name][table.link] = rows[table.parent][key]
    if kind == "worktree":
        rows["sessions"]["workspace_id"] = rows["workspaces"]["id"]
        rows["sessions"]["winner_id"] = rows["instances"]["instance_id"]
        rows["chat_messages"]["instance_id"] = rows["instances"]["instance_id"]
        rows["sessions"]["status"] = rows["instances"]["status"] = "completed"
    if kind == "conversation":
        rows["conversations"]["message_role"] = "assistant"
        names = ("parent_session_id", "topic", "difficulty", "mode", "agent", "model", "run_id")
        metadata = {name: f"metadata {name}" for name in names}
        rows["sessions"]["metadata"] = json.dumps({**metadata, "success": False})
    if kind == "workflow":
        rows["state_history"].update(problem_attempts=1, code_attempts=1, tests_passed=False)
        rows["session_states"]["workflow_status"] = "completed"
    return rows


def write_sqlite(folder: Path, tables: tuple[NativeTable, ...], rows: dict[str, dict[str, Any]]) -> str:
    path = folder / "all.db"
    with closing(sqlite3.connect(path)) as database:
        for table in tables:
            database.execute(ddl(table, "sqlite"))
            row = {name: str(v) if isinstance(v, datetime) else v for name, v in rows[table.name].items()}
            database.execute(f"INSERT INTO {quote(table.name)} VALUES ({', '.join('?' * len(row))})", [*row.values()])
        database.commit()
    return str(path)


def write_postgres(url: str, tables: tuple[NativeTable, ...], rows: dict[str, dict[str, Any]]) -> str:
    with psycopg.connect(url) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        for table in tables:
            connection.execute(ddl(table, "postgres").encode())
            row = rows[table.name]
            signs = ", ".join(["%s"] * len(row))
            connection.execute(f"INSERT INTO {quote(table.name)} VALUES ({signs})".encode(), [*row.values()])
    return url


def ddl(table: NativeTable, engine: str) -> str:
    columns = [f"{quote(column.name)} {TYPES[engine][column.type]}" for column in table]
    return f"CREATE TABLE {quote(table.name)} ({', '.join(columns)}, coding_plan TEXT)"


T = START
HOUR = timedelta(hours=1)


def expected_canonical(kind: str, rows: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Say by hand what the canonical rows are, but for the columns that are NULL."""
    if kind == "codegen":
        s, i, e = rows["session"], rows["iteration"], rows["error"]
        return {
            "sessions": [
                {
                    "session_id": str(s["id"]),
                    "parent_session_id": str(s["parent_session_id"]),
                    "goal": "session design_goal",
                    "status": "failed",
                    "success": False,
                    "attempts": 1,
                    "errors": 1,
                    "started_at": s["created_at"],
                    "ended_at": i["created_at"],
                    "duration_s": (i["created_at"] - s["created_at"]).total_seconds(),
                    "extra": {"coding_plan": "session coding_plan"},
                }
            ],
            "attempts": [
                {
                    "session_id": str(s["id"]),
                    "attempt": 1,
                    "attempt_id": str(i["id"]),
                    "status": "failed",
                    "success": False,
                    "code": "iteration code",
                    "feedback": "iteration feedback",
                    "errors": 1,
                    "started_at": i["created_at"],
                }
            ],
            "messages": [],
            "errors": [
                {
                    "session_id": str(s["id"]),
                    "attempt": 1,
                    "error_id": str(e["id"]),
                    "error_type": "error error_type",
                    "message": "error error_message",
                    "line": e["error_line"],
                    "occurred_at": e["created_at"],
                }
            ],
        }
    if kind == "workflow":
        s, h = rows["session_states"], rows["state_history"]
        return {
            "sessions": [
                {
                    "session_id": "session_states thread_id",
                    "goal": "session_states user_prompt",
                    "topic": "session_states topic",
                    "difficulty": "session_states difficulty",
                    "status": "completed",
                    "success": True,
                    "attempts": 1,
                    "problem_attempts": s["problem_attempts"],
                    "run_id": "session_states run_id",
                    "started_at": s["created_at"],
                    "ended_at": s["updated_at"],
                    "duration_s": (s["updated_at"] - s["created_at"]).total_seconds(),
                    "extra": {"coding_plan": "session_states coding_plan"},
                }
            ],
            "attempts": [
                {
                    "session_id": "session_states thread_id",
                    "attempt": 1,
                    "status": "failed",
                    "success": False,
                    "code": h["code"],
                }
            ],
            "messages": [],
            "errors": [],
        }
    if kind == "conversation":
        s, m = rows["sessions"], rows["conversations"]
        return {
            "sessions": [
                {
                    "session_id": "sessions session_id",
                    "parent_session_id": "metadata parent_session_id",
                    "topic": "metadata topic",
                    "difficulty": "metadata difficulty",
                    "mode": "metadata mode",
                    "status": "completed",
                    "success": False,
                    "attempts": 1,
                    "messages": 1,
                    "user_id": "sessions user_id",
                    "agent": "metadata agent",
                    "model": "metadata model",
                    "run_id": "metadata run_id",
                    "started_at": s["start_time"],
                    "ended_at": s["end_time"],
                    "duration_s": (s["end_time"] - s["start_time"]).total_seconds(),
                    "extra": {**json.loads(s["metadata"]), "coding_plan": "sessions coding_plan"},
                }
            ],
            "attempts": [
                {
                    "session_id": "sessions session_id",
                    "attempt": 1,
                    "attempt_id": "conversations conversation_id",
                    "agent": "metadata agent",
                    "model": "metadata model",
                    "feedback": "conversations content",
                    "started_at": m["timestamp"],
                }
            ],
            "messages": [
                {
                    "session_id": "sessions session_id",
                    "message_id": "conversations conversation_id",
                    "seq": 1,
                    "role": "assistant",
                    "content": "conversations content",
                    "attempt": 1,
                    "sent_at": m["timestamp"],
                    "extra": {**json.loads(m["metadata"]), "coding_plan": "conversations coding_plan"},
                }
            ],
            "errors": [],
        }
    s, i, m = rows["sessions"], rows["instances"], rows["chat_messages"]
    kept = ["timeout_seconds", "preserve_worktrees", "winner_id", "total_duration", "total_files_changed"]
    kept += ["total_lines_added", "total_lines_deleted", "integration_phase", "integration_instance_id"]
    return {
        "sessions": [
            {
                "session_id": "sessions id",
                "goal": "sessions task",
                "mode": "sessions type",
                "status": "completed",
                "success": True,
                "attempts": 1,
                "messages": 1,
                "agent": "instances agent_name",
                "model": "instances model",
                "workspace": "workspaces workspace_hash",
                "started_at": s["created_at"],
                "ended_at": s["completed_at"],
                "duration_s": (s["completed_at"] - s["created_at"]).total_seconds(),
                "extra": {
                    **{name: s[name] for name in kept},
                    "runtime_mix": ["session_runtime_mix runtime"],
                    "coding_plan": "sessions coding_plan",
                },
            }
        ],
        "attempts": [
            {
                "session_id": "sessions id",
                "attempt": 1,
                "attempt_id": str(i["instance_id"]),
                "status": "completed",
                "success": True,
                "winner": True,
                "agent": "instances agent_name",
                "model": "instances model",
                "runtime": "instances runtime",
                "feedback": "instances output",
                "files_changed": i["files_changed"],
                "lines_added": i["lines_added"],
                "lines_deleted": i["lines_deleted"],
                "started_at": i["start_time"],
                "ended_at": i["end_time"],
            }
        ],
        "messages": [
            {
                "session_id": "sessions id",
                "message_id": "chat_messages id",
                "seq": 1,
                "role": "chat_messages role",
                "content": "chat_messages content",
                "attempt": 1,
                "sent_at": m["timestamp"],
                "extra": {"coding_plan": "chat_messages coding_plan"},
            }
        ],
        "errors": [],
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_every_column(kind: str, engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    tables, rows = KINDS[kind].tables, rows_of(kind)
    if engine == "sqlite":
        url = write_sqlite(tmp_path, tables, rows)
    else:
        url = write_postgres(request.getfixturevalue("postgres_url"), tables, rows)
    with Lab() as lab:
        assert lab.load(url, name="all", strict=True).rejected == 0
        for table in tables:
            (found,) = lab.table(f"{kind}.{table.name}").to_dicts()
            expected = rows[table.name] | {"source": "all", "file": None}
            expected["extra"] = json.dumps({"coding_plan": expected.pop("coding_plan")}, separators=(",", ":"))
            as_text = {name: str(expected[name]) for name in PARENTS & expected.keys() if expected[name] is not None}
            for column in table:
                if column.type is Type.JSON:
                    assert json.loads(found.pop(column.name)) == json.loads(expected.pop(column.name))
            assert {**found, **{name: str(found[name]) for name in as_text}} == expected | as_text
        for name, canonical in expected_canonical(kind, rows).items():
            found_rows = [
                {column: value for column, value in row.items() if value is not None}
                for row in lab.table(name).to_dicts()
            ]
            for row in found_rows:
                if "extra" in row:
                    row["extra"] = json.loads(row["extra"])
            assert found_rows == [{"source": "all", "kind": kind, **row} for row in canonical]


def names(matches: list[Any]) -> list[str]:
    return [f"{found.kind.name}.{found.table.name}={found.found}" for found in matches]


def test_match() -> None:
    tables = {
        "SESSION": {"ID": "INTEGER", "Design_Goal": "TEXT", "coding_plan": "TEXT"},
        "error": {"what": "TEXT"},
        "other": {},
    }
    matches, lacking = match(tables, None, "it")

    assert names(matches) == ["codegen.session=SESSION"]
    assert matches[0].undeclared == ("coding_plan",)
    assert [name for _, name in matches[0].columns] == ["ID", "Design_Goal"]
    assert lacking == ["table error: no column id, iteration_id"]


def test_match_takes_aliases_and_stand_ins() -> None:
    tables = {
        "workspaces": {"hash": "TEXT", "path": "TEXT"},
        "sessions": {"id": "TEXT", "task": "TEXT", "session_type": "TEXT", "workspace_hash": "TEXT", "Runtime_Mix": ""},
    }
    matches, _ = match(tables, KINDS["worktree"], "it")

    assert names(matches) == [
        "worktree.sessions=sessions",
        "worktree.workspaces=workspaces",
        "worktree.session_runtime_mix=sessions",
    ]
    pairs = {column.name: name for column, name in matches[0].columns}
    assert pairs == {"id": "id", "workspace_id": "workspace_hash", "type": "session_type", "task": "task"}
    assert {column.name: name for column, name in matches[1].columns} == {
        "id": "hash",
        "workspace_path": "path",
        "workspace_hash": "hash",
    }
    assert matches[0].undeclared == ()

    matches, _ = match(tables, KINDS["worktree"], "it", stand_ins=False)
    assert len(matches) == 2
    assert matches[0].undeclared == ("Runtime_Mix",)


def test_match_wants_the_root() -> None:
    for tables in ({}, {"session": {"id": ""}}, {"iteration": {"id": "", "session_id": ""}}):
        with pytest.raises(UnknownKind, match=r"it holds no known kind of session\. Found: .*codegen needs a table"):
            match(tables, None, "it")
    with pytest.raises(UnknownKind):
        match({"sessions": {"id": "", "task": ""}}, KINDS["codegen"], "it")


def test_a_loaded_text_is_never_taken_for_a_mark(tmp_path: Path) -> None:
    """The signs that stand for an unreadable text are looked for only where one was."""
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE session (id INTEGER, design_goal TEXT)")
        database.execute("INSERT INTO session VALUES (1, ?)", ['"\ufffd not UTF-8 \ufffd"'])
        database.commit()
    with Lab() as lab:
        assert lab.load(path).rejected == 0
        assert len(fetch(lab, "FROM sessions")) == 1
