"""Running the ways to do a case's work in turn: whole processes, or calls within this one."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.result import OURS, Asked, Figure, Result, beside

Way = Callable[[Path, Path], None]
"""One way to do the work of a case: takes the folder of the data, and an empty one to write to."""

ASKED_AT = "medium"
"""The size at which something is asked of a load."""

_SLOW = 2.0
"""A call that takes longer than this many seconds is made once."""


@dataclass(frozen=True)
class Case:
    """Several ways to do the same work, each in a process of its own.

    Attributes:
        name: What it is called.
        data: The name of the data that it works on.
        ways: The ways, ours among them.
        limit: The way that does the same by hand-written code on the bare engine.
        at_most: What is asked of our time beside other ways, as ratios.
        memory: The same of memory.
        packages: What has to be installed for a way beside what the tests need.
        settle: Puts the data in order before the first run, as one that was broken off may have left them.
        one_size: Whether the data are of one size, whichever is asked for.
    """

    name: str
    data: str
    ways: Mapping[str, Way]
    limit: str
    at_most: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settle: Callable[[Path], None] = lambda _: None
    one_size: bool = False

    def names(self, peers: bool) -> list[str]:
        """Name the ways to run; without the peers ours and the limit are left."""
        return [name for name in self.ways if peers or name in (OURS, self.limit)]


def run(
    case: Case,
    size: str,
    data: Path,
    scratch: Path,
    *,
    rounds: int,
    peers: bool,
    paths: Mapping[str, Path | None],
) -> Result:
    """Run every way of a case in turn, ``rounds`` times.

    ``paths`` says where the packages of a way are; it is left out where they could not be had.
    """
    names = [name for name in case.names(peers) if name not in case.packages or paths.get(name)]
    case.settle(data)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    megabytes: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            way = case.ways[name]
            command = ["-m", "tests.benchmarks.way", way.__module__, way.__name__, str(data)]
            took, most = process(command, scratch, paths.get(name))
            seconds[name].append(took)
            megabytes[name].append(most)
    figures = {
        name: Figure(name, statistics.median(seconds[name]), rounds, statistics.median(megabytes[name]))
        for name in names
    }
    asked = tuple(beside(figures, case.at_most, case.memory)) if size == ASKED_AT else ()
    return Result("load", case.name, "" if case.one_size else size, tuple(figures.values()), asked)


def process(arguments: Sequence[str], scratch: Path, packages: Path | None = None) -> tuple[float, float]:
    """Run Python in a process of its own; return its seconds and the most memory that it had, in MB."""
    for old in scratch.iterdir():
        old.unlink()
    found = {"PYTHONPATH": str(packages)} if packages else {}
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-W", "ignore", *arguments, str(scratch)], env={**os.environ, **found})
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{arguments} failed")
    return seconds, used.ru_maxrss / 1024


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int, calls: int = 1) -> dict[str, Figure]:
    """Make calls in turn within this process, and give the median of each: of the time of one call.

    Each is made once before, to warm up; what is slow then is not made again.
    """
    seconds: dict[str, list[float]] = {name: [_timed(way, 1)] for name, way in ways.items()}
    quick = {name: way for name, way in ways.items() if seconds[name][0] < _SLOW}
    seconds |= {name: [] for name in quick}
    for _ in range(rounds):
        for name, way in quick.items():
            seconds[name].append(_timed(way, calls))
    return {name: Figure(name, statistics.median(taken), len(taken)) for name, taken in seconds.items()}


def _timed(way: Callable[[], object], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        way()
    return (time.perf_counter() - began) / calls


def within(what: str, seconds: float, at_most: float) -> Asked:
    """Say whether ours takes no more than some seconds."""
    return Asked(what, seconds, at_most, "s") if at_most >= 1 else Asked(what, seconds * 1e3, at_most * 1e3, "ms")
