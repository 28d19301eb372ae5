"""Sample records as a SQLite file with the kind's own schema."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.samples.tables import add_chunk, ddl, run

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CASTS = {"TIMESTAMP": "iso({})", "UUID": "{}::VARCHAR", "JSON": "{}::VARCHAR"}


class SqliteFile:
    """One database file. It is new and stands aside until it is whole, so it is written without a journal."""

    def __init__(self, path: Path, kind: str) -> None:
        import adbc_driver_manager as adbc
        import adbc_driver_sqlite

        self._path, self._kind = path, kind
        tables, self._after = ddl(kind, "sqlite")
        self._script(tables)
        with ExitStack() as opened:
            driver = adbc_driver_sqlite._driver_path()
            database = opened.enter_context(adbc.AdbcDatabase(driver=driver, uri=str(path)))
            self._con = opened.enter_context(adbc.AdbcConnection(database))
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
                run(self._con, f"PRAGMA {pragma}")
            self._opened = opened.pop_all()

    def add(self, con: DuckDBPyConnection) -> None:
        """Insert the chunk."""
        add_chunk(con, self._kind, self._con, self._cast)

    def _cast(self, column: str, type_: str) -> str:
        if type_ == "TIMESTAMP" and self._kind != "worktree":
            # As SQLite's own CURRENT_TIMESTAMP has it, and milliseconds; worktree keeps what JSON has.
            return f"strftime({column}, '%Y-%m-%d %H:%M:%S.%g')"
        return _CASTS.get(type_, "{}").format(column)

    def finish(self) -> None:
        """Add the indexes and triggers."""
        self.close()
        self._script(self._after)

    def close(self) -> None:
        """Close the database; twice does no harm."""
        self._opened.close()

    def _script(self, statements: str) -> None:
        con = sqlite3.connect(self._path)
        try:
            con.executescript(statements)
        finally:
            con.close()
