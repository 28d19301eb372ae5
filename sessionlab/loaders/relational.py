"""What the SQLite and the Postgres loader have in common: matching a database's tables to the kinds, and the INSERT on our side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sessionlab.errors import UnknownKind
from sessionlab.kinds import KINDS, Kind, NativeTable
from sessionlab.loaders.target import table_of
from sessionlab.schema import Column, Type, literal, quote

Tables = Mapping[str, Mapping[str, str]]
"""A database's tables: name → column → declared type, all names as the database has them."""

STREAM_EXTRA = "sessionlab_extra"
"""The name under which a stream brings the undeclared columns, as the text of one JSON object."""


@dataclass(frozen=True)
class Match:
    """A native table and where a database has it.

    ``columns`` pairs each declared column that is there with the database's name for it; ``undeclared`` are its other columns.
    ``query`` stands in for the table where an older schema keeps it elsewhere.
    """

    kind: Kind
    table: NativeTable
    found: str
    columns: tuple[tuple[Column, str], ...]
    undeclared: tuple[str, ...] = ()
    query: str | None = None


def match(tables: Tables, kind: Kind | None, where: str) -> list[Match]:
    """Find the kinds that a database holds, and for each of their tables where it is.

    Args:
        tables: What the database has.
        kind: Look for this kind only.
        where: What the message calls the database.

    Raises:
        UnknownKind: it holds none; the message lists its tables and what each kind needs.
    """
    folded = {name.casefold(): name for name in tables}
    kinds = [kind] if kind else list(KINDS.values())
    matches = [found for each in kinds if _holds(tables, folded, each) for found in _matches(tables, folded, each)]
    if not matches:
        raise UnknownKind(_nothing_known(tables, kinds, where))
    return matches


def _holds(tables: Tables, folded: Mapping[str, str], kind: Kind) -> bool:
    root = folded.get(kind.root.name)
    if root is None:
        return False
    columns = {column.casefold() for column in tables[root]}
    required = all(_name_in(column, columns) for column in kind.root.required)
    return required and kind.fits(
        [*columns, *(child.name for child in kind.children(kind.root) if child.name in folded)]
    )


def _name_in(column: Column, columns: set[str]) -> bool:
    return any(name.casefold() in columns for name in column.names)


def _matches(tables: Tables, folded: Mapping[str, str], kind: Kind) -> Iterator[Match]:
    stand_ins = [table.stand_in for table in kind.tables if table.stand_in and table.name not in folded]
    for table in kind.tables:
        name = folded.get(table.name)
        if name is not None:
            consumed = {used.column for used in stand_ins if used.table == table.name}
            yield _matched(kind, table, name, tables[name], consumed)
        elif table.stand_in and table.stand_in.column in tables[folded[table.stand_in.table]]:
            columns = tuple((column, column.name) for column in table.columns)
            yield Match(kind, table, table.stand_in.table, columns, query=table.stand_in.query)


def _matched(kind: Kind, table: NativeTable, name: str, there: Mapping[str, str], consumed: set[str]) -> Match:
    folded = {column.casefold(): column for column in there}
    columns = tuple(
        (column, folded[found.casefold()])
        for column in table.columns
        for found in [next((known for known in column.names if known.casefold() in folded), None)]
        if found is not None
    )
    used = {found for _, found in columns} | consumed
    return Match(kind, table, name, columns, tuple(column for column in there if column not in used))


def _nothing_known(tables: Tables, kinds: list[Kind], where: str) -> str:
    found = "; ".join(f"{name}({', '.join(list(columns)[:6])})" for name, columns in list(tables.items())[:8])
    needs = "; ".join(
        f"{kind.name} needs a table {kind.root.name} with {', '.join(column.name for column in kind.root.required)}"
        for kind in kinds
    )
    return f"{where} holds no known kind of session. Found: {found or 'no tables'}. {needs}."


def insert(
    found: Match, source: str, stream: str, *, bytes_as_text: bool = False, real_times: Collection[str] = ()
) -> str:
    """Give the INSERT that takes a stream of a table's rows into the lab.

    A stream has the native names, texts for times and JSON (or timestamps without zone), whole numbers for booleans (or
    booleans), and ``sessionlab_extra``.

    Args:
        found: The table.
        source: The name of the load.
        stream: The FROM item.
        bytes_as_text: Texts come as bytes; one that is not UTF-8 is replaced by a mark.
        real_times: The columns that come as times rather than as texts.
    """
    there = {column.name for column, _ in found.columns}
    values = (
        _value(column, bytes_as_text, column.name in real_times) if column.name in there else "NULL"
        for column in found.table.columns
    )
    extra = _text(quote(STREAM_EXTRA), bytes_as_text=bytes_as_text) + "::JSON" if found.undeclared else "NULL"
    return (
        f"INSERT INTO {table_of(found.kind, found.table.name)}\n"
        f"SELECT {literal(source)}, NULL, {', '.join(values)}, {extra}\nFROM {stream}"
    )


def _value(column: Column, bytes_as_text: bool, real_time: bool) -> str:
    name = quote(column.name)
    if real_time:
        return name
    if column.type in (Type.TEXT, Type.JSON, Type.TIME):
        name = _text(name, bytes_as_text=bytes_as_text)
    if column.type is Type.TIME:
        return f"utc_time({name})"
    return name if column.type in (Type.TEXT, Type.INTEGER) else f"CAST({name} AS {column.type.value})"


NO_UTF8 = '"\ufffd not UTF-8 \ufffd"'
"""What stands in a batch for a text that is not UTF-8. It is JSON too, as it may stand in such a column."""


def _text(name: str, *, bytes_as_text: bool) -> str:
    if not bytes_as_text:
        return name
    return f"CASE WHEN {name} IS NOT NULL THEN coalesce(TRY(decode({name})), {literal(NO_UTF8)}) END"


def unsound(found: Match, *, bytes_as_text: bool = False) -> str:
    """Give the condition on the lab's rows that tells those which carry a mark: a time or a text that could not be read."""
    marks = [f"isinf({quote(column.name)})" for column, _ in found.columns if column.type is Type.TIME]
    if bytes_as_text:
        texts = [quote(column.name) for column, _ in found.columns if column.type in (Type.TEXT, Type.JSON)]
        marks += [f"{name}::VARCHAR = {literal(NO_UTF8)}" for name in [*texts, "extra"]]
    return " OR ".join(marks) or "false"
