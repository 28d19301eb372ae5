"""HTML in pieces: sections, folds, tables, and values as text. All that is handed over as text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from sessionlab.model import SESSIONS

Row = Mapping[str, Any]

TABLE_ROWS = 200
"""How many rows of a table are shown."""

_SHARES = {"rate", "low", "high", "share"}
_GROUPS = {*SESSIONS.names, "bucket", "value", "error_type", "message", "runtime"}


def section(heading: str, content: str) -> str:
    """Put HTML below a heading."""
    return f"<section><h2>{escape(heading)}</h2>{content}</section>"


def lines(texts: Iterable[str]) -> str:
    """Write texts below each other, for who wants to know more."""
    return f'<p class="muted">{"<br>".join(map(escape, texts))}</p>'


def folded(label: str, content: str, kind: str) -> str:
    """Put HTML behind a fold."""
    return f'<details class="{kind}"><summary>{label}</summary>{content}</details>'


def code(text: str) -> str:
    """Put SQL behind a fold."""
    return folded("SQL", f"<pre>{escape(text)}</pre>", "sql")


def tile(value: str, name: str, explanation: str) -> str:
    """Show a figure, large, between its name and what explains it."""
    return (
        f'<div class="tile">{escape(name)}<b>{escape(value)}</b><span class="muted">{escape(explanation)}</span></div>'
    )


def table(rows: Sequence[Row]) -> str:
    """Lay out rows with the columns of the first; empty where there are none."""
    if not rows:
        return ""
    numbers = {name for name in rows[0] if any(isinstance(row[name], int | float) for row in rows)}
    head = "".join(_cell("th", name, name in numbers) for name in rows[0])
    body = "".join(
        f"<tr>{''.join(_cell('td', text(*item), item[0] in numbers) for item in row.items())}</tr>"
        for row in rows[:TABLE_ROWS]
    )
    cut = f'<p class="muted">the first {TABLE_ROWS} of {len(rows):,} rows</p>' if len(rows) > TABLE_ROWS else ""
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>{cut}'


def _cell(tag: str, text: str, number: bool) -> str:
    kind = ' class="number"' if number else ' class="long"' if len(text) > 30 else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def text(name: str, value: object) -> str:
    """Say a value of a column: shares in percent, counts with separators; NULL is a group, or no number at all."""
    if value is None:
        return "(unknown)" if name in _GROUPS else "–"
    if name in _SHARES and isinstance(value, int | float):
        return f"{value:.1%}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
