"""Finding in a database's tables which kinds it holds, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sessionlab.errors import UnknownKind
from sessionlab.kinds import KINDS, Kind, NativeTable
from sessionlab.schema import Column

Tables = Mapping[str, Mapping[str, str]]
"""A database's tables: name → column → declared type, all names as the database has them."""


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
    used = {found for _, found in columns} | consumed | set(table.unloaded)
    return Match(kind, table, name, columns, tuple(column for column in there if column not in used))


def unread(views: Iterable[str]) -> str:
    """Say that views are not read, to end a message with, where there are some."""
    listed = ", ".join(views)
    return f" Views are not read: {listed}. Make tables of them." if listed else ""


def _nothing_known(tables: Tables, kinds: list[Kind], where: str) -> str:
    found = "; ".join(f"{name}({', '.join(list(columns)[:6])})" for name, columns in list(tables.items())[:8])
    needs = "; ".join(
        f"{kind.name} needs a table {kind.root.name} with {', '.join(column.name for column in kind.root.required)}"
        for kind in kinds
    )
    return f"{where} holds no known kind of session. Found: {found or 'no tables'}. {needs}."
