"""Charts of how long the sessions took."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.bands import bands, with_alone
from sessionlab.charts.frames import Frame, frame
from sessionlab.charts.labels import duration
from sessionlab.charts.light import at
from sessionlab.charts.question import Row
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import SIZE
from sessionlab.metrics import Metrics

_NAMES = {
    "p10": "10th percentile",
    "p50": "median",
    "p90": "90th percentile",
    "p99": "99th percentile",
    "mean": "mean",
}
_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_TICKS = [
    {"s": [0, 1, 5, 20], "min": [1, 5, 20], "h": [1, 4], "d": [1, 4, 14, 60, 200, 1_000]},
    {"s": [0, 1, 2, 5, 10, 20], "min": [1, 2, 5, 10, 20, 40], "h": [1, 2, 5, 10], "d": [1, 2, 4, 7, 14, 30, 60, 120]},
]
_TITLE = "duration of a session"


@chart
def durations(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw how long the sessions took, on a scale of logarithms: bars from the 10th to the 90th percentile.

    A stroke marks the median, a diamond the 99th percentile. With a bucket the median is a line over time in a
    band from the 10th to the 90th. The columns of ``by`` stand as in ``success_rate``. At the right are the
    sessions, and of how many of them the duration is known.

    >>> chart = lab.charts.durations(by="kind")
    >>> chart.title.text
    'Durations by kind'
    """
    data = frame(metrics, "durations", by=by, where=where, bucket=bucket)
    if bucket:
        return layers.finished(_band(data), data, "Durations", "line: median · band: 10th to 90th percentile")
    explained = "bar: 10th to 90th percentile · stroke: median · diamond: 99th percentile"
    return layers.finished(_bars(data), data, "Durations", explained, *layers.partly(data, "the duration is"))


def _bars(data: Frame) -> alt.LayerChart:
    place = {"y": layers.axis(data), **layers.series(data, offset=True)}
    colorless = {name: channel for name, channel in place.items() if name != "color"}
    chart = layers.base(data, _in_words(data.rows)).encode(tooltip=_tooltip(data))
    scale, axis = _scale(data.rows)
    return layers.layered(
        chart.mark_bar(opacity=0.75, cornerRadius=2).encode(
            alt.X("p10:Q", title=_TITLE, scale=scale, axis=axis), x2=alt.X2("p90:Q"), **place
        ),
        chart.mark_tick(style="mark", thickness=2.5).encode(alt.X("p50:Q", title=_TITLE), **colorless),
        chart.mark_point(style="mark", shape="diamond").encode(alt.X("p99:Q", title=_TITLE), **colorless),
        chart.transform_calculate(count=layers.KNOWN)
        .mark_text(style="count", dx=12)
        .encode(**at(x="width"), text=alt.Text("count:N"), **colorless),
    ).properties(width=SIZE["wide"], height=layers.height(data))


def _band(data: Frame) -> alt.LayerChart:
    rows = with_alone(_in_words(data.rows), "p10")
    chart = layers.base(data, rows).encode(layers.time(data), tooltip=_tooltip(data), **layers.series(data))
    scale, axis = _scale(data.rows)
    line = chart.mark_line(point=True).encode(alt.Y("p50:Q", title=_TITLE))
    interval = {"y": alt.Y("p10:Q", title=_TITLE, scale=scale, axis=axis), "y2": alt.Y2("p90:Q")}
    under = bands(chart, rows, many=bool(data.places), **interval)
    return layers.layered(*under, line).properties(width=SIZE["wide"], height=SIZE["high"])


def _scale(rows: list[Row]) -> tuple[alt.Scale, alt.Axis]:
    """Give a scale of logarithms, which is even below a second and so has room for 0, with ticks at whole units."""
    shown = [row[name] for row in rows for name in ("p10", "p99") if row[name] is not None] or [0, 60]
    low, high = min(shown) - abs(min(shown)) / 3, max(shown) + abs(max(shown)) / 3
    coarse, fine = (_ticks(counts, low, high) for counts in _TICKS)
    inside = coarse if len(coarse) > 3 else fine
    texts = "".join(f"datum.value == {seconds} ? '{text}' : " for seconds, text in inside.items())
    scale = alt.Scale(type="symlog", constant=1, domain=[low, high], nice=False, clamp=True)
    return scale, alt.Axis(values=list(inside), labelExpr=f"{texts}''", labelOverlap=True)


def _ticks(counts: dict[str, list[int]], low: float, high: float) -> dict[int, str]:
    """Give the ticks between two durations, in seconds and in words."""
    ticks = {count * _UNITS[unit]: f"{count:,} {unit}" for unit, numbers in counts.items() for count in numbers}
    return {seconds: text for seconds, text in ticks.items() if low <= seconds <= high}


def _tooltip(data: Frame) -> list[alt.Tooltip]:
    texts = [alt.Tooltip(f"{name}_text:N", title=title) for name, title in _NAMES.items()]
    return [*layers.tooltip(data, ["sessions", "known"]), *texts]


def _in_words(rows: list[Row]) -> list[Row]:
    """Add the durations as text."""
    return [row | {f"{name}_text": duration(row[name]) for name in _NAMES} for row in rows]
