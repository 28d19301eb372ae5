"""SQLite into a DuckDB file: three tables of code generation."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.ways.extension import extension

_TABLES = ("session", "iteration", "error")


def ours(data: Path, scratch: Path) -> None:
    """Load with sessionlab: native and canonical rows, published."""
    from sessionlab import Lab

    Lab(scratch / "lab.duckdb").load(data / "codegen.db")


def duckdb_to_duckdb(data: Path, scratch: Path) -> None:
    """Copy the native tables from one DuckDB file to another, with row groups that use all cores: the write limit."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"ATTACH '{data / 'native.duckdb'}' AS native (READ_ONLY)")
    connection.execute(f"ATTACH '{scratch / 'copy.duckdb'}' AS copy (ROW_GROUP_SIZE 20480)")
    for table in _TABLES:
        connection.execute(f"CREATE TABLE copy.{table} AS FROM native.{table}")
    connection.execute("DETACH copy")


def sqlite_scanner(data: Path, scratch: Path) -> None:
    """Read the native tables with DuckDB's own extension."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension('sqlite_scanner')}'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"ATTACH '{data / 'codegen.db'}' AS source (TYPE sqlite, READ_ONLY)")
    connection.execute(f"ATTACH '{scratch / 'scanned.duckdb'}' AS scanned (ROW_GROUP_SIZE 20480)")
    for table in _TABLES:
        connection.execute(f"CREATE TABLE scanned.{table} AS FROM source.{table}")
    connection.execute("DETACH scanned")


def pandas_read_sql(data: Path, scratch: Path) -> None:
    """Read each table with pandas, and write it with DuckDB."""
    import sqlite3

    import duckdb
    import pandas as pd

    source = sqlite3.connect(data / "codegen.db")
    connection = duckdb.connect(str(scratch / "pandas.duckdb"))
    for table in _TABLES:
        frame = pd.read_sql(f"SELECT * FROM {table}", source)
        connection.register("frame", frame)
        connection.execute(f"CREATE TABLE {table} AS FROM frame")
    connection.close()


def polars_connectorx(data: Path, scratch: Path) -> None:
    """Read each table with Polars, which has connectorx read it, and write it with DuckDB."""
    import duckdb
    import polars as pl

    connection = duckdb.connect(str(scratch / "polars.duckdb"))
    for table in _TABLES:
        frame = pl.read_database_uri(f"SELECT * FROM {table}", f"sqlite://{data / 'codegen.db'}")
        connection.register("frame", frame.to_arrow())
        connection.execute(f"CREATE TABLE {table} AS FROM frame")
    connection.close()
