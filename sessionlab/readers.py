"""Connections to read a lab with: one a thread, all to the same DuckDB."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakKeyDictionary

import duckdb

from sessionlab.errors import LabError
from sessionlab.schema import quote


class Readers:
    """Gives each thread a connection of its own, whose default catalog is the one asked for.

    A result that is being read keeps its connection busy, so a thread that asks again meanwhile gets another one. Which
    catalogs are in use is known from the connections that are still alive: a relation holds on to its own.

    ``connect`` opens the DuckDB that they all share. It is called by the first who needs it: a lab that is only loaded
    into does without.
    """

    def __init__(self, connect: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._connect = connect
        self._own = threading.local()
        self._lock = threading.RLock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._alive: WeakKeyDictionary[duckdb.DuckDBPyConnection, str] = WeakKeyDictionary()
        self._closed = False

    @property
    def root(self) -> duckdb.DuckDBPyConnection:
        """The connection that the others are made from.

        Raises:
            LabError: the lab is closed, or its settings are refused.
        """
        with self._lock:
            self.refuse_closed()
            if self._root is None:
                self._root = self._connect()
            return self._root

    def refuse_closed(self) -> None:
        """Do nothing while the lab is open.

        Raises:
            LabError: it is closed.
        """
        if self._closed:
            raise LabError("This lab is closed. Open it again with Lab(…).")

    def get(self, catalog: str) -> duckdb.DuckDBPyConnection:
        """Give the calling thread's connection, turned to a catalog.

        Raises:
            LabError: the lab is closed.
        """
        with self._lock:
            root = self.root
            own: duckdb.DuckDBPyConnection | None = getattr(self._own, "connection", None)
            if own is None or not _turned(own, catalog):
                own = self._own.connection = root.cursor()
                own.execute("SET TimeZone = 'UTC'")
                own.execute(f"USE {quote(catalog)}")
            self._alive[own] = catalog
            return own

    def catalogs(self) -> set[str]:
        """Name the catalogs that some living connection is turned to."""
        with self._lock:
            return set(self._alive.values())

    def close(self) -> None:
        """Close all connections; relations made with them cannot be run any more."""
        with self._lock:
            self._closed = True
            for connection in [*self._alive, *([self._root] if self._root else [])]:
                with suppress(duckdb.Error):
                    connection.close()


def _turned(connection: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Turn a connection to a catalog, and say whether that went well: it does not while a result is being read."""
    try:
        connection.execute(f"USE {quote(catalog)}")
    except duckdb.Error:
        return False
    return True
