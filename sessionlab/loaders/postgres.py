"""A Postgres database as a source: its tables flow as Arrow batches by binary COPY, all in one snapshot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import adbc_driver_manager as adbc
import adbc_driver_postgresql
import duckdb

from sessionlab.errors import UnknownKind
from sessionlab.kinds import KINDS, Kind
from sessionlab.loaders import postgres_select as select
from sessionlab.loaders.duplicates import drop_superseded_rows
from sessionlab.loaders.match import Match, match, unread
from sessionlab.loaders.relational import Brings, drop_marked, insert, marked
from sessionlab.loaders.streams import BrokenStream, ask, pick, streamed, tell
from sessionlab.loaders.target import Outcome, Stumbled, Target
from sessionlab.postgres_url import PostgresUrl

_SMALL_BATCHES = {"adbc.postgresql.batch_size_hint_bytes": str(1 << 20)}
"""Batches that come often enough for the reading of the next to go beside the writing of the last."""


@dataclass(frozen=True)
class _Schema:
    """What a schema holds: its matching tables, those that lack something, and the types of all columns."""

    matches: list[Match]
    lacking: list[str]
    types: Mapping[str, Mapping[str, str]]
    foreign: frozenset[str]


@dataclass(frozen=True)
class _Snapshot:
    """A connection within its transaction, and what is to be seen there: the schema, and each table's versions."""

    connection: adbc.AdbcConnection
    schema: _Schema
    versions: Mapping[str, tuple[int, str]]


class PostgresSource:
    """A schema of a Postgres database. ``careful`` are tables known to hold JSON that DuckDB does not take."""

    def __init__(self, url: str, kind: Kind | None = None) -> None:
        self.url = PostgresUrl.parse(url)
        self.uri = self.url.without_password()
        self.name = self.url.name()
        self.kind = kind
        self.careful: set[str] = set()
        self._ahead: Future[_Snapshot] | None = None

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Connect and look at the tables in a thread, for a load that follows within the block."""
        with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
            self._ahead = pool.submit(self._look, stack)
            try:
                yield
            finally:
                self._ahead = None

    def fingerprint(self) -> str | None:
        """Sum up which row versions and columns the tables have, without reading what is in them.

        Raises:
            SourceError: the server cannot be reached or refuses.
        """
        with ExitStack() as stack:
            return _sum(self._look(stack))

    def _look(self, stack: ExitStack) -> _Snapshot:
        """Connect for as long as the stack stands, and look at what is there."""
        with self._refusing():
            connection = stack.enter_context(self._connected())
            schema = self._schema(connection)
            return _Snapshot(connection, schema, self._versions(schema, connection))

    def _versions(self, schema: _Schema, connection: adbc.AdbcConnection) -> dict[str, tuple[int, str]]:
        """Ask for the count of rows and the sum of their versions, by table."""
        tables = sorted({found.found for found in schema.matches})
        answers = ask(connection, select.versions(self.url.schema, tables, schema.foreign))
        return {table: (count, versions) for table, count, versions in answers}

    def load(self, target: Target) -> Outcome:
        """Write the tables' rows into the native tables.

        Raises:
            Stumbled: the load is to be begun anew: a JSON text is one that DuckDB does not take.
            SourceError: the server cannot be reached or refuses; UnknownKind: the schema holds no kind.
        """
        with ExitStack() as stack:
            # What was opened ahead serves one try: a stream that broke off may have left the connection unusable.
            ahead, self._ahead = self._ahead, None
            seen = ahead.result() if ahead else self._look(stack)
            with self._refusing():
                for found in seen.schema.matches:
                    target.step(f"{found.kind.name}.{found.table.name}")
                    self._load_table(found, seen, target)
        kinds = {found.kind.name for found in seen.schema.matches}
        outcome = Outcome(kinds=kinds, ignored=seen.schema.lacking, fingerprint=_sum(seen))
        outcome.superseded = sum(drop_superseded_rows(KINDS[name], target) for name in sorted(outcome.kinds))
        return outcome

    def _load_table(self, found: Match, seen: _Snapshot, target: Target) -> None:
        types = seen.schema.types[found.found]
        brings = Brings(
            careful=found.table.name in self.careful,
            real_times=select.real_times(found, types),
            loose_json=select.loose_json(found, types),
        )
        left_out = seen.versions[found.found][0] - self._copy(found, types, brings, seen.connection, target)
        self._set_aside(found, types, brings, seen.connection, target, left_out=left_out)

    @contextmanager
    def _connected(self) -> Iterator[adbc.AdbcConnection]:
        """Connect, within one read-only REPEATABLE READ transaction."""
        driver = adbc_driver_postgresql._driver_path()
        with (
            adbc.AdbcDatabase(driver=driver, uri=self.url.for_driver()) as database,
            adbc.AdbcConnection(database) as connection,
        ):
            connection.set_autocommit(False)
            tell(connection, select.SNAPSHOT)
            yield connection

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say plainly what the server has against it."""
        try:
            yield
        except (adbc.Error, BrokenStream) as error:
            # The driver's error is not chained: nobody knows what it quotes.
            raise self.url.refused(error) from None

    def _schema(self, connection: adbc.AdbcConnection) -> _Schema:
        types: dict[str, dict[str, str]] = {}
        foreign = set()
        for table, column, type_, relation in ask(connection, select.columns(self.url.schema)):
            types.setdefault(table, {})[column] = type_
            if relation == "f":
                foreign.add(table)
        try:
            matches, lacking = match(types, self.kind, f"The schema {self.url.schema!r} of {self.uri}", stand_ins=False)
        except UnknownKind as error:
            schemas = ", ".join(name for (name,) in ask(connection, select.SCHEMAS)) or "none"
            seen = unread(name for (name,) in ask(connection, select.views(self.url.schema)))
            raise UnknownKind(f"{error}{seen} Schemas with tables here: {schemas}; ?schema=NAME chooses one.") from None
        return _Schema(matches, lacking, types, frozenset(foreign))

    def _copy(
        self,
        found: Match,
        types: Mapping[str, str],
        brings: Brings,
        connection: adbc.AdbcConnection,
        target: Target,
    ) -> int:
        """Copy a table's sound rows; return how many they are."""
        query = select.sound_rows(found, self.url.schema, types)
        with target.cursor() as cursor, adbc.AdbcStatement(connection) as statement:
            statement.set_options(**_SMALL_BATCHES)
            try:
                with streamed(cursor, statement, query):
                    ((count,),) = cursor.execute(insert(found, target.source, brings)).fetchall()
                    return int(count)
            except duckdb.ConversionException as error:
                if brings.careful:
                    raise self.url.refused(error) from None
                self.careful.add(found.table.name)
                raise Stumbled from error
            except duckdb.Error as error:
                raise self.url.refused(error) from None

    def _set_aside(
        self,
        found: Match,
        types: Mapping[str, str],
        brings: Brings,
        connection: adbc.AdbcConnection,
        target: Target,
        *,
        left_out: int,
    ) -> None:
        """Reject the rows that the copy left out, and those that came with a mark in them."""
        query = select.other_rows(found, self.url.schema, types) if left_out else None
        for reason, raw in pick(connection, query) if query else ():
            target.reject(None, None, reason, raw)
        if drop_marked(found, brings, target):
            query = select.sound_rows_whole(found, self.url.schema, types)
            for _, reason, raw in pick(connection, query, marked(found, brings)):
                target.reject(None, None, reason, raw)


def _sum(seen: _Snapshot) -> str:
    """Sum up the versions of all tables in one text, and their columns: to add or rename one leaves the rows alone."""
    versions = "/".join(f"{count}:{total}" for count, total in seen.versions.values())
    columns = json.dumps([sorted(seen.schema.types[table].items()) for table in sorted(seen.versions)])
    return f"{versions} {hashlib.sha256(columns.encode()).hexdigest()[:16]}"
