"""Charts of success rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.bands import bands, with_alone
from sessionlab.charts.frames import Frame, frame
from sessionlab.charts.light import at
from sessionlab.charts.question import Row
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import SIZE
from sessionlab.metrics import Metrics

COUNTED = ["sessions", "judged", "passed", "rate", "low", "high"]
"""The columns that a tooltip shows."""

RATE = "share of the judged sessions that passed, with its 95 % Wilson interval"
"""What a rate is."""

_COUNT = "datum.judged ? format(datum.passed, ',') + ' of ' + format(datum.judged, ',') : 'none judged'"


@chart
def success_rate(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw the success rate with its 95 % interval: a bar for each group, or with a bucket a line over time.

    The first column of ``by`` stands along the axis and the second in colours, or with a bucket the first in
    colours; more stand in panels. Of many groups the largest are shown, and the rest as one.

    >>> chart = lab.charts.success_rate(by="kind")
    >>> chart.title.text
    'Success rate by kind'
    """
    data = frame(metrics, "success_rate", by=by, where=where, bucket=bucket)
    picture = line(data) if bucket else bars(data, data.rows)
    return layers.finished(picture, data, "Success rate", RATE)


@chart
def timeline(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str = "week"
) -> Chart:
    """Draw the success rate over time in a band that is its 95 % interval, and below it the number of sessions.

    The first column of ``by`` stands in colours, more in panels, which leave out the number of sessions.

    >>> chart = lab.charts.timeline(by="kind")
    >>> chart.title.text
    'Success rate and sessions over time by kind'
    """
    data = frame(metrics, "timeline", by=by, where=where, bucket=bucket)
    if "panel" in data.places:
        return layers.finished(line(data), data, "Success rate", RATE)
    title = layers.titled(data, "Success rate and sessions", RATE)
    data = replace(data, rows=with_alone(data.rows, "low"))  # so that both plots have the same rows
    rates = line(data, padding=layers.bar_width(data) / 2, labels=False)
    return alt.vconcat(rates, _volume(data), title=title, spacing=12)


def bars(data: Frame, rows: list[Row], *, labels: bool = True) -> alt.LayerChart:
    """Draw a bar for each rate, a whisker for its interval, and the counts at the right."""
    place = {"y": layers.axis(data, labels=labels), **layers.series(data, offset=True)}
    colorless = {name: channel for name, channel in place.items() if name != "color"}
    chart = layers.base(data, rows).encode(tooltip=layers.tooltip(data, COUNTED))
    return layers.layered(
        chart.mark_bar(opacity=0.75).encode(layers.rate("rate"), **place),
        chart.mark_rule(style="whisker").encode(layers.rate("low"), x2=alt.X2("high:Q"), **colorless),
        chart.transform_calculate(count=_COUNT)
        .mark_text(style="count", dx=8)
        .encode(**at(x="width"), text=alt.Text("count:N"), **colorless),
    ).properties(width=SIZE["wide"], height=layers.height(data))


def line(data: Frame, *, padding: float = 0, labels: bool = True) -> alt.LayerChart:
    """Draw the rate over time in a band that is its interval; a bucket that stands alone has a stroke instead."""
    time, rows = layers.time(data, padding=padding, labels=labels), with_alone(data.rows, "low")
    chart = layers.base(data, rows).encode(time, tooltip=layers.tooltip(data, COUNTED), **layers.series(data))
    rate = alt.Y("rate:Q", title="success rate", scale=alt.Scale(domain=[0, 1]), axis=layers.PERCENTS)
    line = chart.mark_line(point=True).encode(rate)
    interval = {"y": alt.Y("low:Q", title="success rate"), "y2": alt.Y2("high:Q")}
    under = bands(chart, rows, many=bool(data.places), **interval)
    return layers.layered(*under, line).properties(width=SIZE["wide"], height=SIZE["high"])


def stack(data: Frame, axis: alt.Y, shown: list[str]) -> alt.LayerChart:
    """Draw a bar for each bucket, in which the series stand on each other."""
    width = layers.bar_width(data)
    chart = layers.base(data).encode(
        layers.time(data, padding=width / 2), axis, tooltip=layers.tooltip(data, shown), **layers.series(data)
    )
    bars = chart.mark_bar(cornerRadiusEnd=0, size=max(1, 0.85 * width))
    return layers.layered(bars).properties(width=SIZE["wide"], height=SIZE["high"])


def _volume(data: Frame) -> alt.LayerChart:
    """Draw the number of sessions over time."""
    sessions = alt.Y("sessions:Q", title="sessions", axis=alt.Axis(tickCount=3, tickMinStep=1))
    return stack(data, sessions, COUNTED).properties(height=70)
