"""A backup of a Postgres store as a folder: a Parquet file for each table, and a manifest that says what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import duckdb

from sessionlab.errors import StoreError
from sessionlab.schema import literal, quote
from sessionlab.stores.postgres import PostgresDatabase
from sessionlab.stores.schemas import schema_of

MANIFEST = "manifest.json"

_PLAIN = ("bigint", "integer", "smallint", "boolean", "double precision", "real", "text")
"""The types that Parquet has as well. Values of others are written as Postgres writes them, exact to the last digit."""

_SNAPSHOT = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
)
_COLUMNS = (
    "SELECT t.relname, c.attname, format_type(c.atttypid, c.atttypmod) FROM pg_class AS t"
    " JOIN pg_attribute AS c ON c.attrelid = t.oid JOIN pg_namespace AS n ON n.oid = t.relnamespace"
    " WHERE n.nspname = {} AND t.relkind IN ('r', 'p') AND c.attnum > 0 AND NOT c.attisdropped"
    " ORDER BY t.relname, c.attnum"
)

_FORMAT = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE_BYTES '32MB'"
"""Rows are gathered in memory by size, not by number: some hold a megabyte."""

Columns = dict[str, str]


def write_parquet(database: PostgresDatabase, kind: str, folder: Path) -> None:
    """Write the tables of a store into a new folder, all as they are at one moment, however large they are.

    Raises:
        StoreError: they cannot be read or written.
    """
    folder.mkdir()
    with _refusing(database), _snapshot(database) as connection, duckdb.connect() as reader:
        reader.execute("SET preserve_insertion_order = false")
        tables = _tables(reader, connection, database, kind)
        counts = {
            table: _write(reader, connection, _query(database.address.schema, table, columns), folder / _file(table))
            for table, columns in tables.items()
        }
    manifest = {
        "kind": kind,
        "database": database.where,
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": [
            {"name": table, "file": _file(table), "rows": counts[table], "columns": columns}
            for table, columns in tables.items()
        ],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def _refusing(database: PostgresDatabase) -> Iterator[None]:
    try:
        yield
    except (adbc.Error, duckdb.Error) as error:
        # The driver's error is not chained: nobody knows what it quotes.
        raise StoreError(str(database.address.refused(error))) from None


@contextmanager
def _snapshot(database: PostgresDatabase) -> Iterator[adbc.AdbcConnection]:
    """Connect, within a transaction that sees one moment."""
    driver = adbc_driver_postgresql._driver_path()
    with (
        adbc.AdbcDatabase(driver=driver, uri=database.address.for_driver()) as server,
        adbc.AdbcConnection(server) as connection,
    ):
        connection.set_autocommit(False)
        for text in _SNAPSHOT:
            with adbc.AdbcStatement(connection) as statement:
                statement.set_sql_query(text)
                statement.execute_update()
        yield connection


@contextmanager
def _rows(
    reader: duckdb.DuckDBPyConnection, connection: adbc.AdbcConnection, query: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Run a query on the server, and let DuckDB see the rows as ``rows`` while they come in."""
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query(query)
        stream, _ = statement.execute_query()
        reader.register("rows", stream)
        try:
            yield reader
        finally:
            reader.unregister("rows")


def _tables(
    reader: duckdb.DuckDBPyConnection, connection: adbc.AdbcConnection, database: PostgresDatabase, kind: str
) -> dict[str, Columns]:
    """List the store's tables, with the type of each column."""
    schema = schema_of(kind)
    wanted = [*(table.name for table in schema.tables), schema.version_table]
    with _rows(reader, connection, _COLUMNS.format(literal(database.address.schema))) as seen:
        found = seen.execute("FROM rows").fetchall()
    tables = {table: {name: type_ for owner, name, type_ in found if owner == table} for table in wanted}
    return {table: columns for table, columns in tables.items() if columns}


def _query(schema: str, table: str, columns: Columns) -> str:
    selected = (
        quote(name) if type_ in _PLAIN else f"{quote(name)}::text AS {quote(name)}" for name, type_ in columns.items()
    )
    return f"SELECT {', '.join(selected)} FROM {quote(schema)}.{quote(table)}"


def _write(reader: duckdb.DuckDBPyConnection, connection: adbc.AdbcConnection, query: str, file: Path) -> int:
    """Write what a query gives to a file; say how many rows it was."""
    with _rows(reader, connection, query) as seen:
        ((count,),) = seen.execute(f"COPY (FROM rows) TO {literal(str(file))} ({_FORMAT})").fetchall()
    return int(count)


def _file(table: str) -> str:
    return f"{table}.parquet"
