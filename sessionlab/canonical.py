"""The tables of a lab: the canonical ones, the native ones of every kind, and how the first come out of the second."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab import entrants
from sessionlab.kinds import KINDS, Kind
from sessionlab.model import DERIVED, FILES, REJECTS, SESSIONS, SOURCES
from sessionlab.schema import Column, Table, Type, literal, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION = 2
"""The version of a lab's schema. A lab of a later one is refused; :func:`bring_up` changes one of an earlier."""

SUPERSEDED = Table("superseded", tuple(map(Column, ("source", "kind", "session_id", "file", "winner"))))
"""Records of files that lost to another of the same id: a refresh reads them again once the winner's file changes."""

HINTS = Table("hints", (Column("source"), Column("kind")))
"""What was said about a source when it was loaded, so that a refresh reads it in the same way."""

_SLICE = 250_000
"""Sessions whose canonical rows are made at once: what is counted for each of them is in memory meanwhile."""

_STORED = (SESSIONS, SOURCES, FILES, REJECTS, SUPERSEDED, HINTS)


def create(connection: DuckDBPyConnection) -> None:
    """Make a lab's tables and views in the connection's default catalog, whatever is not there yet."""
    connection.execute("BEGIN")
    for statement in _statements():
        connection.execute(statement)
    connection.execute("CREATE OR REPLACE TABLE main.sessionlab (version INTEGER, definition VARCHAR)")
    connection.execute("INSERT INTO main.sessionlab VALUES (?, ?)", [VERSION, _definition()])
    connection.execute("COMMIT")


def bring_up(connection: DuckDBPyConnection) -> None:
    """Make the tables and views of a lab that is there already anew, unless they are as they are defined now."""
    found = connection.execute("SELECT * FROM main.sessionlab").fetchall()
    if found == [(VERSION, _definition())]:
        return
    create(connection)
    if found[0][0] < 2:
        _add_entrants(connection)


def _add_entrants(connection: DuckDBPyConnection) -> None:
    """Find the competitions among the sessions that were loaded before there was a column for them."""
    connection.execute(f"ALTER TABLE main.sessions ADD COLUMN IF NOT EXISTS {entrants.COLUMN} JSON")
    for kind in KINDS.values():
        _find_entrants(connection, kind, "true", {})


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


def copy(connection: DuckDBPyConnection, path: Path) -> None:
    """Write the lab that is a connection's default to a new file."""
    ((catalog,),) = connection.execute("SELECT current_database()").fetchall()
    connection.execute(f"ATTACH {literal(str(path))} AS lab_copy")
    try:
        connection.execute(f"COPY FROM DATABASE {quote(catalog)} TO lab_copy")
    finally:
        connection.execute("DETACH lab_copy")


def remove(connection: DuckDBPyConnection, source: str) -> None:
    """Take a source out of the lab: its rows in every table, and what is known of it."""
    for table in [*(f"main.{quote(stored.name)}" for stored in _STORED), *native_tables()]:
        connection.execute(f"DELETE FROM {table} WHERE source = ?", [source])


def remove_files(connection: DuckDBPyConnection, source: str, files: Iterable[str]) -> None:
    """Take out what came from some files of a source, leaving the rest of it."""
    listed = list(files)
    for table in [*native_tables(), "main.rejects", "main.superseded"]:
        connection.execute(
            f"DELETE FROM {table} WHERE source = ? AND file IN (SELECT unnest(?::VARCHAR[]))", [source, listed]
        )


def native_tables() -> list[str]:
    """Name the native tables of all kinds, qualified and quoted."""
    return [f"{quote(kind.name)}.{quote(table.name)}" for kind in KINDS.values() for table in kind.tables]


def kinds_of(connection: DuckDBPyConnection, source: str) -> set[str]:
    """Name the kinds of session that the lab has of a source."""
    found = connection.execute("SELECT DISTINCT kind FROM main.sessions WHERE source = ?", [source])
    return {kind for (kind,) in found.fetchall()}


def derive(connection: DuckDBPyConnection, source: str, kinds: Iterable[str], finer: int = 1) -> None:
    """Make a source's canonical sessions anew out of its native rows, in slices of some hundred thousand.

    ``finer`` slices, by this factor, take less memory and more time.
    """
    columns = ", ".join(quote(name) for name in SESSIONS.names if name != entrants.COLUMN)
    for kind in sorted(kinds):
        connection.execute("DELETE FROM main.sessions WHERE source = ? AND kind = ?", [source, kind])
        for after, last in _slices(connection, source, kind, finer):
            condition = (
                f"source = $source{' AND session_id > $after' if after else ''}"
                f"{' AND session_id <= $last' if last else ''}"
            )
            bound = {"source": source} | ({"after": after} if after else {}) | ({"last": last} if last else {})
            connection.execute(
                f"INSERT INTO main.sessions ({columns}) SELECT {columns} FROM {quote(kind)}.canonical_sessions"
                f" WHERE {condition}",
                bound,
            )
            _find_entrants(connection, KINDS[kind], condition, bound)


def _find_entrants(connection: DuckDBPyConnection, kind: Kind, condition: str, bound: dict[str, str]) -> None:
    """Note who took part in those of a kind's sessions that are competitions, where a condition holds for them."""
    if not kind.competes:
        return
    found = entrants.competitions(f"{quote(kind.name)}.canonical_attempts", condition)
    connection.execute(
        f"UPDATE main.sessions SET {entrants.COLUMN} = found.{entrants.COLUMN} FROM ({found}) AS found"
        f" WHERE kind = {literal(kind.name)}"
        " AND sessions.source = found.source AND sessions.session_id = found.session_id",
        bound,
    )


def _slices(
    connection: DuckDBPyConnection, source: str, kind: str, finer: int
) -> Iterator[tuple[str | None, str | None]]:
    """Cut a source's session ids into ranges of about as many: each after the first id, up to the second.

    A sample of the ids tells where: to sort them all would take the memory that slices are to spare.
    """
    root = f"{quote(kind)}.{quote(KINDS[kind].root.name)} WHERE source = ?"
    ((sessions,),) = connection.execute(f"SELECT count(*) FROM {root}", [source]).fetchall()
    # Where ids are numbers, what hangs on a session is joined by these, and a range of their texts does not narrow it.
    slices = (math.ceil(sessions / _SLICE) if KINDS[kind].id.type is Type.TEXT else 1) * finer
    if slices < 2:
        return iter([(None, None)])
    found = connection.execute(
        f"SELECT max(id) FROM (SELECT id, ntile({slices}) OVER (ORDER BY id) AS slice"
        f" FROM (SELECT {quote(KINDS[kind].id.name)}::VARCHAR AS id FROM {root}) USING SAMPLE {slices * 100} ROWS)"
        " GROUP BY slice ORDER BY 1",
        [source],
    )
    cuts: list[str | None] = [cut for (cut,) in found.fetchall()][:-1]
    return zip([None, *cuts], [*cuts, None], strict=True)


def count_files(connection: DuckDBPyConnection, source: str, kinds: Iterable[str]) -> None:
    """Bring up to date how many sessions of each file are in the lab: a load of one file may take some from another."""
    roots = [f"{quote(kind)}.{quote(KINDS[kind].root.name)}" for kind in sorted(kinds)]
    rows = " UNION ALL ".join(f"SELECT file FROM {root} WHERE source = $source" for root in roots)
    counts = f"(SELECT file, count(*) AS n FROM ({rows}) GROUP BY file)" if roots else "(SELECT '' AS file, 0 AS n)"
    connection.execute(
        f"UPDATE main.files SET rows = coalesce(n, 0) FROM main.files AS f LEFT JOIN {counts} AS c ON c.file = f.path"
        " WHERE files.source = $source AND f.source = $source AND files.path = f.path AND files.rows != coalesce(n, 0)",
        {"source": source},
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
