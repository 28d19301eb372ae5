"""The panels of bars. Each shows what the other panels' selections leave, and dims what its own does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sessionlab.charts.altair import alt
from sessionlab.charts.labels import UNKNOWN
from sessionlab.charts.layers import PERCENTS
from sessionlab.charts.light import at
from sessionlab.dashboard.cells import Dimension
from sessionlab.dashboard.layout import (
    BARS,
    HIGH,
    ROW,
    WIDE,
    counts_width,
    figures,
    heading,
    label_words,
    layer,
    sessions_along,
    sessions_up,
    split,
)
from sessionlab.dashboard.rates import summed
from sessionlab.dashboard.selections import Selections

_LABELS = (60, 130)
"""The least and the most room that labels have."""


@dataclass(frozen=True)
class Panels:
    """Draws panels. ``most`` is the most sessions that a bar can have."""

    selections: Selections
    most: int

    def rates(self, dimension: Dimension) -> alt.LayerChart:
        """Draw a bar for each success rate, a whisker for its interval, and the counts at the right."""
        rate = alt.X("rate:Q", title=None, scale=alt.Scale(domain=[0, 1], range=[0, BARS]), axis=PERCENTS)
        look = self._look(dimension)
        marks = (
            alt.Chart().mark_bar(height={"band": 0.72}).encode(x=rate, **look),
            alt.Chart().mark_rule(style="whisker").encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), **look),
            _texts("of", look),
        )
        return self._rows(dimension, f"Success by {dimension.title}", *marks)

    def counts(self, dimension: Dimension) -> alt.LayerChart:
        """Draw a bar of sessions for each label, split by outcome."""
        look = self._look(dimension)
        bars = alt.Chart().mark_bar(height={"band": 0.72}, cornerRadiusEnd=0)
        marks = (split(bars, x=sessions_along(), x2=alt.X2("top:Q"), **look), _texts("all", look))
        return self._rows(dimension, f"Sessions by {dimension.title}", *marks)

    def columns(self, dimension: Dimension) -> alt.LayerChart:
        """Draw the sessions as columns beside each other, split by outcome: for short labels that have an order."""
        place = _beside(dimension)
        shown = self.selections.highlight(dimension.field)
        bars = alt.Chart().mark_bar(width={"band": 0.8}, cornerRadiusEnd=0)
        return layer(
            split(bars, x=place, y=sessions_up(self.most), y2=alt.Y2("top:Q"), opacity=shown),
            self._hit(dimension, {"width": {"band": 1}}, x=place, **at(y=0, y2=HIGH)),
            transform=self._prepared(dimension),
            title=heading(f"Sessions by {dimension.title}"),
            width=WIDE,
            height=HIGH,
        )

    def _rows(self, dimension: Dimension, title: str, *marks: alt.Chart) -> alt.LayerChart:
        """Put marks below each other; a click anywhere in a row picks it, also on its label and its counts."""
        width = BARS + counts_width(self.most)
        span = at(x=-_label_width(dimension), x2=width)
        return layer(
            *marks,
            self._hit(dimension, {"height": {"band": 1}}, y=_below(dimension, named=True), **span),
            transform=self._prepared(dimension),
            title=heading(title),
            width=width,
            height=ROW * len(dimension.labels),
        )

    def _hit(self, dimension: Dimension, size: dict[str, Any], **place: Any) -> alt.Chart:
        """Cover each bar and all beside it with a rectangle that nobody sees, to be clicked and pointed at."""
        tooltip = [alt.Tooltip("label:N", title=dimension.title), *figures()]
        chart: alt.Chart = alt.Chart().mark_bar(fill="transparent", cursor="pointer", **size)
        return chart.encode(tooltip=tooltip, **place).add_params(self.selections.params[dimension.field])

    def _prepared(self, dimension: Dimension) -> list[alt.Transform]:
        """Make a row for each label: its counts, its rate, and the texts of them."""
        labels = [{"code": code, "label": label} for code, label in enumerate(dimension.labels)]
        names = alt.LookupData(data=alt.InlineData(values=labels), key="code", fields=["label"])
        source: dict[str, Any] = {"from": names}  # a word of Python's, and so no argument by name
        lookup = alt.LookupTransform(lookup=dimension.field, **source)
        return [*self.selections.others(dimension.field), *summed([dimension.field]), lookup]

    def _look(self, dimension: Dimension) -> dict[str, Any]:
        return {"y": _below(dimension), "opacity": self.selections.highlight(dimension.field)}


def _below(dimension: Dimension, *, named: bool = False) -> alt.Y:
    """Put the labels below each other; they keep their places whatever is picked.

    All layers share the axis, so one of them is enough to tell labels apart, which takes many words.
    """
    limit = _label_width(dimension)
    axis = alt.Axis(labelLimit=limit, **(label_words(dimension.labels, limit) if named else {}))
    return alt.Y("label:N", title=None, scale=_scale(dimension), axis=axis)


def _beside(dimension: Dimension) -> alt.X:
    """Put the labels beside each other, with a short one for what is not known."""
    title = f"{dimension.title}, ? where not known" if UNKNOWN in dimension.labels else dimension.title
    axis = alt.Axis(labelAngle=0, labelExpr=f"datum.value == '{UNKNOWN}' ? '?' : datum.label")
    return alt.X("label:N", title=title, scale=_scale(dimension), axis=axis)


def _scale(dimension: Dimension) -> alt.Scale:
    return alt.Scale(domain=list(dimension.labels), padding=0)


def _label_width(dimension: Dimension) -> int:
    least, most = _LABELS
    return min(max(least, 8 * max(map(len, dimension.labels))), most)


def _texts(field: str, look: dict[str, Any]) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart().mark_text(style="count", dx=6).encode(**at(x=BARS), text=alt.Text(f"{field}:N"), **look)
    )
    return chart
