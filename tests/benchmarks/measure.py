"""Running each way of a case in a process of its own, in turn, and setting medians side by side."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Way = Callable[[Path, Path], None]
"""One way to do the work of a case: takes the folder of the data, and one to write to."""


@dataclass(frozen=True)
class Case:
    """Several ways to do the same work; ``limit`` names the one that the others are measured against.

    ``at_most`` is what is asked of ``ours`` beside another way: a ratio of times.
    """

    name: str
    ways: Mapping[str, Way]
    limit: str
    at_most: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Figures:
    """Seconds and peak MB of the runs of one way, whole processes."""

    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


def run(case: Case, data: Path, scratch: Path, rounds: int) -> dict[str, Figures]:
    """Run every way of a case in turn, ``rounds`` times, and collect the figures."""
    figures = {name: Figures() for name in case.ways}
    for _ in range(rounds):
        for name in case.ways:
            seconds, megabytes = _process(["-m", "tests.benchmarks", "--way", case.name, name, str(data)], scratch)
            figures[name].seconds.append(seconds)
            figures[name].megabytes.append(megabytes)
    return figures


def _process(arguments: Sequence[str], scratch: Path) -> tuple[float, float]:
    """Run Python in a process of its own; return its seconds and the most memory that it had, in MB."""
    for old in scratch.iterdir():
        old.unlink()
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments, str(scratch)])
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} failed")
    return seconds, used.ru_maxrss / 1024


def lines(case: Case, figures: Mapping[str, Figures]) -> list[str]:
    """Say what came out: median seconds, peak memory, the ratio to the limit, and what was asked."""
    limit, ours = figures[case.limit].median, figures["ours"].median
    said = [f"{case.name}:"]
    for name, found in figures.items():
        told = f"  {name:<34}{found.median:8.2f} s {max(found.megabytes):8.0f} MB   {found.median / limit:5.2f} x limit"
        if name in case.at_most:
            ratio = ours / found.median
            verdict = "yes" if ratio <= case.at_most[name] else "NO"
            told += f"   ours/this {ratio:.2f}, asked ≤ {case.at_most[name]}: {verdict}"
        said.append(told)
    return said
