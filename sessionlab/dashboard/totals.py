"""The figures on top: what the selections leave in all, and at once the key to the colours."""

from __future__ import annotations

from sessionlab.charts.altair import alt
from sessionlab.charts.light import at
from sessionlab.dashboard.layout import COLORS, layer
from sessionlab.dashboard.rates import OUTCOMES, calculated, folded, summed
from sessionlab.dashboard.selections import Selections

_FIGURES = ["sessions", "judged", *OUTCOMES, "rate"]
_NAMES = {"sessions": "sessions", "judged": "judged", **OUTCOMES}
_HIGH = 38


def totals(selections: Selections, width: int) -> alt.LayerChart:
    """Write the sums of all cells that are left."""
    slots = [*_FIGURES, ""]  # the last figure has the longest caption, and so has two
    place = alt.X("figure:N", scale=alt.Scale(domain=slots, padding=0), axis=None, bandPosition=0)
    colors = alt.Scale(domain=list(COLORS), range=list(COLORS.values()))
    marks = (
        alt.Chart()
        .mark_text(style="mark", align="left", baseline="top", fontSize=18, fontWeight=600)
        .encode(text=alt.Text("value:N"), **at(y=0), x=place),
        alt.Chart()
        .mark_text(style="count", baseline="bottom", fontSize=12)
        .encode(text=alt.Text("caption:N"), **at(y=_HIGH), x=place),
        alt.Chart()
        .mark_rule(strokeWidth=4, xOffset=-9)
        .encode(**at(y=1, y2=_HIGH - 2), color=alt.Color("figure:N", scale=colors, legend=None), x=place)
        .transform_filter(alt.FieldOneOfPredicate("figure", list(COLORS))),
    )
    rows = [
        *selections.all(),
        *summed(),
        folded(_FIGURES, "figure", "number"),
        *calculated({"value": _VALUE, "caption": _CAPTION}),
    ]
    return layer(*marks, transform=rows, width=width, height=_HIGH)


_VALUE = "datum.figure == 'rate' ? datum.percent : format(datum.number, datum.number < 1e7 ? ',' : '.4s')"
_CAPTION = f"datum.figure == 'rate' ? 'success rate · 95 %: ' + datum.interval : {_NAMES!r}[datum.figure]"
