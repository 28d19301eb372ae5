"""Make the records of one kind, chunk by chunk, in a DuckDB of their own.

A chunk's records stand in the tables of the schema ``native``, as the kind's store has them, in the order in
which a store would have got them; columns whose names begin with ``_`` only keep that order. The view
``documents`` holds the same records as nested JSON objects: ``file``, ``_n`` (their order) and ``document``.
What they say is decided in the ``.sql`` files beside this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = {
    "codegen": ("session", "iteration", "error"),
    "workflow": ("session_states",),
    "conversation": ("sessions", "contexts", "conversations"),
    "worktree": ("workspaces", "sessions", "session_runtime_mix", "instances", "chat_messages"),
}
"""The tables of each kind, in an order in which every row finds its parent."""

KINDS = tuple(TABLES)

CHUNK = 20_000
"""Sessions made at once: enough to keep DuckDB busy, little enough for some 200 MB."""

BLOCK = 400
"""Chunks hold a multiple of this, so that no JSON file lies in two: four workspaces of a hundred sessions."""

_COUNTERS = ("iterations", "errors", "mixes", "instances")


@cache
def sql(name: str) -> str:
    """Read one of the package's SQL files, such as ``codegen``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")


def open_generator(kind: str, sessions: int, seed: int, threads: int) -> DuckDBPyConnection:
    """Open an in-memory DuckDB that knows the words and the odds; :func:`chunks` then makes the records."""
    import duckdb

    con = duckdb.connect(config={"threads": threads, "memory_limit": "600MB"})
    con.execute("SET TimeZone = 'UTC'")
    for name, value in {"seed": seed, "kind": kind, "total": sessions, **dict.fromkeys(_COUNTERS, 0)}.items():
        con.execute(f"SET VARIABLE {name} = ?", [value])
    for name in ("vocabulary", "snippets", "outcomes"):
        con.execute(sql(name))
    con.execute("CREATE SCHEMA native")
    return con


def chunks(con: DuckDBPyConnection, kind: str, sessions: int, chunk: int = CHUNK) -> Iterator[int]:
    """Make one chunk of records after the other; while each stands in ``native``, give the sessions so far."""
    size = max(BLOCK, chunk // BLOCK * BLOCK)
    for first in range(1, sessions + 1, size):
        last = min(first + size, sessions + 1)
        con.execute(f"SET VARIABLE first = {first}")
        con.execute(f"SET VARIABLE last = {last}")
        con.execute(sql(kind))
        yield last - 1


def count_rows(con: DuckDBPyConnection, table: str) -> int:
    """Count the rows of a native table in this chunk."""
    return int(con.execute(f"SELECT count(*) FROM native.{table}").fetchall()[0][0])


def stored_columns(con: DuckDBPyConnection, table: str) -> dict[str, str]:
    """Give the columns of a native table that its store has, with their DuckDB types."""
    rows = con.execute(f"DESCRIBE native.{table}").fetchall()
    return {name: type_ for name, type_, *_ in rows if not name.startswith("_")}
