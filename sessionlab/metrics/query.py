"""The shapes that metrics are made of: group, aggregate and sort; and queries that read each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import checked_bucket, columns_named
from sessionlab.metrics.conditions import conjuncts
from sessionlab.schema import Type, literal, quote

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
    grouping: Expressions,
    columns: Expressions,
    where: str | None,
    *,
    source: str = "sessions",
    conditions: Sequence[str] = (),
    inner: Sequence[str] = (),
    order: Sequence[str] | None = None,
    derived: Collection[str] = (),
) -> str:
    """Write the query that gives one row a group of sessions, in a stable order.

    ``grouping`` and ``columns`` become the result's columns, in this order; an expression in ``columns`` may
    use the columns before it, and those that ``inner`` names are grouped by too. ``where`` is the user's condition
    as it came, and ``conditions`` are the metric's own. ``source`` is what to read. ``order`` is what to sort by,
    else what is grouped by, NULL last; empty, nothing. ``derived`` names the columns that are made of others by a query
    around the one that counts: there each of those is a name, where else it would be spelled out at every use.

    Raises ``QueryError`` where the condition does not hold up, or a group has the name of one of the columns.
    """
    refuse_twins(grouping, columns)
    keys = [*grouping, *inner]
    ordered = nulls_last(keys) if order is None else order
    counted = query(
        grouping | {name: expression for name, expression in columns.items() if name not in derived},
        source,
        conditions=[*conditions_of(where), *conditions],
        grouping=keys,
        order=() if derived else ordered,
    )
    if not derived:
        return counted
    shown = {name: expression if name in derived else name for name, expression in columns.items()}
    return query(names(grouping) | shown, f"(\n  {_indented(counted)}\n)", order=ordered)


def query(
    columns: Expressions,
    source: str,
    *,
    conditions: Sequence[str] = (),
    grouping: Sequence[str] = (),
    order: Sequence[str] = (),
) -> str:
    """Write a query clause by clause; all conditions must hold."""
    clauses = [
        _clause("SELECT", [_aliased(*item) for item in columns.items()]),
        f"FROM {source}",
        "WHERE " + "\n  AND ".join(conditions) if conditions else "",
        _clause("GROUP BY", grouping),
        _clause("ORDER BY", order),
    ]
    return "\n".join(filter(None, clauses))


def following(last: str, **before: str) -> str:
    """Write a query that reads others by their names.

    >>> print(following("FROM a", a="SELECT 1 AS b"))
    WITH a AS (
      SELECT 1 AS b
    )
    FROM a
    """
    named = ",\n".join(f"{name} AS (\n  {_indented(text)}\n)" for name, text in before.items())
    return f"WITH {named}\n{last}"


def conditions_of(where: str | None) -> list[str]:
    """Take the user's condition apart; nothing, where there is none."""
    return [] if where is None else conjuncts(where)


def names(expressions: Iterable[str], table: str = "") -> Expressions:
    """Give the columns that a query has made, to be read by the next one; all of one table if it is named.

    >>> names({"bucket": "date_trunc('week', started_at)"}, "ends")
    {'bucket': 'ends.bucket'}
    """
    return {name: f"{table}.{name}" if table else name for name in expressions}


def window(partition: Iterable[str], order: str = "") -> str:
    """Write what a window function looks over.

    Without an ``order`` it is by the partition, which changes no number, as all its rows are equal under that. It
    is there because DuckDB 2.0 answers a window without one by a self-join, which reads the sessions twice.
    """
    keys = ", ".join(partition)
    parts = [f"PARTITION BY {keys}" if keys else "", f"ORDER BY {order or keys}" if order or keys else ""]
    return f"({' '.join(filter(None, parts))})"


def constant(value: object, type_: Type) -> str:
    """Write a value of a column's type.

    >>> [constant("io", Type.TEXT), constant(1, Type.INTEGER), constant(None, Type.TIME)]
    ["'io'", "CAST('1' AS BIGINT)", 'CAST(NULL AS TIMESTAMP)']
    """
    text = "NULL" if value is None else literal(str(value))
    return text if type_ is Type.TEXT and value is not None else f"CAST({text} AS {type_.value})"


def nulls_last(names: Iterable[str]) -> list[str]:
    """Sort by these, with NULL at the end."""
    return [f"{name} NULLS LAST" for name in names]


def refuse_twins(grouping: Expressions, columns: Expressions) -> None:
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
    lines = ",\n".join("  " + _indented(item) for item in items)
    return f"{keyword}\n{lines}" if items else ""


def _indented(text: str) -> str:
    """Move all lines but the first to the right, save those inside of a literal, whose value that would change."""
    return re.sub(r"('(?:[^']|'')*')|\n", lambda found: found[1] or "\n  ", text)
