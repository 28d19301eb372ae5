"""``where``: one condition over the columns of ``sessions``, and nothing else.

The text is parsed, the tree is checked against a list of what may stand in it, and the query gets text
written from the tree, never the text that came in. The list allows; it does not forbid. So a function that
reads a file, a setting or the environment is refused because nobody listed it, and so is one that DuckDB
only learns next year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import session_column
from sessionlab.schema import Type

if TYPE_CHECKING:
    from sqlglot import exp

_NODES = {
    "values": "Column Identifier Literal Null Boolean Paren Tuple Array",
    "logic": "And Or Not Is Between In Case If Coalesce Nullif",
    "comparisons": "EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ",
    "patterns": "Like ILike Escape Glob SimilarTo RegexpLike RegexpILike RegexpFullMatch",
    "numbers": "Add Sub Mul Div IntDiv Mod Neg Pow Abs Round Floor Ceil Sign Sqrt Ln Log Greatest Least",
    "text": "Concat DPipe Lower Upper Trim Length Substring Left Right Replace StartsWith EndsWith Contains "
    "StrPosition RegexpExtract RegexpReplace",
    "JSON": "JSONExtract JSONExtractScalar JSONPath JSONPathRoot JSONPathKey JSONPathSubscript "
    "JSONPathWildcard JSONType JSONArrayLength",
    "types": "Cast TryCast DataType DataTypeParam",
    "times": "Interval Var Extract Year Quarter Month Week Day Hour Minute DayOfWeek DayOfWeekIso DayOfMonth "
    "DayOfYear WeekOfYear TimestampTrunc DateTrunc DateDiff DateAdd TimeToStr CurrentDate CurrentTimestamp",
    "functions by name": "Anonymous",
}
"""The nodes of sqlglot's tree that a condition may be made of."""

_FUNCTIONS = {
    "text": "contains prefix suffix starts_with ends_with regexp_matches strlen ltrim rtrim",
    "values": "nullif ifnull isnan isinf isfinite",
    "JSON": "json_array_length json_contains json_exists json_type json_valid",
    "times": "now today hour minute second monthname dayname yearweek isodow epoch epoch_ms",
}
"""The functions without a node of their own that a condition may call: they see only their arguments."""

_ALLOWED_NODES = frozenset(" ".join(_NODES.values()).split())
_ALLOWED_FUNCTIONS = frozenset(" ".join(_FUNCTIONS.values()).split())

_SPOKEN = {
    "Select": "a query",
    "Subquery": "a query",
    "SetOperation": "a query",
    "Values": "a query",
    "Placeholder": "a parameter",
    "Parameter": "a parameter",
    "Block": "a second statement",
    "Star": "*",
    "Window": "a window function",
    "Lambda": "a lambda",
}


def conjuncts(where: str) -> list[str]:
    r"""Take a condition apart into those that must all hold, in DuckDB's dialect, with the columns quoted.

    >>> conjuncts("attempts > 1 and Topic = 'io' -- slow ones")
    ['"attempts" > 1', '"topic" = \'io\'']
    >>> conjuncts("attempts > 1 OR success")
    ['("attempts" > 1 OR "success")']

    Raises ``QueryError`` where the text is not one condition over the columns of ``sessions``.
    """
    from sqlglot import exp

    if not isinstance(where, str):
        raise _refusal(where, "it is no text, as 'attempts > 1' is.")
    tree = _checked(_parse(where, where), where)
    # A metric joins these with conditions of its own: an OR that stands alone must not fall apart in between.
    whole = exp.paren(tree) if isinstance(tree, exp.Connector) and not isinstance(tree, exp.And) else tree
    parts = [_written(part) for part in (whole.flatten(unnest=False) if isinstance(whole, exp.And) else [whole])]
    # What was written must read back as what was checked, whatever a parser or a writer makes of odd input.
    if _written(_checked(_parse(" AND ".join(parts), where), where)) != _written(whole):
        raise _refusal(where, "its meaning is not clear. Write it in a simpler way.")
    return parts


def _parse(text: str, where: str) -> exp.Condition:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(text, read="duckdb", into=exp.Condition)
    except (SqlglotError, RecursionError, ValueError) as error:  # it meets odd input with a bare ValueError too
        raise _refusal(where, "it cannot be read as one SQL condition.") from error


def _written(tree: exp.Expr) -> str:
    return tree.sql("duckdb", comments=False)


def _checked(tree: exp.Condition, where: str) -> exp.Condition:
    """Check every node, and spell the columns as ``sessions`` does; the tree is changed in place."""
    for node in list(tree.walk()):
        if reason := _objection(node) or _misuse(node):
            raise _refusal(where, reason)
    if not _is_condition(tree):
        raise _refusal(where, "it is a value, not a condition. Compare it with something.")
    return tree


def _objection(node: exp.Expr) -> str | None:
    """Say why this sort of node may not stand in a condition; None where it may."""
    from sqlglot import exp

    name = type(node).__name__
    if isinstance(node, exp.AggFunc):
        return f"it may not use an aggregate ({node.key})."
    if name not in _ALLOWED_NODES:
        return f"it may not use {_SPOKEN.get(name, node.key)}."
    if isinstance(node, exp.Anonymous) and node.name.lower() not in _ALLOWED_FUNCTIONS:
        return f"it may not call {node.name.lower()}()."
    return None


def _misuse(node: exp.Expr) -> str | None:
    """Say what is wrong with a name in a node that may stand there as such; None where nothing is."""
    from sqlglot import exp

    if isinstance(node, exp.Column):
        return _spell(node)
    if isinstance(node, exp.Identifier) and not isinstance(node.parent, exp.Column):
        return f"{node.name!r} may not stand where it does."
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.USERDEFINED:
        return f"there is no type {node.args.get('kind')}."
    return None


def _spell(node: exp.Column) -> str | None:
    """Quote a column and spell it as ``sessions`` does; say what is wrong where there is none."""
    from sqlglot import exp

    if node.table and (node.table.lower() != "sessions" or node.args.get("db")):
        return f"{_written(node)} is no column of sessions. A key in JSON is reached by extra->>'$.key'."
    try:
        column = session_column(node.name)
    except QueryError as error:
        quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
        return f"{error}{' Text stands in single quotes.' if quoted else ''}"
    node.set("this", exp.to_identifier(column.name, quoted=True))
    node.set("table", None)
    return None


def _is_condition(tree: exp.Expr) -> bool:
    """Tell a condition from a plain value, which DuckDB would try to read as a boolean."""
    from sqlglot import exp

    inner = tree.unnest()
    if isinstance(inner, exp.Column):
        return session_column(inner.name).type is Type.BOOLEAN
    return not isinstance(inner, (exp.Literal, exp.Null))


def _refusal(where: object, reason: str) -> QueryError:
    return QueryError(f"The condition {where!r} does not hold up: {reason}")
