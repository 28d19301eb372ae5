"""Databases for the tests of the SQLite and the Postgres loader."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab

CODEGEN = """
CREATE TABLE session (
    id INTEGER PRIMARY KEY, design_goal TEXT NOT NULL, parent_session_id INTEGER, created_at TIMESTAMP);
CREATE TABLE iteration (
    id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, code TEXT, feedback TEXT, created_at TIMESTAMP);
CREATE TABLE error (
    id INTEGER PRIMARY KEY, iteration_id INTEGER NOT NULL, error_type TEXT, error_message TEXT, error_line INTEGER,
    created_at TIMESTAMP);
"""
CONVERSATION = """
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, user_id TEXT, start_time TEXT, end_time TEXT, metadata TEXT);
CREATE TABLE conversations (
    conversation_id TEXT PRIMARY KEY, session_id TEXT, message_role TEXT, content TEXT, timestamp TEXT, metadata TEXT);
"""
GOAL = "INSERT INTO session (id, design_goal) VALUES (1, 'a goal');"


def make(path: Path, *scripts: str) -> Path:
    """Make an SQLite file."""
    with closing(sqlite3.connect(path)) as database:
        for script in scripts:
            database.executescript(script)
    return path


def files_in(folder: Path) -> dict[str, bytes]:
    """Give the names of a folder's files and all their bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Hold that a folder has the same files with the same bytes afterwards."""
    before = files_in(folder)
    yield
    after = files_in(folder)
    assert sorted(after) == sorted(before)
    assert [name for name in after if after[name] != before[name]] == []


@cache
def _lab_in_memory() -> Lab:
    return Lab()


@pytest.fixture(params=["memory", "file"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab in memory, written in one transaction by one thread, and one in a file, written by several.

    Making one takes longer than most tests: the one in memory is emptied and used again.
    """
    if request.param == "file":
        with Lab(tmp_path_factory.mktemp("lab") / "lab.duckdb") as made:
            yield made
        return
    lab = _lab_in_memory()
    yield lab
    for (name,) in lab.sources().project("source").fetchall():
        lab.forget(name)


def fetch(lab: Lab, query: str) -> list[tuple[Any, ...]]:
    return lab.sql(query).fetchall()


def one(lab: Lab, query: str) -> Any:
    ((found,),) = fetch(lab, query)
    return found


def rejects(lab: Lab, columns: str = "record, reason") -> list[tuple[Any, ...]]:
    return fetch(lab, f"SELECT {columns} FROM rejects ORDER BY record, reason")
