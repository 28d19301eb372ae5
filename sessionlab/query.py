"""Running a user's SQL: with the data frames of whoever asks in reach, and errors of ours."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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
    connection: DuckDBPyConnection, query: str, values: Sequence[Any] | Mapping[str, Any] | None
) -> DuckDBPyRelation:
    """Run SQL; a data frame is found under the name that it has where this package was called from.

    Raises:
        QueryError: DuckDB refuses the query, or there is none in it, or its values are no sequence or mapping.
    """
    if isinstance(values, str | bytes | int | float):
        raise QueryError(f"Values for ? come as a list, as [{values!r}]; for $name by their names, as name={values!r}.")
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
