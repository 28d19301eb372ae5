"""A metric's rows made ready to draw: values as text, few enough groups, in a sensible order.

A row of a frame holds the metric's columns, and labels that say where it stands: along the ``axis``, in which
``series``, told apart by colour, and in which ``panel``. With a bucket the axis is time, under ``bucket``; a chart
that has an axis of its own, as attempts are one, has the buckets in panels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sessionlab.charts.labels import Other, label, ordered, outside
from sessionlab.charts.question import Question, Row, joined
from sessionlab.charts.shorten import ROOM, told_apart
from sessionlab.metrics import Metrics

LIMITS = {"axis": 40, "series": 8, "panel": 12}
"""How many groups a chart can show there and stay readable."""

ALL = "all sessions"
"""The label of the only group where nothing is grouped by."""


@dataclass(frozen=True)
class Place:
    """A way in which a chart sets groups apart: the columns it shows, and their labels in order.

    ``whole`` names what a row has the whole label under, where labels had to be shortened to be told apart.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    whole: str | None = None

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
    question = Question(metrics, name, by, where, bucket)
    columns, first = question.columns, "series" if bucket else "axis"
    rows, gathered = _few_enough(question, first)
    rows, undated = _dated(rows) if bucket else (rows, [])
    few = len(columns) > 1 and len(question.sizes(rows, columns[1])) <= LIMITS["series"]
    split = 2 if colored and few and not bucket else 1
    groups = {first: columns[:1], **({"series": columns[1:2]} if split == 2 else {}), "panel": columns[split:]}
    return _framed(question, rows, groups, bucket=bucket, notes=[*gathered, *undated])


def curves(question: Question) -> Frame:
    """Run a metric whose rows lie along an axis of their own: the first column gets colours, the others panels.

    The buckets get panels too. Raises ``QueryError`` as the metric does.
    """
    rows, gathered = _few_enough(question, "series")
    groups = {"series": question.columns[:1], "panel": question.groups[len(question.columns[:1]) :]}
    return _framed(question, _bucket_as_group(question, rows), groups, notes=gathered)


def panels(question: Question, *, besides: str = "") -> Frame:
    """Run a metric whose rows are no groups of sessions: all columns get panels, and the buckets too.

    ``besides`` is a column that stays one of the rows. Raises ``QueryError`` as the metric does.
    """
    rows = question.rows(question.columns, question.conditions)
    groups = tuple(column for column in question.groups if column != besides)
    return _framed(question, _bucket_as_group(question, rows), {"panel": groups})


def _framed(
    question: Question,
    rows: list[Row],
    groups: Mapping[str, tuple[str, ...]],
    *,
    bucket: str | None = None,
    notes: Sequence[str] = (),
) -> Frame:
    """Put the rows in their places, and say what a reader must know."""
    places = {name: _place(question, rows, columns) for name, columns in groups.items() if columns}
    rows, hidden = _placed(rows, places)
    rows, places = _told_apart(rows, places)
    nothing = [] if any(row[question.weight] for row in rows) else [question.empty]
    return Frame(rows, places, bucket, (*question.notes, *notes, *hidden, *nothing))


def _few_enough(question: Question, place: str) -> tuple[list[Row], list[str]]:
    """Run the metric; gather the smallest groups of the first column where that place has no room for all."""
    columns, conditions = question.columns, question.conditions
    rows, limit = question.rows(columns, conditions), LIMITS[place]
    sizes = question.sizes(rows, columns[0]) if columns else Counter()
    if len(sizes) <= limit:
        return rows, []
    lead, kept = columns[0], {value for value, _ in sizes.most_common(limit - 1)}
    rest = question.rows(columns[1:], [*conditions, outside(lead, kept)])
    other = Other(len(sizes) - len(kept))
    note = f"the {len(kept)} largest of {len(sizes):,} values of {lead}, the rest as {label(other)}"
    return [row for row in rows if row[lead] in kept] + [{lead: other} | row for row in rest], [note]


def _dated(rows: list[Row]) -> tuple[list[Row], list[str]]:
    """Write buckets as text; leave out the rows without one, which have no place on an axis of time."""
    dated = [row | {"bucket": row["bucket"].isoformat()} for row in rows if row["bucket"] is not None]
    lost = sum(row["sessions"] for row in rows if row["bucket"] is None)
    return dated, [f"{lost:,} sessions without a start left out"] if lost else []


def _bucket_as_group(question: Question, rows: list[Row]) -> list[Row]:
    """Give the bucket its own name, as one of the groups."""
    name = question.bucket or "bucket"
    return [{name if key == "bucket" else key: value for key, value in row.items()} for row in rows]


def _place(question: Question, rows: list[Row], columns: tuple[str, ...]) -> Place:
    sizes = question.sizes(rows, *columns)
    if len(columns) == 1:
        return Place(columns, tuple(map(label, ordered(columns[0], sizes))))
    return Place(columns, tuple(name for name, _ in sizes.most_common()))


def _placed(rows: list[Row], places: dict[str, Place]) -> tuple[list[Row], list[str]]:
    """Put labels on each row instead of its columns; leave out the panels beyond the limit."""
    grouped = {column for place in places.values() for column in place.columns}
    placed = [
        {name: joined(row, place.columns) for name, place in places.items()}
        | {name: value for name, value in row.items() if name not in grouped}
        for row in rows
    ]
    panels = places["panel"].labels if "panel" in places else ()
    shown = panels[: LIMITS["panel"]]
    note = f"the {len(shown)} largest of {len(panels):,} panels"
    return [row for row in placed if not panels or row["panel"] in shown], [note] if shown != panels else []


def _told_apart(rows: list[Row], places: dict[str, Place]) -> tuple[list[Row], dict[str, Place]]:
    """Shorten the labels that would look alike where they are drawn."""
    told = dict(places)
    for name, place in places.items():
        shown = told_apart([row[name] for row in rows], ROOM[name])
        if any(whole != text for whole, text in shown.items()):
            labels = tuple(shown.get(label, label) for label in place.labels)
            told[name] = replace(place, labels=labels, whole=f"{name}_whole")
            rows = [row | {name: shown[row[name]], f"{name}_whole": row[name]} for row in rows]
    return rows, told
