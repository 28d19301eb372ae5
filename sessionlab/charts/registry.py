"""The charts by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from sessionlab.charts.altair import alt
from sessionlab.charts.light import unchecked

Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart
"""What a chart may be made of."""

Draw = Callable[..., Chart]
"""A function of the metrics, ``by``, ``where`` and ``bucket`` that returns a chart."""

CHARTS: dict[str, Draw] = {}
"""Every chart by the name of its metric, in the order of definition."""


def chart(function: Draw) -> Draw:
    """Enter a function into ``CHARTS`` under its own name, which is the metric's."""

    @wraps(function)
    def drawn(*metrics: Any, **arguments: Any) -> Chart:
        with unchecked():
            return function(*metrics, **arguments)

    CHARTS[function.__name__] = drawn
    return drawn
