"""The figures on top of the page, and how many pieces time is cut into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sessionlab.charts.labels import duration
from sessionlab.report.markup import Row, text

_LONG = 104
"""From how many weeks on success over time is shown by month."""


def tiles(row: Row) -> Iterable[tuple[str, str, str]]:
    """Give the summary's figures as value, name and explanation."""
    interval = f"{text('low', row['low'])} to {text('high', row['high'])} · " if row["judged"] else ""
    yield text("sessions", row["sessions"]), "sessions", f"{row['judged']:,} judged"
    yield text("rate", row["rate"]), "success rate", f"{interval}{row['passed']:,} of {row['judged']:,}"
    yield text("", row["attempts_median"]), "median attempts", f"mean {text('', row['attempts_mean'])}"
    yield duration(row["duration_median_s"]), "median duration", "from start to end"
    yield text("", row["errors"]), "errors", "over all sessions"


def in_words(row: Row) -> Row:
    """Say the durations in a row."""
    return {name: duration(value) if isinstance(value, float) else value for name, value in row.items()}


def readable(rows: Sequence[Row]) -> str | None:
    """Choose, from rows by week, the bucket that gives a readable number of points; None where no start is known."""
    weeks = [row["bucket"] for row in rows if row["bucket"]]
    if not weeks:
        return None
    span = (weeks[-1] - weeks[0]).days // 7
    return "day" if span < 4 else "week" if span < _LONG else "month"
