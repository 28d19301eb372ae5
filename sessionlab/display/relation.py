"""The first rows of a relation, as text and as HTML, from one run of its query."""

from __future__ import annotations

import html
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING

from sessionlab.display.cells import cell, short
from sessionlab.display.markup import framed, table
from sessionlab.display.shell import in_notebook

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

ROWS, COLUMNS = 50, 60
"""The most rows and columns that are shown."""

_WIDTH = 120
"""How wide the text is in a notebook, in characters."""

_PLAN = ["explain_key", "explain_value"]
"""The columns of an EXPLAIN, which is a drawing."""


def bundle(relation: DuckDBPyRelation) -> dict[str, str]:
    """Give what a notebook shows of a relation, by MIME type.

    A query that fails only now that it is run, as a text that is no number, shows what DuckDB says of it.
    """
    import duckdb

    try:
        head = relation.limit(ROWS + 1).materialize()
        return {"text/plain": _text(head.limit(ROWS)), "text/html": _page(relation, head)}
    except duckdb.Error as error:
        message = f"The query fails where it is run: {str(error)[:2_000]}"
        return {"text/plain": message, "text/html": framed(f"<p>{html.escape(message)}</p>")}


def relation_html(relation: DuckDBPyRelation) -> str:
    """Write the first rows of a relation as HTML."""
    return bundle(relation)["text/html"]


def _text(relation: DuckDBPyRelation) -> str:
    """Draw rows as DuckDB does, but in a notebook no wider than a page: left alone it draws them whole there."""
    with redirect_stdout(StringIO()) as drawn:
        relation.show(max_width=_WIDTH if in_notebook() else None, max_rows=ROWS)
    return drawn.getvalue()


def _page(relation: DuckDBPyRelation, head: DuckDBPyRelation) -> str:
    rows = head.fetchall()
    if relation.columns == _PLAN:
        return framed(*(f"<pre>{html.escape(short(str(plan), 20_000))}</pre>" for _, plan in rows))
    cells = ([cell(value) for value in row[:COLUMNS]] for row in rows[:ROWS])
    return framed(table(relation.columns[:COLUMNS], cells), _left_out(len(rows), len(relation.columns)))


def _left_out(rows: int, columns: int) -> str:
    """Say what is not shown."""
    parts = [f"the first {ROWS} rows"] if rows > ROWS else []
    parts += [f"the first {COLUMNS} of {columns:,} columns"] if columns > COLUMNS else []
    if parts:
        return f"<p>{' and '.join(parts)}; <code>.df()</code> gives all</p>"
    return "" if rows else "<p>no rows</p>"
