"""A load that is killed or fails, at many moments: the lab stays as it was, and the next load works."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlab import Lab
from sessionlab.samples import write_samples
from tests.labs import beside, goals, one, sessions, start_python, write_json

LOAD = """
import sys
from sessionlab import Lab
lab = Lab(sys.argv[1])
print("ready", flush=True)
for source in sys.argv[2:]:
    lab.load(source)
"""
TABLES = ("codegen.session", "codegen.iteration", "codegen.error", "worktree.instances", "sessions", "sources", "files")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder, 2000, 1, kinds=["codegen", "worktree"], format="json")
    write_samples(folder, 1500, 1, kinds=["codegen"], format="sqlite")
    return folder


def counts(lab: Lab) -> dict[str, int]:
    return {table: one(lab, f"SELECT count(*) FROM {table}") for table in TABLES}


def kill_when(path: Path, sources: list[Path], moment: float | int) -> bool:
    """Kill a load some seconds after it began, or once its copy has so many bytes; say whether it was in time."""
    with start_python(LOAD, path, *sources) as loader:
        assert loader.stdout
        loader.stdout.readline()
        copy = path.with_name(f".{path.name}.loading") / "lab.duckdb"
        if isinstance(moment, float):
            time.sleep(moment)
        else:
            while loader.poll() is None and (not copy.exists() or copy.stat().st_size < moment):
                time.sleep(0.001)
        loader.send_signal(signal.SIGKILL)
    return loader.returncode == -signal.SIGKILL


def test_a_kill_at_any_moment_leaves_the_lab_whole(samples: Path, tmp_path: Path) -> None:
    path, old = tmp_path / "lab.duckdb", write_json(tmp_path / "old.json", [1, 2])
    sources = [samples / "codegen", samples / "codegen.db", samples / "worktree"]
    Lab(path).load(old)
    whole = path.read_bytes()
    moments = [*(0.001 + 0.09 * step for step in range(6)), *(1, 300_000, 900_000)]
    killed = 0
    for moment in moments:
        path.write_bytes(whole)
        killed += kill_when(path, sources[:1] if isinstance(moment, int) else sources, moment)
        lab = Lab(path)
        noted = {source for (source,) in lab.sources().project("source").fetchall()}
        assert "old" in noted
        assert {f"old:{number}" for number in (1, 2)} <= set(sessions(lab))
        for source in noted:
            rows = one(lab, f"SELECT rows FROM sources WHERE source = '{source}'")
            for table, count in json.loads(rows).items():
                assert one(lab, f"SELECT count(*) FROM {table} WHERE source = '{source}'") == count
    assert killed >= len(moments) // 2
    path.write_bytes(whole)
    lab = Lab(path, wait=5)
    fresh = Lab()
    fresh.load(old)
    for source in sources:
        lab.load(source)
        fresh.load(source)
    assert counts(lab) == counts(fresh)
    assert beside(path) == {"lab.duckdb", "lab.duckdb.lock"}


def test_what_a_killed_load_leaves_is_cleared_by_the_next(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "lab.duckdb"
    for _ in range(2):
        assert kill_when(path, [samples / "codegen"], 1)
        assert beside(path) == {".lab.duckdb.loading", "lab.duckdb.lock"}
        assert sessions(Lab(path)) == []
    Lab(path).load(write_json(tmp_path / "old.json", [1]))
    assert beside(path) == {"lab.duckdb", "lab.duckdb.lock"}


class Odd(Exception):
    pass


def moments() -> Iterator[int]:
    """Count the steps that a load tells of, and a few more."""
    yield from range(12)


@pytest.mark.parametrize("kind", [Odd, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["file", "memory"])
def test_an_exception_at_any_step_leaves_the_lab_whole(
    tmp_path: Path, where: str, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set(threading.enumerate())
    lab = Lab(tmp_path / "lab.duckdb" if where == "file" else None)
    runs = write_json(tmp_path / "runs.json", [1], goal="old")
    lab.load(runs)
    write_json(runs, [1, 2], goal="new")
    raised = 0
    for moment in range(12):
        steps = iter(range(moment + 1))

        def step(_: object, line: str, steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise kind(line)

        with monkeypatch.context() as patched:
            patched.setattr("sessionlab.progress.Meter.__call__", step)
            try:
                lab.load(runs)
            except kind:
                raised += 1
            else:
                break
        assert goals(lab) == {"runs:1": "old"}
    assert raised >= 3
    assert goals(lab) == {"runs:1": "new", "runs:2": "new"}
    assert set(threading.enumerate()) <= threads


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Have Ctrl-C raise KeyboardInterrupt, also where whoever started the tests ignores it, as a shell's ``&`` does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("where", ["file", "memory"])
def test_ctrl_c_in_the_middle_of_a_load(samples: Path, tmp_path: Path, where: str) -> None:
    lab = Lab(tmp_path / "lab.duckdb" if where == "file" else None)
    lab.load(write_json(tmp_path / "old.json", [1]))
    interrupted = 0
    for delay in (0.05, 0.15, 0.3):
        timer = threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        try:
            lab.load(samples / "worktree")
            timer.cancel()
        except KeyboardInterrupt:
            interrupted += 1
            if sessions(lab) != ["old:1"]:  # it came when the lab was in its place already: all or nothing
                assert len(sessions(lab)) == 1001
                lab.forget("worktree")
        else:
            lab.forget("worktree")
        timer.join()
    assert interrupted
    assert lab.load(samples / "worktree").sessions == 1000
    if where == "file":
        assert beside(tmp_path / "lab.duckdb") == {"lab.duckdb", "lab.duckdb.lock"}
