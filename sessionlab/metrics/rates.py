"""Success: how many of the judged sessions passed, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.metrics.query import Expressions, groups, nulls_last, select
from sessionlab.metrics.registry import metric
from sessionlab.schema import quote

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, as 95 % lie between it and its negative."""


def _wilson_bound(sign: str, certain: str, bound: str) -> str:
    """Write one bound of Wilson's score interval for ``passed`` of ``judged``, from the columns before it.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927);
    recommended by Brown, Cai & DasGupta, "Interval estimation for a binomial proportion", Statistical Science
    16 (2001). Where the count is ``certain`` the bound is exactly 0 or 1, which rounding would miss. The
    constants end on ``e0`` to be DOUBLE; without it they would be DECIMAL.
    """
    return f"""CASE
  WHEN judged = 0 THEN NULL
  WHEN passed = {certain} THEN {bound}
  ELSE (
    passed + {Z * Z / 2!r}e0 {sign} {Z!r}e0 * sqrt(passed * (1 - rate) + {Z * Z / 4!r}e0)
  ) / (judged + {Z * Z!r}e0)
END"""


SUCCESS: Expressions = {
    "judged": "count(success)",
    "passed": "count(*) FILTER (WHERE success)",
    "rate": "passed / nullif(judged, 0)",
    "low": _wilson_bound("-", "0", "0"),
    "high": _wilson_bound("+", "judged", "1"),
}
"""The columns that stand wherever a success rate does."""


@metric
def success_rate(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions, and tell how many of them succeeded.

    Columns: ``sessions``; ``judged``, those of known success; ``passed``; ``rate`` = passed / judged, and its
    95 % Wilson score interval ``low`` to ``high``, all from 0 to 1 and NULL where nothing is judged.
    """
    return select(groups(by, bucket), {"sessions": "count(*)", **SUCCESS}, where)


@metric
def topics(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions of each topic, and tell how many of them succeeded; the largest topic first.

    Columns: ``value``, the topic; ``sessions``; ``share`` of the group's sessions, from 0 to 1; then
    as in ``success_rate``.
    """
    return _values("topic", by, where, bucket)


def _values(column: str, by: str | Sequence[str], where: str | None, bucket: str | None) -> str:
    """Count the sessions, and the successes among them, for each value of one column within each group."""
    outer = groups(by, bucket)
    counts = {"sessions": "count(*)", "share": _share(outer), **SUCCESS}
    order = [*nulls_last(outer), "sessions DESC", "value NULLS LAST"]
    return select({**outer, "value": quote(column)}, counts, where, order=order)


def _share(outer: Expressions) -> str:
    """Write a row's part of its group's sessions.

    The ORDER BY changes no number, as all rows of a partition are equal under it. It is there because DuckDB
    2.0 answers a window without one by a self-join, which reads the sessions twice.
    """
    keys = ", ".join(outer.values())
    window = f"PARTITION BY {keys} ORDER BY {keys}" if keys else ""
    return f"count(*) / sum(count(*)) OVER ({window})"
