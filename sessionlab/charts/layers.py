"""The parts that charts are made of: encodings of a frame's places, tooltips, titles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from sessionlab.charts.altair import alt
from sessionlab.charts.frames import ALL, Frame
from sessionlab.charts.light import Rows, light
from sessionlab.charts.question import Row
from sessionlab.charts.registry import Chart
from sessionlab.charts.shorten import ROOM, width
from sessionlab.charts.theme import PALETTE, SIZE

PERCENT = ".0%"
"""The format of shares on an axis."""

PERCENTS = alt.Axis(format=PERCENT, values=[0, 0.25, 0.5, 0.75, 1])
"""The axis of what goes from 0 to 100 %."""

SESSIONS = "format(datum.sessions, ',') + (datum.sessions == 1 ? ' session' : ' sessions')"
"""Vega's words for a number of sessions."""

KNOWN = f"(datum.known == datum.sessions ? '' : format(datum.known, ',') + ' of ') + {SESSIONS}"
"""Vega's words for how many of the sessions a figure is of."""

_FORMATS = {
    **dict.fromkeys(
        ("sessions", "known", "judged", "passed", "max", "attempt", "at_risk", "errors", "entered", "won"), ","
    ),
    **dict.fromkeys(("rate", "low", "high", "share"), ".1%"),
    **dict.fromkeys(("mean", "std", "median", "p90", "problem_mean"), ",.2f"),
    **dict.fromkeys(("rating", "rating_low", "rating_high"), "+.2f"),
}
_TITLE = 2 * SIZE["narrow"] + 64
"""The most pixels that the title of a panel takes: what two plots beside each other do."""

_GAP = 6
"""How far a label is from its bar."""

_DAYS = {"day": 1, "week": 7, "month": 31}
_TITLES = {
    "low": "95 % from",
    "high": "95 % to",
    "rating_low": "95 % from",
    "rating_high": "95 % to",
    "std": "standard deviation",
    "p90": "90th percentile",
    "at_risk": "at risk",
}


def layered(*charts: alt.Chart) -> alt.LayerChart:
    """Draw charts over each other; Altair's own function also takes facets, and its type shows it."""
    return cast("alt.LayerChart", alt.layer(*map(light, charts)))


def base(frame: Frame, rows: list[Row] | None = None) -> alt.Chart:
    """Start a chart on a frame's rows, or on some of them."""
    return alt.Chart(Rows(values=frame.rows if rows is None else rows))


def axis(frame: Frame, *, labels: bool = True) -> alt.Y:
    """Put the groups below each other, in the frame's order."""
    place = frame.places.get("axis")
    if place is None:
        return alt.Y(datum=ALL, type="nominal", title=None)
    padding = alt.Scale(paddingInner=0.2, paddingOuter=0.1)
    shown = alt.Axis(**_as_wide_in_all_panels(frame)) if labels else None
    return alt.Y("axis:N", sort=list(place.labels), title=None, scale=padding, axis=shown)


def _as_wide_in_all_panels(frame: Frame) -> dict[str, Any]:
    """Give the labels of all panels one width, so that the bars begin below each other, and on the axis at the foot."""
    if "panel" not in frame.places:
        return {}
    most = min(ROOM["axis"], max((width(row["axis"]) for row in frame.rows), default=0))
    return {"labelLimit": most, "minExtent": most + _GAP, "maxExtent": most + _GAP}


def series(frame: Frame, *, offset: bool = False) -> dict[str, Any]:
    """Tell the series apart by colour and, within a group of bars, by an offset; empty without series."""
    place = frame.places.get("series")
    if place is None:
        return {}
    order = list(place.labels)
    scale = alt.Scale(domain=order, range=[PALETTE[i % len(PALETTE)] for i in range(len(order))])
    columns = 5 if max(map(len, order), default=0) < 14 else 2
    color = alt.Color("series:N", sort=order, scale=scale, title=place.title, legend=alt.Legend(columns=columns))
    return {"color": color, "yOffset": alt.YOffset("series:N", sort=order)} if offset else {"color": color}


def time(frame: Frame, *, padding: float = 0, labels: bool = True) -> alt.X:
    """Put the buckets beside each other, so many pixels from both ends."""
    title = f"started, by {frame.bucket}" if labels else None
    ticks = alt.Axis(tickCount=8, labels=labels)
    return alt.X("bucket:T", title=title, scale=alt.Scale(padding=padding), axis=ticks)


def bar_width(frame: Frame) -> float:
    """Tell how wide a bar for each bucket may be."""
    times = [datetime.fromisoformat(row["bucket"]) for row in frame.rows]
    spans = (max(times) - min(times)).days / _DAYS[frame.bucket or "day"] + 1 if times else 1
    return SIZE["wide"] / (spans + 1)


def rate(column: str) -> alt.X:
    """Lay a success rate along the horizontal axis, which goes from 0 to 100 % whatever is on it."""
    return alt.X(f"{column}:Q", title="success rate", scale=alt.Scale(domain=[0, 1]), axis=PERCENTS)


def panels(frame: Frame) -> list[str]:
    """Give the panels that have rows, in order."""
    filled = {row["panel"] for row in frame.rows}
    return [name for name in frame.places["panel"].labels if name in filled]


def tooltip(frame: Frame, columns: list[str]) -> list[alt.Tooltip]:
    """Show the group and some columns under the pointer; one without a format is text."""
    places = [alt.Tooltip(f"{place.whole or name}:N", title=place.title) for name, place in frame.places.items()]
    time = [alt.Tooltip("bucket:T", title=frame.bucket, format="%-d %B %Y")] if frame.bucket else []
    values = [
        alt.Tooltip(f"{column}:Q", title=_TITLES.get(column, column.replace("_", " ")), format=_FORMATS[column])
        if column in _FORMATS
        else alt.Tooltip(f"{column}:N", title=column.replace("_", " "))
        for column in columns
    ]
    return [*places, *time, *values]


def partly(frame: Frame, what: str) -> list[str]:
    """Explain the counts at the right where a figure is not of all sessions."""
    partial = any(row["known"] < row["sessions"] for row in frame.rows)
    return [f"right: of how many of the sessions {what} known"] if partial else []


def height(frame: Frame) -> alt.Step:
    """Give every bar the room to be read."""
    if "series" in frame.places:
        offset: Any = {"for": "offset"}  # a word of Python's, so no argument by name
        return alt.Step(16, **offset)
    many = "axis" in frame.places and len(frame.places["axis"].labels) > 12
    return alt.Step(step=21 if many else 27)


def finished(chart: alt.LayerChart, frame: Frame, title: str, *explained: str) -> Chart:
    """Split a chart into the frame's panels, and write its title and what a reader must know."""
    place = frame.places.get("panel")
    heading = titled(frame, title, *explained)
    if place is None:
        return chart.properties(title=heading)
    facet = alt.Facet("panel:N", sort=panels(frame), title=place.title)
    narrow = chart.properties(width=SIZE["narrow"])
    parts = narrow.facet(facet=facet, columns=2, title=heading)
    return parts.resolve_scale(y="independent") if "axis" in frame.places else parts


def stacked(draw: Callable[[list[Row]], Chart], frame: Frame, title: alt.TitleParams) -> Chart:
    """Draw the rows of each panel, one panel below the other, where a chart is too wide for two or has its own axis."""
    if "panel" not in frame.places:
        return draw(frame.rows).properties(title=title)
    parts = [
        draw([row for row in frame.rows if row["panel"] == panel]).properties(
            title=alt.TitleParams(panel, limit=_TITLE)
        )
        for panel in panels(frame)
    ]
    return alt.vconcat(*parts, title=title)


def titled(frame: Frame, title: str, *explained: str) -> alt.TitleParams:
    """Write the title with the grouping, and below it the explanations and the frame's notes, one a line."""
    over = " over time" if frame.bucket else ""
    return alt.TitleParams(title + over + frame.subject, subtitle=[*explained, *frame.notes])
