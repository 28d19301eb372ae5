"""What a chart asks of the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessionlab.charts.labels import label
from sessionlab.charts.shorten import shortened
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named
from sessionlab.metrics.conditions import conjuncts

Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked of which metric.

    Its column ``weight`` tells how large a group is, and ``empty`` is what to say where nothing is found.
    """

    metrics: Metrics
    name: str
    by: str | Sequence[str] = ()
    where: str | None = None
    bucket: str | None = None
    weight: str = "sessions"
    empty: str = "no sessions"
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Give the names of the columns to group by."""
        return columns_named(self.by)

    @property
    def groups(self) -> tuple[str, ...]:
        """Give the columns to group by, and the bucket as one more, under its own name."""
        return (*self.columns, *([self.bucket] if self.bucket else []))

    @property
    def conditions(self) -> list[str]:
        """Give what must hold for a session."""
        return [] if self.where is None else conjuncts(self.where)

    @property
    def notes(self) -> list[str]:
        """Say what is left out."""
        return [] if self.where is None else [f"where {shortened(self.where, 110)}"]

    def rows(self, by: Sequence[str], conditions: Sequence[str]) -> list[Row]:
        """Run the metric by these columns, where all these conditions hold."""
        where = " AND ".join(f"({condition})" for condition in conditions) or None
        metric = getattr(self.metrics, self.name)
        rows: list[Row] = metric(by=by, where=where, bucket=self.bucket, **self.more).to_dicts()
        return rows

    def sizes(self, rows: list[Row], *columns: str) -> Counter[Any]:
        """Tell how large the group of each value of a column is; of each label, where there are more columns."""
        sizes: Counter[Any] = Counter()
        for row in rows:
            sizes[row[columns[0]] if len(columns) == 1 else joined(row, columns)] += row[self.weight]
        return sizes


def joined(row: Row, columns: Sequence[str]) -> str:
    """Say in words which values a row has in some columns."""
    return " · ".join(label(row[column]) for column in columns)
