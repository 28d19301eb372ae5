"""The charts by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sessionlab.charts.altair import alt

Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart
"""What a chart may be made of."""

Draw = Callable[..., Chart]
"""A function of the metrics, ``by``, ``where`` and ``bucket`` that returns a chart."""

CHARTS: dict[str, Draw] = {}
"""Every chart by the name of its metric, in the order of definition."""


def chart(function: Draw) -> Draw:
    """Enter a function into ``CHARTS`` under its own name, which is the metric's."""
    CHARTS[function.__name__] = function
    return function
