"""Charts of who wins competitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.frames import LIMITS, Frame, panels
from sessionlab.charts.labels import label
from sessionlab.charts.light import at
from sessionlab.charts.question import Question, Row
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.shorten import ROOM, told_apart
from sessionlab.charts.theme import SIZE
from sessionlab.metrics import Metrics

_COUNTED = ["entered", "won", "rate", "low", "high", "rating", "rating_low", "rating_high", "unrated"]
_RATE = "left: attempts that won their competition, with the 95 % Wilson interval"
_RATING = "right: strength by Bradley and Terry, from who beat whom, with its 95 % interval; 0 is the mean"
_COUNT = "format(datum.won, ',') + ' of ' + format(datum.entered, ',')"


@chart
def winners(
    metrics: Metrics,
    *,
    of: str = "agent",
    by: str | Sequence[str] = (),
    where: str | None = None,
    bucket: str | None = None,
) -> Chart:
    """Draw who wins competitions: the share of attempts that won, and beside it the rating, or why there is none.

    ``of`` is what is compared: ``"agent"``, ``"model"`` or ``"runtime"``. There is a pair of plots for each group
    and each span of a bucket.

    >>> chart = lab.charts.winners(of="model")
    >>> chart.title.text
    'Wins of each model'
    """
    question = Question(
        metrics, "winners", by, where, bucket, weight="entered", empty="no competitions", more={"of": of}
    )
    data = panels(question)
    rows, cut = _largest(data.rows, of)
    data = replace(data, rows=rows, notes=(*cut, *data.notes))
    title = layers.titled(data, f"Wins of each {of}", _RATE, _RATING)
    return layers.stacked(lambda rows: _pair(data, rows), data, title)


def _largest(rows: list[Row], of: str) -> tuple[list[Row], list[str]]:
    """Leave out those that entered least where they are too many, and name the others."""
    entered: Counter[str | None] = Counter()
    for row in rows:
        entered[row[of]] += row["entered"]
    kept = {name for name, _ in entered.most_common(LIMITS["axis"])}
    note = f"the {len(kept)} of {len(entered):,} that entered most"
    names = told_apart(map(label, kept), ROOM["axis"])
    named = [row | {"entrant": names[label(row[of])]} for row in rows if row[of] in kept]
    return named, [note] if len(kept) < len(entered) else []


def _pair(data: Frame, rows: list[Row]) -> alt.HConcatChart:
    """Draw the rates, and beside them the ratings."""
    chart = layers.base(data, rows).encode(tooltip=layers.tooltip(data, _COUNTED))
    order = [row["entrant"] for row in rows]
    size = {"width": SIZE["narrow"], "height": alt.Step(24)}
    rates = chart.encode(alt.Y("entrant:N", sort=order, title=None))
    ratings = chart.encode(alt.Y("entrant:N", sort=order, title=None, axis=alt.Axis(labels=False, grid=False)))
    rating = alt.X("rating:Q", title="rating", axis=alt.Axis(tickCount=5, format="+"))
    return alt.hconcat(
        layers.layered(
            rates.mark_rule(style="whisker").encode(alt.X("low:Q", title="won"), x2=alt.X2("high:Q")),
            rates.mark_point(size=70).encode(
                alt.X("rate:Q", title="won", scale=alt.Scale(domain=[0, 1]), axis=layers.PERCENTS)
            ),
            rates.transform_calculate(count=_COUNT)
            .mark_text(style="count", dx=8)
            .encode(**at(x="width"), text=alt.Text("count:N")),
        ).properties(**size),
        layers.layered(
            ratings.mark_rule(style="whisker").encode(
                alt.X("rating_low:Q", title="rating"), x2=alt.X2("rating_high:Q")
            ),
            ratings.mark_point(size=70).encode(rating),
            ratings.transform_filter("datum.unrated")
            .mark_text(style="count", dx=4)
            .encode(**at(x=0), text=alt.Text("unrated:N")),
        ).properties(**size),
        spacing=64,
    )
