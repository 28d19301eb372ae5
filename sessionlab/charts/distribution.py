"""Charts of how many sessions took how many attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.frames import Frame, panels
from sessionlab.charts.labels import UNKNOWN
from sessionlab.charts.question import Question, Row
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.theme import PALETTE, SIZE
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named
from sessionlab.metrics.query import refuse_twins
from sessionlab.schema import quote

BARS = 40
"""How many bars are drawn at most; beyond, several numbers of attempts share one."""

_OUTCOMES = {"passed": PALETTE[0], "failed": PALETTE[1], "not judged": PALETTE[6]}
_WIDTHS = [count * 10**power for power in range(18) for count in (1, 2, 5)]


@chart
def attempts_distribution(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw how many sessions took how many attempts, and how many of them passed.

    Groups and the spans of a bucket stand in panels. Where the attempts are very many, several numbers share a bar.

    >>> chart = lab.charts.attempts_distribution(by="kind")
    >>> chart.title.text
    'Sessions by attempts by kind'
    """
    refuse_twins(dict.fromkeys(map(quote, columns_named(by)), ""), {"attempts": ""})
    question = Question(metrics, "success_rate", [*columns_named(by), "attempts"], where, bucket)
    data = panels(question, besides="attempts")
    bins = _bins(data.rows)
    unknown = [UNKNOWN] if any(row["attempts"] is None for row in data.rows) else []
    shared = [f"{bins.width:,} numbers of attempts share a bar"] if bins.width > 1 else []
    data = replace(data, rows=_outcomes(data.rows, bins), notes=(*shared, *data.notes))
    chart = layers.finished(
        _bars(data, [*bins.labels, *unknown]), data, "Sessions by attempts", "how many sessions took so many attempts"
    )
    return chart.resolve_scale(y="independent") if isinstance(chart, alt.FacetChart) else chart


@dataclass(frozen=True)
class Bins:
    """Which numbers of attempts share a bar: so many from ``first`` on, and all from ``end`` on the last one."""

    first: int
    width: int
    end: int
    last: int

    def label(self, attempts: int | None) -> str:
        """Name the bar of a number of attempts."""
        if attempts is None:
            return UNKNOWN
        if attempts >= self.end:
            return f"{self.end:,}+"
        start = attempts // self.width * self.width
        return f"{start:,}" if self.width == 1 else f"{start:,}–{start + self.width - 1:,}"

    @property
    def labels(self) -> list[str]:
        """Name all bars in order, also those in which there is nothing."""
        bars = map(self.label, range(self.first, self.end, self.width))
        return [*bars, *([self.label(self.end)] if self.last >= self.end else [])]


def _bins(rows: list[Row]) -> Bins:
    """Choose the bars so that 99 % of the sessions fit into few; the others share the last one."""
    known = sorted((row["attempts"], row["sessions"]) for row in rows if row["attempts"] is not None) or [(0, 0)]
    total = sum(count for _, count in known)
    reached = accumulate(count for _, count in known)
    most = next(attempts for (attempts, _), count in zip(known, reached, strict=True) if count >= 0.99 * total)
    first, last = known[0][0], known[-1][0]
    width = next(width for width in _WIDTHS if (most - first) // width + 1 < BARS)
    return Bins(first // width * width, width, (most // width + 1) * width, last)


def _outcomes(rows: list[Row], bins: Bins) -> list[Row]:
    """Count each outcome in each bar of each panel."""
    sizes: Counter[str | None] = Counter()
    counts: Counter[tuple[str | None, str, str]] = Counter()
    for row in rows:
        panel, bar = row.get("panel"), bins.label(row["attempts"])
        sizes[panel] += row["sessions"]
        counts[panel, bar, "passed"] += row["passed"]
        counts[panel, bar, "failed"] += row["judged"] - row["passed"]
        counts[panel, bar, "not judged"] += row["sessions"] - row["judged"]
    return [
        ({"panel": panel} if panel else {})
        | {"attempts": bar, "outcome": outcome, "sessions": count, "share": count / sizes[panel]}
        for (panel, bar, outcome), count in counts.items()
        if count
    ]


def _bars(data: Frame, order: list[str]) -> alt.LayerChart:
    outcomes = list(_OUTCOMES)
    colors = alt.Scale(domain=outcomes, range=list(_OUTCOMES.values()))
    axis = alt.Axis(labelAngle=0, labelOverlap=True)
    chart = layers.base(data).transform_calculate(order=f"indexof({outcomes}, datum.outcome)")
    bars = chart.mark_bar(cornerRadiusEnd=0).encode(
        alt.X("attempts:N", scale=alt.Scale(domain=order), title="attempts", axis=axis),
        alt.Y("sessions:Q", title="sessions", axis=alt.Axis(tickMinStep=1)),
        alt.Color("outcome:N", scale=colors, title=None),
        alt.Order("order:Q"),
        tooltip=layers.tooltip(data, ["attempts", "outcome", "sessions", "share"]),
    )
    return layers.layered(bars).properties(width=SIZE["wide"], height=SIZE["high"])
