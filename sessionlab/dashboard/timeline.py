"""The panel of time: the success rate above the sessions; a span of it can be picked in both."""

from __future__ import annotations

import warnings
from typing import Any

from sessionlab.charts.altair import alt
from sessionlab.charts.layers import PERCENTS
from sessionlab.charts.light import at
from sessionlab.dashboard.cells import Cube
from sessionlab.dashboard.layout import HIGH, WIDE, figures, heading, layer, sessions_up, split
from sessionlab.dashboard.plan import BUCKETS
from sessionlab.dashboard.rates import calculated, named, summed
from sessionlab.dashboard.selections import TIME, Selections

_DAY = 86_400_000
MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200}
"""The buckets that are not of a fixed number of days, and how many months they have."""

_FORMATS = {"month": "%B %Y", "quarter": "Q%q %Y", "year": "%Y", "decade": "%Ys", "century": "%Ys"}


def dated(bucket: str) -> list[alt.Transform]:
    """Add to each cell where its bucket begins, ends and has its middle; null where the start is not known."""
    last = f"datum.from + {7 if bucket == 'week' else 1} * {_DAY}"
    if bucket in MONTHS:
        last = f"utc(utcyear(datum.from), utcmonth(datum.from) + {MONTHS[bucket]}, 1)"
    steps = {"from": f"datum.start * {_DAY}", "to": last, TIME: "(datum.from + datum.to) / 2"}
    return calculated({name: f"isValid(datum.start) ? {step} : null" for name, step in steps.items()})


def timeline(selections: Selections, cube: Cube) -> alt.VConcatChart:
    """Draw the rate with its interval as a line in a band, and below it the sessions, split by outcome."""
    words = f"utcFormat(datum.from, '{_FORMATS.get(cube.bucket or '', '%-d %B %Y')}')"
    rows = [
        *selections.others(TIME),
        alt.FilterTransform(filter="isValid(datum.start)"),
        *summed(["from", "to", TIME]),
        *calculated({"when": words}),
    ]
    rate = layer(*_rate(selections, cube), transform=rows, width=WIDE, height=HIGH + 20)
    sessions = layer(*_sessions(selections, cube), transform=rows, width=WIDE, height=HIGH // 2 + 15)
    with warnings.catch_warnings():
        # Both have one selection, and should: Altair makes one of it, and says so.
        warnings.filterwarnings("ignore", "Automatically deduplicated selection parameter")
        return alt.VConcatChart(vconcat=[rate, sessions], spacing=10, title=heading(f"Over time, by {cube.bucket}"))


def _rate(selections: Selections, cube: Cube) -> list[alt.Chart]:
    rate = alt.Y("rate:Q", title="success rate", scale=alt.Scale(domain=[0, 1]), axis=PERCENTS)
    interval: dict[str, Any] = {"y": alt.Y("low:Q"), "y2": alt.Y2("high:Q")}
    stroke = alt.Chart().mark_rule(strokeWidth=2, opacity=0.5).encode(x=alt.X(f"{TIME}:T"), **interval)
    stroke.transform = _alone()
    line = alt.Chart().mark_line(point={"size": 28}).encode(x=alt.X(f"{TIME}:T"), y=rate)
    return [
        alt.Chart().mark_area(opacity=0.2).encode(_x(cube, labels=False), **interval),
        stroke,
        line.add_params(selections.params[TIME]),
        *_hit(cube, HIGH + 20),
    ]


def _alone() -> list[alt.Transform]:
    """Keep the buckets beside which no other has a rate: a band has no width there."""
    before = alt.WindowFieldDef(op="lag", field="low", **named("before"))
    after = alt.WindowFieldDef(op="lead", field="low", **named("after"))
    alone = "isValid(datum.low) && !isValid(datum.before) && !isValid(datum.after)"
    return [
        alt.WindowTransform(window=[before, after], sort=[alt.SortField("from")]),
        alt.FilterTransform(filter=alone),
    ]


def _sessions(selections: Selections, cube: Cube) -> list[alt.Chart]:
    brushed = alt.Chart().mark_point(opacity=0).encode(x=_x(cube)).add_params(selections.params[TIME])
    bars = alt.Chart().mark_rect(stroke="white", strokeWidth=0.5)
    shown, length = selections.highlight(TIME), sessions_up(cube.sessions)
    return [
        brushed,
        split(bars, y=length, y2=alt.Y2("top:Q"), x=alt.X("from:T"), x2=alt.X2("to:T"), opacity=shown),
        *_hit(cube, HIGH // 2 + 15),
    ]


def _hit(cube: Cube, height: int) -> list[alt.Chart]:
    """Cover the plot, and each bucket, with a rectangle that nobody sees: to be dragged over, and pointed at."""
    high = at(y=0, y2=height)
    tooltip = [alt.Tooltip("when:N", title=cube.bucket), *figures()]
    ground = alt.Chart(alt.InlineData(values=[{}])).mark_rect(fill="transparent")
    buckets = alt.Chart().mark_rect(fill="transparent")
    return [
        ground.encode(**at(x=0, x2=WIDE), **high),
        buckets.encode(x=alt.X("from:T"), x2=alt.X2("to:T"), tooltip=tooltip, **high),
    ]


def _x(cube: Cube, *, labels: bool = True) -> alt.X:
    """Put the buckets beside each other in UTC; the axis keeps its span whatever is picked.

    For one layer only, and none with an ``x2``: Vega-Lite would complain of domains that differ.
    """
    first, last = cube.days[0], cube.days[-1] + BUCKETS[cube.bucket or "day"]
    scale = alt.Scale(type="utc", domain=[first * _DAY, last * _DAY], nice=False)
    axis = alt.Axis(tickCount=6, labels=labels, labelOverlap=True)
    return alt.X(f"{TIME}:T", title=f"started, by {cube.bucket}" if labels else None, scale=scale, axis=axis)
