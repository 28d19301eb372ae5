"""The arguments of a line magic: ``by=topic,model where="attempts > 1" bucket=week``."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping
from typing import Any

from sessionlab.errors import QueryError
from sessionlab.metrics import METRICS
from sessionlab.metrics.arguments import suggestion

CHART = "--chart"
"""Asks for the chart in place of the table."""


def names(metric: str) -> list[str]:
    """Give the names of a metric's arguments.

    >>> names("success_rate")
    ['by', 'where', 'bucket']
    """
    return list(inspect.signature(METRICS[metric]).parameters)


def parsed(metric: str, line: str, variables: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Read a line: the metric's arguments, and whether the chart is asked for.

    Args:
        metric: The metric's name.
        line: What stands behind the magic. A value with blanks stands in quotes, several columns are joined by
            commas, and ``$name`` stands for a Python variable.
        variables: Python's variables.

    >>> parsed("winners", '''of=model by=topic,kind where="model <> 'x'" --chart''', {})
    ({'of': 'model', 'by': ['topic', 'kind'], 'where': "model <> 'x'"}, True)

    Raises:
        QueryError: an argument is not one of the metric's, or a variable is not there.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise QueryError(f"A quote is not closed in: {line.strip()}") from error
    found = dict(_argument(metric, word, variables) for word in words if word != CHART)
    return found, CHART in words


def variable(name: str, variables: Mapping[str, Any]) -> Any:
    """Give the value of a Python variable that ``$name`` stands for.

    Raises:
        QueryError: there is none.
    """
    if name not in variables:
        raise QueryError(f"${name} stands for a Python variable, and there is none called {name!r}.")
    return variables[name]


def _argument(metric: str, word: str, variables: Mapping[str, Any]) -> tuple[str, Any]:
    name, sign, value = word.partition("=")
    if not sign or name not in names(metric):
        hint = f" Is by={word} meant?" if not sign else ""
        raise QueryError(f"%{metric} has no argument {name!r}.{hint}{suggestion(name, [*names(metric), CHART])}")
    if value.startswith("$"):
        return name, variable(value.removeprefix("$"), variables)
    return name, [column.strip() for column in value.split(",")] if name == "by" and "," in value else value
