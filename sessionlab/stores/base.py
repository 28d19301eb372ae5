"""What all stores share: opening and closing, transactions, and the rows of their tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import sqlalchemy as sa

from sessionlab.stores.database import open_database
from sessionlab.stores.declare import FullText
from sessionlab.stores.fulltext import matching
from sessionlab.stores.rows import Rows
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.versions import make_ready, version_of

if TYPE_CHECKING:
    from sessionlab.stores.backup import Form
    from sessionlab.stores.problems import VerifyReport

T = TypeVar("T")


class Store:
    """A database of one kind of record. Any number of threads may use one, and any number of programs one database.

    Args:
        url: ``sqlite:///path`` or a path; ``postgresql://…`` (``?schema=`` for one other than public); None for the
            Postgres database that ``POSTGRES_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD`` and ``_DB`` name.

    What is not there yet is made. What another program has made with the same tables is taken over.

    Raises:
        StoreError: it cannot be reached, is of a later version, or holds something else.
    """

    kind: ClassVar[str]

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        self._database = open_database(url)
        try:
            make_ready(self._database, self.kind)
        except BaseException:
            self._database.close()
            raise
        schema = schema_of(self.kind)
        self._rows = {table.name: Rows(self._database, schema, table) for table in schema.tables}

    @property
    def url(self) -> str:
        """The URL of the database, password and all: for connecting, not for showing."""
        return self._database.url

    @property
    def version(self) -> str | None:
        """The revision of the schema."""
        return version_of(self._database, schema_of(self.kind))

    @contextmanager
    def transaction(self, *, alone: bool = False) -> Iterator[Self]:
        """Keep all that this thread does within, or nothing of it: one commit for many calls.

        A call that the database refuses spoils the whole. Within another transaction, this is a part of it.

        Args:
            alone: Whether all within is done as if nobody else wrote meanwhile, and sees one moment. Without it, what
                others write to Postgres meanwhile shows in the next read.

        Raises:
            StoreError: it could not be kept, and is to be done again: the connection was lost, or somebody has written
                what it has read. Or it is to be ``alone`` within a transaction that is not.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from sessionlab.stores import open_store
            >>> with TemporaryDirectory() as folder, open_store("codegen", f"{folder}/a.db") as store:
            ...     with store.transaction():
            ...         session = store.insert_session("sort a list")
            ...         iteration = store.insert_iteration(session, "sorted(x)")
            ...     store.get_iteration(iteration, ["code"])
            {'code': 'sorted(x)'}
        """
        with self._database.transaction(alone=alone):
            yield self

    def alone(self, work: Callable[[], T]) -> T:
        """Do some work in one transaction as if nobody else wrote meanwhile; give what it gives.

        If somebody did write what the work has read, it is done again from the start. So a change can be made to
        depend on what was there before.

        Raises:
            StoreError: somebody wrote each time; or the thread is in a transaction that is not ``alone``.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from sessionlab.stores import open_store
            >>> with TemporaryDirectory() as folder, open_store("codegen", f"{folder}/a.db") as store:
            ...     store.alone(lambda: store.insert_session("sort a list"))
            1
        """
        return self._database.alone(work)

    def backup(self, target: str | os.PathLike[str], form: Form | None = None) -> Path:
        """Write a consistent copy of the store while others go on writing to it; give its path.

        Args:
            target: Where it is to be. Nothing may be there; a backup that is broken off leaves nothing there either.
            form: ``"sqlite"``, a file, for an SQLite store. For a Postgres one ``"dump"``, the whole schema as
                ``pg_restore`` reads it, or ``"parquet"``, a folder with a file for each table of the store; if it is
                not said, a dump where there is a ``pg_dump`` that knows the server, else Parquet.

        Raises:
            StoreError: something is there already, the form is not to be had, or it cannot be written.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> from sessionlab.stores import open_store
            >>> with TemporaryDirectory() as folder, open_store("codegen", f"{folder}/a.db") as store:
            ...     store.backup(f"{folder}/copy.db").name
            'copy.db'
        """
        from sessionlab.stores.backup import back_up

        return back_up(self._database, self.kind, target, form)

    def verify(self) -> VerifyReport:
        """Check that the store is sound, whole, and holds only what it should; others may go on writing to it.

        Returns:
            The report, which shows itself as a table: ``ok``, and ``problems`` with what to do about each.

        Raises:
            StoreError: the thread is in a transaction, or the database cannot be reached.
        """
        from sessionlab.stores.verify import verify

        return verify(self._database, self.kind)

    def close(self) -> None:
        """Close all connections, those of other threads too."""
        self._database.close()

    def _matching(self, table: str, text: str) -> sa.ColumnElement[bool]:
        """Give the condition that a row of a table has all words of a text."""
        search: FullText = next(each for each in schema_of(self.kind).searches if each.table == table)
        return matching(search, self._database.engine, self._rows[table].table, text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database.where!r})"


def bounded(limit: Any, most: int = 10_000) -> int:
    """Check a limit: how many rows to give at most.

    Raises:
        QueryError: it is no whole number from 1 to ``most``.
    """
    from sessionlab.errors import QueryError

    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= most:
        raise QueryError(f"limit is {limit!r}; it may be a whole number from 1 to {most:,}.")
    return limit
