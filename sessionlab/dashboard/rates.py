"""Rates and intervals in Vega's words, so that they follow the selections: from summed counts, as in the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sessionlab.charts.altair import alt
from sessionlab.dashboard.cube import COUNTS
from sessionlab.intervals import Z

OUTCOMES = {"passed": "passed", "failed": "failed", "open": "not judged"}
"""What became of the sessions, and what a reader calls it."""


def _bound(sign: str, certain: str, bound: int) -> str:
    """Write one bound of Wilson's interval, as ``sessionlab.metrics.rates`` does in SQL."""
    spread = f"{Z!r} * sqrt(datum.passed * (1 - datum.rate) + {Z * Z / 4!r})"
    inside = f"(datum.passed + {Z * Z / 2!r} {sign} {spread}) / (datum.judged + {Z * Z!r})"
    return f"datum.judged > 0 ? datum.passed == {certain} ? {bound} : {inside} : null"


RATE = {
    "rate": "datum.judged > 0 ? datum.passed / datum.judged : null",
    "low": _bound("-", "0", 0),
    "high": _bound("+", "datum.judged", 1),
    "failed": "datum.judged - datum.passed",
    "open": "datum.sessions - datum.judged",
}
"""The success rate and its 95 % interval, null where nothing is judged; and the other outcomes."""

WORDS = {
    "all": "format(datum.sessions, ',')",
    "of": "datum.judged > 0 ? format(datum.passed, ',') + ' of ' + format(datum.judged, ',') : 'none judged'",
    "percent": "datum.judged > 0 ? format(datum.rate, '.1%') : '–'",
    "interval": "datum.judged > 0 ? format(datum.low, '.1%') + ' to ' + format(datum.high, '.1%') : '–'",
}
"""These numbers as text."""


def summed(groups: Sequence[str] = ()) -> list[alt.Transform]:
    """Sum the counts up for each group, and calculate all that is shown of them."""
    sums = [alt.AggregatedFieldDef(op="sum", field=name, **named(name)) for name in COUNTS]
    return [alt.AggregateTransform(aggregate=sums, groupby=list(groups)), *calculated({**RATE, **WORDS})]


def calculated(expressions: Mapping[str, str]) -> list[alt.Transform]:
    """Calculate fields from those before, in this order."""
    return [alt.CalculateTransform(calculate=text, **named(name)) for name, text in expressions.items()]


def folded(fields: Sequence[str], *names: str) -> alt.Transform:
    """Make a row of each of these fields; its name and its value go into fields of their own."""
    return alt.FoldTransform(fold=list(fields), **named(names))


def named(names: str | Sequence[str]) -> dict[str, Any]:
    """Name what a transform makes: ``as`` is a word of Python's, and so no argument by name."""
    return {"as": names if isinstance(names, str) else list(names)}
