"""Postgres into a DuckDB file: the states of workflows."""

from __future__ import annotations

import os
from pathlib import Path

from tests.benchmarks.ways.extension import extension

URL = "BENCHMARK_POSTGRES"
"""The variable with the server's URL."""


def ours(data: Path, scratch: Path) -> None:
    """Load with sessionlab: native and canonical rows, published."""
    from sessionlab import Lab

    del data
    url = os.environ[URL]
    Lab(scratch / "lab.duckdb").load(f"{url}{'&' if '?' in url else '?'}schema=workflow")


def copy_to_nowhere(data: Path, scratch: Path) -> None:
    """COPY the same table in binary format to nowhere."""
    import psycopg

    del data, scratch
    statement = "COPY workflow.session_states TO STDOUT (FORMAT binary)"
    with psycopg.connect(os.environ[URL]) as connection, connection.cursor().copy(statement) as copy:
        for _ in copy:
            pass


def postgres_scanner(data: Path, scratch: Path) -> None:
    """Read the table with DuckDB's own extension."""
    import duckdb

    del data
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension('postgres_scanner')}'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"ATTACH '{os.environ[URL]}' AS source (TYPE postgres, READ_ONLY)")
    connection.execute(f"ATTACH '{scratch / 'scanned.duckdb'}' AS scanned (ROW_GROUP_SIZE 20480)")
    connection.execute("CREATE TABLE scanned.session_states AS FROM source.workflow.session_states")
    connection.execute("DETACH scanned")


def pandas_read_sql(data: Path, scratch: Path) -> None:
    """Read the table with pandas through SQLAlchemy, and write it with DuckDB."""
    import duckdb
    import pandas as pd
    import sqlalchemy as sa

    del data
    engine = sa.create_engine(os.environ[URL].replace("postgresql://", "postgresql+psycopg://"))
    frame = pd.read_sql("SELECT * FROM workflow.session_states", engine)
    frame["problem_tests"] = frame["problem_tests"].map(str, na_action="ignore")
    connection = duckdb.connect(str(scratch / "pandas.duckdb"))
    connection.register("frame", frame)
    connection.execute("CREATE TABLE session_states AS FROM frame")
    connection.close()


def polars_adbc(data: Path, scratch: Path) -> None:
    """Read the table with Polars through ADBC, and write it with DuckDB."""
    import duckdb
    import polars as pl

    del data
    frame = pl.read_database_uri("SELECT * FROM workflow.session_states", os.environ[URL], engine="adbc")
    connection = duckdb.connect(str(scratch / "polars.duckdb"))
    connection.register("frame", frame.to_arrow())
    connection.execute("CREATE TABLE session_states AS FROM frame")
    connection.close()
