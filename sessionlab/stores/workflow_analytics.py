"""The key figures of a workflow store, summed up from the counts of its states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa

from sessionlab.intervals import wilson
from sessionlab.stores.statements import Row

Distribution = dict[str | None, int]


class SuccessRate(TypedDict):
    """How many of the judged sessions passed, and how sure that is."""

    judged: int
    passed: int
    rate: float | None
    low: float | None
    high: float | None


class AverageAttempts(TypedDict):
    """The means over the sessions that say how many attempts there were."""

    code: float | None
    problem: float | None


class Analytics(TypedDict):
    """What :meth:`~sessionlab.WorkflowStore.get_session_analytics` gives."""

    sessions: int
    success_rate: SuccessRate
    average_attempts: AverageAttempts
    topics: Distribution
    difficulties: Distribution
    workflow_status: Distribution


def counted_states(table: sa.Table) -> sa.Select[Any]:
    """Give the query that counts states by topic, difficulty and status: one statement, so all of one moment."""
    c = table.c
    judged = sa.and_(c.workflow_status.is_distinct_from("running"), c.tests_passed.is_not(None))
    passed = sa.and_(judged, c.tests_passed)
    parts = (c.topic, c.difficulty, c.workflow_status)
    sums = {
        "sessions": sa.func.count(),
        "judged": _count(judged),
        "passed": _count(passed),
        "code": sa.func.sum(c.code_attempts),
        "code_known": sa.func.count(c.code_attempts),
        "problem": sa.func.sum(c.problem_attempts),
        "problem_known": sa.func.count(c.problem_attempts),
    }
    return sa.select(*parts, *(value.label(name) for name, value in sums.items())).group_by(*parts)


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((condition, sa.literal_column("1"))))


def analytics_of(counted: Sequence[Row]) -> Analytics:
    """Sum up the counts."""

    def total(name: str) -> int:
        return sum(int(row[name] or 0) for row in counted)

    def mean(name: str) -> float | None:
        known = total(f"{name}_known")
        return total(name) / known if known else None

    return {
        "sessions": total("sessions"),
        "success_rate": success_rate(total("passed"), total("judged")),
        "average_attempts": {"code": mean("code"), "problem": mean("problem")},
        "topics": _distribution(counted, "topic"),
        "difficulties": _distribution(counted, "difficulty"),
        "workflow_status": _distribution(counted, "workflow_status"),
    }


def _distribution(counted: Sequence[Row], name: str) -> Distribution:
    counts: Counter[str | None] = Counter()
    for row in counted:
        counts[row[name]] += row["sessions"]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0] is None, item[0] or "")))


def success_rate(passed: int, judged: int) -> SuccessRate:
    """Give the share that passed, with Wilson's 95 % score interval.

    >>> success_rate(8, 10)
    {'judged': 10, 'passed': 8, 'rate': 0.8, 'low': 0.4901624715366417, 'high': 0.9433178485456247}
    """
    if not judged:
        return {"judged": 0, "passed": 0, "rate": None, "low": None, "high": None}
    low, high = wilson(passed, judged)
    return {"judged": judged, "passed": passed, "rate": passed / judged, "low": low, "high": high}
