"""A metric's rows made ready to draw: values as text, few enough groups, in a sensible order.

A row of a frame holds the metric's columns, and labels that say where it stands: along the ``axis``, in which
``series``, told apart by colour, and in which ``panel``. With a bucket the axis is time, under ``bucket``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from textwrap import shorten
from typing import Any

from sessionlab.charts.labels import Other, label, ordered, outside
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named
from sessionlab.metrics.conditions import conjuncts

Row = dict[str, Any]
Query = Callable[..., list[Row]]
"""Runs a metric for a ``by`` and a ``where``."""

LIMITS = {"axis": 40, "series": 8, "panel": 12}
"""How many groups a chart can show there and stay readable."""

ALL = "all sessions"
"""The label of the only group where nothing is grouped by."""


@dataclass(frozen=True)
class Place:
    """A way in which a chart sets groups apart: the columns it shows, and their labels in order."""

    columns: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def title(self) -> str:
        """Name the columns."""
        return " · ".join(self.columns)


@dataclass(frozen=True)
class Frame:
    """Rows to draw, the places where they stand, the bucket, and what a reader must know about them."""

    rows: list[Row]
    places: dict[str, Place] = field(default_factory=dict)
    bucket: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Say what the rows are grouped by, to stand after a title."""
        columns = [column for place in self.places.values() for column in place.columns]
        return f" by {' and '.join(columns)}" if columns else ""


def frame(
    metrics: Metrics,
    name: str,
    *,
    by: str | Sequence[str],
    where: str | None,
    bucket: str | None,
    colored: bool = True,
) -> Frame:
    """Run a metric and make its rows ready to draw.

    The first column of ``by`` gets the axis, the second one colours if ``colored``, and the others panels;
    with a bucket time has the axis and the first column colours. Of more groups than can be shown the largest
    are kept, and the others are counted as one by the metric itself, so that its numbers are exact.

    Raises ``QueryError`` as the metric does.
    """
    columns = columns_named(by)
    conditions = [] if where is None else conjuncts(where)
    notes = [] if where is None else [f"where {shorten(where, 110)}"]
    rows, gathered = _few_enough(partial(_rows, metrics, name, bucket), columns, conditions, bucket)
    rows, undated = _dated(rows) if bucket else (rows, [])
    places = _places(rows, columns, bucket=bucket, colored=colored)
    rows, hidden = _placed(rows, places)
    nothing = [] if any(row["sessions"] for row in rows) else ["no sessions"]
    return Frame(rows, places, bucket, (*notes, *gathered, *undated, *hidden, *nothing))


def _rows(metrics: Metrics, name: str, bucket: str | None, by: Sequence[str], conditions: list[str]) -> list[Row]:
    """Run a metric where all conditions hold."""
    where = " AND ".join(f"({condition})" for condition in conditions) or None
    rows: list[Row] = getattr(metrics, name)(by=by, where=where, bucket=bucket).to_dicts()
    return rows


def _few_enough(
    query: Query, columns: tuple[str, ...], conditions: list[str], bucket: str | None
) -> tuple[list[Row], list[str]]:
    """Run the metric; gather the smallest groups of the first column where it has too many."""
    rows = query(columns, conditions)
    limit = LIMITS["series" if bucket else "axis"]
    sizes = _sizes(rows, columns[0]) if columns else Counter()
    if len(sizes) <= limit:
        return rows, []
    lead, kept = columns[0], {value for value, _ in sizes.most_common(limit - 1)}
    rest = query(columns[1:], [*conditions, outside(lead, kept)])
    other = Other(len(sizes) - len(kept))
    note = f"the {len(kept)} largest of {len(sizes):,} values of {lead}, the rest as {label(other)}"
    return [row for row in rows if row[lead] in kept] + [{lead: other} | row for row in rest], [note]


def _dated(rows: list[Row]) -> tuple[list[Row], list[str]]:
    """Write buckets as text; leave out the rows without one, which have no place on an axis of time."""
    dated = [row | {"bucket": row["bucket"].isoformat()} for row in rows if row["bucket"] is not None]
    lost = sum(row["sessions"] for row in rows if row["bucket"] is None)
    return dated, [f"{lost:,} sessions without a start left out"] if lost else []


def _places(rows: list[Row], columns: tuple[str, ...], *, bucket: str | None, colored: bool) -> dict[str, Place]:
    """Give each column its place; the last place takes all columns that are left."""
    few = len(columns) > 1 and len(_sizes(rows, columns[1])) <= LIMITS["series"]
    first = "series" if bucket else "axis"
    second = "series" if colored and few and not bucket else "panel"
    shares = {
        first: columns[:1],
        second: columns[1:2],
        "panel": columns[2:] if second != "panel" else columns[1:],
    }
    return {name: _place(rows, own) for name, own in shares.items() if own}


def _place(rows: list[Row], columns: tuple[str, ...]) -> Place:
    if len(columns) == 1:
        return Place(columns, tuple(map(label, ordered(columns[0], _sizes(rows, columns[0])))))
    sizes: Counter[str] = Counter()
    for row in rows:
        sizes[_joined(row, columns)] += row["sessions"]
    return Place(columns, tuple(name for name, _ in sizes.most_common()))


def _placed(rows: list[Row], places: dict[str, Place]) -> tuple[list[Row], list[str]]:
    """Put labels on each row instead of its columns; leave out the panels beyond the limit."""
    grouped = {column for place in places.values() for column in place.columns}
    placed = [
        {name: _joined(row, place.columns) for name, place in places.items()}
        | {name: value for name, value in row.items() if name not in grouped}
        for row in rows
    ]
    panels = places["panel"].labels if "panel" in places else ()
    shown = panels[: LIMITS["panel"]]
    note = f"the {len(shown)} largest of {len(panels):,} panels"
    return [row for row in placed if not panels or row["panel"] in shown], [note] if shown != panels else []


def _joined(row: Row, columns: tuple[str, ...]) -> str:
    return " · ".join(label(row[column]) for column in columns)


def _sizes(rows: list[Row], column: str) -> Counter[Any]:
    """Count the sessions of each value of a column."""
    sizes: Counter[Any] = Counter()
    for row in rows:
        sizes[row[column]] += row["sessions"]
    return sizes
