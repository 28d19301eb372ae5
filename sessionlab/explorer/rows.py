"""The table of sessions below the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.display.cells import words

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

MOST = 100
"""How many sessions the table shows."""

COLUMNS = ("session_id", "kind", "topic", "goal", "status", "success", "attempts", "model", "started_at")


def table(selection: DuckDBPyRelation) -> dict[str, Any]:
    """Give the first sessions of a selection as texts, the newest first, and how many there are in all."""
    (total,) = selection.aggregate("count(*)").fetchall()[0]
    rows = (
        selection.order("started_at DESC NULLS LAST, source, kind, session_id").limit(MOST).project(", ".join(COLUMNS))
    )
    texts = [["" if value is None else words(value) for value in row] for row in rows.fetchall()]
    return {"columns": list(COLUMNS), "rows": texts, "total": total}
