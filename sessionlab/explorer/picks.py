"""What is picked in a dashboard, as an SQL condition on ``sessions``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sessionlab.dashboard.cells import Cube
from sessionlab.dashboard.selections import TIME
from sessionlab.dashboard.timeline import MONTHS
from sessionlab.metrics.conditions import conjuncts

Picks = Mapping[str, Sequence[float]]
"""The codes that are picked, by the field of the cells; under ``TIME`` the span in milliseconds since 1970."""

_NOBODY = "false"
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)


def fields(cube: Cube) -> dict[str, str]:
    """Name the field of the cells that each of a chart's selections picks."""
    return {**{f"pick_{field}": field for field in cube.dimensions}, "span": TIME}


def condition(cube: Cube, where: str | None, picks: Picks) -> str:
    """Write the condition that holds for the sessions that are picked, of those that meet another; empty for all."""
    own = [] if where is None else conjuncts(where)
    return " AND ".join([*own, *conditions(cube, picks)])


def conditions(cube: Cube, picks: Picks) -> list[str]:
    """Write the conditions that must all hold for the sessions that are picked.

    Args:
        cube: What the dashboard was drawn from.
        picks: What is picked. A field that the cube does not have is left out, as is a code without a label.
    """
    found = []
    for field, codes in picks.items():
        if field == TIME and codes:
            found.append(_within(cube, min(codes), max(codes)))
        elif field in cube.dimensions and codes:
            known = cube.dimensions[field].conditions
            found.append(_either(known[int(code)] for code in codes if 0 <= code < len(known)))
    return found


def _either(conditions: Iterable[str]) -> str:
    """Join conditions of which one must hold."""
    return f"({' OR '.join(conditions) or _NOBODY})"


def _within(cube: Cube, low: float, high: float) -> str:
    """Write the condition that a session started in one of the buckets whose middle is in a span."""
    spans = [(day, _end(day, cube.bucket or "day")) for day in cube.days]
    picked = [(day, end) for day, end in spans if low <= (day + end) / 2 * _DAY_MS <= high]
    if not picked:
        return _NOBODY
    first, last = _date(min(picked)[0]), _date(max(picked)[1])
    return f"(started_at >= TIMESTAMP '{first}' AND started_at < TIMESTAMP '{last}')"


def _end(day: int, bucket: str) -> int:
    """Give the day after the last of a bucket, as days since 1970."""
    if bucket not in MONTHS:
        return day + (7 if bucket == "week" else 1)
    start = _date(day)
    months = start.year * 12 + start.month - 1 + MONTHS[bucket]
    return (date(months // 12, months % 12 + 1, 1) - _EPOCH).days


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)
