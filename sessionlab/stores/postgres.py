"""A store in a Postgres schema: a pool of connections, each of which is known to be alive when it is lent."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.types.string import TextLoader
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from sessionlab.errors import SourceError, StoreError
from sessionlab.postgres_url import PostgresUrl
from sessionlab.schema import quote
from sessionlab.stores.database import Database
from sessionlab.stores.driver import ConnectionLost, Done, Refusal
from sessionlab.stores.values import Engine

Cursor: TypeAlias = "psycopg.Cursor[tuple[Any, ...]]"

POOL_SIZE, POOL_MORE, POOL_SECONDS = 8, 24, 30.0
"""How many connections stay open, how many more there may be at a time, and how long to wait for one."""

_IDLE_SECONDS = 60.0
"""After how long a connection is asked whether it is alive even though it looks so: a firewall may have dropped it."""

_MANY = 20
"""A cursor that has given more rows than this is not used again: it would keep them all."""

_BEGIN = {
    "write": "BEGIN",
    "read": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "alone": "BEGIN ISOLATION LEVEL SERIALIZABLE",
}
_SET_UP = (
    "SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false),"
    " set_config('search_path', %s, false)"
)
_TIMES = ("timestamptz", "timestamp")
"""What is read as a text: Postgres has moments that no datetime can be, and one of them must not hide other rows."""

_COLUMNS = (
    "SELECT t.relname, c.attname FROM pg_class AS t JOIN pg_attribute AS c ON c.attrelid = t.oid"
    " WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') AND c.attnum > 0"
    " AND NOT c.attisdropped"
)
_SCHEMA_LOCK = 7_305_771_014_268
_REFUSALS = (psycopg.IntegrityError, psycopg.DataError, UnicodeEncodeError, OverflowError)
_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that keeps a cursor: making one for each statement would take a third of a read's time."""

    kept: Cursor | None = None

    def run(self, text: str, values: Sequence[Any] | None) -> Done:
        """Run a statement."""
        if self.kept is None:
            self.kept = self.cursor()
        cursor = self.kept.execute(text, values)
        # A cursor knows where in its rows it is, and None if it has none: that is told faster than what they are.
        done = Done(cursor.fetchall() if cursor.rownumber is not None else (), cursor.rowcount)
        if len(done.rows) > _MANY:
            self.kept = None
        return done

    def close(self) -> None:
        """Close, and let go of the last result."""
        self.kept = None
        super().close()


class PostgresDatabase(Database):
    """A schema of a Postgres database."""

    engine: Engine = "postgresql"
    schema_lock = f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"

    def __init__(self, url: str, *, make: bool = True) -> None:
        super().__init__()
        try:
            self._to = PostgresUrl.parse(url)
        except SourceError as error:
            raise StoreError(str(error)) from None
        self.where = self._to.without_password()
        self.url = url
        self._closed = False
        self._pool = self._new_pool()
        if make:
            self._make_schema()

    @property
    def address(self) -> PostgresUrl:
        """Where the database is, password and all."""
        return self._to

    def _new_pool(self) -> QueuePool:
        pool = QueuePool(
            cast("Any", self._connect),
            pool_size=POOL_SIZE,
            max_overflow=POOL_MORE,
            timeout=POOL_SECONDS,
            reset_on_return=None,
        )
        sa.event.listen(pool, "checkout", _check)
        sa.event.listen(pool, "checkin", _note_time)
        return pool

    def _connect(self) -> Connection:
        connection = Connection.connect(self._to.for_driver(), autocommit=True)
        for name in _TIMES:
            connection.adapters.register_loader(name, TextLoader)
        connection.execute(_SET_UP, (quote(self._to.schema),))
        return connection

    def _make_schema(self) -> None:
        """Make the schema if it is not there; looking first needs no right to make one."""
        if not self.run("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._to.schema,), reads=True).rows:
            self.run(f"CREATE SCHEMA IF NOT EXISTS {quote(self._to.schema).replace('%', '%%')}")

    def run_alone(self, text: str, values: Sequence[Any], *, reads: bool) -> Done:
        """Run one statement that is kept at once."""
        proxied = self._checked_out()
        try:
            return self._run(proxied.dbapi_connection, text, values, harmless=reads)
        finally:
            proxied.close()

    def run_on(self, connection: Any, text: str, values: Sequence[Any]) -> Done:
        """Run one statement within a transaction, of which nothing is kept yet."""
        return self._run(connection, text, values, harmless=True)

    def _run(self, connection: Any, text: str, values: Sequence[Any] | None, *, harmless: bool) -> Done:
        try:
            done: Done = connection.run(text, values)
        except _REFUSALS as error:
            raise Refusal(error) from error
        except psycopg.Error as error:
            raise self._explained(error, connection, harmless=harmless) from None
        return done

    def _explained(self, error: psycopg.Error, connection: Connection, *, harmless: bool) -> Exception:
        said = self._refused(error)
        if isinstance(error, _AGAIN):
            return ConnectionLost(said, harmless=True)
        return ConnectionLost(said, harmless=harmless) if connection.closed else said

    def _refused(self, error: Exception) -> StoreError:
        """Say what the server or the driver complains about, without the password."""
        return StoreError(str(self._to.refused(error)))

    def _checked_out(self) -> PoolProxiedConnection:
        if self._closed:
            raise StoreError(f"The store {self.where} is closed. Open it again with open_store(…).")
        try:
            return self._pool.connect()
        except PoolTimeoutError:
            raise StoreError(
                f"All {POOL_SIZE + POOL_MORE} connections to {self.where} have been in use for {POOL_SECONDS:g}"
                " seconds. Do less at a time, or end transactions sooner."
            ) from None
        except (psycopg.Error, DisconnectionError, sa.exc.InvalidRequestError) as error:
            raise self._unreached(error) from None

    def _unreached(self, error: Exception) -> Exception:
        """Say why there is no connection; one that the server refuses will not come by trying again."""
        said = self._refused(error)
        wrong = any(sign in str(error) for sign in ("authentication failed", "does not exist", "no password"))
        return said if wrong else ConnectionLost(said, harmless=True)

    @contextmanager
    def lend(self) -> Iterator[Any]:
        """Lend a connection of the pool."""
        proxied = self._checked_out()
        try:
            yield proxied.dbapi_connection
        finally:
            proxied.close()

    def begin(self, connection: Any, purpose: str) -> None:
        """Begin."""
        self._run(connection, _BEGIN[purpose], None, harmless=True)

    def commit(self, connection: Any) -> None:
        """Keep what was done; if the connection is lost now, nobody knows whether it was."""
        self._run(connection, "COMMIT", None, harmless=False)

    def roll_back(self, connection: Any) -> None:
        """Undo what was done; a server whose connection is lost does so by itself."""
        with suppress(psycopg.Error):
            connection.rollback()

    def fill(
        self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]], counted: str | None
    ) -> Sequence[int]:
        """Insert many rows by COPY; their numbers are drawn beforehand, as COPY does not tell them."""
        transaction = self.current()
        assert transaction is not None  # noqa: S101 - the callers are ours
        connection: Connection = transaction.connection
        numbers = self._numbers(table, counted, len(columns[0])) if counted else ()
        if counted:
            names, columns = [counted, *names], [numbers, *columns]
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        try:
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in zip(*columns, strict=True):
                    copy.write_row(row)
        except _REFUSALS as error:
            raise Refusal(error) from error
        except psycopg.Error as error:
            raise self._explained(error, connection, harmless=True) from None
        return numbers

    def _numbers(self, table: str, column: str, wanted: int) -> list[int]:
        ((sequence,),) = self.run("SELECT pg_get_serial_sequence(%s, %s)", (quote(table), column)).rows
        drawn = "SELECT array_agg(nextval(%s::regclass)) FROM generate_series(1, %s)"
        ((numbers,),) = self.run(drawn, (sequence, wanted)).rows
        return list(numbers)

    def run_script(self, statements: Sequence[str]) -> None:
        """Run statements without values."""
        transaction = self.current()
        assert transaction is not None  # noqa: S101 - the callers are ours
        for statement in statements:
            self._run(transaction.connection, statement, None, harmless=True)

    def columns(self) -> dict[str, set[str]]:
        """Give the columns of each table."""
        found: dict[str, set[str]] = {}
        for table, column in self.run(_COLUMNS, reads=True).rows:
            found.setdefault(table, set()).add(column)
        return found

    def sqlalchemy(self) -> sa.Engine:
        """Give an engine with connections of its own, which begin transactions by themselves."""

        def connect() -> Connection:
            connection = self._connect()
            connection.autocommit = False
            return connection

        return sa.create_engine("postgresql+psycopg://", creator=connect, poolclass=sa.NullPool)

    def close(self) -> None:
        """Close the connections that are not in use; the others are closed when they are given back."""
        self._closed = True
        self._pool.dispose()

    def forsake(self) -> None:
        """Leave the connections to the parent."""
        _forsaken.append((self._pool, self._local))
        self._pool = self._new_pool()


_forsaken: list[object] = []


def _note_time(_: object, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _check(connection: Connection, record: Any, _: object) -> None:
    """See to it that a connection is alive before it is lent, mostly without asking the server.

    A server that closes a connection says so, and what it said waits in the socket: looking there costs a microsecond.
    """
    if connection.closed or ((_has_something_to_say(connection) or _idle(record)) and not _answers(connection)):
        raise DisconnectionError


def _has_something_to_say(connection: Connection) -> bool:
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    return len(socket.poll(0)) > 0


def _idle(record: Any) -> bool:
    return bool(time.monotonic() - record.info.get("used", time.monotonic()) > _IDLE_SECONDS)


def _answers(connection: Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True
