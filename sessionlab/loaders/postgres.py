"""A Postgres database as a source: its tables flow as Arrow batches by binary COPY, all in one REPEATABLE READ transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import duckdb

from sessionlab.errors import SourceError
from sessionlab.kinds import KINDS, Kind
from sessionlab.loaders import postgres_select as select
from sessionlab.loaders.duplicates import drop_superseded_rows
from sessionlab.loaders.postgres_url import PostgresUrl
from sessionlab.loaders.relational import Match, insert, match, unsound
from sessionlab.loaders.target import Outcome, Target, table_of
from sessionlab.schema import quote


class PostgresSource:
    """A schema of a Postgres database."""

    def __init__(self, url: str, kind: Kind | None = None) -> None:
        self.url = PostgresUrl.parse(url)
        self.uri = self.url.without_password()
        self.name = self.url.name()
        self.kind = kind

    def fingerprint(self) -> str | None:
        """Sum up which row versions the tables hold: counts and transaction numbers, without reading what is in them.

        Raises:
            SourceError: the server cannot be reached or refuses.
        """
        with self._connected() as connection:
            tables = sorted({found.found for found in self._matches(connection) if not found.query})
            return _rows(connection, select.fingerprint(self.url.schema, tables))[0][0]

    def load(self, target: Target) -> Outcome:
        """Write the tables' rows into the native tables.

        Raises:
            SourceError: the server cannot be reached or refuses; UnknownKind: the schema holds no kind.
        """
        with self._connected() as connection:
            matches = self._matches(connection)
            for found in matches:
                target.step(f"{found.kind.name}.{found.table.name}")
                self._copy(found, connection, target)
                self._set_aside(found, connection, target)
        outcome = Outcome(kinds={found.kind.name for found in matches})
        outcome.superseded = sum(drop_superseded_rows(KINDS[name], target) for name in outcome.kinds)
        return outcome

    def _connected(self) -> _Snapshot:
        return _Snapshot(self.url)

    def _matches(self, connection: adbc.AdbcConnection) -> list[Match]:
        tables: dict[str, dict[str, str]] = {}
        for table, column, type_ in _rows(connection, select.columns(self.url.schema)):
            tables.setdefault(table, {})[column] = type_
        self._types = tables
        return match(tables, self.kind, f"The schema {self.url.schema!r} of {self.uri}")

    def _copy(self, found: Match, connection: adbc.AdbcConnection, target: Target) -> None:
        types = self._types[found.found]
        with target.cursor() as cursor, adbc.AdbcStatement(connection) as statement:
            statement.set_sql_query(select.rows(found, self.url.schema, types))
            try:
                rows, _ = statement.execute_query()
                cursor.register("sessionlab_stream", rows)
                cursor.execute(
                    insert(found, target.source, "sessionlab_stream", real_times=select.real_times(found, types))
                )
            except (adbc.Error, duckdb.Error) as error:
                raise self.url.refused(error) from error

    def _set_aside(self, found: Match, connection: adbc.AdbcConnection, target: Target) -> None:
        """Reject the rows that do not fit, and those whose time could not be read."""
        types = self._types[found.found]
        bad = select.bad_rows(found, self.url.schema, types)
        for reason, raw in _rows(connection, bad) if bad else ():
            target.reject(None, None, reason, raw)
        table, condition = table_of(found.kind, found.table.name), unsound(found)
        keys = ", ".join(map(quote, found.table.key))
        marked = target.execute(
            f"SELECT {keys} FROM {table} WHERE source = ? AND ({condition})", [target.source]
        ).fetchall()
        for key in marked:
            for (raw,) in _rows(connection, select.row_by_key(found, self.url.schema, key)):
                target.reject(None, None, select.unreadable_time(found, json.loads(raw)), raw)
        if marked:
            target.execute(f"DELETE FROM {table} WHERE source = ? AND ({condition})", [target.source])


class _Snapshot:
    """A connection within one read-only REPEATABLE READ transaction."""

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._stack = ExitStack()

    def __enter__(self) -> adbc.AdbcConnection:
        try:
            database = self._stack.enter_context(
                adbc.AdbcDatabase(driver=adbc_driver_postgresql._driver_path(), uri=self._url.for_driver())
            )
            connection = self._stack.enter_context(adbc.AdbcConnection(database))
            connection.set_autocommit(False)
            _run(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _run(connection, "SET LOCAL TIME ZONE 'UTC'")
        except adbc.Error as error:
            self._stack.close()
            raise self._url.refused(error) from error
        return connection

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _run(connection: adbc.AdbcConnection, statement: str) -> None:
    with adbc.AdbcStatement(connection) as prepared:
        prepared.set_sql_query(statement)
        prepared.execute_update()


def _rows(connection: adbc.AdbcConnection, query: str) -> Sequence[tuple[Any, ...]]:
    with adbc.AdbcStatement(connection) as statement, closing(duckdb.connect()) as reader:
        statement.set_sql_query(query)
        try:
            rows, _ = statement.execute_query()
        except adbc.Error as error:
            raise SourceError(f"Postgres refused a query: {error}") from error
        reader.register("answer", rows)
        return reader.execute("FROM answer").fetchall()
