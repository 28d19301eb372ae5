"""Intervals over time: a band, and a stroke where a bucket stands alone, as nothing is to be seen of a band there."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sessionlab.charts.altair import alt
from sessionlab.charts.question import Row


def with_alone(rows: list[Row], column: str) -> list[Row]:
    """Mark the rows as ``alone`` beside which no bucket of their group has a value in a column."""
    groups: defaultdict[tuple[str | None, str | None], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["bucket"]):
        groups[row.get("series"), row.get("panel")].append(row)
    alone = {id(row) for group in groups.values() for row in _alone(group, column)}
    return [row | {"alone": True} if id(row) in alone else row for row in rows]


def _alone(group: list[Row], column: str) -> list[Row]:
    known = [False, *(row[column] is not None for row in group), False]
    return [row for place, row in enumerate(group) if known[place : place + 3] == [False, True, False]]


def bands(chart: alt.Chart, rows: list[Row], *, many: bool, **interval: Any) -> list[alt.Chart]:
    """Draw the bands, of which the ends are encoded, and the strokes of the rows that are marked as alone.

    ``rows`` are those of the chart. Where there are ``many`` bands, they are paler.
    """
    band = chart.mark_area(opacity=0.1 if many else 0.2).encode(**interval)
    stroke = chart.transform_filter("datum.alone").mark_rule(strokeWidth=2, opacity=0.5).encode(**interval)
    return [band, *([stroke] if any("alone" in row for row in rows) else [])]
