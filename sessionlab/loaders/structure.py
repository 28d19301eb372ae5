"""What a JSON file is made of, seen in one cheap pass: the check that a strict reader alone does not make.

DuckDB's reader says nothing of a ``null`` record, of ``1.5`` in an integer field, of a number in a text field, of a key
in other case, or of a key that nobody declared. The structure of each record tells all of that before a row is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
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

_TAKEN = frozenset({"file", "filename"})
"""Names that the reading itself has a use for."""


class Unfit(Exception):
    """The structure does not fit the kind as declared, so its file is to be read record by record."""


@dataclass
class Shape:
    """Which keys the records of some files have, table by table: what the reader is asked for.

    ``names`` maps a table and a column to the keys seen for it; ``undeclared`` maps a table to its other keys;
    ``nests`` maps a table to the key that holds its rows. ``packed`` is the key that holds all undeclared ones as an
    object, if they are packed.
    """

    names: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    undeclared: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    nests: dict[str, str] = field(default_factory=dict)
    packed: str | None = None

    def takes(self, other: Shape) -> bool:
        """Whether one statement can read what has the one shape and what has the other.

        Not if they keep one table's rows under different keys, or if their undeclared keys together are too many or
        differ by case only.
        """
        alike = all(self.nests.get(table, nest) == nest for table, nest in other.nests.items())
        return alike and all(
            keys <= self.undeclared.get(table, set()) or _are_columns(keys | self.undeclared.get(table, set()))
            for table, keys in other.undeclared.items()
        )

    def merge(self, other: Shape) -> None:
        """Take in what another shape has."""
        for place, names in other.names.items():
            self.names[place] |= names
        for table, keys in other.undeclared.items():
            self.undeclared[table] |= keys
        self.nests |= other.nests

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
    if not all(map(_are_columns, shape.undeclared.values())):
        raise Unfit("its undeclared keys are too many, or differ by case only, or cannot be columns")
    if any(len(names) > 1 for names in shape.names.values()):
        raise Unfit("it has one column under two names")
    return shape


def _are_columns(keys: set[str]) -> bool:
    """Whether the reader can take keys for columns."""
    names = {key.casefold() for key in keys}
    return len(names) == len(keys) <= _MOST_UNDECLARED and not any(not key or "\0" in key for key in keys)


def _walk(kind: Kind, table: NativeTable, structure: Any, shape: Shape) -> None:
    if not isinstance(structure, dict):
        raise Unfit(f"{table.name} is {structure}")
    known = known_keys(kind, table)
    for key, found in structure.items():
        if key in known.nests:
            _walk_nested(kind, known.nests[key], key, found, shape)
        elif key in known.inner:
            _walk_inner(table, known.columns, key, found, shape)
        elif key in known.columns:
            _note(table, known.columns[key], key, found, shape)
        elif key.casefold() in known.folded or key in _TAKEN:
            raise Unfit(f"{key} is a known key in other case, or taken")
        elif found != "NULL":
            shape.undeclared[table.name].add(key)
    for column in table.required:
        if column.name not in (table.link, *table.stem) and not shape.names.get((table.name, column.name)):
            raise Unfit(f"{column.name} is missing")


@dataclass(frozen=True)
class Known:
    """The keys that the declaration of a table knows: of columns, of objects that hold some, and of nested tables."""

    columns: Mapping[str, Column]
    inner: frozenset[str]
    nests: Mapping[str, NativeTable]
    folded: frozenset[str]


@cache
def known_keys(kind: Kind, table: NativeTable) -> Known:
    """Give the keys that the declaration of a table knows."""
    columns = {name: column for column in table.columns for name in column.names}
    inner = frozenset(name.split(".")[0] for name in columns if "." in name)
    nests = {name: child for child in kind.children(table) for name in child.nest}
    return Known(columns, inner, nests, frozenset(name.casefold() for name in (*columns, *inner, *nests)))


def _note(table: NativeTable, column: Column, key: str, found: Any, shape: Shape) -> None:
    if column.type is not Type.JSON and not _fits(column.type, found):
        raise Unfit(f"{key} is {found}")
    if found != "NULL":
        shape.names[table.name, column.name].add(key)


def _fits(type_: Type, found: Any) -> bool:
    return isinstance(found, str) and (found == "NULL" or found in _FITTING[type_])


def _walk_nested(kind: Kind, table: NativeTable, key: str, found: Any, shape: Shape) -> None:
    if found == "NULL":
        return
    if not isinstance(found, list):
        raise Unfit(f"{key} is no list")
    (element,) = found
    if element == "NULL":
        return
    if shape.nests.setdefault(table.name, key) != key:
        raise Unfit(f"{table.name} is under two keys")
    if table.scalar is None:
        _walk(kind, table, element, shape)
    elif element != "VARCHAR":
        raise Unfit(f"{key} is a list of {element}")


def _walk_inner(table: NativeTable, declared: Mapping[str, Column], key: str, found: Any, shape: Shape) -> None:
    """Note the columns that an object inside the record holds, as ``problem.description``."""
    if found == "NULL":
        return
    if not isinstance(found, dict) or any(f"{key}.{name}" not in declared for name in found):
        raise Unfit(f"{key} holds what nobody declared")
    for name, kept in found.items():
        _note(table, declared[f"{key}.{name}"], f"{key}.{name}", kept, shape)
