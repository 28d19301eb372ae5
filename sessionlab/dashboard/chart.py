"""The dashboard as a chart: panels in two columns over one cube."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from sessionlab.charts import theme
from sessionlab.charts.altair import alt
from sessionlab.charts.labels import UNKNOWN
from sessionlab.charts.light import at
from sessionlab.charts.registry import Chart
from sessionlab.dashboard.cells import ATTEMPTS, Cube, Dimension
from sessionlab.dashboard.layout import BARS, WIDE, counts_width, room
from sessionlab.dashboard.panels import Panels
from sessionlab.dashboard.selections import Selections
from sessionlab.dashboard.timeline import dated, timeline
from sessionlab.dashboard.totals import totals

del theme  # imported for the look that it enables

_HINT = "click a bar to see the rest for it, shift-click for several, drag over time, click beside the bars for all"
_LINE = 120


def draw(cube: Cube) -> Chart:
    """Draw a cube; what was cut from it stands in the subtitle, and under ``cut`` in the chart's ``usermeta``."""
    if not cube.sessions:
        return _empty(cube)
    shown = [dimension for dimension in cube.dimensions.values() if _is_shown(cube, dimension)]
    selections = Selections.of([dimension.field for dimension in shown], timeline=bool(cube.days))
    left, right = _arranged(cube, shown, selections)
    width = BARS + counts_width(cube.most) + WIDE + 96
    body = alt.HConcatChart(hconcat=[_stack(left), _stack(right)], spacing=30)
    return alt.VConcatChart(
        data=_data(cube),
        vconcat=[totals(selections, width), body],
        title=_title(cube, _HINT),
        usermeta=_meta(cube),
        transform=dated(cube.bucket) if cube.bucket and cube.days else alt.Undefined,
    )


def _is_shown(cube: Cube, dimension: Dimension) -> bool:
    """Tell whether there is something to see: more than one kind, or any known value of what was not asked for."""
    if dimension.field in cube.by:
        return True
    return len(dimension.labels) > 1 if dimension.field == "kind" else set(dimension.labels) != {UNKNOWN}


def _arranged(cube: Cube, shown: list[Dimension], selections: Selections) -> tuple[list[Any], list[Any]]:
    """Put what was asked for to the left, time, attempts and status to the right, and the rest where there is room."""
    panels = Panels(selections, cube.most)
    asked = [dimension for dimension in shown if dimension.field in cube.by]
    rest = {dimension.field: dimension for dimension in shown if dimension.field not in cube.by}
    left: list[Any] = [panels.rates(dimension) for dimension in asked]
    right: list[Any] = [timeline(selections, cube)] if cube.days else []
    if ATTEMPTS in rest:
        right.append(panels.columns(rest.pop(ATTEMPTS)))
    if "status" in rest:
        right.append(panels.counts(rest.pop("status")))
    for dimension in rest.values():
        shorter = min(left, right, key=lambda column: sum(map(room, column)))
        shorter.append(panels.rates(dimension))
    return left, right


def _stack(parts: list[Any]) -> alt.VConcatChart:
    return alt.VConcatChart(vconcat=parts, spacing=26)


def _data(cube: Cube) -> alt.InlineData:
    """Hand over the cells, and an empty one for what is left when nothing is."""
    empty = ",".join("0" for _ in cube.fields)
    parse = dict.fromkeys(cube.fields, "number")
    return alt.InlineData(values=f"{cube.csv()}\n{empty}", format=alt.CsvDataFormat(type="csv", parse=parse))


def _title(cube: Cube, *lines: str) -> alt.TitleParams:
    """Write the title, and below it what a reader must know."""
    cut = [f"gathered: {' · '.join(cube.cut)}"] if cube.cut else []
    subtitle = [line for text in (*lines, *cube.notes, *cut) for line in wrap(text, _LINE)]
    return alt.TitleParams(f"Sessions by {' and '.join(cube.by)}", subtitle=subtitle)


def _meta(cube: Cube) -> dict[str, Any]:
    return {"cells": len(cube.cells), "cut": list(cube.cut)}


def _empty(cube: Cube) -> Chart:
    """Say that there is nothing to draw."""
    words = "No session fits." if cube.notes else "There are no sessions yet."
    text = alt.Chart(alt.InlineData(values=[{}])).mark_text(style="count", fontSize=14)
    place = at(x=0, y=20, text=words)
    title = alt.TitleParams("Sessions", subtitle=list(cube.notes))
    chart: alt.Chart = text.encode(**place).properties(width=WIDE, height=40, title=title, usermeta=_meta(cube))
    return chart
