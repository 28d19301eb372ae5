"""The SELECTs that are sent to Postgres, whose columns have types, though not always the declared ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sessionlab.loaders.match import Match
from sessionlab.loaders.streams import EXTRA, PLACE, RAW
from sessionlab.schema import Column, Type, literal, quote

_WHOLE = frozenset({"smallint", "integer", "bigint"})
_REAL = frozenset({"real", "double precision", "numeric"})
_JSON = frozenset({"json", "jsonb"})
_TIMES = frozenset({"timestamp with time zone", "timestamp without time zone", "date"})

SNAPSHOT = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL TIME ZONE 'UTC';"
    " SET LOCAL extra_float_digits = 1; SET LOCAL max_parallel_workers_per_gather = 0"
)
"""How every transaction begins. It leaves the server's workers alone, as they save no time: ours is what it takes."""

SCHEMAS = """
SELECT DISTINCT n.nspname::text FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1 LIMIT 12
"""
"""The schemas that have tables."""


def views(schema: str) -> str:
    """Select the names of a schema's views."""
    return (
        "SELECT c.relname::text FROM pg_catalog.pg_class AS c"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace\n"
        f"WHERE n.nspname = {text(schema)} AND c.relkind IN ('v', 'm') ORDER BY 1 LIMIT 12"
    )


def columns(schema: str) -> str:
    """Select the tables of a schema with their columns and types, domains as what they are made of."""
    return (
        "SELECT c.relname::text, a.attname::text,"
        " format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END, NULL)::text, c.relkind::text\n"
        "FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid\n"
        "JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace\n"
        "JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid\n"
        f"WHERE n.nspname = {text(schema)} AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition\n"
        "AND a.attnum > 0 AND NOT a.attisdropped\n"
        "ORDER BY c.relname, a.attnum"
    )


def text(value: str) -> str:
    """Quote a text for Postgres whatever its setting for backslashes."""
    return "E" + literal(value.replace("\\", "\\\\"))


_SAID = "hashtextextended(t::text, 0)"
_ROW_VERSION = "hashint8extended(t.xmin::text::bigint, hashtid(t.ctid)::bigint # (t.tableoid::bigint << 32))"


def versions(schema: str, tables: Sequence[str], foreign: frozenset[str]) -> str:
    """Select each table with its count of rows and a sum of their versions, in the tables' order.

    An update or an insert has a new ``xmin``, a delete takes one away.

    The rows of foreign tables have no versions: there it is what they say.
    """
    answers = []
    for table in tables:
        total = f"coalesce(sum({_SAID if table in foreign else _ROW_VERSION}), 0)"
        answers.append(f"SELECT {text(table)}::text, count(*), {total}::text FROM {quote(schema)}.{quote(table)} AS t")
    return " UNION ALL ".join(answers)


def real_times(found: Match, types: Mapping[str, str]) -> frozenset[str]:
    """Name the columns that come as times, not as texts to be read as such."""
    return _of_type(found, types, Type.TIME, _TIMES, within=True)


def loose_json(found: Match, types: Mapping[str, str]) -> frozenset[str]:
    """Name the JSON columns that Postgres has not checked."""
    return _of_type(found, types, Type.JSON, _JSON, within=False)


def _of_type(
    found: Match, types: Mapping[str, str], wanted: Type, these: frozenset[str], *, within: bool
) -> frozenset[str]:
    return frozenset(
        column.name for column, name in found.columns if column.type is wanted and (types[name] in these) is within
    )


def sound_rows(found: Match, schema: str, types: Mapping[str, str]) -> str:
    """Select a table's sound rows in the types that the lab takes."""
    return f"SELECT {', '.join(_columns(found, types))} FROM {_from(found, schema)} WHERE {_sound(found, types)}"


def sound_rows_whole(found: Match, schema: str, types: Mapping[str, str]) -> str:
    """Select a table's sound rows and, once more, each as a whole."""
    columns = ", ".join([*_columns(found, types), f"NULL::bigint AS {PLACE}", f"to_json(t)::text AS {RAW}"])
    return f"SELECT {columns} FROM {_from(found, schema)} WHERE {_sound(found, types)}"


def other_rows(found: Match, schema: str, types: Mapping[str, str]) -> str | None:
    """Select why a row is left out, and the row; None where the types leave nothing to find."""
    conditions = list(_conditions(found, types))
    if not conditions:
        return None
    reasons = " ".join(
        f"WHEN NOT ({condition}) THEN {text(f'{found.found}.{name} holds ')}"
        f" || coalesce('''' || left(t.{quote(name)}::text, 80) || '''', 'NULL')"
        f" || {text(f' where {needed} is needed')}"
        for condition, name, needed in conditions
    )
    return f"SELECT CASE {reasons} END, to_json(t)::text FROM {_from(found, schema)} WHERE NOT ({_sound(found, types)})"


def _columns(found: Match, types: Mapping[str, str]) -> list[str]:
    values = [f"{_value(column, name, types[name])} AS {quote(column.name)}" for column, name in found.columns]
    return [*values, f"{_extra(found)} AS {EXTRA}"] if found.undeclared else values


def _from(found: Match, schema: str) -> str:
    return f"{quote(schema)}.{quote(found.found)} AS t"


def _sound(found: Match, types: Mapping[str, str]) -> str:
    return " AND ".join(condition for condition, _, _ in _conditions(found, types)) or "true"


def _conditions(found: Match, types: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Give the conditions that a row must meet beyond what its types say: the condition, the column, what is needed.

    None of them is ever NULL.
    """
    for column, name in found.columns:
        at, type_ = f"t.{quote(name)}", types[name]
        if column.required:
            yield f"{at} IS NOT NULL", name, "a value"
        if column.type is Type.INTEGER and type_ not in _WHOLE:
            yield _none_or(at, _whole(at, type_)), name, "a whole number of at most 64 bits"
        elif column.type is Type.BOOLEAN and type_ != "boolean":
            yield _none_or(at, f"lower({at}::text) IN ('0', '1', 'true', 'false')"), name, "true or false"
        elif column.type is Type.REAL and type_ not in _WHOLE | _REAL:
            yield _none_or(at, f"{at}::text ~ '^-?[0-9]+(\\.[0-9]+)?$'"), name, "a number"
        elif column.type is Type.TIME and type_ in _TIMES:
            yield _none_or(at, f"{at} BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'"), name, "a time"


def _none_or(at: str, condition: str) -> str:
    return f"({at} IS NULL OR ({condition}))"


def _whole(at: str, type_: str) -> str:
    number = at if type_ in _REAL else f"{at}::text"
    shaped = f"{at}::text ~ '^-?[0-9]{{1,19}}$'" if type_ not in _REAL else f"{at}::text <> 'NaN' AND {at} % 1 = 0"
    if type_ in _REAL - {"numeric"}:
        number, shaped = f"{at}::numeric", f"{at}::text ~ '^-?[0-9.]+(e[+-]?[0-9]+)?$' AND {at}::numeric % 1 = 0"
    between = f"{number}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807"
    return f"CASE WHEN {shaped} THEN {between} ELSE false END"


def _value(column: Column, name: str, type_: str) -> str:
    at = f"t.{quote(name)}"
    if column.type is Type.TIME:
        real = {"timestamp with time zone": f"{at} AT TIME ZONE 'UTC'", "date": f"{at}::timestamp"}
        return real.get(type_, at if type_ in _TIMES else f"{at}::text")
    if column.type is Type.INTEGER:
        return f"{at}::bigint" if type_ in _WHOLE else f"{at}::text::numeric::bigint"
    if column.type is Type.BOOLEAN:
        return at if type_ == "boolean" else f"{at}::text::boolean"
    return f"{at}::double precision" if column.type is Type.REAL else f"{at}::text"


def _extra(found: Match) -> str:
    """Put the undeclared columns together as the text of one JSON object, leaving out those that are NULL."""
    parts = ", ".join(
        f"CASE WHEN t.{quote(name)} IS DISTINCT FROM NULL"
        f" THEN to_json({text(name)}::text)::text || ':' || to_json(t.{quote(name)})::text END"
        for name in found.undeclared
    )
    return f"nullif('{{' || array_to_string(ARRAY[{parts}], ',') || '}}', '{{}}')"
