"""The SELECTs that are sent to SQLite, where any column may hold anything."""

from __future__ import annotations

from collections.abc import Iterator

from sessionlab.loaders.relational import STREAM_EXTRA, Match
from sessionlab.schema import Column, Type, literal, quote

_ROW = "sessionlab_row"
FROM_STREAM = f"sessionlab_stream WHERE {_ROW} = 1"
"""The stream without the row that only sets the types."""

_SENTINEL = {Type.INTEGER: "-1", Type.BOOLEAN: "0", Type.REAL: "0.5"}
_CAST = {Type.INTEGER: "INTEGER", Type.BOOLEAN: "INTEGER", Type.REAL: "REAL"}
_NEEDED = {
    Type.TEXT: "a text",
    Type.INTEGER: "a whole number of at most 64 bits",
    Type.REAL: "a number",
    Type.BOOLEAN: "0 or 1",
    Type.TIME: "a time",
    Type.JSON: "JSON",
}


def rows(found: Match, *, bytes_as_text: bool) -> str:
    """Select a table's sound rows.

    The driver fixes a column's type by the first batch it sees, so the first row is made up: it has every type.
    """
    text, sample = ("BLOB", "x'00'") if bytes_as_text else ("TEXT", "'s'")
    first = [f"{_SENTINEL.get(column.type, sample)} AS {quote(column.name)}" for column, _ in found.columns]
    values = [f"CAST(t.{quote(name)} AS {_CAST.get(column.type, text)})" for column, name in found.columns]
    if found.undeclared:
        first.append(f"{sample} AS {STREAM_EXTRA}")
        values.append(f"CAST({_extra(found)} AS {text})")
    return (
        f"SELECT 0 AS {_ROW}, {', '.join(first)}\nUNION ALL\n"
        f"SELECT 1, {', '.join(values)} FROM {_from(found)} WHERE {' AND '.join(_conditions(found))}"
    )


def bad_rows(found: Match) -> str:
    """Select the rows that :func:`rows` leaves out: their place, why, and all their columns."""
    reasons = " ".join(
        f"WHEN NOT ({_fits(column, name)}) THEN {literal(name)} || ' holds ' || substr(quote(t.{quote(name)}), 1, 80)"
        f" || {literal(f' where {_NEEDED[column.type]} is needed')}"
        for column, name in found.columns
    )
    return (
        f"SELECT {_place(found)}, CASE {reasons} END, t.* FROM {_from(found)}"
        f" WHERE NOT ({' AND '.join(_conditions(found))})"
    )


def row_by_key(found: Match) -> str:
    """Select one row by its key, bound as parameters: its place, nothing, and all its columns."""
    names = {column.name: name for column, name in found.columns}
    condition = " AND ".join(f"CAST(t.{quote(names[key])} AS TEXT) IS CAST(? AS TEXT)" for key in found.table.key)
    return f"SELECT {_place(found)}, '', t.* FROM {_from(found)} WHERE {condition}"


def _from(found: Match) -> str:
    return f"({found.query}) AS t" if found.query else f"{quote(found.found)} AS t"


def _place(found: Match) -> str:
    # A subquery, and a table without rowid, have no row number: there the name is taken as a text.
    return "NULL" if found.query else 'CASE WHEN typeof("rowid") = \'integer\' THEN "rowid" END'


def _conditions(found: Match) -> Iterator[str]:
    return (_fits(column, name) for column, name in found.columns)


def _fits(column: Column, name: str) -> str:
    """Give the condition that a value is what the column needs; it is never NULL."""
    at = f"t.{quote(name)}"
    kept = {
        Type.INTEGER: f"typeof({at}) IN ('integer', 'null')",
        Type.REAL: f"typeof({at}) IN ('integer', 'real', 'null')",
        Type.BOOLEAN: f"({at} IS NULL OR {at} IN (0, 1))",
        Type.JSON: f"({at} IS NULL OR (typeof({at}) <> 'blob' AND json_valid({at})))",
    }.get(column.type, f"typeof({at}) <> 'blob'")
    return f"{kept} AND {at} IS NOT NULL" if column.required else kept


def _extra(found: Match) -> str:
    """Put the undeclared columns together as the text of one JSON object, leaving out those that are NULL."""
    parts = []
    for name in found.undeclared:
        at = f"t.{quote(name)}"
        value = f"json_quote(CASE typeof({at}) WHEN 'blob' THEN hex({at}) ELSE {at} END)"
        parts.append(f"CASE WHEN {at} IS NULL THEN '' ELSE ',' || json_quote({literal(name)}) || ':' || {value} END")
    return f"nullif('{{' || substr({' || '.join(parts)}, 2) || '}}', '{{}}')"
