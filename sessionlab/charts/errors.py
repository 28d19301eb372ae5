"""Charts of errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sessionlab.charts import layers
from sessionlab.charts.altair import alt
from sessionlab.charts.frames import Frame, panels
from sessionlab.charts.labels import Other, label
from sessionlab.charts.question import Question, Row
from sessionlab.charts.registry import Chart, chart
from sessionlab.charts.shorten import distinct
from sessionlab.charts.theme import PALETTE, SIZE
from sessionlab.metrics import Metrics

LIMITS = {"alone": 20, "panels": 8}
"""How many messages are shown, without and with panels."""

_ROOM = 440
"""How many pixels a message has."""

_FOLDED = "numbers, names and paths in the messages are folded"
_COUNT = f"format(datum.errors, ',') + ' in ' + {layers.SESSIONS}"


@chart
def errors(
    metrics: Metrics, *, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Chart:
    """Draw the most frequent errors: a bar for each message, coloured by type, with the counts at the right.

    Groups and the spans of a bucket stand in panels.

    >>> chart = lab.charts.errors(by="kind")
    >>> chart.title.text
    'Errors by kind'
    """
    data = panels(Question(metrics, "errors", by, where, bucket, weight="errors", empty="no errors"))
    limit = LIMITS["panels" if "panel" in data.places else "alone"]
    shown = _first(data.rows, limit)
    cut = [f"the {limit} most frequent of {len(data.rows):,}"] if len(shown) < len(data.rows) else []
    data = replace(data, rows=_labelled(shown), notes=(*cut, *data.notes))
    return layers.stacked(lambda rows: _bars(data, rows), data, layers.titled(data, "Errors", _FOLDED))


def _bars(data: Frame, rows: list[Row]) -> alt.LayerChart:
    most = max((row["errors"] for row in rows), default=1)
    types = list(dict.fromkeys(_types(data.rows).values()))
    colors = alt.Scale(domain=types, range=PALETTE[: len(types)])
    order = alt.EncodingSortField(field="errors", op="max", order="descending")
    chart = layers.base(data, rows).encode(
        alt.X("errors:Q", title="errors", axis=alt.Axis(tickMinStep=1, tickCount=min(5, most))),
        alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=_ROOM)),
        tooltip=layers.tooltip(data, ["type", "message", "errors", "sessions", "last_seen"]),
    )
    return layers.layered(
        chart.mark_bar(opacity=0.75).encode(alt.Color("color:N", scale=colors, sort=types, title="type")),
        chart.transform_calculate(count=_COUNT).mark_text(style="count", dx=5).encode(text=alt.Text("count:N")),
    ).properties(width=SIZE["narrow"] + 50, height=alt.Step(21))


def _first(rows: list[Row], limit: int) -> list[Row]:
    """Give the first rows of each panel, which are the most frequent."""
    seen: Counter[str | None] = Counter()
    shown = []
    for row in rows:
        seen[row.get("panel")] += 1
        if seen[row.get("panel")] <= limit:
            shown.append(row)
    return shown


def _labelled(rows: list[Row]) -> list[Row]:
    """Add a short message that no other row of the panel has, and the type and the time as text."""
    types = _types(rows)
    texts = {
        panel: iter(distinct([label(row["message"]) for row in rows if row.get("panel") == panel], _ROOM))
        for panel in {row.get("panel") for row in rows}
    }
    return [
        row
        | {"label": next(texts[row.get("panel")]), "color": types[row["error_type"]]}
        | {"type": label(row["error_type"]), "last_seen": label(row["last_seen"])}
        for row in rows
    ]


def _types(rows: list[Row]) -> dict[str | None, str]:
    """Name the types that get a colour, the most frequent first; the others share the last one."""
    sizes: Counter[str | None] = Counter()
    for row in rows:
        sizes[row["error_type"]] += row["errors"]
    names = [name for name, _ in sizes.most_common()]
    kept = names if len(names) <= len(PALETTE) else names[: len(PALETTE) - 1]
    return {name: label(name if name in kept else Other(len(names) - len(kept))) for name in names}
