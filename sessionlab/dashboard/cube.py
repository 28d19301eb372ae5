"""The SQL of the cube, and of what is asked before it; pure functions.

In a cube's columns -1 stands for NULL. A value that stands alone has its place in the plan as its code, and the
others share the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sessionlab.dashboard.plan import Plan
from sessionlab.metrics.arguments import session_column
from sessionlab.metrics.query import Expressions, constant, following, groups, query, select
from sessionlab.metrics.rates import PASSED
from sessionlab.schema import quote

UNKNOWN = -1
"""The code of NULL."""

COUNTS: Expressions = {
    "sessions": "count(*)",
    "judged": "count(success)",
    "passed": PASSED,
}

_DAYS = "date_diff('day', DATE '1970-01-01', {})"


def known_sql(columns: Sequence[str], where: str | None) -> str:
    """Count the sessions and those of which each column is known; give the first and last day, the most attempts."""
    days = {"first": _DAYS.format("min(started_at)"), "last": _DAYS.format("max(started_at)")}
    known = {f"known_{column}": f"count({quote(column)})" for column in columns}
    return select(
        {}, {"sessions": "count(*)", "dated": "count(started_at)", "most": "max(attempts)", **days, **known}, where
    )


def values_sql(columns: Sequence[str], where: str | None) -> str:
    """Count the values of each column."""
    return select({}, {f"values_{column}": f"count(DISTINCT {quote(column)})" for column in columns}, where)


def largest_sql(column: str, limit: int, where: str | None) -> str:
    """Give the values of a column that most sessions have, NULL aside."""
    name = quote(column)
    order = ["sessions DESC", name]
    counted = select(
        groups(column, None), {"sessions": "count(*)"}, where, conditions=[f"{name} IS NOT NULL"], order=order
    )
    return f"{counted}\nLIMIT {limit}"


def cube_sql(plan: Plan, where: str | None) -> str:
    """Count the sessions of each cell: a combination of values, a number of attempts and a span of time."""
    return select({**_codes(plan.kept), **_measured(plan)}, COUNTS, where)


def sizes_sql(plans: Sequence[Plan], where: str | None) -> str:
    """Estimate how many cells each of these plans has; the first one must keep all that the others do."""
    coded = select({}, {**_codes(plans[0].kept), "attempts": "attempts", "started_at": "started_at"}, where)
    sizes = {f"plan_{place}": _estimate(plan) for place, plan in enumerate(plans)}
    return following(query(sizes, "coded"), coded=coded)


def _estimate(plan: Plan) -> str:
    parts = [f"least({_name(column)}, {len(values)})" for column, values in plan.kept.items()]
    return f"approx_count_distinct(hash({', '.join([*parts, *_measured(plan).values()])}))"


def _codes(kept: Mapping[str, tuple[Any, ...]]) -> Expressions:
    return {_name(column): _code(column, values) for column, values in kept.items()}


def _name(column: str) -> str:
    """Name the column of codes unlike the column of values, which GROUP BY would take for it."""
    return f"{column}_code"


def _code(column: str, values: Sequence[Any]) -> str:
    name, type_ = quote(column), session_column(column).type
    cases = "".join(f"\n  WHEN {name} = {constant(value, type_)} THEN {code}" for code, value in enumerate(values))
    return f"CASE\n  WHEN {name} IS NULL THEN {UNKNOWN}{cases}\n  ELSE {len(values)}\nEND"


def _measured(plan: Plan) -> Expressions:
    """Give what is counted by beside the columns: attempts up to the cap, and the first day of the bucket."""
    tries = f"CASE WHEN attempts >= 0 THEN least(attempts, {plan.cap}) ELSE {UNKNOWN} END"
    if plan.bucket is None:
        return {"tries": tries}
    return {"tries": tries, "start": _DAYS.format(f"date_trunc('{plan.bucket}', started_at)")}
