"""Looking up one session by its id, and saying well what is wrong with an id that is not there, or there twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from sessionlab.errors import NotFound, QueryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_MOST = 5
"""How many ids or sources a message names."""


class Ask(Protocol):
    """Runs SQL over the lab's tables with values for its ``$name``, as ``Lab.sql`` does."""

    def __call__(self, query: str, params: Mapping[str, Any], /) -> DuckDBPyRelation:
        """Give the relation."""


def rows_of(relation: DuckDBPyRelation) -> list[dict[str, Any]]:
    """Fetch a relation's rows as dictionaries."""
    columns = relation.columns
    return [dict(zip(columns, row, strict=True)) for row in relation.fetchall()]


def find_session(ask: Ask, session_id: object, source: str | None = None, kind: str | None = None) -> dict[str, Any]:
    """Give the row of a session in ``sessions``.

    Args:
        ask: Runs SQL in the lab.
        session_id: Its id, as text or as a number.
        source: The source that it is of, where several have one of that id.
        kind: Its kind, where a source has several kinds with one of that id.

    Raises:
        NotFound: there is none; the message names ids that are near, and the sources that have it.
        QueryError: there are several; the message names their sources.
    """
    wanted = str(session_id)
    found = rows_of(ask("FROM sessions WHERE session_id = $id ORDER BY source, kind", {"id": wanted}))
    fitting = [row for row in found if source in (None, row["source"]) and kind in (None, row["kind"])]
    if not fitting:
        raise NotFound(_missing(ask, wanted, source, kind, found))
    if len(fitting) > 1:
        raise QueryError(_ambiguous(wanted, fitting))
    return fitting[0]


def _ambiguous(wanted: str, rows: list[dict[str, Any]]) -> str:
    kinds = {row["kind"] for row in rows}
    column = "kind" if len({row["source"] for row in rows}) == 1 and len(kinds) > 1 else "source"
    values = sorted({row[column] for row in rows})
    return f"{len(rows)} sessions have the id {wanted!r}. Say which with {column}=: {_listed(values)}."


def _missing(ask: Ask, wanted: str, source: str | None, kind: str | None, found: list[dict[str, Any]]) -> str:
    asked = {"source": source, "kind": kind}
    place = "".join(f" of {name} {value!r}" for name, value in asked.items() if value is not None)
    if found:
        others = sorted({f"{row['source']} ({row['kind']})" for row in found})
        return f"There is no session {wanted!r}{place}, but one of {_listed(others)}."
    sources = [name for (name,) in ask("SELECT DISTINCT source FROM sessions ORDER BY source", {}).fetchall()]
    if source is not None and source not in sources:
        return f"No sessions are loaded from {source!r}. There are some from: {_listed(sources) or 'no source yet'}."
    near = _near(ask, wanted, source)
    return f"There is no session {wanted!r}{place}.{f' Near to it: {_listed(near)}.' if near else ''}"


def _near(ask: Ask, wanted: str, source: str | None) -> list[str]:
    """Name the ids that are most like one, the most like first."""
    query = f"""
        SELECT DISTINCT session_id, jaro_winkler_similarity(session_id, $id) AS likeness
        FROM sessions
        WHERE likeness > 0.7 AND source = coalesce($source, source)
        ORDER BY likeness DESC, session_id
        LIMIT {_MOST}
    """
    return [repr(name) for name, _ in ask(query, {"id": wanted, "source": source}).fetchall()]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
