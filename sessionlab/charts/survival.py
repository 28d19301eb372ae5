"""Charts of the chance to have passed by the k-th attempt."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.frames import Frame, curves
from sessionlab.charts.question import Question, Row
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import SIZE
from sessionlab.metrics import Metrics

_COUNTED = ["attempt", "at_risk", "passed", "rate", "low", "high"]
_CHANCE = "chance to have passed by the attempt, with its 95 % interval"
_METHOD = "Kaplan–Meier: who gave up counts as long as they tried"


@chart
def success_by_attempt(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw the chance to have passed by each attempt, as steps in a band that is its 95 % interval.

    The first column of ``by`` stands in colours; more stand in panels, and so do the spans of a bucket.

    >>> chart = lab.charts.success_by_attempt(by="kind")
    >>> chart.title.text
    'Success by attempt by kind'
    """
    question = Question(metrics, "success_by_attempt", by, where, bucket, weight="at_risk")
    data = curves(question)
    return layers.finished(_steps(data), data, "Success by attempt", _CHANCE, _METHOD)


def _steps(data: Frame) -> alt.LayerChart:
    chart = layers.base(data, _with_ends(data.rows)).encode(
        alt.X("attempt:Q", title="attempts", axis=alt.Axis(tickMinStep=1, grid=False), scale=alt.Scale(nice=False)),
        **layers.series(data),
    )
    rate = alt.Y("rate:Q", title="passed", scale=alt.Scale(domain=[0, 1]), axis=layers.PERCENTS)
    band = chart.mark_area(interpolate="step-after", opacity=0.12 if data.places else 0.2)
    points = chart.transform_filter("datum.at_risk != null").mark_point(size=25)
    return layers.layered(
        band.encode(alt.Y("low:Q", title="passed"), y2=alt.Y2("high:Q")),
        chart.mark_line(interpolate="step-after").encode(rate),
        points.encode(rate, tooltip=layers.tooltip(data, _COUNTED)),
    ).properties(width=SIZE["wide"], height=SIZE["high"])


def _with_ends(rows: list[Row]) -> list[Row]:
    """Begin each curve at no attempt and no chance, and hold it for one attempt after the last."""
    ends: dict[tuple[str | None, str | None], Row] = {}
    starts: list[Row] = []
    for row in rows:
        group = row.get("series"), row.get("panel")
        place: Row = {name: row[name] for name in ("series", "panel") if name in row}
        if group not in ends:
            starts.append(place | {"attempt": 0, "rate": 0})
        ends[group] = {
            **place,
            "attempt": row["attempt"] + 1,
            "rate": row["rate"],
            "low": row["low"],
            "high": row["high"],
        }
    return [*starts, *rows, *ends.values()]
