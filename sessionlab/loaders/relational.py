"""Our side of a load from a database: the INSERT that takes a stream of rows, and the marks it leaves on odd ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessionlab.loaders.match import Match
from sessionlab.loaders.streams import EXTRA, PLACE, RAW, STREAM
from sessionlab.loaders.target import Target, table_of
from sessionlab.loaders.times import is_no_time
from sessionlab.schema import Column, Type, literal, quote

NO_UTF8 = '"\ufffd not UTF-8 \ufffd"'
"""What stands in a batch for a text that is not UTF-8. It is JSON too, as it may stand in such a column."""
NO_JSON = '"\ufffd not JSON \ufffd"'
"""What stands in a batch for a text that is no JSON."""
_NAN = (
    "(regexp_matches({0}, '(?i)nan|inf')"
    " AND regexp_matches(regexp_replace({0}, '\"(?:[^\"\\\\]|\\\\.)*\"', '', 'gs'), '(?i)nan|inf'))"
)
"""Whether a JSON text has such a number, outside its texts."""


@dataclass(frozen=True)
class Brings:
    """How a stream brings its values.

    ``careful``: texts come as bytes if ``as_bytes``, and what is no UTF-8 or no JSON is replaced by a mark instead of
    failing the whole batch. ``real_times`` are columns that come as times rather than as texts. ``loose_json`` are
    JSON columns that nobody has checked, so that NaN may stand in them, which DuckDB takes.
    """

    careful: bool = False
    as_bytes: bool = False
    real_times: frozenset[str] = frozenset()
    loose_json: frozenset[str] = frozenset()


def insert(found: Match, source: str, brings: Brings, condition: str = "true") -> str:
    """Give the INSERT that takes the stream of a table's rows into the lab.

    The stream has the native names, texts for times and JSON (or timestamps without zone), whole numbers for booleans
    (or booleans), and ``sessionlab_extra``.
    """
    values = _values(found, brings)
    columns = ", ".join(values.get(column.name, "NULL") for column in found.table.columns)
    return (
        f"INSERT INTO {table_of(found.kind, found.table.name)}\n"
        f"SELECT {literal(source)}, NULL, {columns}, {values.get(EXTRA, 'NULL')}\nFROM {STREAM} WHERE {condition}"
    )


def drop_marked(found: Match, brings: Brings, target: Target) -> int:
    """Delete the lab's rows that carry a mark, and count them."""
    marks = " OR ".join(mark for _, mark, _ in _marks(found, brings))
    if not marks:
        return 0
    condition = f"{table_of(found.kind, found.table.name)} WHERE source = {literal(target.source)} AND ({marks})"
    # Looking first is cheap where there are none, as the columns' least and greatest values tell.
    marked_rows = int(target.execute(f"SELECT count(*) FROM {condition}").fetchall()[0][0])
    if marked_rows:
        target.execute(f"DELETE FROM {condition}").fetchall()
    return marked_rows


def marked(found: Match, brings: Brings, condition: str = "true") -> str:
    """Select the rows of a stream that would carry a mark: their place, the reason, and the whole row."""
    values = _values(found, brings)
    names = {column.name: name for column, name in found.columns}
    shown = (
        f"WHEN {mark} THEN {literal(f'{found.found}.{names.get(column, column)} holds ')} || {reason}"
        for column, mark, reason in _marks(found, brings)
    )
    columns = ", ".join(
        f"{value} AS {quote('extra' if name == EXTRA else name)}, {quote(name)} AS {quote('given_' + name)}"
        for name, value in values.items()
    )
    return (
        f"SELECT {PLACE}, why, {RAW} FROM (\n"
        f"    SELECT {PLACE}, {RAW}, CASE {' '.join(shown)} END AS why\n"
        f"    FROM (SELECT {PLACE}, {RAW}, {columns} FROM {STREAM} WHERE {condition})\n"
        ") WHERE why IS NOT NULL"
    )


def _values(found: Match, brings: Brings) -> dict[str, str]:
    values = {column.name: _value(column, brings) for column, _ in found.columns}
    return values | ({EXTRA: _spread(found, _json(EXTRA, brings))} if found.undeclared else {})


def _spread(found: Match, extra: str) -> str:
    """Put what a store keeps in an ``extra`` of its own, as a JSON object, beside the other undeclared columns."""
    if "extra" not in found.undeclared:
        return extra
    own, others = f"({extra}->>'extra')", f"json_merge_patch({extra}, '{{\"extra\": null}}')::VARCHAR"
    inner = ", ".join(f"nullif(({part})[2:-2], '')" for part in (others, own))
    spread = f"('{{' || concat_ws(',', {inner}) || '}}')::JSON"
    return f"CASE WHEN json_valid({own}) AND json_type({own}) = 'OBJECT' THEN {spread} ELSE {extra} END"


def _value(column: Column, brings: Brings) -> str:
    name = quote(column.name)
    if column.name in brings.real_times or column.type is Type.INTEGER:
        return name
    if column.type is Type.JSON:
        return _json(column.name, brings)
    if column.type is Type.TEXT:
        return _text(name, brings)
    return f"utc_time({_text(name, brings)})" if column.type is Type.TIME else f"CAST({name} AS {column.type.value})"


def _text(name: str, brings: Brings) -> str:
    if not brings.as_bytes:
        return name
    return f"CASE WHEN {name} IS NOT NULL THEN coalesce(TRY(decode({name})), {literal(NO_UTF8)}) END"


def _json(column: str, brings: Brings) -> str:
    text = _text(quote(column), brings)
    loose = column in brings.loose_json
    if not brings.careful and not loose:
        return f"CAST({text} AS JSON)"
    tried = f"coalesce(TRY_CAST({text} AS JSON), {literal(NO_JSON)}::JSON)"
    odd = _NAN.format(text) if loose else "false"
    return f"CASE WHEN {quote(column)} IS NULL THEN NULL WHEN {odd} THEN {literal(NO_JSON)}::JSON ELSE {tried} END"


def _marks(found: Match, brings: Brings) -> Iterator[tuple[str, str, str]]:
    """Give each column that may carry a mark, the condition that it does, and what is wrong then, as SQL."""
    shown = "left(decode({0}), 80)" if brings.as_bytes else "left({0}, 80)"
    for column, _ in found.columns:
        name, given = quote(column.name), quote("given_" + column.name)
        if column.type is Type.TIME and column.name not in brings.real_times:
            text = f"coalesce(TRY({shown.format(given)}), {literal('bytes')})"
            yield column.name, is_no_time(name), f"'''' || {text} || ''' where a time is needed'"
        if column.type in (Type.TEXT, Type.JSON) and brings.as_bytes:
            yield column.name, f"{name}::VARCHAR = {literal(NO_UTF8)}", "'a text that is not UTF-8'"
        if column.type is Type.JSON and (brings.careful or column.name in brings.loose_json):
            yield column.name, f"{name}::VARCHAR = {literal(NO_JSON)}", "'a text that is no JSON'"
    if found.undeclared and brings.careful:
        yield "extra", f"extra::VARCHAR = {literal(NO_UTF8)}", "'a text that is not UTF-8'"
        yield "extra", f"extra::VARCHAR = {literal(NO_JSON)}", "'a text that is no JSON'"
