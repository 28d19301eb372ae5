"""Success: how many of the judged sessions passed, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.intervals import Z
from sessionlab.metrics.arguments import checked_bucket
from sessionlab.metrics.query import Expressions, groups, select
from sessionlab.metrics.registry import metric


def _wilson_bound(sign: str, passed: str, judged: str, certain: str) -> str:
    """Write one bound of Wilson's score interval for ``passed`` of ``judged``, from the columns before it.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927);
    recommended by Brown, Cai & DasGupta, "Interval estimation for a binomial proportion", Statistical Science
    16 (2001). Where the count is ``certain`` the bound is the rate itself, exactly 0 or 1, which rounding would
    miss. Without a rate there is none. The constants end on ``e0`` to be DOUBLE; without it they would be DECIMAL.
    """
    middle, reach = f"{passed} + {Z * Z / 2!r}e0", f"{Z!r}e0 * sqrt({passed} * (1 - rate) + {Z * Z / 4!r}e0)"
    return f"CASE {passed} WHEN {certain} THEN rate ELSE ({middle} {sign} {reach}) / ({judged} + {Z * Z!r}e0) END"


def rate_of(passed: str, judged: str) -> Expressions:
    """Give the columns ``rate``, ``low`` and ``high`` of two columns that count."""
    return {
        "rate": f"{passed} / nullif({judged}, 0)",
        "low": _wilson_bound("-", passed, judged, "0"),
        "high": _wilson_bound("+", passed, judged, judged),
    }


PASSED = "CAST(coalesce(count_if(success), 0) AS BIGINT)"
"""How many passed: DuckDB 2 takes a quarter less time for this than to count with a FILTER, yet makes it a HUGEINT, or
NULL where it is not known of any."""
SUCCESS: Expressions = {
    "judged": "count(success)",
    "passed": PASSED,
    **rate_of("passed", "judged"),
}
"""The columns that stand wherever a success rate does."""
RATES = ("rate", "low", "high")
"""Those of them that are made of the others."""


@metric
def success_rate(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions, and tell how many of them succeeded.

    Columns: ``sessions``; ``judged``, those of known success; ``passed``; ``rate`` = passed / judged, and its
    95 % Wilson score interval ``low`` to ``high``, all from 0 to 1 and NULL where nothing is judged.

    >>> lab.metrics.success_rate(by="kind").project("kind, judged, passed, round(rate, 2) AS rate").fetchall()
    [('codegen', 100, 82, 0.82), ('conversation', 92, 76, 0.83), ('workflow', 95, 74, 0.78), ('worktree', 97, 59, 0.61)]
    """
    return select(groups(by, bucket), {"sessions": "count(*)", **SUCCESS}, where, derived=RATES)


@metric
def timeline(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str = "week") -> str:
    """Count the sessions that started in each span of time, and tell how many of them succeeded.

    Columns: ``bucket``, the start of the span, NULL for the sessions whose start is not known; then as in
    ``success_rate``. A span in which no session started has no row.

    >>> lab.metrics.timeline(bucket="month").project("bucket::DATE::VARCHAR, sessions").limit(2).fetchall()
    [('2025-09-01', 44), ('2025-10-01', 48)]
    """
    return select(groups(by, checked_bucket(bucket)), {"sessions": "count(*)", **SUCCESS}, where, derived=RATES)
