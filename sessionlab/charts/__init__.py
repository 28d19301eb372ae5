"""The metrics as pictures: ``charts.success_rate(...)`` draws what ``metrics.success_rate(...)`` counts.

A chart holds rows of its metric, never sessions, so it stays small however large the lab is. Altair is slow
to import: nothing here does it before the first chart is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.metrics import METRICS, Metrics
from sessionlab.metrics.arguments import suggestion

if TYPE_CHECKING:
    from sessionlab.charts.registry import Chart

__all__ = ["Charts", "all_charts", "save"]


class Charts:
    """All charts of one lab, by the names of the metrics that they draw."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __getattr__(self, name: str) -> Callable[..., Chart]:
        """Give a chart as a function of its metric's arguments."""
        charts = all_charts()
        if name not in charts:
            raise AttributeError(f"There is no chart {name!r}.{suggestion(name, charts)}")
        return self._bound(charts[name], METRICS[name])

    def __dir__(self) -> Iterable[str]:
        """List the charts beside the methods."""
        return [*super().__dir__(), *all_charts()]

    def __repr__(self) -> str:
        """List the charts, for who looks what there is."""
        return f"<charts: {', '.join(all_charts())}>"

    def _bound(self, draw: Callable[..., Chart], metric: Callable[..., str]) -> Callable[..., Chart]:
        """Give the chart the lab's metrics, and the metric's signature for the help."""

        @wraps(metric, assigned=("__annotations__",))
        def drawn(**arguments: Any) -> Chart:
            return draw(self._metrics, **arguments)

        drawn.__name__ = drawn.__qualname__ = draw.__name__
        drawn.__doc__ = draw.__doc__
        return drawn


def save(chart: Chart, path: str | Path) -> Path:
    """Write a chart to a file, in the format of its suffix: .png, .svg, .html (opens offline) or .json.

    Returns the path. Raises ``SessionlabError`` for another suffix.

    >>> from tempfile import mkdtemp
    >>> save(lab.charts.success_rate(by="topic"), f"{mkdtemp()}/rates.svg").name
    'rates.svg'
    """
    from sessionlab.charts.files import write

    return write(chart, Path(path))


def all_charts() -> dict[str, Callable[..., Chart]]:
    """Give every chart by its name, as a function of the metrics and their arguments; this imports Altair."""
    from sessionlab.charts import (
        counts,
        distribution,
        durations,
        errors,
        rates,
        registry,
        survival,
        theme,
        values,
        winners,
    )

    # imported for what they register
    del counts, distribution, durations, errors, rates, survival, theme, values, winners
    return registry.CHARTS
