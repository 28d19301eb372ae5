"""The tables of a lab: the canonical ones, and the native ones of every kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import duckdb

from sessionlab import entrants
from sessionlab.derive import find_entrants
from sessionlab.errors import LabError
from sessionlab.kinds import KINDS
from sessionlab.model import DERIVED, FILES, REJECTS, SESSIONS, SOURCES
from sessionlab.schema import Column, Table, literal, quote

VERSION = 2
"""The version of a lab's schema. A lab of a later one is refused; :func:`bring_up` changes one of an earlier."""

SUPERSEDED = Table("superseded", tuple(map(Column, ("source", "kind", "session_id", "file", "winner"))))
"""Records of files that lost to another of the same id: a refresh reads them again once the winner's file changes."""

HINTS = Table("hints", (Column("source"), Column("kind")))
"""What was said about a source when it was loaded, so that a refresh reads it in the same way."""

_STORED = (SESSIONS, SOURCES, FILES, REJECTS, SUPERSEDED, HINTS)


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a lab's tables and views in the connection's default catalog, whatever is not there yet."""
    connection.execute("BEGIN")
    for statement in _statements():
        connection.execute(statement)
    connection.execute("CREATE OR REPLACE TABLE main.sessionlab (version INTEGER, definition VARCHAR)")
    connection.execute("INSERT INTO main.sessionlab VALUES (?, ?)", [VERSION, _definition()])
    connection.execute("COMMIT")


def bring_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables and views of a lab that is there already anew, unless they are as they are defined now."""
    found = connection.execute("SELECT * FROM main.sessionlab").fetchall()
    if found == [(VERSION, _definition())]:
        return
    if not _is_copy(connection):
        create(connection)
    if found[0][0] < 2:
        _add_entrants(connection)
    connection.execute("UPDATE main.sessionlab SET version = ?, definition = ?", [VERSION, _definition()])


def refuse_copy(connection: duckdb.DuckDBPyConnection) -> None:
    """Let no change be made to a copy of a data set.

    Raises:
        LabError: the lab is one.
    """
    if _is_copy(connection):
        raise LabError("This lab is a copy of a data set, which is only read. Load into another one.")


def _is_copy(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a lab has no native tables, so that all canonical ones are stored."""
    try:
        connection.execute(f"SELECT source FROM {native_tables()[0]} LIMIT 0")
    except duckdb.CatalogException:
        return True
    return False


def _add_entrants(connection: duckdb.DuckDBPyConnection) -> None:
    """Find the competitions among the sessions that were loaded before there was a column for them."""
    connection.execute(f"ALTER TABLE main.sessions ADD COLUMN IF NOT EXISTS {entrants.COLUMN} JSON")
    find_entrants(connection, "main.attempts")


@cache
def _definition() -> str:
    """Give a text that changes with what :func:`create` makes."""
    return hashlib.sha256("\n".join(_statements()).encode()).hexdigest()


def _statements() -> Iterator[str]:
    for table in _STORED:
        yield table.ddl("main")
    for kind in KINDS.values():
        yield f"CREATE SCHEMA IF NOT EXISTS {quote(kind.name)}"
        for native in kind.tables:
            yield native.lab.ddl(kind.name)
        yield kind.sql
    yield from map(_union_view, DERIVED)


def _union_view(table: Table) -> str:
    """Give the view that unites a canonical table over the kinds that have it."""
    columns = ", ".join(map(quote, table.names))
    parts = (
        f"SELECT {columns} FROM {quote(kind.name)}.canonical_{table.name}"
        for kind in KINDS.values()
        if kind.gives(table)
    )
    return f"CREATE OR REPLACE VIEW main.{quote(table.name)} AS {' UNION ALL '.join(parts)}"


def copy(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the lab that is a connection's default to a new file."""
    with attached(connection, path) as (catalog, target):
        connection.execute(f"COPY FROM DATABASE {catalog} TO {target}")


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[tuple[str, str]]:
    """Attach a file to write to; give the connection's default catalog and the file's, both quoted.

    The file's is another one each time, as copies may be made at once: all of a lab's connections see what is attached.
    """
    ((catalog,),) = connection.execute("SELECT current_database()").fetchall()
    target = f"copy_{uuid4().hex}"
    connection.execute(f"ATTACH {literal(str(path))} AS {target}")
    try:
        yield quote(catalog), target
    finally:
        connection.execute(f"DETACH {target}")


def remove(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    """Take a source out of the lab: its rows in every table, and what is known of it."""
    for table in [*(f"main.{quote(stored.name)}" for stored in _STORED), *native_tables()]:
        connection.execute(f"DELETE FROM {table} WHERE source = ?", [source])


def remove_files(connection: duckdb.DuckDBPyConnection, source: str, files: Iterable[str]) -> None:
    """Take out what came from some files of a source, leaving the rest of it."""
    listed = list(files)
    for table in [*native_tables(), "main.rejects", "main.superseded"]:
        connection.execute(
            f"DELETE FROM {table} WHERE source = ? AND file IN (SELECT unnest(?::VARCHAR[]))", [source, listed]
        )


def native_tables() -> list[str]:
    """Name the native tables of all kinds, qualified and quoted."""
    return [f"{quote(kind.name)}.{quote(table.name)}" for kind in KINDS.values() for table in kind.tables]


def kinds_of(connection: duckdb.DuckDBPyConnection, source: str) -> set[str]:
    """Name the kinds of session that the lab has of a source."""
    found = connection.execute("SELECT DISTINCT kind FROM main.sessions WHERE source = ?", [source])
    return {kind for (kind,) in found.fetchall()}


def count_files(connection: duckdb.DuckDBPyConnection, source: str, kinds: Iterable[str]) -> None:
    """Bring up to date how many sessions of each file are in the lab: a load of one file may take some from another."""
    roots = [f"{quote(kind)}.{quote(KINDS[kind].root.name)}" for kind in sorted(kinds)]
    rows = " UNION ALL ".join(f"SELECT file FROM {root} WHERE source = $source" for root in roots)
    counts = f"(SELECT file, count(*) AS n FROM ({rows}) GROUP BY file)" if roots else "(SELECT '' AS file, 0 AS n)"
    connection.execute(
        f"UPDATE main.files SET rows = coalesce(n, 0) FROM main.files AS f LEFT JOIN {counts} AS c ON c.file = f.path"
        " WHERE files.source = $source AND f.source = $source AND files.path = f.path AND files.rows != coalesce(n, 0)",
        {"source": source},
    )


def rows_of(connection: duckdb.DuckDBPyConnection, source: str, kinds: Iterable[str]) -> dict[str, int]:
    """Count a source's rows: of each native table that has some, or of ``sessions`` where there are none."""
    tables = [(kind, native.name) for kind in sorted(kinds) for native in KINDS[kind].tables] or [("main", "sessions")]
    counts = {
        f"{schema}.{table}": connection.execute(
            f"SELECT count(*) FROM {quote(schema)}.{quote(table)} WHERE source = ?", [source]
        ).fetchall()[0][0]
        for schema, table in tables
    }
    return {table: count for table, count in counts.items() if count}
