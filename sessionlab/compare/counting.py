"""Counting two sides of a comparison in DuckDB, in one scan of ``sessions``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sessionlab.compare.comparison import Comparison, Pairs, Side
from sessionlab.compare.proportions import Difference, independent, paired, paired_rates
from sessionlab.display import counted
from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import columns_named
from sessionlab.metrics.conditions import conjuncts
from sessionlab.schema import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


def compare(
    run: Callable[[str], DuckDBPyRelation], a: str, b: str, on: str | Sequence[str] | None = None
) -> Comparison:
    """Compare the success of the sessions that meet one condition with that of those that meet another.

    Args:
        run: Takes SQL over the canonical tables and gives its relation.
        a: An SQL condition on ``sessions``, as ``"model = 'x'"``.
        b: Another one. No session may meet both.
        on: A column of ``sessions``, or several, to pair by, as ``"goal"``; None to compare all with all, as if no two
            sessions had anything in common.

    Returns:
        Both rates, their difference and what it comes to. Only judged sessions count.

    Paired, each value of ``on`` that both sides have judged sessions of makes one pair, however many sessions those
    are: five tries at one goal are not five goals. Where every pair is one session against one, that is McNemar's
    table. Else a side's outcome is the rate of its sessions in the pair. It is not their majority, as that would favour
    the side with more of them, nor the first of them, as that would throw away the others.

    Raises:
        QueryError: a condition or a column does not hold, or some sessions meet both conditions.
    """
    keys = () if on is None else columns_named(on)
    if "success" in keys:
        raise QueryError("Sessions cannot be paired by 'success', which is what is compared.")
    relation = run(counting_sql(a, b, keys))
    (row,) = relation.fetchall()
    counts = dict(zip(relation.columns, row, strict=True))
    _refuse_shared(a, b, counts)
    one, other = (Side(text, *(counts[f"{side}_{name}"] for name in _FIGURES)) for side, text in (("a", a), ("b", b)))
    if not keys:
        sound = one.judged and other.judged
        found = independent(one.passed, one.judged, other.passed, other.judged) if sound else None
        return Comparison(one, other, None, found)
    pairs = Pairs(keys, *(counts[name] for name in _PAIRS))
    return Comparison(one, other, pairs, _paired_difference(pairs, counts))


def _paired_difference(pairs: Pairs, counts: dict[str, Any]) -> Difference | None:
    if not pairs.count:
        return None
    if pairs.single:
        return paired(pairs.both, pairs.a_better, pairs.b_better, pairs.neither)
    return paired_rates(pairs.count, counts["mean"], counts["deviation"] or 0.0, counts["unequal"] or [])


def _refuse_shared(a: str, b: str, counts: dict[str, Any]) -> None:
    if shared := counts["shared"]:
        meet = f"{counted(shared, 'session')} {'meets' if shared == 1 else 'meet'}"
        if shared == counts["a_sessions"] == counts["b_sessions"]:
            hint = "They are the same sessions."
        else:
            more, less = (a, b) if shared == counts["b_sessions"] else (b, a)
            hint = f"Say which side they are on, as {f'({more}) AND NOT ({less})'!r}."
        raise QueryError(
            f"{meet} both {a!r} and {b!r}, as {counts['example']!r}: nothing can be compared with itself. {hint}"
        )


_FIGURES = {"sessions": "true", "judged": "success IS NOT NULL", "passed": "success"}
"""What a session is counted for."""

_PAIRS = {
    "pairs": "count(*) FILTER (WHERE matched)",
    "paired_a": "coalesce(sum(a_judged) FILTER (WHERE matched), 0)::BIGINT",
    "paired_b": "coalesce(sum(b_judged) FILTER (WHERE matched), 0)::BIGINT",
    "both": "count(*) FILTER (WHERE matched AND a_passed = a_judged AND b_passed = b_judged)",
    "a_better": "count(*) FILTER (WHERE matched AND difference > 0)",
    "b_better": "count(*) FILTER (WHERE matched AND difference < 0)",
    "neither": "count(*) FILTER (WHERE matched AND a_passed = 0 AND b_passed = 0)",
}

_RATES = {
    "mean": "avg(difference) FILTER (WHERE matched)",
    "deviation": "stddev_samp(difference) FILTER (WHERE matched)",
    "unequal": "list(difference ORDER BY difference) FILTER (WHERE matched AND difference != 0)",
}


def counting_sql(a: str, b: str, keys: Sequence[str]) -> str:
    """Write the query that counts both sides and, with keys, the pairs, as one row.

    Raises:
        QueryError: a condition does not hold up.
    """
    sides = {f"in_{side}": f"coalesce({_joined(text)}, false)" for side, text in (("a", a), ("b", b))}
    marked = f"WITH marked AS (\n  SELECT\n    *,\n    {_listed(sides, 4)}\n  FROM sessions\n)"
    if not keys:
        return f"{marked}\nSELECT\n  {_listed(_COUNTS)}\nFROM marked\nWHERE in_a OR in_b"
    columns = ", ".join(map(quote, keys))
    known = " AND ".join(f"{quote(key)} IS NOT NULL" for key in keys)
    totals = {name: f"coalesce(sum({name}), 0)::BIGINT" for name in _COUNTS if name != "example"} | {
        "example": "any_value(example)"
    }
    return f"""{marked},
grouped AS (
  SELECT
    {_listed(_COUNTS, 4)},
    {known} AND a_judged > 0 AND b_judged > 0 AS matched,
    (a_passed * b_judged - b_passed * a_judged) / (a_judged * b_judged) AS difference
  FROM marked
  WHERE in_a OR in_b
  GROUP BY {columns}
)
SELECT
  {_listed({**totals, **_PAIRS, **_RATES})}
FROM grouped"""


_COUNTS = {
    f"{side}_{name}": f"count(*) FILTER (WHERE in_{side} AND {condition})"
    for side in ("a", "b")
    for name, condition in _FIGURES.items()
} | {
    "shared": "count(*) FILTER (WHERE in_a AND in_b)",
    "example": "any_value(source || ': ' || session_id) FILTER (WHERE in_a AND in_b)",
}
"""The sessions of each side, and those that are on both."""


def _joined(where: str) -> str:
    return " AND ".join(conjuncts(where))


def _listed(expressions: dict[str, str], indent: int = 2) -> str:
    return f",\n{' ' * indent}".join(f"{expression} AS {name}" for name, expression in expressions.items())
