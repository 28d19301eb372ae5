"""What the SQLite and the Postgres loader share: matching tables to kinds, and our side of a stream of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from sessionlab.errors import UnknownKind
from sessionlab.kinds import KINDS, Kind, NativeTable
from sessionlab.loaders.target import Target, table_of
from sessionlab.loaders.times import MACROS, is_no_time
from sessionlab.schema import Column, Type, literal, quote

if TYPE_CHECKING:
    from adbc_driver_manager import AdbcConnection, AdbcStatement

Tables = Mapping[str, Mapping[str, str]]
"""A database's tables: name → column → declared type, all names as the database has them."""

STREAM = "sessionlab_stream"
"""The name under which DuckDB sees a stream of rows."""
EXTRA = "sessionlab_extra"
"""Its column with the undeclared columns, as the text of one JSON object."""
PLACE, RAW = "sessionlab_place", "sessionlab_raw"
"""Its columns with a row's number and with the whole row as the text of a JSON object, where a query asks for them."""

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
class Match:
    """A native table and where a database has it.

    ``columns`` pairs each declared column that is there with the database's name for it; ``undeclared`` are its other
    columns. ``query`` stands in for the table where an older schema keeps it elsewhere.
    """

    kind: Kind
    table: NativeTable
    found: str
    columns: tuple[tuple[Column, str], ...]
    undeclared: tuple[str, ...] = ()
    query: str | None = None


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


def match(tables: Tables, kind: Kind | None, where: str, *, stand_ins: bool = True) -> tuple[list[Match], list[str]]:
    """Find the kinds that a database holds, and for each of their tables where it is.

    Args:
        tables: What the database has.
        kind: Look for this kind only.
        where: What the message calls the database.
        stand_ins: Whether the database takes the queries of stand-ins.

    Returns:
        The matches, and the tables that have the name of one but lack what it needs.

    Raises:
        UnknownKind: it holds none; the message lists its tables and what each kind needs.
    """
    folded = _folded(tables)
    kinds = [kind] if kind else list(KINDS.values())
    there = [each for each in kinds if _holds(tables, folded, each)]
    matches = [found for each in there for found in _matches(tables, folded, each, stand_ins=stand_ins)]
    if not matches:
        raise UnknownKind(_nothing_known(tables, kinds, where))
    fitting = [found for found in matches if not _lacking(found)]
    lacking = [f"table {found.found}: no column {_lacking(found)}" for found in matches if _lacking(found)]
    return fitting, lacking


def _folded(names: Mapping[str, object]) -> dict[str, str]:
    """Map names in lower case to the names; of two that differ in case only, the one in lower case wins."""
    return {name.casefold(): name for name in sorted(names, key=lambda name: name == name.casefold())}


def _holds(tables: Tables, folded: Mapping[str, str], kind: Kind) -> bool:
    root = folded.get(kind.root.name)
    if root is None:
        return False
    columns = _folded(tables[root])
    required = all(_name_of(column, columns) for column in kind.root.required)
    return required and kind.fits(
        [*columns, *(child.name for child in kind.children(kind.root) if child.name in folded)]
    )


def _name_of(column: Column, folded: Mapping[str, str]) -> str | None:
    return next((folded[name.casefold()] for name in column.names if name.casefold() in folded), None)


def _lacking(found: Match) -> str:
    there = {column.name for column, _ in found.columns}
    return ", ".join(column.name for column in found.table.required if column.name not in there)


def _matches(tables: Tables, folded: Mapping[str, str], kind: Kind, *, stand_ins: bool) -> Iterator[Match]:
    unfolded = [
        table.stand_in
        for table in kind.tables
        if stand_ins and table.stand_in and table.name not in folded and table.stand_in.table in folded
        if table.stand_in.column in _folded(tables[folded[table.stand_in.table]])
    ]
    for table in kind.tables:
        name = folded.get(table.name)
        if name is not None:
            consumed = {_folded(tables[name])[used.column] for used in unfolded if used.table == table.name}
            yield _matched(kind, table, name, tables[name], consumed)
        elif table.stand_in in unfolded and table.stand_in:
            columns = tuple((column, column.name) for column in table.columns)
            yield Match(kind, table, folded[table.stand_in.table], columns, query=table.stand_in.query)


def _matched(kind: Kind, table: NativeTable, name: str, there: Mapping[str, str], consumed: set[str]) -> Match:
    folded = _folded(there)
    named = ((column, _name_of(column, folded)) for column in table.columns)
    columns = tuple((column, found) for column, found in named if found is not None)
    used = {found for _, found in columns} | consumed
    return Match(kind, table, name, columns, tuple(column for column in there if column not in used))


def _nothing_known(tables: Tables, kinds: list[Kind], where: str) -> str:
    found = "; ".join(f"{name}({', '.join(list(columns)[:6])})" for name, columns in list(tables.items())[:8])
    needs = "; ".join(
        f"{kind.name} needs a table {kind.root.name} with {', '.join(column.name for column in kind.root.required)}"
        for kind in kinds
    )
    return f"{where} holds no known kind of session. Found: {found or 'no tables'}. {needs}."


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
    return values | ({EXTRA: _json(EXTRA, brings)} if found.undeclared else {})


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


def prepared(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Make a connection of its own ready for :func:`marked`."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(MACROS)
    return connection


@contextmanager
def streamed(connection: duckdb.DuckDBPyConnection, statement: AdbcStatement, query: str) -> Iterator[None]:
    """Run a query elsewhere and let a DuckDB connection see its rows as ``sessionlab_stream``."""
    statement.set_sql_query(query)
    rows, _ = statement.execute_query()
    connection.register(STREAM, rows)
    try:
        yield
    finally:
        # Where a statement failed within a transaction, the name goes with that.
        with suppress(duckdb.Error):
            connection.unregister(STREAM)


@cache
def _answers() -> duckdb.DuckDBPyConnection:
    """Open the DuckDB through which small answers are read: once, as opening one takes longer than most answers."""
    return duckdb.connect(config={"threads": 1})


class BrokenStream(Exception):
    """A stream of rows broke off while it was read."""


def ask(connection: AdbcConnection, query: str) -> list[tuple[Any, ...]]:
    """Run a query with a small answer.

    Raises:
        BrokenStream: the answer broke off.
    """
    from adbc_driver_manager import AdbcStatement

    with (
        AdbcStatement(connection) as statement,
        closing(_answers().cursor()) as reader,
        streamed(reader, statement, query),
    ):
        try:
            return reader.execute(f"FROM {STREAM}").fetchall()
        except duckdb.Error as error:
            raise BrokenStream(str(error)) from error


def pick(connection: AdbcConnection, query: str, selected: str = f"FROM {STREAM}") -> Iterator[tuple[Any, ...]]:
    """Run a query with an answer of any size, and select from it in a DuckDB of its own.

    Raises:
        BrokenStream: the answer broke off.
    """
    from adbc_driver_manager import AdbcStatement

    with (
        AdbcStatement(connection) as statement,
        closing(duckdb.connect()) as reader,
        streamed(prepared(reader), statement, query),
    ):
        try:
            reader.execute(selected)
            while rows := reader.fetchmany(1000):
                yield from rows
        except duckdb.Error as error:
            raise BrokenStream(str(error)) from error


def tell(connection: AdbcConnection, statement: str) -> None:
    """Run a statement that has no answer."""
    from adbc_driver_manager import AdbcStatement

    with AdbcStatement(connection) as prepared:
        prepared.set_sql_query(statement)
        prepared.execute_update()
