"""The SQL that reads sound JSON files into the native tables: one strict read a table, each with its columns only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise

from sessionlab.kinds import Kind, NativeTable
from sessionlab.loaders.files import STEM_SQL
from sessionlab.loaders.groups import Group
from sessionlab.loaders.scan import listed
from sessionlab.loaders.structure import Shape
from sessionlab.schema import Column, Type, literal, quote

ORIGIN = "sessionlab:file"
"""The key under which a cleaned record names the file that it came from."""

_READ_AS = {Type.TIME: "VARCHAR"}
"""Types that JSON has no word for, and what they are read as."""


def inserts(group: Group, source: str, *, largest: int = 0) -> Iterator[tuple[NativeTable, str]]:
    """Yield the INSERT for each native table that the group's files have rows for, the root's first.

    Args:
        group: What to read.
        source: The name of the load.
        largest: The size of the largest record in bytes, where it is beyond the reader's default.
    """
    for table in group.kind.tables:
        if table.per_file:
            yield table, _insert_per_file(group.kind, table, source)
        elif table.parent is None or table.name in group.shape.nests:
            yield table, _insert(group, table, source, largest)


def checks(group: Group) -> Iterator[str]:
    """Yield a SELECT for each table that reads all that its INSERT would, and writes nothing."""
    for table in group.kind.tables:
        if not table.per_file and (table.parent is None or table.name in group.shape.nests):
            columns, rows = _selected(group, table, "", 0)
            yield f"SELECT max(hash(t)) FROM (SELECT {columns} FROM {rows}) AS t"


def _insert(group: Group, table: NativeTable, source: str, largest: int) -> str:
    columns, rows = _selected(group, table, source, largest)
    return f"INSERT INTO {quote(group.kind.name)}.{quote(table.name)}\nSELECT\n    {columns}\nFROM {rows}"


def _selected(group: Group, table: NativeTable, source: str, largest: int) -> tuple[str, str]:
    """Give the select list and the FROM item of one table's rows."""
    path = _path_to(group.kind, table)
    columns = _columns(group.shape, path)
    if group.shape.packed:
        columns[ORIGIN] = "VARCHAR"
    rows = _reader(group, columns, largest)
    for parent, child in pairwise(path):
        rows = _unnested(group.shape, parent, child, rows)
    return ",\n    ".join([f"{literal(source)} AS source", "file", *_expressions(group.shape, table)]), rows


def _insert_per_file(kind: Kind, table: NativeTable, source: str) -> str:
    values = (STEM_SQL if column.name in table.stem else "NULL" for column in table.columns)
    return (
        f"INSERT INTO {quote(kind.name)}.{quote(table.name)}\n"
        f"SELECT {literal(source)}, file, {', '.join(values)}, NULL\n"
        f"FROM (SELECT DISTINCT file FROM {quote(kind.name)}.{quote(kind.root.name)} WHERE source = {literal(source)}"
        f" EXCEPT SELECT file FROM {quote(kind.name)}.{quote(table.name)} WHERE source = {literal(source)})"
    )


def _path_to(kind: Kind, table: NativeTable) -> list[NativeTable]:
    """List the tables from the root down to this one."""
    path = [table]
    while path[0].parent is not None:
        path.insert(0, next(above for above in kind.tables if above.name == path[0].parent))
    return path


def _columns(shape: Shape, path: list[NativeTable]) -> dict[str, str]:
    """Give the keys to read and their types for one table; of the tables above it, no more than the way and the ids."""
    first, *below = path
    if below:
        fields = _fields(shape, first, [_id_of(first)])
        fields[shape.nests[below[0].name]] = _list_type(shape, below)
        return fields
    return _fields(shape, first, list(first.columns)) | _undeclared(shape, first)


def _list_type(shape: Shape, path: list[NativeTable]) -> str:
    if path[0].scalar is not None:
        return "VARCHAR[]"
    fields = ", ".join(f"{quote(name)} {type_}" for name, type_ in _columns(shape, path).items())
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


def _undeclared(shape: Shape, table: NativeTable) -> dict[str, str]:
    if shape.packed:
        return {shape.packed: "JSON"}
    return dict.fromkeys(sorted(shape.undeclared.get(table.name, ())), "JSON")


def _id_of(table: NativeTable) -> Column:
    return next(column for column in table.columns if column.name == table.key[0])


def _reader(group: Group, columns: Mapping[str, str], largest: int) -> str:
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


def _unnested(shape: Shape, parent: NativeTable, child: NativeTable, rows: str) -> str:
    """Unfold the rows of a nested table; each keeps its file and its parent's id, under the name of the link.

    A null among them is no row.
    """
    at = "r" if parent.parent is None else "r.e"
    ids = _value(shape, parent, _id_of(parent), at)
    return (
        f"(FROM (SELECT file, {ids} AS {quote(str(child.link))},"
        f" unnest({at}.{quote(shape.nests[child.name])}) AS e FROM {rows}) WHERE e IS NOT NULL) AS r"
    )


def _expressions(shape: Shape, table: NativeTable) -> Iterator[str]:
    at = "r" if table.parent is None else "r.e"
    for column in table.columns:
        if column.name == table.link:
            value = f"r.{quote(column.name)}"
        elif table.scalar is not None:
            value = "r.e" if column.name == table.scalar else "NULL"
        else:
            value = _value(shape, table, column, at)
        if column.name in table.stem:
            value = f"coalesce({value}, {STEM_SQL})"
        yield f"{value} AS {quote(column.name)}"
    yield f"{'NULL' if table.scalar else _extra(shape, table, at)} AS extra"


def _value(shape: Shape, table: NativeTable, column: Column, at: str) -> str:
    names = (".".join(map(quote, name.split("."))) for name in shape.keys_of(table, column))
    values = [f"{at}.{name}" for name in names]
    value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})" if values else "NULL"
    return f"utc_time({value})" if column.type is Type.TIME and values else value


def _extra(shape: Shape, table: NativeTable, at: str) -> str:
    """Put the undeclared keys of a row together as one JSON object without nulls; NULL if there are none."""
    keys = list(_undeclared(shape, table))
    if shape.packed:
        return f"{at}.{quote(shape.packed)}"
    if not keys:
        return "NULL"
    parts = (f"{literal(json.dumps(key, ensure_ascii=False) + ':')} || {at}.{quote(key)}" for key in keys)
    return f"nullif('{{' || concat_ws(',', {', '.join(parts)}) || '}}', '{{}}')::JSON"
