"""What the two databases have in common: the schemas of the stores, and rows that go in as Arrow streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sessionlab.samples.generate import TABLES, stored_columns
from sessionlab.schema import quote
from sessionlab.stores.tables import ddl as store_ddl

if TYPE_CHECKING:
    from adbc_driver_manager import AdbcConnection
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def ddl(kind: str, engine: str) -> tuple[str, str]:
    """Give the statements that create a kind's tables, and those for after the rows are in."""
    tables, finish = store_ddl(kind, "sqlite" if engine == "sqlite" else "postgresql")
    return ";\n".join(tables), ";\n".join([*finish, ""])


def add_chunk(
    generator: DuckDBPyConnection,
    kind: str,
    con: AdbcConnection,
    cast: Callable[[str, str], str],
    **options: str,
) -> None:
    """Append the generator's chunk to a database; ``cast`` makes an expression of a column and its type."""
    for table in TABLES[kind]:
        columns = stored_columns(generator, table).items()
        values = ", ".join(f"{cast(quote(name), type_)} AS {quote(name)}" for name, type_ in columns)
        _ingest(con, table, generator.sql(f"SELECT {values} FROM native.{table}"), options)


def _ingest(con: AdbcConnection, table: str, rows: DuckDBPyRelation, options: dict[str, str]) -> None:
    import adbc_driver_manager as adbc

    into = {adbc.INGEST_OPTION_TARGET_TABLE: table, adbc.INGEST_OPTION_MODE: adbc.INGEST_OPTION_MODE_APPEND}
    with adbc.AdbcStatement(con) as statement:
        statement.set_options(**into, **options)
        statement.bind_stream(rows)
        statement.execute_update()


def run(con: AdbcConnection, statements: str) -> None:
    """Run SQL that gives no rows."""
    import adbc_driver_manager as adbc

    with adbc.AdbcStatement(con) as statement:
        statement.set_sql_query(statements)
        statement.execute_update()
