"""An SQLite database as a source: its tables flow as Arrow batches, several at a time, all from one snapshot."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import adbc_driver_manager as adbc
import adbc_driver_sqlite
import duckdb

from sessionlab.errors import SourceError
from sessionlab.kinds import KINDS, Kind
from sessionlab.loaders import sqlite_select
from sessionlab.loaders.duplicates import drop_superseded_rows
from sessionlab.loaders.relational import Match, insert, match, unsound
from sessionlab.loaders.sqlite_file import OpenWay, connect, refused, state_of, tables_of, way_to
from sessionlab.loaders.target import Outcome, Stumbled, Target, table_of
from sessionlab.loaders.times import utc_time
from sessionlab.schema import Type, quote

_TRIES = 5


class SqliteSource:
    """An SQLite file. ``as_bytes`` are tables known to hold texts that are not UTF-8: their texts are read as bytes."""

    def __init__(self, path: str, kind: Kind | None = None) -> None:
        self.path = Path(path).expanduser().absolute()
        if not self.path.is_file():
            raise SourceError(f"There is no SQLite file {self.path}.")
        self.uri = str(self.path)
        self.name = self.path.stem
        self.kind = kind
        self.as_bytes: set[str] = set()
        self._tries = 0

    def fingerprint(self) -> str | None:
        """Sum up the file's state: it changes whenever somebody writes to it."""
        return state_of(self.path)

    def load(self, target: Target) -> Outcome:
        """Write the tables' rows into the native tables.

        Raises:
            Stumbled: the load is to be begun anew: a text is not UTF-8, or the file changed under us.
            SourceError: the file cannot be read; UnknownKind: it holds none.
        """
        before = state_of(self.path)
        with way_to(self.path, target.folder) as way, closing(connect(way)) as questions:
            matches = match(tables_of(self.path, questions), self.kind, str(self.path))
            self._load(matches, way, questions, target)
        if way.unwatched and state_of(self.path) != before:
            self._again("it is being written to all the time")
        outcome = Outcome(kinds={found.kind.name for found in matches})
        outcome.superseded = sum(drop_superseded_rows(KINDS[name], target) for name in outcome.kinds)
        return outcome

    def _load(self, matches: Sequence[Match], way: OpenWay, questions: sqlite3.Connection, target: Target) -> None:
        with ExitStack() as stack:
            streams = self._one_snapshot(matches, way, questions, stack)
            workers = stack.enter_context(ThreadPoolExecutor(len(matches) if target.parallel else 1))
            jobs = [
                workers.submit(self._copy, found, stream, target)
                for found, stream in zip(matches, streams, strict=True)
            ]
            for job in jobs:
                job.result()
            for found in matches:
                self._set_aside(found, questions, target)

    def _one_snapshot(
        self, matches: Sequence[Match], way: OpenWay, questions: sqlite3.Connection, stack: ExitStack
    ) -> list[adbc.AdbcConnection]:
        """Begin a read on a connection a table, and make sure that nobody wrote between the first and the last."""
        watch = stack.enter_context(closing(connect(way)))
        try:
            version = watch.execute("PRAGMA data_version").fetchone()
            questions.execute("BEGIN")
            questions.execute("SELECT 1 FROM sqlite_master").fetchone()
            streams = [_reading(way, stack) for _ in matches]
            if watch.execute("PRAGMA data_version").fetchone() != version:
                self._again("it is being written to all the time")
        except (sqlite3.Error, adbc.Error) as error:
            raise refused(self.path, error) from error
        return streams

    def _again(self, reason: str) -> None:
        self._tries += 1
        if self._tries >= _TRIES:
            raise SourceError(f"{self.path} could not be read as of one moment in {_TRIES} tries: {reason}.")
        raise Stumbled(reason)

    def _copy(self, found: Match, stream: adbc.AdbcConnection, target: Target) -> None:
        as_bytes = found.table.name in self.as_bytes
        target.step(f"{found.kind.name}.{found.table.name}")
        with target.cursor() as cursor, adbc.AdbcStatement(stream) as statement:
            statement.set_sql_query(sqlite_select.rows(found, bytes_as_text=as_bytes))
            try:
                rows, _ = statement.execute_query()
                cursor.register("sessionlab_stream", rows)
                cursor.execute(insert(found, target.source, sqlite_select.FROM_STREAM, bytes_as_text=as_bytes))
            except adbc.Error as error:
                raise refused(self.path, error) from error
            except duckdb.Error as error:
                if as_bytes or "unicode" not in str(error).lower():
                    raise refused(self.path, error) from error
                self.as_bytes.add(found.table.name)
                raise Stumbled from error

    def _set_aside(self, found: Match, questions: sqlite3.Connection, target: Target) -> None:
        """Reject the rows that the copy left out, and those that came with a mark in them."""
        for record, reason, raw in _fetch(questions, sqlite_select.bad_rows(found)):
            target.reject(str(self.path), record, reason, raw)
        table = table_of(found.kind, found.table.name)
        condition = unsound(found, bytes_as_text=found.table.name in self.as_bytes)
        keys = ", ".join(map(quote, found.table.key))
        marked = target.execute(
            f"SELECT {keys} FROM {table} WHERE source = ? AND ({condition})", [target.source]
        ).fetchall()
        for key in marked:
            for record, _, raw in _fetch(questions, sqlite_select.row_by_key(found), key):
                target.reject(str(self.path), record, _unreadable(found, json.loads(raw)), raw)
        if marked:
            target.execute(f"DELETE FROM {table} WHERE source = ? AND ({condition})", [target.source])


def _reading(way: OpenWay, stack: ExitStack) -> adbc.AdbcConnection:
    database = stack.enter_context(adbc.AdbcDatabase(driver=adbc_driver_sqlite._driver_path(), uri=way.uri))
    connection = stack.enter_context(adbc.AdbcConnection(database))
    connection.set_autocommit(False)
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query("SELECT count(*) FROM sqlite_master")
        rows, _ = statement.execute_query()
        with closing(duckdb.connect()) as reader:
            reader.execute("FROM rows").fetchall()
    return connection


def _fetch(questions: sqlite3.Connection, query: str, values: Sequence[Any] = ()) -> list[tuple[int | None, str, str]]:
    """Run a query for whole rows: place, reason, and the row as JSON."""
    cursor = questions.execute(query, values)
    names = [column[0] for column in cursor.description]
    found = []
    for place, reason, *row in cursor:
        shown = {
            name: value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
            for name, value in zip(names[2:], row, strict=True)
        }
        found.append((place, str(reason), json.dumps(shown, ensure_ascii=False)))
    return found


def _unreadable(found: Match, row: dict[str, Any]) -> str:
    for column, name in found.columns:
        if column.type is Type.TIME and row[name] is not None:
            try:
                utc_time(row[name])
            except ValueError:
                return f"{name} holds {row[name]!r} where a time is needed"
    return "a text in it is not UTF-8"
