"""What a store's two databases have in common: statements that are run alone or in a transaction, and lost connections.

A read that loses its connection is run again. So is a whole transaction that had not begun to commit. A single write
is sent together with its commit: if the connection is lost then, nobody can say whether it was kept, and the error
says so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakSet

import tenacity

from sessionlab.errors import InvalidRecord, QueryError, StoreError
from sessionlab.stores.driver import ConnectionLost, Done, Driver, Refusal, Rows

T = TypeVar("T")

_TRIES = 5
_open_databases: WeakSet[Database] = WeakSet()


class Transaction:
    """The transaction that a thread is in. A refused statement spoils it as a whole, on both engines alike.

    ``again`` says that who began it does it again if its connection is lost.
    """

    def __init__(self, connection: Any, purpose: str, *, again: bool) -> None:
        self.connection = connection
        self.purpose = purpose
        self.again = again
        self.spoiled = False

    def check(self, purpose: str) -> None:
        """See whether something may be done as a part of it.

        Raises:
            StoreError: it is to be done as if nobody else wrote, and the transaction sees what others write.
        """
        if purpose == "alone" != self.purpose:
            raise StoreError(
                "In this transaction, nothing can be done as if nobody else wrote: what others write shows in it."
                " Begin it with transaction(alone=True), or do this outside of it."
            )


class Database(Driver):
    """A database that holds a store. Any number of threads may use one."""

    def __init__(self) -> None:
        self._local = threading.local()
        _open_databases.add(self)

    def run(self, text: str, values: Sequence[Any] = (), *, reads: bool = False) -> Done:
        """Run one statement, in the thread's transaction or alone.

        Raises:
            Refusal: the database refuses a value to write.
            QueryError: it refuses a value to look for.
            StoreError: it cannot be reached, is locked or broken, or the transaction is spoiled.
        """
        try:
            return self._run_statement(text, values, reads=reads)
        except Refusal as refusal:
            if reads:
                raise QueryError(f"{self.where} cannot be searched for that: {refusal}.") from None
            raise

    def _run_statement(self, text: str, values: Sequence[Any], *, reads: bool) -> Done:
        transaction = self.current()
        if transaction is not None:
            return self._run_within(transaction, text, values)
        try:
            return self.run_alone(text, values, reads=reads)
        except ConnectionLost as lost:
            if not lost.harmless:
                raise self.lost(lost) from None
            return self._again(lambda: self.run_alone(text, values, reads=reads))

    def _run_within(self, transaction: Transaction, text: str, values: Sequence[Any]) -> Done:
        if transaction.spoiled:
            raise StoreError(
                "Something in this transaction was refused, so nothing of it can be kept. Leave it and begin a new one."
            )
        return self._part_of(transaction, lambda: self.run_on(transaction.connection, text, values))

    def look(self, text: str, values: Sequence[Any]) -> Rows:
        """Read something to explain a refusal, also in a transaction that it has spoiled."""
        transaction = self.current()
        if transaction is not None:
            return self.run_on(transaction.connection, text, values).rows
        return self.run(text, values, reads=True).rows

    def transact(self, work: Callable[[], T]) -> T:
        """Do some work in one write transaction, or in the one the thread is in; all of it is kept, or nothing.

        If the connection is lost before the commit, the work is done again from the start.
        """
        return self._within(work, "write")

    def glance(self, work: Callable[[], T]) -> T:
        """Do some reads that all see the same moment; within a transaction to write, only on SQLite."""
        return self._within(work, "read")

    def alone(self, work: Callable[[], T]) -> T:
        """Do some work in one write transaction as if nobody else wrote meanwhile; again if somebody did.

        Raises:
            StoreError: the thread is in a transaction that sees what others write.
        """
        return self._within(work, "alone")

    def _within(self, work: Callable[[], T], purpose: str) -> T:
        def attempt() -> T:
            with self._opened(purpose, again=True):
                return work()

        transaction = self.current()
        if transaction is not None:
            transaction.check(purpose)
            return self._part_of(transaction, work)
        try:
            return attempt()
        except ConnectionLost as lost:
            if not lost.harmless:
                raise self.lost(lost) from None
            return self._again(attempt)

    def _part_of(self, transaction: Transaction, work: Callable[[], T]) -> T:
        """Do some work as a part of a transaction, which is spoiled if the work stops half-way."""
        try:
            return work()
        except ConnectionLost as lost:
            transaction.spoiled = True
            if transaction.again:
                raise
            raise self._broken_off(lost) from None
        except BaseException:
            transaction.spoiled = True
            raise

    def _again(self, work: Callable[[], T]) -> T:
        """Do something again and again, with longer and longer pauses, until the connection holds."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, ConnectionLost) and error.harmless),
            wait=tenacity.wait_exponential_jitter(multiplier=0.05, max=2, jitter=0.1),
            stop=tenacity.stop_after_attempt(_TRIES),
            reraise=True,
        )
        try:
            return retrying(work)
        except ConnectionLost as lost:
            raise self.lost(lost) from None

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Iterator[None]:
        """Make all that the thread does within one transaction; within another one, it is part of that.

        Raises:
            StoreError: it could not be kept; or it is to be ``alone``, and the other one sees what others write.
        """
        with self._once("alone" if alone else "write"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads of the thread within see the same moment."""
        with self._once("read"):
            yield

    @contextmanager
    def _once(self, purpose: str) -> Iterator[None]:
        """Open a transaction that only the caller could do again, or go on with the one that the thread is in."""
        outer = self.current()
        if outer is not None:
            outer.check(purpose)
            yield
            return
        try:
            with self._opened(purpose, again=False):
                yield
        except ConnectionLost as lost:
            raise self._broken_off(lost) from None

    @contextmanager
    def _opened(self, purpose: str, *, again: bool) -> Iterator[None]:
        with self.lend() as connection:
            self.begin(connection, purpose)
            transaction = self._local.transaction = Transaction(connection, purpose, again=again)
            try:
                yield
            except BaseException:
                self.roll_back(connection)
                raise
            else:
                self._finish(transaction)
            finally:
                self._local.transaction = None

    def _finish(self, transaction: Transaction) -> None:
        if transaction.spoiled:
            self.roll_back(transaction.connection)
            raise StoreError("Something in this transaction was refused, so nothing of it was kept.")
        try:
            self.commit(transaction.connection)
        except Refusal as refusal:
            self.roll_back(transaction.connection)
            raise InvalidRecord(f"{self.where} refuses the transaction as a whole: {refusal}.") from None
        except BaseException:
            self.roll_back(transaction.connection)
            raise

    def current(self) -> Transaction | None:
        """Give the transaction that the thread is in."""
        return getattr(self._local, "transaction", None)

    def lost(self, lost: ConnectionLost) -> StoreError:
        """Say that the connection is lost, and what that means."""
        if lost.harmless:
            return StoreError(f"{lost} It was tried {_TRIES} times, and nothing was written.")
        return StoreError(
            f"The connection to {self.where} was lost while it was writing. Whether the last change was kept is not"
            f" known; look before doing it again. {lost}"
        )

    def _broken_off(self, lost: ConnectionLost) -> StoreError:
        """Say that a transaction ended before its time, and what that means."""
        if lost.harmless:
            return StoreError(f"{lost} Nothing of the transaction is kept. Do it again.")
        return self.lost(lost)


def _forsake_all() -> None:
    for database in list(_open_databases):
        database.forsake()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake_all)


def open_database(url: str | os.PathLike[str] | None, *, make: bool = True) -> Database:
    """Open an SQLite file (made if there is none) or a Postgres database.

    Args:
        url: ``sqlite:///path`` or a path; ``postgresql://…``, of which ``?schema=`` names the schema; None for the
            Postgres database that ``POSTGRES_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD`` and ``_DB`` name.
        make: Whether a file or a schema that is not there is made.

    Raises:
        StoreError: it cannot be opened.
    """
    from sessionlab.stores.postgres import PostgresDatabase
    from sessionlab.stores.sqlite import SqliteDatabase

    text = _from_environment() if url is None else os.fspath(url)
    scheme = text.partition(":")[0].lower() if ":" in text else ""
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return PostgresDatabase(f"postgresql:{text.partition(':')[2]}", make=make)
    if scheme == "sqlite" and not text.startswith("sqlite:///"):
        raise StoreError(f"{text} names no file. Write sqlite:///PATH; an absolute path makes four slashes.")
    path = text.removeprefix("sqlite:///")
    if not path or path == ":memory:":
        raise StoreError("A store is a file or a Postgres database: each thread would have a memory of its own.")
    if "://" in path:
        raise StoreError(f"A store's URL is sqlite:///PATH or postgresql://…; it cannot begin with {scheme}://.")
    return SqliteDatabase(Path(path), make=make)


def _from_environment() -> str:
    if not any(os.environ.get(name) for name in ("POSTGRES_HOST", "POSTGRES_DB")):
        raise StoreError(
            "No URL is given, and neither POSTGRES_HOST nor POSTGRES_DB is set. Give sqlite:///PATH or postgresql://…"
        )
    return "postgresql://"
