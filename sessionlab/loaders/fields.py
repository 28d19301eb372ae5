"""What to read of sound JSON files for a table: the keys with their types, and the reader that is asked for them."""

from __future__ import annotations

from collections.abc import Mapping

from sessionlab.kinds import Kind, NativeTable
from sessionlab.loaders.groups import Group
from sessionlab.loaders.scan import listed
from sessionlab.loaders.structure import Shape
from sessionlab.schema import Column, Type, literal, quote

ORIGIN = "sessionlab:file"
"""The key under which a cleaned record names the file that it came from."""

_READ_AS = {Type.TIME: "VARCHAR"}
"""Types that JSON has no word for, and what they are read as."""


def path_to(kind: Kind, table: NativeTable) -> list[NativeTable]:
    """List the tables from the root down to this one."""
    path = [table]
    while path[0].parent is not None:
        path.insert(0, next(above for above in kind.tables if above.name == path[0].parent))
    return path


def columns_of(shape: Shape, path: list[NativeTable]) -> dict[str, str]:
    """Give the keys to read and their types for one table; of the tables above it, no more than the way and the ids."""
    first, *below = path
    if below:
        fields = _fields(shape, first, [id_of(first)])
        fields[shape.nests[below[0].name]] = _list_type(shape, below)
        return fields
    return _fields(shape, first, list(first.columns)) | undeclared(shape, first)


def _list_type(shape: Shape, path: list[NativeTable]) -> str:
    if path[0].scalar is not None:
        return "VARCHAR[]"
    fields = ", ".join(f"{quote(name)} {type_}" for name, type_ in columns_of(shape, path).items())
    return f"STRUCT({fields})[]" if fields else "JSON[]"


def _fields(shape: Shape, table: NativeTable, columns: list[Column]) -> dict[str, str]:
    fields: dict[str, str] = {}
    inner: dict[str, list[str]] = {}
    for column in columns:
        for name in shape.keys_of(table, column):
            type_ = _READ_AS.get(column.type, column.type.value)
            outer, dot, rest = name.partition(".")
            if dot:
                inner.setdefault(outer, []).append(f"{quote(rest)} {type_}")
            else:
                fields[name] = type_
    return fields | {outer: f"STRUCT({', '.join(parts)})" for outer, parts in inner.items()}


def undeclared(shape: Shape, table: NativeTable) -> dict[str, str]:
    """Give the keys of a table's rows that its declaration does not name, to be read as JSON."""
    if shape.packed:
        return {shape.packed: "JSON"}
    return dict.fromkeys(sorted(shape.undeclared.get(table.name, ())), "JSON")


def id_of(table: NativeTable) -> Column:
    """Give the column that tells a table's rows apart."""
    return next(column for column in table.columns if column.name == table.key[0])


def reader(group: Group, columns: Mapping[str, str], largest: int) -> str:
    """Write the FROM item, ``r``, that reads keys by their types; ``largest`` as in :func:`read.inserts`."""
    declared = ", ".join(f"{literal(name)}: {literal(type_)}" for name, type_ in columns.items())
    options = [
        f"columns = {{{declared}}}",
        f"format = {literal(group.form.value)}",
        f"compression = {literal(group.packing)}",
        "filename = true",
        "hive_partitioning = false",
        *([f"maximum_object_size = {largest}"] if largest else []),
    ]
    file = quote(ORIGIN) if group.shape.packed else "filename"
    return f"(SELECT * RENAME ({file} AS file) FROM read_json([{listed(group.paths)}], {', '.join(options)})) AS r"
