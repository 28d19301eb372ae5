"""The SELECTs that are sent to SQLite, where any column may hold anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sessionlab.loaders.match import Match
from sessionlab.loaders.streams import EXTRA, PLACE, RAW, STREAM
from sessionlab.schema import Column, Type, literal, quote

_REAL_ROW = "sessionlab_row"
REAL_ROW = f"{_REAL_ROW} = 1"
"""The condition that leaves out the row which only sets the types."""

PLACED = f"SELECT * EXCLUDE ({_REAL_ROW}) FROM {STREAM} WHERE {REAL_ROW}"
"""What is to be seen of :func:`other_rows`."""

TABLES = """
SELECT m.name, c.name, c.type
FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.sql NOT LIKE 'CREATE VIRTUAL %'
"""
"""The tables with their columns and declared types."""

VIEWS = "SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY 1 LIMIT 12"
"""The views."""

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


def row_number(columns: Collection[str]) -> str | None:
    """Give the name by which a table's row number goes, if it has one: the first that no column takes."""
    taken = {column.casefold() for column in columns}
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), None)


def sound_rows(found: Match, *, as_bytes: bool) -> str:
    """Select a table's sound rows.

    The driver fixes a column's type by the first batch it sees, so the first row is made up: it has every type.
    """
    sample, values = _columns(found, as_bytes=as_bytes)
    return _select(sample, values, found, _sound(found))


def sound_rows_whole(found: Match, place: str | None) -> str:
    """Select a table's sound rows, texts as bytes, with their places and, once more, as a whole."""
    sample, values = _columns(found, as_bytes=True)
    place_and_raw = [_place(place), f"CAST({_row(found)} AS BLOB)"]
    return _select([*sample, f"-1 AS {PLACE}", f"x'00' AS {RAW}"], [*values, *place_and_raw], found, _sound(found))


def other_rows(found: Match, place: str | None) -> str:
    """Select the rows that are not sound: their place, why, and the whole row; reason and row as bytes."""
    reasons = " ".join(
        f"WHEN NOT ({_fits(column, name)}) THEN {literal(f'{found.found}.{name} holds ')}"
        f" || substr(quote(t.{quote(name)}), 1, 80) || {literal(f' where {_NEEDED[column.type]} is needed')}"
        for column, name in found.columns
    )
    values = [_place(place), f"CAST(CASE {reasons} END AS BLOB)", f"CAST({_row(found)} AS BLOB)"]
    return _select([f"-1 AS {PLACE}", "x'00' AS reason", f"x'00' AS {RAW}"], values, found, f"NOT ({_sound(found)})")


def count(found: Match) -> str:
    """Count a table's rows, sound or not."""
    return f"SELECT count(*) FROM {_from(found)}"


def _columns(found: Match, *, as_bytes: bool) -> tuple[list[str], list[str]]:
    """Give the named columns of the row that sets the types, and the values of the real rows."""
    text, sample = ("BLOB", "x'00'") if as_bytes else ("TEXT", "'s'")
    samples = [f"{_SENTINEL.get(column.type, sample)} AS {quote(column.name)}" for column, _ in found.columns]
    values = [f"CAST(t.{quote(name)} AS {_CAST.get(column.type, text)})" for column, name in found.columns]
    if found.undeclared:
        samples.append(f"{sample} AS {EXTRA}")
        values.append(f"CAST(nullif({_object(found.undeclared)}, '{{}}') AS {text})")
    return samples, values


def _select(sample: list[str], values: list[str], found: Match, condition: str) -> str:
    return (
        f"SELECT 0 AS {_REAL_ROW}, {', '.join(sample)}\nUNION ALL\n"
        f"SELECT 1, {', '.join(values)} FROM {_from(found)} WHERE {condition}"
    )


def _from(found: Match) -> str:
    return f"({found.query}) AS t" if found.query else f"{quote(found.found)} AS t"


def _place(place: str | None) -> str:
    return f"CASE WHEN typeof(t.{place}) = 'integer' THEN t.{place} END" if place else "NULL"


def _row(found: Match) -> str:
    """Put a whole row together as the text of a JSON object."""
    return _object([*(name for _, name in found.columns), *found.undeclared], nulls=True)


def _sound(found: Match) -> str:
    return " AND ".join(_fits(column, name) for column, name in found.columns)


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


def _object(names: Collection[str], *, nulls: bool = False) -> str:
    """Put columns together as the text of one JSON object; those that are NULL are left out unless ``nulls``.

    It is text that is put together, as SQLite's ``json_object`` refuses bytes.
    """

    def pairs() -> Iterator[str]:
        for name in dict.fromkeys(names):
            at, key = f"t.{quote(name)}", f"',' || json_quote({literal(name)}) || ':'"
            value = f"json_quote(CASE typeof({at}) WHEN 'blob' THEN hex({at}) ELSE {at} END)"
            yield f"{key} || {value}" if nulls else f"CASE WHEN {at} IS NULL THEN '' ELSE {key} || {value} END"

    return f"'{{' || substr({' || '.join(pairs())}, 2) || '}}'"
