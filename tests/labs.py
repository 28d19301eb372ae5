"""Small sources and labs for the tests of the lab itself."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from sessionlab import Lab
from sessionlab.kinds import KINDS

MIDNIGHT = "2025-01-01T00:00:00Z"


def write_json(path: Path, ids: Iterable[int], *, goal: str = "sort a list", at: str = MIDNIGHT) -> Path:
    """Write a file of codegen sessions with one iteration and one error each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [
        {
            "id": number,
            "design_goal": goal,
            "created_at": at,
            "iterations": [{"id": number * 10, "code": "x", "errors": [{"id": number * 100, "error_message": "no"}]}],
        }
        for number in ids
    ]
    path.write_text(json.dumps(records))
    return path


def write_sqlite(path: Path, ids: Iterable[int], *, goal: str = "sort a list") -> Path:
    """Write, or write to, a codegen store."""
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(
            "CREATE TABLE IF NOT EXISTS session (id INTEGER PRIMARY KEY, design_goal TEXT, parent_session_id INTEGER,"
            " created_at TEXT)"
        )
        store.execute(
            "CREATE TABLE IF NOT EXISTS iteration (id INTEGER PRIMARY KEY, session_id INTEGER, code TEXT,"
            " feedback TEXT, created_at TEXT)"
        )
        store.execute(
            "CREATE TABLE IF NOT EXISTS error (id INTEGER PRIMARY KEY, iteration_id INTEGER, error_type TEXT,"
            " error_message TEXT, error_line INTEGER, created_at TEXT)"
        )
        for number in ids:
            store.execute("INSERT INTO session VALUES (?, ?, NULL, '2025-01-01 00:00:00')", [number, goal])
            store.execute("INSERT INTO iteration VALUES (?, ?, 'x', NULL, NULL)", [number * 10, number])
    return path


def goals(lab: Lab) -> dict[str, str]:
    """Give the goal of every session in a lab, by ``source:id``."""
    return dict(lab.sql("SELECT source || ':' || session_id, goal FROM sessions ORDER BY ALL").fetchall())


def sessions(lab: Lab) -> list[str]:
    """List the sessions of a lab as ``source:id``."""
    return list(goals(lab))


def one(lab: Lab, query: str) -> Any:
    """Give the one value that a query answers with."""
    ((value,),) = lab.sql(query).fetchall()
    return value


def check_whole(lab: Lab) -> None:
    """Check that what a lab notes of its sources fits the rows that it has."""
    for source, kind, rows, rejected in lab.sql("SELECT source, kind, rows, rejected FROM sources").fetchall():
        for table, count in json.loads(rows).items():
            assert one(lab, f"SELECT count(*) FROM {table} WHERE source = '{source}'") == count, table
        kinds = lab.sql("SELECT DISTINCT kind FROM sessions WHERE source = $s ORDER BY ALL", s=source).fetchall()
        assert {name for (name,) in kinds} <= set(kind.split(", ")), source
        assert lab.sql("SELECT count(*) FROM rejects WHERE source = $s", s=source).fetchall() == [(rejected,)]
        counted = lab.sql(
            "SELECT path, rows, rejected FROM files WHERE source = $s AND NOT gone ORDER BY ALL", s=source
        ).fetchall()
        for path, count, bad in counted:
            roots = [f"{kind.name}.{kind.root.name}" for kind in KINDS.values()]
            native = (f"SELECT file FROM {root} WHERE file = '{path}' AND source = '{source}'" for root in roots)
            assert one(lab, f"SELECT count(*) FROM ({' UNION ALL '.join(native)})") == count, path
            assert one(lab, f"SELECT count(*) FROM rejects WHERE file = '{path}' AND source = '{source}'") == bad, path
    assert one(lab, "SELECT count(*) FROM sessions WHERE kind = 'codegen'") == one(
        lab, "SELECT count(*) FROM codegen.session"
    )


def beside(path: Path) -> set[str]:
    """Name the files that stand beside a lab's file: its own name, its lock, and what should not be there."""
    return {entry.name for entry in path.parent.iterdir() if path.name in entry.name}


def run_python(code: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run some Python in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start some Python in a process of its own, to talk to through its pipes."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
