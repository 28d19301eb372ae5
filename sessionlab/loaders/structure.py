"""What a JSON file is made of, seen in one cheap pass: the check that a strict reader alone does not make.

DuckDB's reader says nothing of a ``null`` record, of ``1.5`` in an integer field, of a number in a text field, of a key in other
case, or of a key that nobody declared. The structure of each record tells all of that before a row is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sessionlab.kinds import Kind, NativeTable
from sessionlab.schema import Column, Type

_FITTING: dict[Type, frozenset[str]] = {
    Type.TEXT: frozenset({"VARCHAR"}),
    Type.INTEGER: frozenset({"BIGINT", "UBIGINT"}),
    Type.REAL: frozenset({"BIGINT", "UBIGINT", "DOUBLE"}),
    Type.BOOLEAN: frozenset({"BOOLEAN"}),
    Type.TIME: frozenset({"VARCHAR", "BIGINT", "UBIGINT", "DOUBLE"}),
}
_MOST_UNDECLARED = 200
"""More undeclared keys than this, and they are data rather than columns: such a file is read record by record."""

_TAKEN = frozenset({"file", "filename", "source"})
"""Names that the reading itself has a use for."""


class Unfit(Exception):
    """The structure does not fit the kind as declared, so its file is to be read record by record."""


@dataclass
class Shape:
    """Which keys the records of some files have, table by table: what the reader is asked for.

    ``names`` maps a table and a column to the keys seen for it; ``undeclared`` maps a table to its other keys; ``nests`` maps a
    table to the key that holds its rows. ``packed`` is the key that holds all undeclared ones as an object, if they are packed.
    """

    names: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    undeclared: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    nests: dict[str, str] = field(default_factory=dict)
    packed: str | None = None

    def merge(self, other: Shape) -> None:
        """Take in what another shape has.

        Raises:
            Unfit: the two keep one table's rows under different keys, or have undeclared keys that differ by case only.
        """
        for place, names in other.names.items():
            self.names[place] |= names
        for table, keys in other.undeclared.items():
            self.undeclared[table] |= keys
            _refuse_too_many(self.undeclared[table])
        for table, nest in other.nests.items():
            if self.nests.setdefault(table, nest) != nest:
                raise Unfit(table)

    def keys_of(self, table: NativeTable, column: Column) -> list[str]:
        """List the keys seen for a column, the usual one first."""
        seen = self.names.get((table.name, column.name), set())
        return [name for name in column.names if name in seen]


def shape_of(kind: Kind, structure: Mapping[str, Any]) -> Shape:
    """Compare a record's structure, as ``json_structure`` gives it, with a kind's declaration.

    Raises:
        Unfit: something in it wants a closer look.
    """
    shape = Shape()
    _walk(kind, kind.root, structure, shape)
    for keys in shape.undeclared.values():
        _refuse_too_many(keys)
    return shape


def _refuse_too_many(keys: set[str]) -> None:
    if len(keys) > _MOST_UNDECLARED or len({key.casefold() for key in keys}) < len(keys) or "" in keys:
        raise Unfit("undeclared keys")


def _walk(kind: Kind, table: NativeTable, structure: Any, shape: Shape) -> None:
    if not isinstance(structure, dict):
        raise Unfit(table.name)
    declared = {name: column for column in table.columns for name in column.names}
    inner = {name.split(".")[0] for name in declared if "." in name}
    nests = {name: child for child in kind.children(table) for name in child.nest}
    folded = {name.casefold() for name in (*declared, *nests)}
    for key, found in structure.items():
        if key in nests:
            _walk_nested(kind, nests[key], key, found, shape)
        elif key in inner:
            _walk_inner(table, declared, key, found, shape)
        elif key in declared:
            _note(table, declared[key], key, found, shape)
        elif key.casefold() in folded or key in _TAKEN:
            raise Unfit(key)
        elif found != "NULL":
            shape.undeclared[table.name].add(key)
    for column in table.required:
        if column.name not in (table.link, *table.stem) and not shape.names.get((table.name, column.name)):
            raise Unfit(column.name)


def _note(table: NativeTable, column: Column, key: str, found: Any, shape: Shape) -> None:
    if column.type is not Type.JSON and not _fits(column.type, found):
        raise Unfit(key)
    if found == "NULL" and column.required:
        raise Unfit(key)
    shape.names[table.name, column.name].add(key)


def _fits(type_: Type, found: Any) -> bool:
    return isinstance(found, str) and (found == "NULL" or found in _FITTING[type_])


def _walk_nested(kind: Kind, table: NativeTable, key: str, found: Any, shape: Shape) -> None:
    if found == "NULL":
        return
    if not isinstance(found, list):
        raise Unfit(key)
    if shape.nests.setdefault(table.name, key) != key:
        raise Unfit(key)
    (element,) = found
    if element == "NULL":
        return
    if table.scalar is not None:
        if element != "VARCHAR":
            raise Unfit(key)
    else:
        _walk(kind, table, element, shape)


def _walk_inner(table: NativeTable, declared: Mapping[str, Column], key: str, found: Any, shape: Shape) -> None:
    """Note the columns that an object inside the record holds, as ``problem.description``."""
    if found == "NULL":
        return
    if not isinstance(found, dict) or any(f"{key}.{name}" not in declared for name in found):
        raise Unfit(key)
    for name, kept in found.items():
        _note(table, declared[f"{key}.{name}"], f"{key}.{name}", kept, shape)
