"""Read samples back from each form, as rows that can be compared."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from sessionlab.samples.generate import TABLES

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_TIMES = re.compile(r"_at$|_time$|^timestamp$")
_JSON = {"metadata", "problem_tests"}
_FLAGS = {"tests_passed", "preserve_worktrees"}
# What a nested form has no place for: ids that the store counts, when a workspace was used, what stores keep of JSON.
_COUNTED = {
    "sessions": {"absent", "extra"},
    "instances": {"id", "absent", "extra"},
    "chat_messages": {"seq", "absent", "extra"},
    "session_runtime_mix": {"id"},
    "workspaces": {"id", "created_at", "last_accessed_at"},
}


def from_json(folder: Path, kind: str) -> Tables:
    """Take the nested JSON of a kind apart into the rows of its tables."""
    tables: Tables = {table: [] for table in TABLES[kind]}
    for path in sorted((folder / kind).iterdir()):
        for session in _documents(path):
            for table, row in _rows(kind, path, session):
                tables[table].append(row)
    if kind == "worktree":
        tables["workspaces"] = [{"workspace_hash": path.stem} for path in (folder / kind).iterdir()]
    return _comparable(tables)


def from_sqlite(path: Path, kind: str) -> Tables:
    """Read the tables of a SQLite file."""
    with closing(sqlite3.connect(path)) as con:
        con.row_factory = sqlite3.Row
        return _comparable({t: [dict(row) for row in con.execute(f"SELECT * FROM {t}")] for t in TABLES[kind]})


def from_postgres(url: str, kind: str) -> Tables:
    """Read the tables of a kind's schema."""
    with psycopg.connect(url, row_factory=dict_row) as con:
        return _comparable({t: con.execute(f"SELECT * FROM {kind}.{t}").fetchall() for t in TABLES[kind]})


def _documents(path: Path) -> list[Row]:
    text = path.read_text(encoding="utf-8")
    documents = [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else json.loads(text)
    assert isinstance(documents, list)
    return documents


def _rows(kind: str, path: Path, session: Row) -> Iterator[tuple[str, Row]]:
    """Give the rows of one nested session, each with its table."""
    match kind:
        case "codegen":
            for iteration in session.pop("iterations"):
                for error in iteration.pop("errors"):
                    yield "error", error | {"iteration_id": iteration["id"]}
                yield "iteration", iteration | {"session_id": session["id"]}
            yield "session", session
        case "workflow":
            yield "session_states", session
        case "conversation":
            for table in ("contexts", "conversations"):
                for row in session.pop(table):
                    yield table, row | {"session_id": session["session_id"]}
            yield "sessions", session
        case "worktree":
            yield from _worktree_rows(path, session)


def _worktree_rows(path: Path, session: Row) -> Iterator[tuple[str, Row]]:
    for table, key in (("instances", "instances"), ("chat_messages", "chatHistory")):
        for row in session.pop(key):
            yield table, _snake(row) | {"session_id": session["id"]}
    for runtime in session.pop("runtimeMix"):
        yield "session_runtime_mix", {"runtime": runtime, "session_id": session["id"]}
    yield "sessions", _snake(session) | {"workspace": path.stem}


def _snake(row: Row) -> Row:
    return {re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key): value for key, value in row.items()}


def _comparable(tables: Tables) -> Tables:
    """Bring values to one type, drop what only the databases have, and sort."""
    hashes = {row.get("id"): row["workspace_hash"] for row in tables.get("workspaces", [])}
    for rows in tables.values():
        for row in rows:
            if "workspace_id" in row:
                row["workspace"] = hashes[row.pop("workspace_id")]
    for row in tables.get("workspaces", []):
        row.pop("workspace_path", None)
    return {table: sorted((_row(table, row) for row in rows), key=_order) for table, rows in tables.items()}


def _order(row: Row) -> str:
    return json.dumps(row, sort_keys=True, default=str)


def _row(table: str, row: Row) -> Row:
    kept = sorted(row.keys() - _COUNTED.get(table, set()))
    return {column: _value(column, row[column]) for column in kept}


def _value(column: str, value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if _TIMES.search(column) and isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if column in _JSON and isinstance(value, str):
        return json.loads(value)
    return bool(value) if column in _FLAGS and value is not None else value
