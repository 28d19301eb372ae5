"""Running a user's SQL: with the data frames of whoever asks in reach, and errors of ours."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from sessionlab.errors import QueryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_LINES = 12
_RUN = compile("_lab_connection.sql(_lab_query, params=_lab_values)", "<query>", "eval")
_READ_ONLY = (
    "A lab is changed by load, refresh and forget only. For tables of your own, CREATE TEMP TABLE, or COPY … TO a file."
)


def ask(
    connection: DuckDBPyConnection,
    query: str,
    params: Sequence[Any] | Mapping[str, Any] | None,
    named: Mapping[str, Any] | None = None,
) -> DuckDBPyRelation:
    """Run SQL; a data frame is found under the name that it has where this package was called from.

    Args:
        connection: What runs it.
        query: The SQL.
        params: Values for ``?`` (a sequence) or ``$name`` (a mapping).
        named: More values for ``$name``, beside a mapping or nothing.

    Raises:
        QueryError: DuckDB refuses the query, or there is none in it, or its values are no sequence or mapping, or are
            for both ``?`` and ``$name``.
    """
    values = _values(params, named)
    scope = {**_variables(), "_lab_connection": connection, "_lab_query": query, "_lab_values": values or None}
    try:
        # DuckDB looks for frames among the variables where its method is called. Were that here, our names would hide
        # the user's.
        relation: DuckDBPyRelation | None = eval(_RUN, scope)  # noqa: S307 - a constant of ours
    except duckdb.Error as error:
        raise QueryError(_message(error)) from error
    if relation is None:
        raise QueryError("There is no statement in the query. Try FROM sessions.")
    return relation


def _values(params: Any, named: Mapping[str, Any] | None) -> Sequence[Any] | Mapping[str, Any] | None:
    if isinstance(params, Mapping):
        return {**params, **(named or {})}
    if params is not None:
        _refuse_no_sequence(params)
        if named:
            raise QueryError(
                f"A query has values for ? or for $name, not both: there is a list, and {', '.join(named)} by name."
            )
    return named or params


def _refuse_no_sequence(params: Any) -> None:
    if isinstance(params, str | bytes) or not isinstance(params, Iterable):
        raise QueryError(f"Values for ? come as a list, as [{params!r}]; for $name by their names, as name={params!r}.")
    if not isinstance(params, Sequence):
        raise QueryError(f"Values for ? come as a list; this is a {type(params).__name__}. Try list(…).")


def _variables() -> dict[str, Any]:
    """Give the variables of the innermost caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__")).split(".")[0] == __package__:
        frame = frame.f_back
    return {**frame.f_globals, **frame.f_locals}


def _message(error: duckdb.Error) -> str:
    lines = str(error).splitlines()
    text = "\n".join([*lines[:_LINES], *(["…"] if len(lines) > _LINES else [])])
    return f"{text}\n{_READ_ONLY}" if "attached in read-only mode" in text else text
