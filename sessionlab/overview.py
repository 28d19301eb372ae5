"""A lab at a glance, for a notebook: its sources, and how many sessions of each kind they hold."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

from sessionlab.display import counted, framed, table
from sessionlab.display.cells import cell
from sessionlab.errors import SessionlabError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_MOST = 20
_SOURCES = """
SELECT s.source, n.kind, coalesce(n.sessions, 0), s.rejected, s.uri
FROM main.sources AS s
LEFT JOIN (SELECT source, kind, count(*) AS sessions FROM main.sessions GROUP BY ALL) AS n USING (source)
ORDER BY ALL
"""
_HEADS = ("source", "kind", "sessions", "rejected", "from")


def overview(title: str, run: Callable[[str], DuckDBPyRelation]) -> str:
    """Draw a lab's sources as an HTML table.

    Args:
        title: What stands above it.
        run: Runs SQL in the lab.
    """
    try:
        rows = run(_SOURCES).fetchall()
    except SessionlabError as error:
        return framed(f"<b>{html.escape(title)}</b><p>{html.escape(str(error))}</p>")
    if not rows:
        return framed(f"<b>{html.escape(title)}</b><p>No source is loaded yet: <code>lab.load(…)</code>.</p>")
    body = ([_cell(value) for value in row] for row in rows[:_MOST])
    more = f"<p>… and {len(rows) - _MOST:,} more: <code>lab.sources()</code></p>" if len(rows) > _MOST else ""
    total = sum(row[2] for row in rows)
    return framed(f"<b>{html.escape(title)}</b>: {counted(total, 'session')}", table(_HEADS, body), more)


def _cell(value: object) -> str:
    return f'<td class="n">{value:,}</td>' if isinstance(value, int) else cell(value or "none")
