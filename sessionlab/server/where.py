"""What can be told of a caller's condition before it is run: whether it is cheap, and whether it asks for the time."""

from __future__ import annotations

import re
import time

from sessionlab.metrics.conditions import conjuncts

_CHEAP = frozenset(
    {"Column", "Identifier", "Literal", "Null", "Boolean", "Paren", "Tuple", "And", "Or", "Not", "Is", "Between", "In"}
    | {"EQ", "NEQ", "GT", "GTE", "LT", "LTE", "NullSafeEQ", "NullSafeNEQ", "Add", "Sub", "Mul", "Div", "Mod", "Neg"}
    | {"Cast", "TryCast", "DataType", "DataTypeParam", "Interval", "Var", "Contains", "CurrentDate", "CurrentTimestamp"}
)
"""Nodes of sqlglot's tree that take little time on any value, and make no text that is longer than the value."""

_TIME = re.compile(r"\b(now|today|current_\w+)\b", re.IGNORECASE)
_MOMENT_SECONDS = 1.0


def is_cheap(where: str) -> bool:
    """Tell whether DuckDB can stop at this condition within the time that it takes for some thousand rows.

    Patterns may go through a text over and over, and texts that are put together may grow without end; DuckDB looks
    only between chunks of rows whether it is to stop.

    >>> is_cheap("topic = 'io' AND attempts > 3"), is_cheap("goal LIKE '%a_%b_%c'"), is_cheap("goal || goal > 'a'")
    (True, False, False)

    Raises:
        QueryError: it is no condition on sessions.
    """
    import sqlglot

    tree = sqlglot.parse_one(" AND ".join(conjuncts(where)), read="duckdb")
    return all(type(node).__name__ in _CHEAP for node in tree.walk())


def moment(where: str | None) -> int | None:
    """Give what tells the answer to a condition from its answer a moment later: None unless it asks for the time."""
    if where is None or _TIME.search(where) is None:
        return None
    return int(time.monotonic() / _MOMENT_SECONDS)
