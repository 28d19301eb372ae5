"""JSON files into a DuckDB file: worktree sessions, a hundred a file, and three tables nested in them."""

from __future__ import annotations

import json
from pathlib import Path

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


def ours(data: Path, scratch: Path) -> None:
    """Load with sessionlab: native and canonical rows, published."""
    from sessionlab import Lab

    Lab(scratch / "lab.duckdb").load(data / "worktree")


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


def json_normalize(data: Path, scratch: Path) -> None:
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


def polars_read_json(data: Path, scratch: Path) -> None:
    """Read with Polars, take the lists apart there, and write with DuckDB."""
    import duckdb
    import polars as pl

    files = sorted((data / "worktree").iterdir())
    frame = pl.concat((pl.read_json(path, infer_schema_length=None) for path in files), how="diagonal_relaxed")
    lists = {"instances": "instances", "chat_messages": "chatHistory", "runtime_mix": "runtimeMix"}
    tables = {"sessions": frame.drop(*lists.values())}
    for table, column in lists.items():
        rows = frame.select(session_id="id", row=column).explode("row").drop_nulls("row")
        tables[table] = rows if table == "runtime_mix" else rows.unnest("row")
    connection = duckdb.connect(str(scratch / "polars.duckdb"))
    for table, rows in tables.items():
        times = [name for name in (*_TIMES, "startTime", "endTime", "timestamp") if name in rows.columns]
        connection.register("rows", rows.with_columns(pl.col(times).str.to_datetime(time_zone="UTC")).to_arrow())
        connection.execute(f"CREATE TABLE {table} AS FROM rows")
    connection.close()


def sqlite_utils_insert_all(data: Path, scratch: Path) -> None:
    """Read with json.load and insert with sqlite-utils, into SQLite; lists stay JSON."""
    import sqlite_utils

    database = sqlite_utils.Database(scratch / "utils.db")
    with database.atomic():
        for path in sorted((data / "worktree").iterdir()):
            database.table("sessions").insert_all(json.loads(path.read_bytes()), alter=True)
    database.close()
