"""Charts of how much work the sessions took."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.frames import Frame, frame
from sessionlab.charts.light import at
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import SIZE
from sessionlab.metrics import Metrics

_COUNTED = ["sessions", "known", "mean", "std", "median", "p90", "max", "problem_mean"]
_TITLE = "attempts a session"


@chart
def attempts(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw how many attempts the sessions took: bars for the mean, marks for median and 90th percentile.

    With a bucket the mean is a line over time, and the 90th percentile a dashed one. The columns of ``by``
    stand as in ``success_rate``, the number of sessions at the right, and of how many of them attempts are known.

    >>> chart = lab.charts.attempts(by="kind")
    >>> chart.title.text
    'Attempts by kind'
    """
    data = frame(metrics, "attempts", by=by, where=where, bucket=bucket)
    if bucket:
        return layers.finished(_lines(data), data, "Attempts", "line: mean · dashed: 90th percentile")
    explained = "bar: mean · stroke: median · diamond: 90th percentile"
    return layers.finished(_bars(data), data, "Attempts", explained, *layers.partly(data, "the attempts are"))


def _bars(data: Frame) -> alt.LayerChart:
    place = {"y": layers.axis(data), **layers.series(data, offset=True)}
    colorless = {name: channel for name, channel in place.items() if name != "color"}
    chart = layers.base(data).encode(tooltip=layers.tooltip(data, _COUNTED))
    return layers.layered(
        chart.mark_bar(opacity=0.75).encode(
            alt.X("mean:Q", title=_TITLE, axis=alt.Axis(tickMinStep=1, tickCount=8)), **place
        ),
        chart.mark_tick(style="mark", thickness=2.5).encode(alt.X("median:Q", title=_TITLE), **colorless),
        chart.mark_point(style="mark", shape="diamond").encode(alt.X("p90:Q", title=_TITLE), **colorless),
        chart.transform_calculate(count=layers.KNOWN)
        .mark_text(style="count", dx=12)
        .encode(**at(x="width"), text=alt.Text("count:N"), **colorless),
    ).properties(width=SIZE["wide"], height=layers.height(data))


def _lines(data: Frame) -> alt.LayerChart:
    chart = layers.base(data).encode(layers.time(data), tooltip=layers.tooltip(data, _COUNTED), **layers.series(data))
    return layers.layered(
        chart.mark_line(point=True).encode(alt.Y("mean:Q", title=_TITLE)),
        chart.mark_line(strokeDash=[4, 3], strokeWidth=1.5).encode(alt.Y("p90:Q", title=_TITLE)),
    ).properties(width=SIZE["wide"], height=SIZE["high"])
