"""The panels of bars. Each shows what the other panels' selections leave, and dims what its own does not hold."""

from __future__ import annotations

from typing import Any

import altair as alt

from sessionlab.charts.layers import PERCENTS
from sessionlab.charts.theme import PALETTE
from sessionlab.dashboard.cells import Dimension
from sessionlab.dashboard.rates import OUTCOMES, calculated, folded, summed
from sessionlab.dashboard.selections import Selections

BARS, COUNTS, WIDE = 190, 84, 370
"""Widths in pixels: of a plot of bars, of the counts beside them, of other plots."""

LABELS = range(60, 200)
"""The least and the most room that labels have."""

ROW, HIGH = 19, 110
"""The height of a row, and of a plot of columns."""

COLORS = dict(zip(OUTCOMES, (PALETTE[0], PALETTE[1], "#b8b8b8"), strict=True))
"""The colours of the outcomes."""


# Sessions are whole: Vega-Lite's tickMinStep is lost where a selection changes the axis.
_WHOLE: dict[str, Any] = {"format": ",d", "labelExpr": "datum.value % 1 ? '' : datum.label"}
_SESSIONS = {
    "x": alt.X("bottom:Q", title=None, axis=alt.Axis(tickCount=4, **_WHOLE)),
    "y": alt.Y("bottom:Q", title="sessions", axis=alt.Axis(tickCount=3, **_WHOLE)),
}


def rates(selections: Selections, dimension: Dimension) -> alt.LayerChart:
    """Draw a bar for each success rate, a whisker for its interval, and the counts at the right."""
    rate = alt.X("rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=PERCENTS)
    look = {"y": _below(dimension), "opacity": selections.highlight(dimension.field)}
    marks = (
        alt.Chart().mark_bar(height={"band": 0.72}).encode(x=rate, **look),
        alt.Chart().mark_rule(style="whisker").encode(x=alt.X("low:Q"), x2="high:Q", **look),
        _texts("of", look),
    )
    return _rows(selections, dimension, f"Success by {dimension.title}", *marks)


def counts(selections: Selections, dimension: Dimension) -> alt.LayerChart:
    """Draw a bar of sessions for each label, split by outcome."""
    look = {"y": _below(dimension), "opacity": selections.highlight(dimension.field)}
    bars = split(alt.Chart().mark_bar(height={"band": 0.72}, cornerRadiusEnd=0), "x", **look)
    return _rows(selections, dimension, f"Sessions by {dimension.title}", bars, _texts("all", look))


def columns(selections: Selections, dimension: Dimension) -> alt.LayerChart:
    """Draw the sessions as columns beside each other, split by outcome: for labels that are short and have an order."""
    place = alt.X("label:N", title=dimension.title, scale=_scale(dimension), axis=alt.Axis(labelAngle=0))
    shown = selections.highlight(dimension.field)
    columns = split(alt.Chart().mark_bar(width={"band": 0.8}, cornerRadiusEnd=0), "y", x=place, opacity=shown)
    hit = _hit(selections, dimension, {"width": {"band": 1}}, x=place, y=alt.value(0), y2=alt.value(HIGH))
    return layer(
        columns,
        hit,
        transform=_prepared(selections, dimension),
        title=heading(f"Sessions by {dimension.title}"),
        width=WIDE,
        height=HIGH,
    )


def room(panel: alt.LayerChart | alt.VConcatChart) -> int:
    """Say how high a panel is, with its title and axis."""
    return sum(int(part.height) for part in getattr(panel, "vconcat", [panel])) + 60


def layer(*charts: alt.Chart, **properties: Any) -> alt.LayerChart:
    """Draw charts over each other. All is handed over at once, as each of Altair's methods copies the whole chart."""
    return alt.LayerChart(layer=list(charts), **properties)


def heading(text: str) -> alt.TitleParams:
    """Write the title of a panel, smaller than that of the whole."""
    return alt.TitleParams(text, fontSize=13, offset=8)


def split(chart: alt.Chart, along: str, **place: Any) -> alt.Chart:
    """Stack the outcomes on each other along an axis, and tell them apart by colour."""
    color = alt.Color("outcome:N", scale=alt.Scale(domain=list(COLORS), range=list(COLORS.values())), legend=None)
    below = "datum.outcome == 'passed' ? 0 : datum.outcome == 'failed' ? datum.passed : datum.judged"
    # Not Vega's own stack, which complains where nothing is left to stack.
    chart.transform = [
        folded(list(OUTCOMES), "outcome", "count"),
        *calculated({"bottom": below, "top": "datum.bottom + datum.count"}),
    ]
    ends: dict[str, Any] = {along: _SESSIONS[along], f"{along}2": "top:Q"}
    return chart.encode(color=color, **ends, **place)


def figures() -> list[alt.Tooltip]:
    """Show the counts, the rate and its interval under the pointer."""
    numbers = [alt.Tooltip(f"{name}:Q", format=",") for name in ("sessions", "judged", "passed")]
    words = {"percent": "success rate", "interval": "95 % interval"}
    return [*numbers, *(alt.Tooltip(f"{name}:N", title=title) for name, title in words.items())]


def _rows(selections: Selections, dimension: Dimension, title: str, *marks: alt.Chart) -> alt.LayerChart:
    """Put marks below each other; a click anywhere in a row picks it, also on its label and its counts."""
    span = {"x": alt.value(-_label_width(dimension)), "x2": alt.value(BARS + COUNTS)}
    hit = _hit(selections, dimension, {"height": {"band": 1}}, y=_below(dimension), **span)
    return layer(
        *marks,
        hit,
        transform=_prepared(selections, dimension),
        title=heading(title),
        width=BARS,
        height=ROW * len(dimension.labels),
    )


def _hit(selections: Selections, dimension: Dimension, size: dict[str, Any], **place: Any) -> alt.Chart:
    """Cover each bar and all beside it with a rectangle that nobody sees, to be clicked and pointed at."""
    tooltip = [alt.Tooltip("label:N", title=dimension.title), *figures()]
    chart: alt.Chart = alt.Chart().mark_bar(fill="transparent", cursor="pointer", **size)
    return chart.encode(tooltip=tooltip, **place).add_params(selections.params[dimension.field])


def _below(dimension: Dimension) -> alt.Y:
    """Put the labels below each other; they keep their places whatever is picked."""
    axis = alt.Axis(labelLimit=_label_width(dimension))
    return alt.Y("label:N", title=None, scale=_scale(dimension), axis=axis)


def _label_width(dimension: Dimension) -> int:
    return min(max(LABELS[0], 7 * max(map(len, dimension.labels))), LABELS[-1])


def _prepared(selections: Selections, dimension: Dimension) -> list[alt.Transform]:
    """Make a row for each label: its counts, its rate, and the texts of them."""
    labels = [{"code": code, "label": label} for code, label in enumerate(dimension.labels)]
    names = alt.LookupData(data=alt.InlineData(values=labels), key="code", fields=["label"])
    source: dict[str, Any] = {"from": names}  # a word of Python's, and so no argument by name
    lookup = alt.LookupTransform(lookup=dimension.field, **source)
    return [*selections.others(dimension.field), *summed([dimension.field]), lookup]


def _scale(dimension: Dimension) -> alt.Scale:
    return alt.Scale(domain=list(dimension.labels), padding=0)


def _texts(field: str, look: dict[str, Any]) -> alt.Chart:
    chart: alt.Chart = alt.Chart().mark_text(style="count", dx=6).encode(x=alt.value(BARS), text=f"{field}:N", **look)
    return chart
