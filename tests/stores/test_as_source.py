"""A store is a source: a lab reads it while it is open and being written to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlab import CodegenStore, Lab, open_store

LOCKED = (
    "import fcntl, sys; file = open(sys.argv[1], 'r+b')\n"
    "try: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002); print('free')\n"
    "except OSError: print('locked')"
)
"""Whether anybody holds SQLite's shared lock, which tells others that a log is in use."""


@pytest.fixture
def store(store_url: str) -> Iterator[CodegenStore]:
    with open_store("codegen", store_url) as store:
        store.insert_error(store.insert_iteration(store.insert_session("first goal"), "code 1"), "syntax", "message")
        yield store


def goals(lab: Lab) -> list[tuple[str, int, int]]:
    return lab.sql("SELECT goal, attempts, errors FROM sessions ORDER BY goal").fetchall()


def test_a_lab_loads_a_store_that_is_open(store: CodegenStore) -> None:
    with Lab() as lab:
        report = lab.load(store, name="mine")
        assert (report.kinds, report.rejected, list(report.ignored)) == (("codegen",), 0, [])
        assert goals(lab) == [("first goal", 1, 1)]
        assert lab.sql("SELECT error_type, message FROM errors").fetchall() == [("syntax", "message")]


def test_a_refresh_brings_what_was_written_since(store: CodegenStore) -> None:
    with Lab() as lab:
        lab.load(store, name="mine")
        assert lab.refresh().loads == ()
        store.insert_iteration(store.insert_session("second goal"), "code 2")
        assert len(lab.refresh().loads) == 1
        assert goals(lab) == [("first goal", 1, 1), ("second goal", 1, 0)]


def test_what_is_not_committed_is_not_read(store: CodegenStore) -> None:
    with Lab() as lab, store.transaction():
        store.insert_session("second goal")
        lab.load(store)
        assert goals(lab) == [("first goal", 1, 1)]


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("by_path", [False, True])
def test_a_load_leaves_the_locks_of_the_store_alone(store: CodegenStore, by_path: bool, tmp_path: Path) -> None:
    path = store.url.removeprefix("sqlite:///")
    os.link(path, tmp_path / "link.db")

    def asked() -> str:
        done = subprocess.run([sys.executable, "-c", LOCKED, path], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert asked() == "locked"
    with Lab() as lab:
        lab.load(tmp_path / "link.db" if by_path else store)
        assert goals(lab) == [("first goal", 1, 1)]
    assert asked() == "locked"
    with open(path, "rb"):  # noqa: PTH123 - what any other reader would do
        pass
    assert asked() == "free"
