"""DuckDB's SQL as Spark's: the same numbers, so quantiles stay exact and times stay without a zone."""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from sessionlab.errors import QueryError

_DATES = {"DAY": None, "WEEK": "WEEK", "MONTH": "MONTH", "QUARTER": "QUARTER", "YEAR": "YEAR"}
"""Spans of time that start at midnight, and what Spark's ``trunc`` calls them."""


def translated(query: str, tables: Mapping[str, str], dialect: str = "duckdb") -> str:
    """Write a query in Spark's SQL, with the tables under the names that they have there.

    Args:
        query: One query.
        tables: The names in Spark by those in the query.
        dialect: What the query is written in.

    >>> translated("SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY a) AS p FROM t", {"t": "t_1"})
    'SELECT PERCENTILE(a, 0.9) AS p FROM `t_1` AS t'

    Raises ``QueryError`` where it cannot be read.
    """
    try:
        (tree,) = sqlglot.parse(query, read=dialect)
        if not isinstance(tree, exp.Query):
            raise QueryError("Spark is asked one query at a time, and nothing else. Try FROM sessions.")
        _rename(tree, tables)
        return tree.transform(_exact).sql("spark") if dialect == "duckdb" else tree.sql("spark")
    except (SqlglotError, ValueError) as error:
        raise QueryError(f"The query cannot be written for Spark: {str(error).splitlines()[0]}") from error


def _rename(tree: exp.Query, tables: Mapping[str, str]) -> None:
    """Read our tables where a name means one of them, and not a query of that name before it."""
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and source.name in tables and source.db in {"", "main"}:
                if not source.alias:
                    source.set("alias", exp.TableAlias(this=exp.to_identifier(source.name)))
                source.set("this", exp.to_identifier(tables[source.name], quoted=True))
                source.set("db", None)


def _exact(node: exp.Expr) -> exp.Expr:
    """Replace what would come out as something else."""
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileCont):
        return _percentile(node.expression.expressions[0].this, node.this.this)
    if isinstance(node, exp.PercentileCont) and node.expression:
        return _percentile(node.this, node.expression)
    if isinstance(node, exp.Quantile):
        return _percentile(node.this, node.args["quantile"])
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        return _truncated(node)
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.TIMESTAMP:
        return exp.DataType.build("TIMESTAMPNTZ")
    return node


def _percentile(column: exp.Expr, parts: exp.Expr) -> exp.Expr:
    """Give Spark's exact quantile, interpolated between neighbours; sqlglot would take the one that estimates."""
    return exp.Anonymous(this="percentile", expressions=[column.copy(), parts.copy()])


def _truncated(node: exp.TimestampTrunc | exp.DateTrunc) -> exp.Expr:
    """Give the start of a span of time without a zone; Spark's ``date_trunc`` would see it in that of the session."""
    unit = node.args["unit"].name.upper().removesuffix("(MONDAY)")
    moment = node.this.copy()
    if unit in _DATES:
        day: exp.Expr = exp.cast(moment, "DATE")
        name = _DATES[unit]
        start = day if name is None else exp.Anonymous(this="trunc", expressions=[day, exp.Literal.string(name)])
    else:
        start = exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(unit), moment])
    return exp.Cast(this=start, to=exp.DataType.build("TIMESTAMPNTZ"))
