"""The one shape that all metrics over ``sessions`` have: group, aggregate, sort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import checked_bucket, columns_named
from sessionlab.metrics.conditions import conjuncts
from sessionlab.schema import quote

Expressions = dict[str, str]
"""SQL expressions by the name of the column that they make."""


def groups(by: str | Sequence[str], bucket: str | None) -> Expressions:
    """Give the expressions to group by: the bucket if there is one, then the columns.

    >>> groups("Topic", "week")
    {'bucket': "date_trunc('week', started_at)", '"topic"': '"topic"'}
    """
    buckets = {} if bucket is None else {"bucket": f"date_trunc('{checked_bucket(bucket)}', started_at)"}
    return buckets | {quote(name): quote(name) for name in columns_named(by)}


def select(
    grouping: Expressions, columns: Expressions, where: str | None, *, order: Sequence[str] | None = None
) -> str:
    """Write the query that gives one row a group of sessions, in a stable order.

    ``grouping`` and ``columns`` become the result's columns, in this order; an expression in ``columns`` may
    use the columns before it. ``where`` is the user's condition as it came. ``order`` is what to sort by,
    else the groups, NULL last.
    """
    _refuse_twins(grouping, columns)
    clauses = [
        _clause("SELECT", [_aliased(*item) for item in (grouping | columns).items()]),
        "FROM sessions",
        "" if where is None else "WHERE " + "\n  AND ".join(conjuncts(where)),
        _clause("GROUP BY", list(grouping)),
        _clause("ORDER BY", order if order is not None else nulls_last(grouping)),
    ]
    return "\n".join(filter(None, clauses))


def nulls_last(names: Iterable[str]) -> list[str]:
    """Sort by these, with NULL at the end."""
    return [f"{name} NULLS LAST" for name in names]


def _refuse_twins(grouping: Expressions, columns: Expressions) -> None:
    """Refuse a result with two columns of one name: a data frame would lose or rename one of them."""
    for name in columns:
        if quote(name) in grouping:
            raise QueryError(f"This metric has a column {name!r} of its own: it cannot be grouped by {name!r}.")


def _aliased(name: str, expression: str) -> str:
    return expression if expression == name else f"{expression} AS {name}"


def _clause(keyword: str, items: Sequence[str]) -> str:
    """Lay out a clause, one item a line; a lone item stands beside its keyword, unless that is SELECT."""
    if len(items) == 1 and keyword != "SELECT":
        return f"{keyword} {items[0]}"
    lines = ",\n".join("  " + item.replace("\n", "\n  ") for item in items)
    return f"{keyword}\n{lines}" if items else ""
