"""Databases of their own for trying to read files, as what is in them may break a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb

from sessionlab.loaders.times import MACROS

T = TypeVar("T")
_SHARED = ("threads", "memory_limit")


class Scratch:
    """A database in memory that takes no more threads and memory than another one.

    Nesting beyond a hundred levels makes DuckDB 2.0 shut a whole database down: this one is made anew then.
    """

    def __init__(self, like: duckdb.DuckDBPyConnection | None = None) -> None:
        settings = ", ".join(f"current_setting('{name}')" for name in _SHARED)
        values = like.execute(f"SELECT {settings}").fetchall()[0] if like else ()
        self._config: dict[str, Any] = dict(zip(_SHARED, map(str, values), strict=False))
        self._root: duckdb.DuckDBPyConnection | None = None
        self._running: duckdb.DuckDBPyConnection | None = None
        self._stopped = False

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Answer a query, in UTC and with the macros of ``times``.

        Raises:
            duckdb.Error: DuckDB refuses.
            duckdb.InterruptException: another thread has said stop.
        """
        self.go_on()
        if self._root is None:
            self._root = duckdb.connect(config=self._config)
        try:
            with self._root.cursor() as cursor:  # which draws no progress bar on stdout
                self._running = cursor
                try:
                    return cursor.execute("SET TimeZone = 'UTC'").execute(MACROS).execute(query).fetchall()
                finally:
                    self._running = None
        except (duckdb.InternalException, duckdb.FatalException):
            self.close()
            raise

    def stop(self) -> None:
        """Break off what another thread does here, now and from now on.

        A query that is just about to begin may not notice: who waits for the other thread says it again.
        """
        self._stopped = True
        if running := self._running:
            with suppress(duckdb.Error):  # it has just ended
                running.interrupt()

    def go_on(self) -> None:
        """Go on unless another thread has said stop.

        Raises:
            duckdb.InterruptException: it has.
        """
        if self._stopped:
            raise duckdb.InterruptException("stopped")

    def close(self) -> None:
        """Let go of the database."""
        if self._root is not None:
            self._root.close()
            self._root = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def by_halves(paths: list[str], read: Callable[[list[str]], T]) -> Iterator[tuple[list[str], T | None]]:
    """Read files together; where DuckDB refuses, by halves, down to the single ones that it refuses: those with None.

    The reader stops at the first broken file and does not always name it.
    """
    try:
        yield paths, read(paths)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        if len(paths) == 1:
            yield paths, None
            return
        middle = len(paths) // 2
        yield from by_halves(paths[:middle], read)
        yield from by_halves(paths[middle:], read)
