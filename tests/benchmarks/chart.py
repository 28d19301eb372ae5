"""The picture of the results: how many times as long others take for the same work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import altair as alt

from sessionlab.charts import save
from tests.benchmarks.result import OURS, Result, read

_SHOWN = {
    ("load", "sqlite"): "load SQLite",
    ("load", "json"): "load JSON",
    ("load", "postgres"): "load Postgres",
    ("metrics", "success_rate"): "success rate",
    ("metrics", "durations"): "durations",
    ("metrics", "errors"): "errors",
    ("stores", "sqlite bulk"): "bulk into a store",
}
"""The cases that the picture shows, and what it calls them."""


def draw(results: Path, picture: Path) -> None:
    """Draw a bar for each way of the chosen cases, ours at 1."""
    save(chart(read(results)), picture)


def chart(results: Iterable[Result]) -> alt.VConcatChart:
    """Make the chart: a panel for each case, its bars from the quickest to the slowest."""
    rows = [row for result in results for row in _rows(result)]
    panels = [_panel([row for row in rows if row["case"] == case], case) for case in _SHOWN.values()]
    joined: alt.VConcatChart = alt.vconcat(*panels, spacing=8)
    return joined


def _panel(rows: list[dict[str, Any]], case: str) -> alt.LayerChart | alt.FacetChart:
    base = alt.Chart(alt.Data(values=rows), width=460, height=alt.Step(17), title=alt.Title(case, anchor="start"))  # type: ignore[no-untyped-call]
    base = base.encode(
        y=alt.Y("way:N", title=None, sort=alt.SortField("times"), axis=alt.Axis(labelLimit=260, minExtent=190)),
        x=alt.X("times:Q", title=None, axis=None, scale=alt.Scale(type="log", domain=[0.3, 500], nice=False)),
    )
    bars = base.mark_bar().encode(
        x2=alt.datum(0.3), color=alt.condition(alt.datum.way == OURS, alt.value("#2563a8"), alt.value("#b8bfc9"))
    )
    return alt.layer(bars, base.mark_text(align="left", dx=4).encode(text="label:N"))


def _rows(result: Result) -> Iterator[dict[str, Any]]:
    name = _SHOWN.get((result.suite, result.case))
    if name is None:
        return
    place = list(_SHOWN.values()).index(name)
    for figure in result.figures:
        times = figure.seconds / result.seconds()
        label = f"{times:.2g} x" if times < 10 else f"{times:,.0f} x"
        yield {"case": name, "place": place, "way": figure.way, "times": times, "label": label}
