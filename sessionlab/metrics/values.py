"""The values of one column: how many sessions each has, and how they fare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sessionlab.metrics.query import groups, nulls_last, select, window
from sessionlab.metrics.rates import RATES, SUCCESS
from sessionlab.metrics.registry import metric
from sessionlab.schema import quote


@metric
def topics(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions of each topic, and tell how many of them succeeded; the largest topic first.

    Columns: ``value``, the topic; ``sessions``; ``share`` of the group's sessions, from 0 to 1; then
    as in ``success_rate``.

    >>> lab.metrics.topics(where="topic IS NOT NULL").project("value, sessions, passed").limit(2).fetchall()
    [('arrays', 26, 22), ('sorting', 21, 19)]
    """
    return _values("topic", by, where, bucket)


@metric
def difficulties(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions of each difficulty, and tell how many of them succeeded; the most frequent first.

    Columns: ``value``, the difficulty; the others as in ``topics``.

    >>> lab.metrics.difficulties(where="difficulty IS NOT NULL").project("value, sessions").fetchall()
    [('hard', 74), ('easy', 72), ('medium', 54)]
    """
    return _values("difficulty", by, where, bucket)


@metric
def statuses(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions of each status, and tell how many of them succeeded; the most frequent first.

    Columns: ``value``, the status; the others as in ``topics``.

    >>> lab.metrics.statuses().project("value, sessions").fetchall()
    [('completed', 313), ('failed', 77), ('running', 9), ('paused', 1)]
    """
    return _values("status", by, where, bucket)


@metric
def modes(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions of each mode, and tell how many of them succeeded; the most frequent first.

    Columns: ``value``, the mode; the others as in ``topics``.

    >>> lab.metrics.modes(where="kind = 'worktree'").project("value, sessions").fetchall()
    [('competition', 50), ('ensemble', 26), ('debate', 24)]
    """
    return _values("mode", by, where, bucket)


def share(outer: Iterable[str]) -> str:
    """Write a row's part of the sessions of its group, which is told by these columns."""
    return f"count(*) / sum(count(*)) OVER {window(outer)}"


def _values(column: str, by: str | Sequence[str], where: str | None, bucket: str | None) -> str:
    """Count the sessions, and the successes among them, for each value of one column within each group."""
    outer = groups(by, bucket)
    counts = {"value": quote(column), "sessions": "count(*)", "share": share(outer.values()), **SUCCESS}
    order = [*nulls_last(outer), "sessions DESC", "value NULLS LAST"]
    return select(outer, counts, where, inner=["value"], order=order, derived=RATES)
