"""A source five times as large as the memory that DuckDB may take loads, and the process stays small."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from random import Random

import pytest

from tests.labs import run_python

LOAD = r"""
import re, sys
from pathlib import Path
from sessionlab import Lab
lab = Lab(sys.argv[1], memory_limit=sys.argv[3], threads=1)
report = lab.load(sys.argv[2])
assert report.rejected == 0
size = lab.sql("SELECT sum(length(code)) FROM codegen.iteration").fetchall()[0][0]
peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
print(report.sessions, size, int(peak[1]) >> 10)
"""
LIMIT = 72_000_000
SESSIONS = 72_000
TEXT = 5 * LIMIT // SESSIONS + 1


def texts() -> Iterator[str]:
    """Give texts, every few hundred of them the same."""
    random = Random(1)
    made = [random.randbytes(TEXT // 16).hex() * 8 for _ in range(300)]
    return (text.ljust(TEXT, "-") for text in islice(cycle(made), SESSIONS))


def write_json(folder: Path) -> Path:
    for part in range(20):
        count = SESSIONS // 20
        records = (
            f'{{"id": {number}, "design_goal": "g", "iterations": [{{"id": {number}, "code": "{text}"}}]}}'
            for number, text in enumerate(islice(texts(), count), part * count)
        )
        (folder / f"{part}.json").write_text(f"[{','.join(records)}]")
    return folder


def write_sqlite(folder: Path) -> Path:
    with closing(sqlite3.connect(folder / "large.db")) as store, store:
        store.execute("CREATE TABLE session (id INTEGER PRIMARY KEY, design_goal TEXT)")
        store.execute("CREATE TABLE iteration (id INTEGER PRIMARY KEY, session_id INTEGER, code TEXT)")
        store.executemany("INSERT INTO session VALUES (?, 'g')", ((number,) for number in range(SESSIONS)))
        rows = ((number, number, text) for number, text in enumerate(texts()))
        store.executemany("INSERT INTO iteration VALUES (?, ?, ?)", rows)
    return folder / "large.db"


@pytest.mark.parametrize("write", [write_json, write_sqlite])
def test_a_source_five_times_the_memory_limit_loads(tmp_path: Path, write: object) -> None:
    assert callable(write)
    (tmp_path / "large").mkdir()
    source = write(tmp_path / "large")
    done = run_python(LOAD, tmp_path / "lab.duckdb", source, f"{LIMIT}B")
    assert done.returncode == 0, done.stderr
    sessions, size, megabytes = map(int, done.stdout.split())
    assert (sessions, size) == (SESSIONS, SESSIONS * TEXT)
    assert size >= 5 * LIMIT
    assert megabytes < 400
