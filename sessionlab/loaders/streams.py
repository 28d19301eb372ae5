"""Letting DuckDB see what another database answers, as a stream of Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from sessionlab.loaders.times import MACROS

if TYPE_CHECKING:
    from adbc_driver_manager import AdbcConnection, AdbcStatement

STREAM = "sessionlab_stream"
"""The name under which DuckDB sees a stream of rows."""
EXTRA = "sessionlab_extra"
"""Its column with the undeclared columns, as the text of one JSON object."""
PLACE, RAW = "sessionlab_place", "sessionlab_raw"
"""Its columns with a row's number and with the whole row as the text of a JSON object, where a query asks for them."""


def prepared(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Make a connection of its own ready for :func:`marked`."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(MACROS)
    return connection


@contextmanager
def streamed(connection: duckdb.DuckDBPyConnection, statement: AdbcStatement, query: str) -> Iterator[None]:
    """Run a query elsewhere and let a DuckDB connection see its rows as ``sessionlab_stream``."""
    statement.set_sql_query(query)
    rows, _ = statement.execute_query()
    connection.register(STREAM, rows)
    try:
        yield
    finally:
        # Where a statement failed within a transaction, the name goes with that.
        with suppress(duckdb.Error):
            connection.unregister(STREAM)


@cache
def _answers() -> duckdb.DuckDBPyConnection:
    """Open the DuckDB through which small answers are read: once, as opening one takes longer than most answers."""
    return duckdb.connect(config={"threads": 1})


class BrokenStream(Exception):
    """A stream of rows broke off while it was read."""


def ask(connection: AdbcConnection, query: str) -> list[tuple[Any, ...]]:
    """Run a query with a small answer.

    Raises:
        BrokenStream: the answer broke off.
    """
    from adbc_driver_manager import AdbcStatement

    with (
        AdbcStatement(connection) as statement,
        closing(_answers().cursor()) as reader,
        streamed(reader, statement, query),
    ):
        try:
            return reader.execute(f"FROM {STREAM}").fetchall()
        except duckdb.Error as error:
            raise BrokenStream(str(error)) from error


def pick(connection: AdbcConnection, query: str, selected: str = f"FROM {STREAM}") -> Iterator[tuple[Any, ...]]:
    """Run a query with an answer of any size, and select from it in a DuckDB of its own.

    Raises:
        BrokenStream: the answer broke off.
    """
    from adbc_driver_manager import AdbcStatement

    with (
        AdbcStatement(connection) as statement,
        closing(duckdb.connect()) as reader,
        streamed(prepared(reader), statement, query),
    ):
        try:
            reader.execute(selected)
            while rows := reader.fetchmany(1000):
                yield from rows
        except duckdb.Error as error:
            raise BrokenStream(str(error)) from error


def tell(connection: AdbcConnection, statement: str) -> None:
    """Run a statement that has no answer."""
    from adbc_driver_manager import AdbcStatement

    with AdbcStatement(connection) as prepared:
        prepared.set_sql_query(statement)
        prepared.execute_update()
