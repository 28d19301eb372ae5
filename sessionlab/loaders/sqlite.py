"""An SQLite database as a source: its tables flow as Arrow batches, several at a time, all from one snapshot."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import adbc_driver_manager as adbc
import adbc_driver_sqlite
import duckdb

from sessionlab.errors import SourceError, UnknownKind
from sessionlab.kinds import KINDS, Kind
from sessionlab.loaders import sqlite_file
from sessionlab.loaders import sqlite_select as select
from sessionlab.loaders.duplicates import drop_superseded_rows
from sessionlab.loaders.files import real_path
from sessionlab.loaders.match import Match, match, unread
from sessionlab.loaders.relational import Brings, drop_marked, insert, marked
from sessionlab.loaders.sqlite_file import OpenWay, is_busy, refused, state_of, way_to
from sessionlab.loaders.streams import BrokenStream, ask, pick, streamed, tell
from sessionlab.loaders.target import Outcome, Stumbled, Target
from sessionlab.schema import quote

_TRIES = 5
_CAREFUL = Brings(careful=True, as_bytes=True)


@dataclass(frozen=True)
class _Stream:
    """A table and the connection that reads it."""

    found: Match
    connection: adbc.AdbcConnection


class SqliteSource:
    """An SQLite file.

    ``careful`` are tables known to hold texts that are not UTF-8, or JSON that DuckDB does not take.
    """

    def __init__(self, path: str, kind: Kind | None = None) -> None:
        given = real_path(path)
        # SQLite keeps the log of a database beside the file itself, not beside a link to it.
        self.path = Path(os.path.realpath(given))
        try:
            there = self.path.is_file()
        except OSError as error:
            raise refused(self.path, error) from error
        if not there:
            raise SourceError(f"There is no SQLite file {self.path}.")
        self.uri = str(self.path)
        self.name = given.stem
        self.kind = kind
        self.careful: set[str] = set()
        self._tries = 0

    def ahead(self) -> AbstractContextManager[None]:
        """Begin nothing: there is nothing to wait for."""
        return nullcontext()

    def fingerprint(self) -> str | None:
        """Sum up the file's state: it changes whenever somebody writes to it."""
        return state_of(self.path)

    def load(self, target: Target) -> Outcome:
        """Write the tables' rows into the native tables.

        Raises:
            Stumbled: the load is to be begun anew: a text is not UTF-8, or the file changed under us.
            SourceError: the file cannot be read; UnknownKind: it holds no kind.
        """
        fingerprint = self.fingerprint()
        way = way_to(self.path, target.folder, busy=self._tries > 0)
        matches, lacking = self._load(way, target)
        if way.changed():
            raise self._once_more()
        kinds = {found.kind.name for found in matches}
        outcome = Outcome(kinds=kinds, ignored=lacking, fingerprint=fingerprint)
        outcome.superseded = sum(drop_superseded_rows(KINDS[name], target) for name in sorted(outcome.kinds))
        return outcome

    def _matched(
        self, tables: Mapping[str, Mapping[str, str]], watch: adbc.AdbcConnection
    ) -> tuple[list[Match], list[str]]:
        try:
            return match(tables, self.kind, str(self.path))
        except UnknownKind as error:
            raise UnknownKind(f"{error}{unread(name for (name,) in ask(watch, select.VIEWS))}") from None

    def _load(self, way: OpenWay, target: Target) -> tuple[list[Match], list[str]]:
        try:
            with _opened(way, int(sqlite_file.BUSY_SECONDS * 1000)) as watch, ExitStack() as stack:
                tables: dict[str, dict[str, str]] = {}
                for table, column, type_ in ask(watch, select.TABLES):
                    tables.setdefault(table, {})[column] = type_
                matches, lacking = self._matched(tables, watch)
                connections = self._one_snapshot(len(matches), way, watch, stack)
                self._copy_all([*map(_Stream, matches, connections)], target)
        except (adbc.Error, BrokenStream) as error:
            if way.unlocked and "readonly" in str(error):
                # A writer is at work, and has left no place in the index that one may read from without a mark there.
                raise self._once_more() from error
            raise refused(self.path, error) from error
        return matches, lacking

    def _one_snapshot(
        self, wanted: int, way: OpenWay, watch: adbc.AdbcConnection, stack: ExitStack
    ) -> list[adbc.AdbcConnection]:
        """Begin a read on each of several connections, with no write between the first and the last.

        Where somebody writes all the time, one connection has to do for all.
        """
        until = time.monotonic() + sqlite_file.BUSY_SECONDS
        tried = 0
        while True:
            tried += 1
            with ExitStack() as opening:
                version = ask(watch, "PRAGMA data_version")
                try:
                    connections = [opening.enter_context(_reading(way)) for _ in range(wanted)]
                except (adbc.Error, BrokenStream) as error:
                    if not is_busy(error) or time.monotonic() > until:
                        raise
                    connections = []
                if ask(watch, "PRAGMA data_version") != version:
                    connections = connections[:1] * wanted if tried >= _TRIES else []
                if connections:
                    stack.enter_context(opening.pop_all())
                    return connections
            time.sleep(0.005)

    def _once_more(self) -> Exception:
        self._tries += 1
        return Stumbled() if self._tries < _TRIES else self._too_busy()

    def _too_busy(self) -> SourceError:
        return SourceError(
            f"{self.path} could not be read as of one moment: it is being written to all the time. Try again later."
        )

    def _copy_all(self, streams: Sequence[_Stream], target: Target) -> None:
        connections = len({id(stream.connection) for stream in streams})
        with ThreadPoolExecutor(connections if target.parallel else 1, thread_name_prefix="sqlite") as workers:
            jobs = [workers.submit(self._copy, stream, target) for stream in streams]
        copied = [job.result() for job in jobs]
        for stream, rows in zip(streams, copied, strict=True):
            self._set_aside(stream, rows, target)

    def _brings(self, found: Match) -> Brings:
        return _CAREFUL if found.table.name in self.careful else Brings()

    def _copy(self, stream: _Stream, target: Target) -> int:
        """Copy a table's sound rows and count them."""
        found, brings = stream.found, self._brings(stream.found)
        target.step(f"{found.kind.name}.{found.table.name}")
        query = select.sound_rows(found, as_bytes=brings.as_bytes)
        with target.cursor() as cursor, adbc.AdbcStatement(stream.connection) as statement:
            try:
                with streamed(cursor, statement, query):
                    return int(cursor.execute(insert(found, target.source, brings, select.REAL_ROW)).fetchall()[0][0])
            except (duckdb.Error, UnicodeDecodeError) as error:
                if brings.careful or not _is_about_a_value(error):
                    raise refused(self.path, error) from error
                self.careful.add(found.table.name)
                raise Stumbled from error

    def _set_aside(self, stream: _Stream, copied: int, target: Target) -> None:
        """Reject the rows that the copy left out, and those that came with a mark in them."""
        found, brings = stream.found, self._brings(stream.found)
        ((there,),) = ask(stream.connection, select.count(found))
        if there != copied:
            query = select.other_rows(found, _place(stream))
            for place, reason, raw in pick(stream.connection, query, select.PLACED):
                target.reject(str(self.path), place, _shown(reason), raw)
        if drop_marked(found, brings, target):
            query = select.sound_rows_whole(found, _place(stream))
            for place, reason, raw in pick(stream.connection, query, marked(found, _CAREFUL, select.REAL_ROW)):
                target.reject(str(self.path), place, _shown(reason), raw)


def _shown(reason: str | bytes) -> str:
    return reason if isinstance(reason, str) else reason.decode(errors="backslashreplace")


def _place(stream: _Stream) -> str | None:
    """Find the name of a table's row number, if it has one."""
    found = stream.found
    place = None if found.query else select.row_number([*(name for _, name in found.columns), *found.undeclared])
    try:
        if place:
            ask(stream.connection, f"SELECT t.{place} FROM {quote(found.found)} AS t LIMIT 1")
    except (adbc.Error, BrokenStream):
        return None
    return place


@contextmanager
def _opened(way: OpenWay, busy_ms: int) -> Iterator[adbc.AdbcConnection]:
    with (
        adbc.AdbcDatabase(driver=adbc_driver_sqlite._driver_path(), uri=way.uri) as database,
        adbc.AdbcConnection(database) as connection,
    ):
        tell(connection, f"PRAGMA busy_timeout = {busy_ms}")
        yield connection


@contextmanager
def _reading(way: OpenWay) -> Iterator[adbc.AdbcConnection]:
    with _opened(way, 50) as connection:
        connection.set_autocommit(False)
        ask(connection, "SELECT count(*) FROM sqlite_master")
        yield connection


def _is_about_a_value(error: Exception) -> bool:
    # DuckDB quotes what it could not read, which may be why its message cannot be read either.
    return isinstance(error, duckdb.InvalidInputException | duckdb.ConversionException | UnicodeDecodeError)
