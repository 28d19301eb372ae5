"""Charts of success rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import altair as alt

from sessionlab.charts import layers
from sessionlab.charts.frames import Frame, Row, frame
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import PALETTE, SIZE
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named

_COUNTED = ["sessions", "judged", "passed", "rate", "low", "high"]
_RATE = "share of the judged sessions that passed, with its 95 % Wilson interval"
_SHARE = "share of the sessions"
_COUNT = "datum.judged ? format(datum.passed, ',') + ' of ' + format(datum.judged, ',') : 'none judged'"
_DAYS = {"day": 1, "week": 7, "month": 31}


@chart
def success_rate(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw the success rate with its 95 % interval: a bar for each group, or with a bucket a line over time.

    The first column of ``by`` stands along the axis and the second in colours, or with a bucket the first in
    colours; more stand in panels. Of many groups the largest are shown, and the rest as one.
    """
    data = frame(metrics, "success_rate", by=by, where=where, bucket=bucket)
    picture = _line(data) if bucket else _bars(data, data.rows)
    return layers.finished(picture, data, "Success rate", _RATE)


@chart
def topics(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw what the sessions are about: each topic's share of the sessions beside its success rate.

    With ``by`` there is a pair of plots for each group. With a bucket the shares are stacked over time.
    """
    grouping = ["topic", *(column for column in columns_named(by) if column != "topic")]
    data = frame(metrics, "success_rate", by=grouping, where=where, bucket=bucket, colored=False)
    data = replace(data, rows=_with_shares(data.rows))
    if bucket:
        return layers.finished(_stack(data), data, "Sessions", _SHARE)
    title = layers.titled(data, "Sessions and success rate", f"left: {_SHARE}", f"right: {_RATE}")
    if "panel" not in data.places:
        return _pair(data, data.rows).properties(title=title)
    pairs = [
        _pair(data, [row for row in data.rows if row["panel"] == panel]).properties(title=panel)
        for panel in layers.panels(data)
    ]
    return alt.vconcat(*pairs, title=title)


def _bars(data: Frame, rows: list[Row], *, labels: bool = True) -> alt.LayerChart:
    """Draw a bar for each rate, a whisker for its interval, and the counts at the right."""
    place = {"y": layers.axis(data, labels=labels), **layers.series(data, offset=True)}
    colorless = {name: channel for name, channel in place.items() if name != "color"}
    bars = layers.base(data, rows).encode(tooltip=layers.tooltip(data, _COUNTED))
    return layers.layered(
        bars.mark_bar(opacity=0.75).encode(layers.rate("rate"), **place),
        bars.mark_rule(style="whisker").encode(layers.rate("low"), x2="high:Q", **colorless),
        bars.transform_calculate(count=_COUNT)
        .mark_text(style="count", dx=8)
        .encode(x=alt.value("width"), text="count:N", **colorless),
    ).properties(width=SIZE["wide"], height=layers.height(data))


def _line(data: Frame) -> alt.LayerChart:
    """Draw the rate over time in a band that is its interval; a lone bucket has a whisker instead."""
    chart = layers.base(data).encode(layers.time(data), tooltip=layers.tooltip(data, _COUNTED), **layers.series(data))
    rate = alt.Y("rate:Q", title="success rate", scale=alt.Scale(domain=[0, 1]), axis=layers.PERCENTS)
    lone = len({row["bucket"] for row in data.rows}) == 1
    interval = chart.mark_rule() if lone else chart.mark_area(opacity=0.1 if data.places else 0.2)
    return layers.layered(
        interval.encode(alt.Y("low:Q", title="success rate"), y2="high:Q"),
        chart.mark_line(point=True).encode(rate),
    ).properties(width=SIZE["wide"], height=SIZE["high"])


def _with_shares(rows: list[Row]) -> list[Row]:
    """Add each row's share of the sessions in its panel and bucket, as ``metrics.topics`` has it."""
    totals: Counter[tuple[str | None, str | None]] = Counter()
    for row in rows:
        totals[row.get("panel"), row.get("bucket")] += row["sessions"]
    return [row | {"share": row["sessions"] / totals[row.get("panel"), row.get("bucket")]} for row in rows]


def _pair(data: Frame, rows: list[Row]) -> alt.HConcatChart:
    """Draw the topics' shares, and beside them their success rates."""
    shares = layers.base(data, rows).encode(
        alt.X("share:Q", title=_SHARE, axis=alt.Axis(format=layers.PERCENT, tickCount=4)),
        layers.axis(data),
        tooltip=layers.tooltip(data, ["sessions", "share"]),
    )
    sizes = layers.layered(
        shares.mark_bar(color=PALETTE[6]),
        shares.mark_text(style="count", dx=5).encode(text=alt.Text("sessions:Q", format=",")),
    ).properties(width=SIZE["narrow"], height=layers.height(data))
    return alt.hconcat(sizes, _bars(data, rows, labels=False).properties(width=SIZE["narrow"]))


def _stack(data: Frame) -> alt.LayerChart:
    """Draw the topics' shares over time, stacked to the whole."""
    times = [datetime.fromisoformat(row["bucket"]) for row in data.rows]
    spans = (max(times) - min(times)).days / _DAYS[data.bucket or "day"] + 1 if times else 1
    width = SIZE["wide"] / (spans + 1)
    bars = layers.base(data).mark_bar(cornerRadiusEnd=0, size=max(1, 0.85 * width))
    shares = bars.encode(
        layers.time(data, padding=width / 2),
        alt.Y("share:Q", title=_SHARE, axis=layers.PERCENTS),
        tooltip=layers.tooltip(data, ["sessions", "share", *_COUNTED[1:]]),
        **layers.series(data),
    )
    return layers.layered(shares).properties(width=SIZE["wide"], height=SIZE["high"])
