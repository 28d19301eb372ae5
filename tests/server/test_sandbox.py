"""The processes that answer SQL: how they start, on what, and how they end."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab, LabError
from sessionlab.server import process
from sessionlab.server.sandbox import Limits, Sandbox

Children = list["subprocess.Popen[bytes]"]


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """All processes that are started."""
    started: Children = []

    class Kept(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Kept)
    yield started
    for child in started:
        child.kill()
        child.wait()


@pytest.mark.parametrize("why", ["slow", "no lab"])
def test_one_that_does_not_start_is_ended(
    tmp_path: Path, children: Children, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "slow":
        monkeypatch.setattr(process, "_START_SECONDS", 0.0)
        with Lab(tmp_path / "lab.duckdb"):
            pass
    with pytest.raises(LabError, match=r"No process to answer SQL could be started on the lab .*lab\.duckdb"):
        process.Process(tmp_path / "lab.duckdb", "1", 128)
    assert [child.returncode is None for child in children] == [False]
    assert [pipe.closed for child in children for pipe in (child.stdin, child.stdout) if pipe] == [True, True]


def test_a_lab_in_memory_that_changes_while_processes_start(tmp_path: Path) -> None:
    records = json.loads(Path("data/workflow.json").read_text())[:12]
    counts, ended = set(), threading.Event()
    with Lab() as lab, ThreadPoolExecutor(3) as threads:
        sandbox = Sandbox(lab, Limits(seconds=20, processes=3))

        def ask() -> None:
            while not ended.is_set():
                counts.add(int(sandbox.run("SELECT count(*) FROM sessions").body.strip(b"[]")))

        asking = [threads.submit(ask) for _ in range(3)]
        try:
            for number, record in enumerate(records):
                (tmp_path / f"{number}.json").write_text(json.dumps([record]))
                lab.load(tmp_path / f"{number}.json")
        finally:
            ended.set()
        for each in asking:
            each.result()
        assert sandbox.run("SELECT count(*) FROM sessions").body == b"[[12]]"
        sandbox.close()
    assert counts <= set(range(13))
    assert len(counts) > 1


@pytest.mark.parametrize("place", ["folder", "url"])
def test_a_data_set_of_many_sources(tmp_path: Path, place: str) -> None:
    records = json.loads(Path("data/workflow.json").read_text())[:12]
    with Lab() as lab:
        for number, record in enumerate(records):
            (tmp_path / f"{number}.json").write_text(json.dumps([record]))
            lab.load(tmp_path / f"{number}.json")
        lab.export(tmp_path / "lake")
    fsspec = pytest.importorskip("fsspec")
    found = fsspec.filesystem("memory", skip_instance_cache=True)
    found.put(str(tmp_path / "lake"), "/lake", recursive=True)
    with Lab.attach(tmp_path / "lake" if place == "folder" else "memory://lake", filesystem=found) as attached:
        sandbox = Sandbox(attached)
        assert sandbox.run("SELECT count(*), count(DISTINCT source) FROM sessions").body == b"[[12,12]]"
        sandbox.close()
    found.rm("/lake", recursive=True)


def test_one_that_is_at_work_when_all_end_is_ended_too(lab: Lab, children: Children) -> None:
    sandbox = Sandbox(lab, Limits(processes=2))
    with sandbox._place(process.NOBODY), sandbox._place(process.NOBODY):
        sandbox.close()
    assert [child.returncode is None for child in children] == [False, False]


def test_one_that_nobody_ends_ends_by_itself(lab: Lab) -> None:
    """DuckDB cannot be stopped in the middle of this, which takes most of an hour."""
    place = process.Process(Path(str(lab.path)), "1", 128)
    query = "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))"
    asked = {"query": query, "rows": 1, "format": "json", "seconds": 0.1}
    process._pipe(place._child.stdin).write(json.dumps(asked).encode() + b"\n")
    process._pipe(place._child.stdin).flush()
    try:
        assert place._child.wait(60) == -signal.SIGALRM
    finally:
        place.end()
