"""The picture of the results: how many times as long others take for the same work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import altair as alt

from sessionlab.charts import save
from tests.benchmarks.result import OURS, Result, read

_SHOWN = {
    ("load", "sqlite", "medium"): "load SQLite",
    ("load", "json", "medium"): "load JSON",
    ("load", "postgres", "medium"): "load Postgres",
    ("metrics", "success_rate", "large"): "success rate",
    ("metrics", "durations", "large"): "durations",
    ("metrics", "winners", "large"): "winners",
    ("metrics", "errors", "large"): "errors",
    ("stores", "sqlite bulk", ""): "bulk into a store",
}
"""The cases that the picture shows, and what it calls them."""


_TITLE = "Time for the same work, as a multiple of sessionlab's (logarithmic)"
_LEAST = 0.3


def draw(results: Path, picture: Path) -> None:
    """Draw a bar for each way of the chosen cases, ours at 1."""
    save(chart(read(results)), picture)


def chart(results: Iterable[Result]) -> alt.VConcatChart:
    """Make the chart: a panel for each case, its bars from the quickest to the slowest."""
    rows = [row for result in results for row in _rows(result)]
    panels = [_panel([row for row in rows if row["case"] == case], case) for case in _SHOWN.values()]
    pairs = (alt.hconcat(*pair, spacing=24) for pair in zip(panels[::2], panels[1::2], strict=True))
    joined = alt.vconcat(*pairs, spacing=14, title=alt.Title(_TITLE, anchor="start", offset=12))
    framed: alt.VConcatChart = joined.configure_view(stroke=None)
    return framed


def _panel(rows: list[dict[str, Any]], case: str) -> alt.LayerChart | alt.FacetChart:
    data = alt.Data(values=rows)  # type: ignore[no-untyped-call]
    way = alt.Axis(labelLimit=230, minExtent=170, ticks=False, domain=False)
    base = alt.Chart(data, width=230, height=alt.Step(17), title=alt.Title(case, anchor="start", fontSize=12)).encode(
        y=alt.Y("way:N", title=None, sort=alt.SortField("times"), axis=way),
        x=alt.X("times:Q", axis=None, scale=alt.Scale(type="log", domain=[_LEAST, 700], nice=False)),
    )
    colour = alt.condition(alt.datum.way == OURS, alt.value("#2563a8"), alt.value("#b8bfc9"))
    bars = base.mark_bar().encode(x2=alt.datum(_LEAST), color=colour)
    return alt.layer(bars, base.mark_text(align="left", dx=4).encode(text="label:N"))


def _rows(result: Result) -> Iterator[dict[str, Any]]:
    name = _SHOWN.get(result.key)
    if name is None:
        return
    place = list(_SHOWN.values()).index(name)
    for figure in result.figures:
        times = figure.seconds / result.seconds()
        label = f"{times:.2g} x" if times < 10 else f"{times:,.0f} x"
        yield {"case": name, "place": place, "way": figure.way, "times": times, "label": label}
