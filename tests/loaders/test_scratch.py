"""The databases in which reading is tried."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sessionlab.loaders.scratch import Scratch, by_halves


def test_by_halves() -> None:
    tried: list[list[str]] = []

    def read(paths: list[str]) -> int:
        tried.append(paths)
        if "c" in paths:
            raise duckdb.InvalidInputException("c")
        return len(paths)

    assert list(by_halves(list("abcde"), read)) == [(["a", "b"], 2), (["c"], None), (["d", "e"], 2)]
    assert tried[0] == list("abcde")


def test_made_anew(tmp_path: Path) -> None:
    """A text that nests deep shuts a database down; the next query finds one that works."""
    (tmp_path / "deep.json").write_text("[" * 300 + "]" * 300)
    with Scratch() as scratch:
        with pytest.raises(duckdb.Error):
            scratch.fetch(f"SELECT json_structure(content) FROM read_text('{tmp_path / 'deep.json'}')")
        assert scratch.fetch("SELECT utc_time('1')") == [(datetime(1970, 1, 1, 0, 0, 1),)]
        with pytest.raises(duckdb.Error):
            scratch.fetch("SELECT no such thing")
        assert scratch.fetch("SELECT 1") == [(1,)]


def test_no_more_than_another() -> None:
    lab = duckdb.connect(config={"threads": "1", "memory_limit": "100MB"})
    with Scratch(lab) as scratch:
        ((threads, memory),) = scratch.fetch("SELECT current_setting('threads'), current_setting('memory_limit')")
    assert threads == 1
    assert memory.startswith("95.")


def test_stopped() -> None:
    """Neither the query that runs nor a half of it goes on, and none begins."""
    with Scratch() as scratch, ThreadPoolExecutor(1) as pool:
        endless = pool.submit(
            lambda: list(by_halves(["a", "b"], lambda _: scratch.fetch("SELECT sum(range) FROM range(10 ** 15)")))
        )
        began = time.monotonic()
        while not endless.done():
            scratch.stop()
            time.sleep(0.01)
        with pytest.raises(duckdb.InterruptException):
            endless.result()
        with pytest.raises(duckdb.InterruptException):
            scratch.fetch("SELECT 1")
    assert time.monotonic() - began < 60
