"""A lab of 10,000 small files that is brought up to date."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path


def ours(data: Path, scratch: Path) -> None:
    """Refresh the lab where no file has changed."""
    from sessionlab import Lab

    del scratch
    with Lab(data / "lab.duckdb") as lab:
        report = lab.refresh()
    assert report.unchanged == 10_000, report


def stat_only(data: Path, scratch: Path) -> None:
    """Stat the same files, having opened the lab with DuckDB: what no refresh can do without."""
    import duckdb

    del scratch
    duckdb.connect(str(data / "lab.duckdb"), read_only=True).close()
    for entry in os.scandir(data / "files"):
        entry.stat()


def ours_changed(data: Path, scratch: Path) -> None:
    """Refresh the lab where one file has changed."""
    from sessionlab import Lab

    del scratch
    change(data)
    with Lab(data / "lab.duckdb") as lab:
        report = lab.refresh()
    assert (len(report.changed), report.unchanged) == (1, 9999), report


def copied(data: Path, scratch: Path) -> None:
    """Copy the lab, read the file that has changed into the copy, and put the copy in the lab's place."""
    import duckdb

    path = data / "files" / "00077.json"
    before, text = path.stat(), path.read_bytes()
    change(data)
    copy = scratch / "copy.duckdb"
    shutil.copyfile(data / "lab.duckdb", copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("DELETE FROM workflow.session_states WHERE file = ?", [str(path)])
        connection.execute(
            "INSERT INTO workflow.session_states BY NAME SELECT 'files' AS source, filename AS file,"
            " * EXCLUDE (filename) FROM read_json(?, filename = true, columns = {'thread_id': 'VARCHAR',"
            " 'user_prompt': 'VARCHAR', 'tests_passed': 'BOOLEAN', 'code_attempts': 'BIGINT'})",
            [str(path)],
        )
    shutil.move(copy, scratch / "lab.duckdb")
    path.write_bytes(text)  # as it was, as the lab that is kept knows nothing of the change
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def settle(data: Path) -> None:
    """Bring the lab up to date with its files."""
    from sessionlab import Lab

    with Lab(data / "lab.duckdb") as lab:
        lab.refresh()


def change(data: Path) -> None:
    """Write another prompt into one of the files."""
    write(data / "files" / "00077.json", 77, f"asked at {time.time_ns()}")


def write(path: Path, number: int, prompt: str) -> None:
    """Write a file with one session."""
    session = {"thread_id": f"t{number}", "user_prompt": prompt, "tests_passed": True, "code_attempts": 1}
    path.write_text(json.dumps(session))
