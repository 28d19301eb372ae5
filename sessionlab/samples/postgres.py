"""Sample records in Postgres, in a schema named after the kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sessionlab.errors import SourceError
from sessionlab.samples.generate import TABLES
from sessionlab.samples.tables import add_chunk, ddl, run
from sessionlab.stores.schemas import SCHEMAS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# ADBC writes in COPY's binary form and has no type for uuid and jsonb, but bytes go in as they are: a uuid is
# its 16 bytes, a jsonb the number of its format, 1, and its text. That saves a table of texts and its casts.
_CASTS = {
    "TIMESTAMP": "{}::TIMESTAMPTZ",
    "INTEGER": "{}::BIGINT",
    "UUID": "unhex(replace({}::VARCHAR, '-', ''))",
    "JSON": "'\\x01'::BLOB || encode({}::VARCHAR)",
}


class PostgresSchema:
    """One kind's tables, written in one transaction: all of them or none."""

    def __init__(self, url: str, kind: str) -> None:
        import adbc_driver_manager as adbc
        import adbc_driver_postgresql

        self._url, self._kind = url, kind
        tables, self._after = ddl(kind, "postgres")
        with ExitStack() as opened, self._explained():
            driver = adbc_driver_postgresql._driver_path()
            database = opened.enter_context(adbc.AdbcDatabase(driver=driver, uri=url))
            self._con = opened.enter_context(adbc.AdbcConnection(database))
            self._con.set_autocommit(False)
            run(self._con, f"CREATE SCHEMA IF NOT EXISTS {kind}; SET LOCAL search_path = {kind}; {tables}")
            self._opened = opened.pop_all()

    def add(self, con: DuckDBPyConnection) -> None:
        """Insert the chunk."""
        with self._explained():
            add_chunk(con, self._kind, self._con, self._cast, **{"adbc.ingest.target_db_schema": self._kind})

    def _cast(self, column: str, type_: str) -> str:
        if type_ == "TIMESTAMP" and self._kind == "worktree":
            # This store keeps times as the texts that JSON has.
            return f"iso({column})"
        return _CASTS.get(type_, "{}").format(column)

    def finish(self) -> None:
        """Add the indexes and triggers, let the ids go on after the last one, and commit."""
        with self._explained():
            counters = "".join(map(_next_id, _numbered(self._kind)))
            statistics = "".join(f"ANALYZE {table};" for table in TABLES[self._kind])
            run(self._con, f"{self._after} {counters} {statistics}")
            self._con.commit()

    def close(self) -> None:
        """Close the connection; what is not committed is gone."""
        self._opened.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the driver's errors into ours, without the URL: it may hold a password."""
        import adbc_driver_manager as adbc

        try:
            yield
        except adbc.Error as error:
            # The driver repeats the whole statement before what Postgres says, and its code after.
            said = str(error).replace(self._url, "the URL").rpartition("ERROR:")[2].strip()
            reason = said.partition("\n")[0]
            raise SourceError(f"the {self._kind} samples cannot be written to Postgres: {reason}") from None


def _numbered(kind: str) -> list[str]:
    """Name the tables whose ids Postgres counts, as their declarations say."""
    tables = SCHEMAS[kind].tables
    return [table.name for table in tables if any(each.counted for each in table.fields.values())]


def _next_id(table: str) -> str:
    return f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table};"
