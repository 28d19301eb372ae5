"""The SELECTs that are sent to Postgres, whose columns have types, though not always the declared ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sessionlab.loaders.relational import STREAM_EXTRA, Match
from sessionlab.loaders.times import utc_time
from sessionlab.schema import Column, Type, literal, quote

_WHOLE = frozenset({"smallint", "integer", "bigint"})
_REAL = frozenset({"real", "double precision", "numeric"})
_JSON = frozenset({"json", "jsonb"})
_TIMES = frozenset({"timestamp with time zone", "timestamp without time zone", "date"})


def columns(schema: str) -> str:
    """Select the tables of a schema with their columns and types."""
    return (
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text\n"
        "FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid\n"
        "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace\n"
        f"WHERE n.nspname = {text(schema)} AND c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped\n"
        "ORDER BY c.relname, a.attnum"
    )


def text(value: str) -> str:
    """Quote a text for Postgres whatever its setting for backslashes."""
    return "E" + literal(value.replace("\\", "\\\\"))


def fingerprint(schema: str, tables: Sequence[str]) -> str:
    """Sum up which row versions are there. An update or an insert has a new ``xmin``, a delete takes one away."""
    sums = (
        f"(SELECT count(*)::text || ':' || coalesce(sum(hashtextextended(ctid::text || xmin::text, 0)::numeric), 0)::text"
        f" FROM {quote(schema)}.{quote(table)})"
        for table in tables
    )
    return f"SELECT concat_ws('/', {', '.join(sums)})"


def real_times(found: Match, types: Mapping[str, str]) -> frozenset[str]:
    """Name the columns that come as times, not as texts to be read as such."""
    return frozenset(
        column.name for column, name in found.columns if column.type is Type.TIME and types[name] in _TIMES
    )


def rows(found: Match, schema: str, types: Mapping[str, str]) -> str:
    """Select a table's sound rows in the types that the lab takes."""
    values = [f"{_value(column, name, types[name])} AS {quote(column.name)}" for column, name in found.columns]
    if found.undeclared:
        values.append(f"{_extra(found)} AS {STREAM_EXTRA}")
    return f"SELECT {', '.join(values)} FROM {_from(found, schema)}{_where(_conditions(found, types))}"


def bad_rows(found: Match, schema: str, types: Mapping[str, str]) -> str | None:
    """Select why a row is left out, and the row; None where the types leave nothing to find."""
    conditions = list(_conditions(found, types))
    if not conditions:
        return None
    reasons = " ".join(
        f"WHEN NOT ({condition}) THEN {text(name + ' holds ')} || coalesce(left(t.{quote(name)}::text, 80), 'NULL')"
        f" || {text(f' where {needed} is needed')}"
        for condition, name, needed in conditions
    )
    good = " AND ".join(condition for condition, _, _ in conditions)
    return f"SELECT CASE {reasons} END, to_json(t)::text FROM {_from(found, schema)} WHERE NOT ({good})"


def row_by_key(found: Match, schema: str, key: Sequence[Any]) -> str:
    """Select one row by its key, as JSON."""
    names = {column.name: name for column, name in found.columns}
    condition = " AND ".join(
        f"t.{quote(names[column])}::text = {text(str(value))}"
        for column, value in zip(found.table.key, key, strict=True)
    )
    return f"SELECT to_json(t)::text FROM {_from(found, schema)} WHERE {condition}"


def unreadable_time(found: Match, row: Mapping[str, Any]) -> str:
    """Say which of a row's times could not be read."""
    for column, name in found.columns:
        if column.type is Type.TIME and row[name] is not None:
            try:
                utc_time(row[name])
            except ValueError:
                return f"{name} holds {row[name]!r} where a time is needed"
    return "a time in it cannot be read"


def _from(found: Match, schema: str) -> str:
    return f"{quote(schema)}.{quote(found.found)} AS t"


def _where(conditions: Iterator[tuple[str, str, str]]) -> str:
    kept = " AND ".join(condition for condition, _, _ in conditions)
    return f" WHERE {kept}" if kept else ""


def _conditions(found: Match, types: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Give the conditions that a row must meet beyond what its types say: the condition, the column, what is needed."""
    for column, name in found.columns:
        at, type_ = f"t.{quote(name)}", types[name]
        if column.required:
            yield f"{at} IS NOT NULL", name, "a value"
        if column.type is Type.INTEGER and type_ not in _WHOLE:
            yield (
                f"({at} IS NULL OR {at}::text ~ '^-?[0-9]{{1,18}}$')",
                name,
                "a whole number of at most 64 bits",
            )
        elif column.type is Type.BOOLEAN and type_ != "boolean":
            yield f"({at} IS NULL OR {at}::text IN ('0', '1', 'true', 'false'))", name, "true or false"
        elif column.type is Type.REAL and type_ not in _WHOLE | _REAL:
            yield f"({at} IS NULL OR {at}::text ~ '^-?[0-9]+(\\.[0-9]+)?$')", name, "a number"
        elif column.type is Type.JSON and type_ not in _JSON:
            yield f"({at} IS NULL OR {at}::text IS JSON)", name, "JSON"


def _value(column: Column, name: str, type_: str) -> str:
    at = f"t.{quote(name)}"
    if column.type is Type.TIME:
        return {"timestamp with time zone": f"{at} AT TIME ZONE 'UTC'", "date": f"{at}::timestamp"}.get(
            type_, at if type_ in _TIMES else f"{at}::text"
        )
    if column.type is Type.INTEGER:
        return f"{at}::text::bigint" if type_ not in _WHOLE else f"{at}::bigint"
    if column.type is Type.BOOLEAN:
        return at if type_ == "boolean" else f"{at}::text::boolean"
    if column.type is Type.REAL:
        return f"{at}::double precision"
    return f"{at}::text"


def _extra(found: Match) -> str:
    """Put the undeclared columns together as the text of one JSON object, leaving out those that are NULL."""
    parts = ", ".join(
        f"CASE WHEN t.{quote(name)} IS NOT NULL"
        f" THEN to_json({text(name)}::text)::text || ':' || to_json(t.{quote(name)})::text END"
        for name in found.undeclared
    )
    return f"nullif('{{' || concat_ws(',', {parts}) || '}}', '{{}}')"
