"""Connections to read a lab with: one a thread, all to the same DuckDB."""

from __future__ import annotations

import threading
from contextlib import suppress
from weakref import WeakKeyDictionary

import duckdb

from sessionlab.errors import LabError
from sessionlab.schema import quote


class Readers:
    """Gives each thread a connection of its own, whose default catalog is the one asked for.

    A result that is being read keeps its connection busy, so a thread that asks again meanwhile gets another one. Which
    catalogs are in use is known from the connections that are still alive: a relation holds on to its own.
    """

    def __init__(self, root: duckdb.DuckDBPyConnection) -> None:
        self._root = root
        self._own = threading.local()
        self._lock = threading.Lock()
        self._alive: WeakKeyDictionary[duckdb.DuckDBPyConnection, str] = WeakKeyDictionary()
        self._closed = False

    def get(self, catalog: str) -> duckdb.DuckDBPyConnection:
        """Give the calling thread's connection, turned to a catalog.

        Raises:
            LabError: the lab is closed.
        """
        with self._lock:
            if self._closed:
                raise LabError("This lab is closed. Open it again with Lab(…).")
            own: duckdb.DuckDBPyConnection | None = getattr(self._own, "connection", None)
            if own is None or not _turned(own, catalog):
                own = self._own.connection = self._root.cursor()
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
            for connection in list(self._alive):
                with suppress(duckdb.Error):
                    connection.close()


def _turned(connection: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Turn a connection to a catalog, and say whether that went well: it does not while a result is being read."""
    try:
        connection.execute(f"USE {quote(catalog)}")
    except duckdb.Error:
        return False
    return True
