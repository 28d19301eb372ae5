"""The metrics by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

Metric = Callable[..., str]
"""A function of ``by``, ``where`` and ``bucket`` that returns SQL text."""

Run = Callable[[str], "DuckDBPyRelation"]
"""Runs SQL over the canonical tables."""

AnyMetric = TypeVar("AnyMetric", bound=Metric)

METRICS: dict[str, Metric] = {}
"""Every metric by its name, in the order of definition."""


class Written(NamedTuple):
    """A metric as ``sql``, which asks the tables, and as the ``answer`` that is run: it gives the same rows.

    They differ where numbers had to be fitted: the answer has what was counted for that, so that it is not counted
    again.
    """

    sql: str
    answer: str


AnyFitted = TypeVar("AnyFitted", bound=Callable[..., Written])

FITTED: dict[str, Callable[..., Written]] = {}
"""The metrics that also hold numbers which SQL cannot find: how to write each, from ``Run`` and its arguments."""


def metric(function: AnyMetric) -> AnyMetric:
    """Enter a function into ``METRICS`` under its own name."""
    METRICS[function.__name__] = function
    return function


def fitted(name: str) -> Callable[[AnyFitted], AnyFitted]:
    """Enter a function into ``FITTED`` under the name of a metric, which then is written by it wherever it is run."""

    def enter(function: AnyFitted) -> AnyFitted:
        FITTED[name] = function
        return function

    return enter
