"""SQL of a cell: Python's variables bound to ``$name``, data frames found by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb

from sessionlab.jupyter.arguments import variable

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from sessionlab.lab import Lab

_TARGET = re.compile(r"\s*([^\W\d]\w*)\s*<<(?!<)\s*(.*)", re.DOTALL)
_ASK = compile("_sessionlab.sql(_sessionlab_query, _sessionlab_values)", "<sql>", "eval")


def target(text: str) -> tuple[str | None, str]:
    """Split ``name << query`` into the name of the variable for the result, None if there is none, and the query.

    >>> target("many << FROM sessions")
    ('many', 'FROM sessions')
    >>> target("SELECT 1 << 2")
    (None, 'SELECT 1 << 2')
    """
    found = _TARGET.fullmatch(text)
    return (found[1], found[2]) if found else (None, text)


def run(lab: Lab, query: str, variables: Mapping[str, Any]) -> DuckDBPyRelation:
    """Run one statement after the other, each with the variables that it names, and give the last one's relation.

    Raises:
        QueryError: DuckDB refuses one, or it names a variable that is not there.
    """
    *first, last = _statements(query) or [(query, set())]
    for text, names in first:
        _ask(lab, text, names, variables)
    return _ask(lab, *last, variables)


def _statements(query: str) -> list[tuple[str, set[str]]]:
    """Take a query apart into statements, each with the names of its parameters; one that DuckDB cannot read is one."""
    try:
        return [(each.query, set(each.named_parameters)) for each in duckdb.extract_statements(query)]
    except duckdb.Error:
        return []


def _ask(lab: Lab, query: str, names: set[str], variables: Mapping[str, Any]) -> DuckDBPyRelation:
    values = {name: bindable(variable(name, variables)) for name in sorted(names)}
    # DuckDB finds frames among the variables of whoever asks, so it must look as if their owner does.
    own = {"_sessionlab": lab, "_sessionlab_query": query, "_sessionlab_values": values}
    relation: DuckDBPyRelation = eval(_ASK, {**variables, **own})  # noqa: S307 - a constant of ours
    return relation


def bindable(value: Any) -> Any:
    """Make of a set, a series or a number of NumPy's what DuckDB takes for a parameter.

    >>> bindable({3})
    [3]
    """
    if isinstance(value, (set, frozenset)):
        return list(value)
    listed = getattr(value, "tolist", None) or getattr(value, "to_list", None)
    return listed() if callable(listed) else value
