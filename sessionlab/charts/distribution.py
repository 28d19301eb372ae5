"""Charts of how many sessions took how many attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil

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
    unknown = any(row["attempts"] is None for row in data.rows)
    shared = [f"{bins.width:,} numbers of attempts share a bar"] if bins.width > 1 else []
    data = replace(data, rows=_outcomes(data.rows, bins), notes=(*shared, *data.notes))
    axis = Axis(bins.labels, unknown, SIZE["narrow" if "panel" in data.places else "wide"])
    chart = layers.finished(_bars(data, axis), data, "Sessions by attempts", "how many sessions took so many attempts")
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


_CHARACTER, _GAP = 7, 6
"""How wide a character of a label is at most, and the least between two labels."""


@dataclass(frozen=True)
class Axis:
    """Where the bars stand on a plot of so many pixels, and which are labelled: the last one always."""

    bars: list[str]
    unknown: bool
    width: int

    @property
    def places(self) -> list[str]:
        """Give the bars in order. What is not known stands apart, so far that a label of it has room."""
        if not self.unknown:
            return self.bars
        apart = self._between(self.bars[-1], "?") - 1
        return [*self.bars, *(" " * (1 + place) for place in range(apart)), UNKNOWN]

    @property
    def labelled(self) -> list[str]:
        """Choose the bars that are labelled, as evenly as there is room."""
        *others, last = self.bars
        widest = max(self.bars, key=len)
        even = range(0, len(others), self._between(widest, widest))
        kept = [others[place] for place in even if len(others) - place >= self._between(others[place], last)]
        return [*kept, last, *([UNKNOWN] if self.unknown else [])]

    def _between(self, one: str, other: str) -> int:
        """Tell how many places apart two labels can stand; labels are centred below their bars."""
        pixels = _CHARACTER * (len(one) + len(other)) / 2 + _GAP
        return max(1, ceil(pixels * (len(self.bars) + self.unknown) / self.width))


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
    panels: dict[str | None, Row] = {}
    for row in rows:
        panel, bar = row.get("panel"), bins.label(row["attempts"])
        panels[panel] = {name: row[name] for name in ("panel", "panel_whole") if name in row}
        sizes[panel] += row["sessions"]
        counts[panel, bar, "passed"] += row["passed"]
        counts[panel, bar, "failed"] += row["judged"] - row["passed"]
        counts[panel, bar, "not judged"] += row["sessions"] - row["judged"]
    return [
        panels[panel] | {"attempts": bar, "outcome": outcome, "sessions": count, "share": count / sizes[panel]}
        for (panel, bar, outcome), count in counts.items()
        if count
    ]


def _bars(data: Frame, place: Axis) -> alt.LayerChart:
    outcomes = list(_OUTCOMES)
    colors = alt.Scale(domain=outcomes, range=list(_OUTCOMES.values()))
    words = f"datum.value == '{UNKNOWN}' ? '?' : datum.label"
    axis = alt.Axis(labelAngle=0, labelOverlap=False, values=place.labelled, labelExpr=words)
    title = "attempts, ? where not known" if place.unknown else "attempts"
    chart = layers.base(data).transform_calculate(order=f"indexof({outcomes}, datum.outcome)")
    bars = chart.mark_bar(cornerRadiusEnd=0).encode(
        alt.X("attempts:N", scale=alt.Scale(domain=place.places), title=title, axis=axis),
        alt.Y("sessions:Q", title="sessions", axis=alt.Axis(tickMinStep=1)),
        alt.Color("outcome:N", scale=colors, title=None),
        alt.Order("order:Q"),
        tooltip=layers.tooltip(data, ["attempts", "outcome", "sessions", "share"]),
    )
    return layers.layered(bars).properties(width=SIZE["wide"], height=SIZE["high"])
