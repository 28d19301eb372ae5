"""The type of a kind's records for a strict decoder: the keys that were seen, each with what the declaration says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import msgspec

from sessionlab.kinds import Kind, NativeTable
from sessionlab.loaders.structure import Known, Unfit, known_keys
from sessionlab.schema import Type

_Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_TYPES: dict[Type, Any] = {
    Type.TEXT: str,
    Type.INTEGER: _Whole,
    Type.REAL: float,
    Type.BOOLEAN: bool,
    Type.TIME: str | _Whole | float,
    Type.JSON: Any,
}
_NAMES: dict[Type, str] = {Type.TEXT: "VARCHAR", Type.INTEGER: "BIGINT", Type.REAL: "DOUBLE", Type.BOOLEAN: "BOOLEAN"}
"""What ``json_structure`` calls a value of each type."""

Structure = dict[str, Any]
"""The keys of an object and what each holds, in the words of ``json_structure``."""


def unseen(known: Known, key: str, inside: str) -> Any:
    """Say what is under a key before anything of it was seen."""
    if not inside and key in known.nests:
        return ["VARCHAR"] if known.nests[key].scalar else [{}]
    if not inside and key in known.inner:
        return {}
    column = known.columns.get(inside + key)
    if inside and column is None:
        raise Unfit(f"{inside}{key} is not declared")
    return "JSON" if column is None else _NAMES.get(column.type, "VARCHAR")


def struct_of(kind: Kind, table: NativeTable, structure: Structure, inside: str = "") -> Any:
    """Make the type of a table's rows, or of an object inside of them, that has these keys and no other."""
    fields: list[Any] = []
    for place, (key, held) in enumerate(structure.items()):
        type_, required = _field(kind, table, inside + key, held)
        fields.append((f"f{place}", type_) if required else (f"f{place}", type_ | None, None))
    # Without a key there is nothing to be learned from yet: no row is taken for one.
    fields += [] if structure or inside else [("never", bool)]
    names = {f"f{place}": key for place, key in enumerate(structure)} | {"never": "sessionlab:never"}
    try:
        return msgspec.defstruct(table.name, fields, rename=names, forbid_unknown_fields=True, gc=False, kw_only=True)
    except ValueError as error:
        raise Unfit(str(error)) from error


def required_fields(struct: Any) -> set[str]:
    """Name the fields of a type that are always there, and never null."""
    return {field.name for field in msgspec.structs.fields(struct) if field.required}


def _field(kind: Kind, table: NativeTable, key: str, held: Any) -> tuple[Any, bool]:
    """Give the type of a field, and whether it has to be there."""
    known = known_keys(kind, table)
    if isinstance(held, list):
        child = known.nests[key]
        element: Any = str if child.scalar else struct_of(kind, child, held[0])
        return list[element | None], False
    if isinstance(held, dict):
        return struct_of(kind, table, held, f"{key}."), False
    column = known.columns.get(key)
    if column is None:
        return Any, False
    return _TYPES[column.type], column.required and column.name not in (table.link, *table.stem)


def without_empty(structure: Structure) -> Structure:
    """Say of lists that had no element that they are NULL, as ``json_structure`` does."""
    return {
        key: "NULL" if held == [{}]
        else [without_empty(held[0])] if isinstance(held, list) and isinstance(held[0], dict)
        else held
        for key, held in structure.items()
    }  # fmt: skip


def free_fields(kind: Kind, table: NativeTable, structure: Structure) -> Iterator[list[str]]:
    """Walk the ways to the fields of a row that may hold any JSON: the fields' names, from the outermost in."""
    known = known_keys(kind, table)
    for place, (key, held) in enumerate(structure.items()):
        name = f"f{place}"
        if isinstance(held, list) and isinstance(held[0], dict):
            yield from ([name, *way] for way in free_fields(kind, known.nests[key], held[0]))
        elif isinstance(held, dict):
            yield from ([name, f"f{inner}"] for inner in range(len(held)))
        elif isinstance(held, str) and (key not in known.columns or known.columns[key].type is Type.JSON):
            yield [name]


def values(rows: Iterable[Any], way: Sequence[str]) -> Iterator[Any]:
    """Walk the values of a field of some rows, or of the rows that are in a field of them."""
    name, *rest = way
    for row in rows:
        value = getattr(row, name)
        if not rest:
            yield value
        elif value is not None:
            yield from values(filter(None, value) if isinstance(value, list) else [value], rest)
