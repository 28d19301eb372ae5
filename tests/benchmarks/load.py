"""Loading SQLite, JSON and Postgres into a lab's file, native and canonical rows; and the refresh of many files."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.benchmarks.measure import Case

_CODEGEN = ("session", "iteration", "error")


def ours_sqlite(data: Path, scratch: Path) -> None:
    """Load with sessionlab: native and canonical rows, published."""
    from sessionlab import Lab

    Lab(scratch / "lab.duckdb").load(data / "codegen.db")


def copy_duckdb(data: Path, scratch: Path) -> None:
    """Copy the native tables from one DuckDB file to another, with row groups that use all cores: the write limit."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"ATTACH '{data / 'native.duckdb'}' AS native (READ_ONLY)")
    connection.execute(f"ATTACH '{scratch / 'copy.duckdb'}' AS copy (ROW_GROUP_SIZE 20480)")
    for table in _CODEGEN:
        connection.execute(f"CREATE TABLE copy.{table} AS FROM native.{table}")
    connection.execute("DETACH copy")


def pandas_sqlite(data: Path, scratch: Path) -> None:
    """Read each table with pandas, and write it with DuckDB."""
    import sqlite3

    import duckdb
    import pandas as pd

    source = sqlite3.connect(data / "codegen.db")
    connection = duckdb.connect(str(scratch / "pandas.duckdb"))
    for table in _CODEGEN:
        frame = pd.read_sql(f"SELECT * FROM {table}", source)
        connection.register("frame", frame)
        connection.execute(f"CREATE TABLE {table} AS FROM frame")
    connection.close()


def ours_json(data: Path, scratch: Path) -> None:
    """Load with sessionlab: native and canonical rows, published."""
    from sessionlab import Lab

    Lab(scratch / "lab.duckdb").load(data / "worktree")


_TEXTS = ("id", "type", "task", "status", "model", "integrationPhase")
_TIMES = ("createdAt", "updatedAt", "completedAt")
_WHOLE = (
    "timeoutSeconds",
    "winnerId",
    "totalDuration",
    "totalFilesChanged",
    "totalLinesAdded",
    "totalLinesDeleted",
    "integrationInstanceId",
)
_INSTANCE = (
    "instanceId BIGINT, worktreePath VARCHAR, branch VARCHAR, agentName VARCHAR, status VARCHAR, tmuxSessionId VARCHAR,"
    " output VARCHAR, startTime TIMESTAMP, endTime TIMESTAMP, filesChanged BIGINT, linesAdded BIGINT,"
    " linesDeleted BIGINT, runtime VARCHAR, model VARCHAR, runtimeLabel VARCHAR"
)
_MESSAGE = "id VARCHAR, role VARCHAR, content VARCHAR, timestamp TIMESTAMP, instanceId BIGINT"


def read_json(data: Path, scratch: Path) -> None:
    """Read the same native tables by hand-written SQL: one strict pass of read_json a table, each with its columns."""
    import duckdb

    files = f"'{data}/worktree/*.json'"
    root = dict.fromkeys(_TEXTS, "VARCHAR") | dict.fromkeys(_TIMES, "TIMESTAMP")
    root |= dict.fromkeys(_WHOLE, "BIGINT") | {"preserveWorktrees": "BOOLEAN"}
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"ATTACH '{scratch / 'bare.duckdb'}' AS bare (ROW_GROUP_SIZE 20480)")
    columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in root.items())
    connection.execute(
        f"CREATE TABLE bare.sessions AS SELECT 's' AS source, * FROM"
        f" read_json({files}, format = 'array', columns = {{{columns}}}, filename = true)"
    )
    for table, key, type_ in (
        ("instances", "instances", f"STRUCT({_INSTANCE})[]"),
        ("chat_messages", "chatHistory", f"STRUCT({_MESSAGE})[]"),
        ("session_runtime_mix", "runtimeMix", "VARCHAR[]"),
    ):
        element = "e.*" if "STRUCT" in type_ else "e"
        connection.execute(
            f"CREATE TABLE bare.{table} AS SELECT 's' AS source, filename, session_id, {element}"
            f" FROM (SELECT filename, id AS session_id, unnest({key}) AS e FROM read_json({files}, format = 'array',"
            f" columns = {{'id': 'VARCHAR', '{key}': '{type_}'}}, filename = true))"
        )
    connection.execute("DETACH bare")


def pandas_json(data: Path, scratch: Path) -> None:
    """Read with json.load, take apart with json_normalize, write with DuckDB."""
    import duckdb
    import pandas as pd

    frames: dict[str, list[pd.DataFrame]] = {"sessions": [], "instances": [], "chat_messages": [], "runtime_mix": []}
    for path in sorted((data / "worktree").iterdir()):
        sessions = json.loads(path.read_bytes())
        plain = [{k: v for k, v in s.items() if k not in ("instances", "chatHistory", "runtimeMix")} for s in sessions]
        frames["sessions"].append(pd.json_normalize(plain))
        frames["instances"].append(pd.json_normalize(sessions, "instances", ["id"], meta_prefix="session_"))
        frames["chat_messages"].append(pd.json_normalize(sessions, "chatHistory", ["id"], meta_prefix="session_"))
        mixed = [s for s in sessions if s.get("runtimeMix")]
        frames["runtime_mix"].append(pd.json_normalize(mixed, "runtimeMix", ["id"]))
    connection = duckdb.connect(str(scratch / "pandas.duckdb"))
    for table, parts in frames.items():
        frame = pd.concat([part for part in parts if len(part)])
        for column in frame.columns.intersection([*_TIMES, "startTime", "endTime", "timestamp"]):
            frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601").dt.tz_localize(None)
        connection.register("frame", frame)
        connection.execute(f"CREATE TABLE {table} AS FROM frame")
    connection.close()


def ours_postgres(data: Path, scratch: Path) -> None:
    """Load with sessionlab: native and canonical rows, published."""
    from sessionlab import Lab

    del data
    url = os.environ["BENCHMARK_POSTGRES"]
    Lab(scratch / "lab.duckdb").load(f"{url}{'&' if '?' in url else '?'}schema=workflow")


def copy_postgres(data: Path, scratch: Path) -> None:
    """COPY the same table in binary format to nowhere."""
    import psycopg

    del data, scratch
    with psycopg.connect(os.environ["BENCHMARK_POSTGRES"]) as connection, connection.cursor() as cursor:
        statement = "COPY workflow.session_states TO STDOUT (FORMAT binary)"
        with cursor.copy(statement) as copy:
            for _ in copy:
                pass


def ours_refresh(data: Path, scratch: Path) -> None:
    """Refresh a lab of 10,000 files of which none has changed."""
    from sessionlab import Lab

    del scratch
    with Lab(data / "lab.duckdb") as lab:
        report = lab.refresh()
    assert report.unchanged == 10_000, report


def stat_files(data: Path, scratch: Path) -> None:
    """Stat the same files, having imported DuckDB: what no refresh can do without."""
    import duckdb

    del scratch
    duckdb.connect(str(data / "lab.duckdb"), read_only=True).close()
    for entry in os.scandir(data / "files"):
        entry.stat()


CASES = {
    case.name: case
    for case in (
        Case(
            "sqlite",
            {"ours": ours_sqlite, "DuckDB to DuckDB": copy_duckdb, "pandas.read_sql": pandas_sqlite},
            "DuckDB to DuckDB",
            {"DuckDB to DuckDB": 1.5, "pandas.read_sql": 1.0},
        ),
        Case(
            "json",
            {"ours": ours_json, "read_json by hand": read_json, "json.load + json_normalize": pandas_json},
            "read_json by hand",
            {"read_json by hand": 2.0, "json.load + json_normalize": 0.4},
        ),
        Case(
            "postgres",
            {"ours": ours_postgres, "COPY binary to nowhere": copy_postgres},
            "COPY binary to nowhere",
            {"COPY binary to nowhere": 2.5},
        ),
        Case("refresh", {"ours": ours_refresh, "stat only": stat_files}, "stat only"),
    )
}
