"""The tables of a lab: the canonical ones, the native ones of every kind, and how the first come out of the second."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sessionlab.kinds import KINDS
from sessionlab.model import DERIVED, FILES, REJECTS, SESSIONS, SOURCES
from sessionlab.schema import Column, Table, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION = 1
"""The version of a lab's schema. A lab of a later one is refused; one of an earlier one is brought up by :func:`create`."""

SUPERSEDED = Table("superseded", tuple(map(Column, ("source", "kind", "session_id", "file", "winner"))))
"""The records of files that lost to another of the same id: a refresh reads them again once the winner's file changes."""

_STORED = (SESSIONS, SOURCES, FILES, REJECTS, SUPERSEDED)


def create(connection: DuckDBPyConnection) -> None:
    """Make whatever of a lab's tables and views is not there yet, in the connection's default catalog."""
    for table in _STORED:
        connection.execute(table.ddl("main"))
    connection.execute("CREATE TABLE IF NOT EXISTS main.sessionlab (version INTEGER)")
    connection.execute("DELETE FROM main.sessionlab")
    connection.execute("INSERT INTO main.sessionlab VALUES (?)", [VERSION])
    for kind in KINDS.values():
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(kind.name)}")
        for native in kind.tables:
            connection.execute(native.lab.ddl(kind.name))
        connection.execute(kind.sql)
    for table in DERIVED:
        connection.execute(_union_view(connection, table))


def _union_view(connection: DuckDBPyConnection, table: Table) -> str:
    """Give the view that unites a canonical table over the kinds that have it."""
    found = connection.execute(
        "SELECT schema_name FROM duckdb_views() WHERE database_name = current_database() AND view_name = ? ORDER BY schema_name",
        [f"canonical_{table.name}"],
    )
    columns = ", ".join(map(quote, table.names))
    parts = (f"SELECT {columns} FROM {quote(schema)}.canonical_{table.name}" for (schema,) in found.fetchall())
    return f"CREATE OR REPLACE VIEW main.{quote(table.name)} AS {' UNION ALL '.join(parts)}"


def remove(connection: DuckDBPyConnection, source: str) -> None:
    """Take a source out of the lab: its rows in every table, and what is known of it."""
    for table in _STORED:
        connection.execute(f"DELETE FROM main.{quote(table.name)} WHERE source = ?", [source])
    for kind in KINDS.values():
        for native in kind.tables:
            connection.execute(f"DELETE FROM {quote(kind.name)}.{quote(native.name)} WHERE source = ?", [source])


def derive(connection: DuckDBPyConnection, source: str, kinds: Iterable[str]) -> None:
    """Make a source's canonical sessions anew out of its native rows."""
    columns = ", ".join(map(quote, SESSIONS.names))
    for kind in sorted(kinds):
        connection.execute("DELETE FROM main.sessions WHERE source = ? AND kind = ?", [source, kind])
        connection.execute(
            f"INSERT INTO main.sessions ({columns}) SELECT {columns} FROM {quote(kind)}.canonical_sessions WHERE source = ?",
            [source],
        )


def rows_of(connection: DuckDBPyConnection, source: str, kinds: Iterable[str]) -> dict[str, int]:
    """Count a source's rows: of each native table that has some, or of ``sessions`` where there are none."""
    tables = [(kind, native.name) for kind in sorted(kinds) for native in KINDS[kind].tables] or [("main", "sessions")]
    counts = {
        f"{schema}.{table}": connection.execute(
            f"SELECT count(*) FROM {quote(schema)}.{quote(table)} WHERE source = ?", [source]
        ).fetchall()[0][0]
        for schema, table in tables
    }
    return {table: count for table, count in counts.items() if count}
