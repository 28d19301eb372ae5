"""How a dashboard is laid out, and the pieces that panels share.

Nothing moves when something is picked: all that changes has room for the most that it can be. Else a plot would
slip away under the pointer that drags over it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sessionlab.charts.altair import alt
from sessionlab.charts.light import light
from sessionlab.charts.shorten import told_apart
from sessionlab.charts.theme import PALETTE
from sessionlab.dashboard.rates import OUTCOMES, calculated, folded

BARS, WIDE = 190, 370
"""Widths in pixels: of bars at their longest, and of a plot of columns or of time."""

ROW, HIGH = 19, 110
"""Heights: of a row, and of a plot of columns."""

COLORS = dict(zip(OUTCOMES, (PALETTE[0], PALETTE[1], "#b8b8b8"), strict=True))
"""The colours of the outcomes."""

_DIGIT = 7
# Sessions are whole: Vega-Lite's tickMinStep is lost where a selection changes the axis.
_WHOLE: dict[str, Any] = {"format": ",d", "labelExpr": "datum.value % 1 ? '' : datum.label"}


def counts_width(most: int) -> int:
    """Give the room that "12 of 34" takes beside a bar of so many sessions."""
    return 12 + _DIGIT * len(f"{most:,} of {most:,}")


def sessions_up(most: int) -> alt.Y:
    """Count the sessions upwards, from the ``bottom`` of what is split by outcome."""
    axis = alt.Axis(tickCount=3, minExtent=6 + _DIGIT * len(f"{most:,}"), **_WHOLE)
    return alt.Y("bottom:Q", title="sessions", axis=axis)


def sessions_along() -> alt.X:
    """Count the sessions to the right, in bars."""
    scale = alt.Scale(range=[0, BARS])
    return alt.X("bottom:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4, minExtent=20, **_WHOLE))


def split(chart: alt.Chart, **encoding: Any) -> alt.Chart:
    """Stack the outcomes on each other, from ``bottom`` to ``top``, and tell them apart by colour."""
    color = alt.Color("outcome:N", scale=alt.Scale(domain=list(COLORS), range=list(COLORS.values())), legend=None)
    below = "datum.outcome == 'passed' ? 0 : datum.outcome == 'failed' ? datum.passed : datum.judged"
    chart.transform = [
        folded(list(OUTCOMES), "outcome", "count"),
        *calculated({"bottom": below, "top": "datum.bottom + datum.count"}),
    ]
    return chart.encode(color=color, **encoding)


def figures() -> list[alt.Tooltip]:
    """Show the counts, the rate and its interval under the pointer."""
    numbers = [alt.Tooltip(f"{name}:Q", format=",") for name in ("sessions", "judged", "passed")]
    words = {"percent": "success rate", "interval": "95 % interval"}
    return [*numbers, *(alt.Tooltip(f"{name}:N", title=title) for name, title in words.items())]


def layer(*charts: alt.Chart, **properties: Any) -> alt.LayerChart:
    """Draw charts over each other. All is handed over at once, as each of Altair's methods copies the whole chart."""
    return alt.LayerChart(layer=[light(chart) for chart in charts], **properties)


def heading(text: str) -> alt.TitleParams:
    """Write the title of a panel, smaller than that of the whole."""
    return alt.TitleParams(text, fontSize=13, offset=8)


def label_words(labels: Sequence[str], limit: int) -> dict[str, Any]:
    """Give the option of an axis by which labels that are cut at so many pixels do not look alike; none if they don't.

    The data keep the whole labels.
    """
    cut = {whole: text for whole, text in told_apart(labels, limit).items() if whole != text}
    found = f"{json.dumps([*cut.values()])}[indexof({json.dumps([*cut])}, datum.value)] || datum.label"
    return {"labelExpr": found} if cut else {}


def room(panel: alt.LayerChart | alt.VConcatChart) -> int:
    """Say how high a panel is, with its title and axis."""
    return sum(int(part.height) for part in getattr(panel, "vconcat", [panel])) + 60
