"""A store in an SQLite file: one connection a thread, a log beside the file so that readers never wait for writers."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa

from sessionlab import livefiles
from sessionlab.errors import StoreError
from sessionlab.schema import quote
from sessionlab.stores.database import Database
from sessionlab.stores.driver import Done, Refusal
from sessionlab.stores.store_file import StoreFile
from sessionlab.stores.values import Engine

BUSY_SECONDS = 30.0
"""How long a write waits for those of others."""

_PATIENCE_SECONDS = 0.05
"""How long a store that is to be closed lets a statement run before it interrupts it."""

_PLACES = 900
"""How many values one statement takes; SQLite has been built to take no more than 999."""

_BEGIN = {"write": "BEGIN IMMEDIATE", "read": "BEGIN", "alone": "BEGIN IMMEDIATE"}
_COLUMNS = (
    "SELECT t.name, c.name FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'"
    " AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_REFUSALS = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError)
_forsaken: list[object] = []


def _insert(connection: Any, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
    """Insert rows, many by each statement: that takes two thirds of the time of one statement a row."""
    into, row = f"INSERT INTO {quote(table)} ({', '.join(map(quote, names))})", f"({', '.join('?' * len(names))})"
    many = max(1, _PLACES // len(names))
    whole, rest = divmod(len(columns[0]), many)
    rows = zip(*columns, strict=True)
    batches = (tuple(chain.from_iterable(islice(rows, many))) for _ in range(whole))
    connection.executemany(f"{into} VALUES {', '.join([row] * many)}", batches)
    if rest:
        connection.execute(f"{into} VALUES {', '.join([row] * rest)}", tuple(chain.from_iterable(rows)))


class _Connection(sqlite3.Connection):
    """A connection that is closed with the thread that had it.

    Who uses it is ``busy`` with it: to close it meanwhile would end the whole program.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.busy = threading.RLock()

    def __del__(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()

    def end(self) -> None:
        """Close, as soon as who uses it is done; what takes long is interrupted, and undone."""
        while not self.busy.acquire(timeout=_PATIENCE_SECONDS):
            self.interrupt()
        try:
            self.close()
        finally:
            self.busy.release()


class SqliteDatabase(Database):
    """An SQLite file, made if it is not there."""

    engine: Engine = "sqlite"
    schema_lock = "SELECT 'a write transaction locks all of the file'"

    def __init__(self, path: Path, *, make: bool = True) -> None:
        super().__init__()
        self.path = path.expanduser().absolute()
        self.where = str(self.path)
        self.url = f"sqlite:///{self.path}"
        self.go_back = (
            f"Go back to a backup: end all programs that have the store open, delete {self.path.name}-wal and"
            f" {self.path.name}-shm, and put the backup in the place of {self.path.name}."
        )
        self._lock = threading.Lock()
        self._alive: WeakSet[_Connection] = WeakSet()
        self._closed = False
        self._file = StoreFile(self.path, make=make)
        self._look(make=make)
        self._unregister = livefiles.register(self.path, self.backup)

    def _look(self, *, make: bool) -> None:
        """See whether there is a database, without changing anything in it."""
        if not self.path.parent.is_dir():
            raise StoreError(f"There is no folder {self.path.parent} to keep the store {self.path.name} in. Make it.")
        if not make and not self.path.is_file():
            raise StoreError(f"There is no file {self.path}. 'sessionlab store init' makes a store.")
        try:
            self.columns()
        except StoreError:
            if make or not self._file.read_only():
                raise
            self.columns()

    def settle(self) -> None:
        """Turn the file to a log once and for all; SQLite does not wait for others by itself here.

        In a file that is still empty nothing can be lost, so that the disk need not be waited for.
        """
        if not self.path.stat().st_size:
            self._own().execute("PRAGMA synchronous = OFF")
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._own().execute("PRAGMA journal_mode = WAL")
            except sqlite3.Error as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise self._refused(error) from error
                time.sleep(0.01)
            else:
                self._own().execute("PRAGMA synchronous = NORMAL")
                return

    def _connect(self) -> _Connection:
        uri = self._file.uri()
        try:
            connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
                factory=_Connection,
            )
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            raise self._refused(error) from error
        self._file.opened()
        return connection

    def _own(self) -> _Connection:
        """Give the thread's connection."""
        own: _Connection | None = getattr(self._local, "connection", None)
        if own is None:
            with self._lock:
                self._check_open()
                own = self._local.connection = self._connect()
                self._alive.add(own)
        return own

    def run_alone(self, text: str, values: Sequence[Any], *, reads: bool) -> Done:
        """Run one statement that is kept at once: SQLite takes the lock for a write before it reads anything."""
        own = self._own()
        self._check()
        done = self.run_on(own, text, values)
        if not reads:
            self._check()
        return done

    def run_on(self, connection: Any, text: str, values: Sequence[Any]) -> Done:
        """Run one statement."""
        try:
            with connection.busy:
                self._check_open()
                cursor = connection.execute(text, values)
                return Done(cursor.fetchall(), cursor.rowcount)
        except _REFUSALS as error:
            raise Refusal(error) from error
        except sqlite3.Error as error:
            raise self._refused(error) from error

    @contextmanager
    def lend(self) -> Iterator[_Connection]:
        """Lend the thread's connection."""
        yield self._own()

    def begin(self, connection: Any, purpose: str) -> None:
        """Begin; a write takes the lock at once, as one that began by reading could not wait for it."""
        self._check()
        self.run_on(connection, _BEGIN[purpose], ())

    def commit(self, connection: Any) -> None:
        """Keep what was done; if the file has gone meanwhile, it is not kept."""
        self.run_on(connection, "COMMIT", ())
        self._check()

    def roll_back(self, connection: Any) -> None:
        """Undo what was done, unless SQLite already has, as it does with a connection that is closed."""
        with suppress(sqlite3.Error), connection.busy:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def fill(
        self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]], counted: str | None
    ) -> Sequence[int]:
        """Insert many rows; within a write transaction nobody else numbers any, so their numbers are a range."""
        transaction = self.current()
        assert transaction is not None  # noqa: S101 - the callers are ours
        try:
            with transaction.connection.busy:
                self._check_open()
                _insert(transaction.connection, table, names, columns)
        except _REFUSALS as error:
            raise Refusal(error) from error
        except sqlite3.Error as error:
            raise self._refused(error) from error
        if counted is None:
            return ()
        ((last,),) = self.run(f"SELECT max({quote(counted)}) FROM {quote(table)}").rows
        return range(last - len(columns[0]) + 1, last + 1)

    def run_script(self, statements: Sequence[str]) -> None:
        """Run statements without values."""
        for statement in statements:
            self.run(statement)

    def columns(self) -> dict[str, set[str]]:
        """Give the columns of each table."""
        found: dict[str, set[str]] = {}
        for table, column in self.run(_COLUMNS, reads=True).rows:
            found.setdefault(table, set()).add(column)
        return found

    def sqlalchemy(self) -> sa.Engine:
        """Give an engine whose transactions begin as ours do."""
        engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.NullPool)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def backup(self, target: Path) -> None:
        """Write a consistent copy, while others go on writing.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            with closing(self._connect()) as source, closing(sqlite3.connect(target, isolation_level=None)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            self._file.check()
        except sqlite3.Error as error:
            raise StoreError(f"{self.where} cannot be copied to {target}: {error}.") from error

    def close(self) -> None:
        """Close the connections of all threads, when each has ended what it does just now."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._unregister()
            alive = list(self._alive)
        for connection in alive:
            connection.end()

    def _check(self) -> None:
        """See that there is a file to keep things in, before something is done and again before it counts as kept."""
        self._check_open()
        self._file.check()

    def _check_open(self) -> None:
        if self._closed:
            raise self._is_closed()

    def _is_closed(self) -> StoreError:
        return StoreError(f"The store {self.where} is closed. Open it again with open_store(…).")

    def forsake(self) -> None:
        """Leave the connections to the parent; not even closing them would be safe here."""
        _forsaken.extend([*self._alive, self._local])
        self._lock, self._local, self._alive = threading.Lock(), threading.local(), WeakSet()

    def _refused(self, error: Exception) -> StoreError:
        if self._closed:
            return self._is_closed()
        said = str(error)
        if "locked" in said or "busy" in said:
            hint = f"another program has kept it locked for {BUSY_SECONDS:g} seconds; close that program or try again"
        elif "not a database" in said or "malformed" in said:
            hint = "it is damaged or no SQLite database"
        elif "readonly" in said or "unable to open" in said:
            hint = "it cannot be opened for writing; look at its permissions and those of its folder"
        elif "full" in said:
            hint = "the disk is full"
        else:
            hint = "SQLite cannot do it"
        advice = f" {self.go_back}" if "malformed" in said else ""
        return StoreError(f"{self.where}: {hint} ({said}).{advice}")
