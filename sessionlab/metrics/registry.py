"""The metrics by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Metric = Callable[..., str]
"""A function of ``by``, ``where`` and ``bucket`` that returns SQL text."""

AnyMetric = TypeVar("AnyMetric", bound=Metric)

METRICS: dict[str, Metric] = {}
"""Every metric by its name, in the order of definition."""


def metric(function: AnyMetric) -> AnyMetric:
    """Enter a function into ``METRICS`` under its own name."""
    METRICS[function.__name__] = function
    return function
