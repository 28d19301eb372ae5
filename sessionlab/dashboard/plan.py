"""What a cube keeps and what it gathers: from the finest that is readable to what fits in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, log, prod
from typing import Any

LIMIT = 20_000
"""The most cells that a cube may have."""

BUCKETS: Mapping[str, float] = {
    "day": 1,
    "week": 7,
    "month": 30.44,
    "quarter": 91.3,
    "year": 365.25,
    "decade": 3652.5,
    "century": 36525,
}
"""The spans of time that a cube can count by, the finest first, and their lengths in days."""

CAPS = (10, 7, 5, 3, 1)
"""From how many attempts on sessions are counted together; the first is the usual one."""

_POINTS = 80
"""How many buckets a timeline can show and stay readable."""


@dataclass(frozen=True)
class Category:
    """A column to count by: its largest values and their sessions, how many values there are, and if NULL is there."""

    column: str
    values: tuple[Any, ...]
    sizes: tuple[int, ...]
    distinct: int
    unknown: bool
    weight: float = 1

    def cells(self, kept: int) -> int:
        """Count the groups that there are if so many values stand alone."""
        return kept + (kept < self.distinct) + self.unknown


@dataclass(frozen=True)
class Facts:
    """What is known of the sessions before they are counted: ``first`` and ``last`` are days since 1970."""

    sessions: int
    categories: tuple[Category, ...] = ()
    first: int | None = None
    last: int | None = None
    attempts: int | None = None

    def buckets(self, bucket: str | None) -> int:
        """Count the buckets that the sessions may lie in; the unknown one is among them."""
        if bucket is None or self.first is None or self.last is None:
            return 1
        return int((self.last - self.first) / BUCKETS[bucket]) + 3


@dataclass(frozen=True)
class Plan:
    """How to count: the values of each column that stand alone, the bucket (None for no time), the most attempts."""

    kept: Mapping[str, tuple[Any, ...]]
    bucket: str | None
    cap: int = CAPS[0]


def finest(facts: Facts) -> Plan:
    """Give the plan that keeps the most while each panel stays readable."""
    kept = {category.column: category.values for category in facts.categories}
    readable = (bucket for bucket in BUCKETS if facts.buckets(bucket) <= _POINTS)
    return Plan(kept, next(readable, None) if facts.first is not None else None)


def ladder(facts: Facts, limit: int = LIMIT) -> list[Plan]:
    """Give plans of fewer and fewer cells, down to one that cannot have more than ``limit``.

    Each step takes from the one before what costs the least for what it saves: rare values before frequent ones,
    and of what there is much of, as buckets of time, before that of which there is little.
    """
    rungs = [finest(facts)]
    while most(rungs[-1], facts) > limit:
        rungs.append(_coarser(rungs[-1], facts))
    return rungs


def most(plan: Plan, facts: Facts) -> int:
    """Count the cells that there are at most."""
    groups = prod(category.cells(len(plan.kept[category.column])) for category in facts.categories)
    return groups * facts.buckets(plan.bucket) * (min(plan.cap, facts.attempts or 0) + 2)


def _coarser(plan: Plan, facts: Facts) -> Plan:
    whole = most(plan, facts)

    def price(step: tuple[float, Plan]) -> float:
        saved = log(whole / most(step[1], facts))
        return step[0] / saved if saved > 0 else inf

    return min(_steps(plan, facts), key=price)[1]


def _steps(plan: Plan, facts: Facts) -> Iterator[tuple[float, Plan]]:
    """Give what can be done next, each with its cost."""
    if plan.bucket is not None:
        names = [*BUCKETS, None]
        coarser = replace(plan, bucket=names[names.index(plan.bucket) + 1])
        yield 6 * _coarsening(facts.buckets(plan.bucket), facts.buckets(coarser.bucket)), coarser
    if plan.cap > CAPS[-1]:
        coarser = replace(plan, cap=CAPS[CAPS.index(plan.cap) + 1])
        yield 2 * _coarsening(plan.cap, coarser.cap), coarser
    for category in facts.categories:
        yield from _gatherings(plan, category, facts.sessions)


def _gatherings(plan: Plan, category: Category, sessions: int) -> Iterator[tuple[float, Plan]]:
    """Gather the rarest values of a column that still stand alone: a few of them, half, or all."""
    alone = len(plan.kept[category.column])
    for kept in {alone - max(1, alone // 5), alone - 2, alone // 2, 0}:
        if 0 <= kept < alone:
            lost = sum(category.sizes[kept:alone]) / sessions
            cost = category.weight * (lost / 2 + _coarsening(alone, kept))
            yield cost, replace(plan, kept={**plan.kept, category.column: category.values[:kept]})


def _coarsening(before: int, after: int) -> float:
    """Say what it costs to tell so many apart instead of so many: the fewer there are, the more one counts."""
    return 1 / (after or 0.5) - 1 / before
