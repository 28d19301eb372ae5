"""Charts of the values of one column: how many sessions each has, and how they fare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.frames import Frame, frame
from sessionlab.charts.question import Row
from sessionlab.charts.rates import COUNTED, RATE, bars, stack
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import PALETTE, SIZE
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named

_SHARE = "share of the sessions"


@chart
def topics(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw what the sessions are about: each topic's share of the sessions beside its success rate.

    With ``by`` there is a pair of plots for each group. With a bucket the shares are stacked over time.

    >>> chart = lab.charts.topics()
    >>> chart.title.text
    'Sessions and success rate by topic'
    """
    return _values("topic", metrics, by, where, bucket)


@chart
def difficulties(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw how difficult the sessions are: each difficulty's share of the sessions beside its success rate.

    With ``by`` there is a pair of plots for each group. With a bucket the shares are stacked over time.

    >>> chart = lab.charts.difficulties()
    >>> chart.title.text
    'Sessions and success rate by difficulty'
    """
    return _values("difficulty", metrics, by, where, bucket)


@chart
def statuses(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw how the sessions stand: each status's share of the sessions beside its success rate.

    With ``by`` there is a pair of plots for each group. With a bucket the shares are stacked over time.

    >>> chart = lab.charts.statuses()
    >>> chart.title.text
    'Sessions and success rate by status'
    """
    return _values("status", metrics, by, where, bucket)


@chart
def modes(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw in which modes the sessions run: each mode's share of the sessions beside its success rate.

    With ``by`` there is a pair of plots for each group. With a bucket the shares are stacked over time.

    >>> chart = lab.charts.modes()
    >>> chart.title.text
    'Sessions and success rate by mode'
    """
    return _values("mode", metrics, by, where, bucket)


def _values(column: str, metrics: Metrics, by: str | Sequence[str], where: str | None, bucket: str | None) -> Chart:
    grouping = [column, *(other for other in columns_named(by) if other != column)]
    data = frame(metrics, "success_rate", by=grouping, where=where, bucket=bucket, colored=False)
    data = replace(data, rows=_with_shares(data.rows))
    if bucket:
        return layers.finished(_stack(data), data, "Sessions", _SHARE)
    title = layers.titled(data, "Sessions and success rate", f"left: {_SHARE}", f"right: {RATE}")
    return layers.stacked(lambda rows: _pair(data, rows), data, title)


def _with_shares(rows: list[Row]) -> list[Row]:
    """Add each row's share of the sessions in its panel and bucket, as ``metrics.topics`` has it."""
    totals: Counter[tuple[str | None, str | None]] = Counter()
    for row in rows:
        totals[row.get("panel"), row.get("bucket")] += row["sessions"]
    return [row | {"share": row["sessions"] / totals[row.get("panel"), row.get("bucket")]} for row in rows]


def _pair(data: Frame, rows: list[Row]) -> alt.HConcatChart:
    """Draw the values' shares, and beside them their success rates."""
    shares = layers.base(data, rows).encode(
        alt.X("share:Q", title=_SHARE, axis=alt.Axis(format=layers.PERCENT, tickCount=4)),
        layers.axis(data),
        tooltip=layers.tooltip(data, ["sessions", "share"]),
    )
    sizes = layers.layered(
        shares.mark_bar(color=PALETTE[6]),
        shares.mark_text(style="count", dx=5).encode(text=alt.Text("sessions:Q", format=",")),
    ).properties(width=SIZE["narrow"], height=layers.height(data))
    return alt.hconcat(sizes, bars(data, rows, labels=False).properties(width=SIZE["narrow"]))


def _stack(data: Frame) -> alt.LayerChart:
    """Draw the values' shares over time, stacked to the whole."""
    shares = alt.Y("share:Q", title=_SHARE, scale=alt.Scale(domain=[0, 1]), axis=layers.PERCENTS)
    return stack(data, shares, ["sessions", "share", *COUNTED[1:]])
