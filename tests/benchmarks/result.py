"""What a benchmark has found: figures of each way to do a case's work, and what was asked of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

OURS = "sessionlab"
"""The way that is ours, in every case."""


@dataclass(frozen=True)
class Figure:
    """What one way took: the median of its runs in seconds, and the most memory that it had, where it is known."""

    way: str
    seconds: float
    runs: int
    megabytes: float | None = None


@dataclass(frozen=True)
class Asked:
    """What is asked of ours, and what was found: a ratio to another way, or a number in a unit."""

    what: str
    found: float
    at_most: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether ours is as good as was asked."""
        return self.found <= self.at_most


@dataclass(frozen=True)
class Result:
    """A case at one size, all ways of it; ``ours`` comes first. ``size`` is empty where there is but one."""

    suite: str
    case: str
    size: str
    figures: tuple[Figure, ...]
    asked: tuple[Asked, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Tell which case it is: a later result takes the place of an earlier one."""
        return self.suite, self.case, self.size

    def seconds(self, way: str = OURS) -> float:
        """Give the median of a way."""
        return next(figure.seconds for figure in self.figures if figure.way == way)

    def lines(self) -> Iterator[str]:
        """Lay it out as a table: each way, its time beside ours, and below what was asked."""
        yield f"{self.suite} {self.case}{f', {self.size}' if self.size else ''}"
        for figure in self.figures:
            memory = "" if figure.megabytes is None else f"{figure.megabytes:8,.0f} MB"
            ratio = "" if figure.way == OURS else f"   ours/this {self.seconds() / figure.seconds:6.2f}"
            yield f"  {figure.way:<34}{_time(figure.seconds):>12}{memory:>12}{ratio}"
        for asked in self.asked:
            verdict = "yes" if asked.met else "NO"
            yield f"    {asked.what}: {asked.found:.2f} {asked.unit}, asked ≤ {asked.at_most:g}: {verdict}"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:,.2f} s"
    return f"{seconds * 1e3:,.1f} ms" if seconds >= 0.001 else f"{seconds * 1e3:.3f} ms"


def beside(result: Mapping[str, Figure], at_most: Mapping[str, float], memory: Mapping[str, float]) -> Iterator[Asked]:
    """Set ours beside the ways that something is asked of it for: its time, and its memory."""
    ours = result[OURS]
    for way, most in at_most.items():
        if way in result:
            yield Asked(f"time beside {way}", ours.seconds / result[way].seconds, most)
    for way, most in memory.items():
        if way in result:
            yield Asked(f"memory beside {way}", (ours.megabytes or 0) / (result[way].megabytes or 1), most)


def growth(results: Iterable[Result], sessions: Mapping[str, int], at_most: float) -> Iterator[str]:
    """Say how the time for each session grows from one size to the next larger one of the same case."""
    by_case: dict[str, list[Result]] = {}
    for result in results:
        if result.size in sessions:
            by_case.setdefault(result.case, []).append(result)
    for case, sizes in by_case.items():
        ordered = sorted(sizes, key=lambda result: sessions[result.size])
        for small, large in pairwise(ordered):
            found = large.seconds() / sessions[large.size] / (small.seconds() / sessions[small.size])
            asked = Asked(f"{case}: time for a session, {large.size} beside {small.size}", found, at_most)
            yield f"growth {asked.what}: {found:.2f} x, asked ≤ {at_most:g}: {'yes' if asked.met else 'NO'}"


def keep(path: Path, results: Iterable[Result]) -> None:
    """Put results into a file of JSON, in the place of earlier ones of the same cases."""
    kept = {result.key: result for result in [*read(path), *results]}
    shown = [asdict(kept[key]) for key in sorted(kept)]
    path.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> list[Result]:
    """Read the results that a file has; none where there is no file."""
    return [_result(found) for found in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def _result(found: Mapping[str, Any]) -> Result:
    figures = tuple(Figure(**figure) for figure in found["figures"])
    asked = tuple(Asked(**asked) for asked in found["asked"])
    return Result(found["suite"], found["case"], found["size"], figures, asked)
