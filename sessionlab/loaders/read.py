"""The SQL that reads sound JSON files into the native tables: a strict read for each, of its columns only.

Short lists of plain values come along with the rows that have them, without a read of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sessionlab.kinds import Kind, NativeTable
from sessionlab.loaders.fields import ORIGIN, columns_of, id_of, path_to, reader, undeclared
from sessionlab.loaders.files import STEM_SQL
from sessionlab.loaders.groups import Group
from sessionlab.loaders.structure import Shape
from sessionlab.schema import Column, Type, literal, quote

_KEPT = "temp.main.sessionlab_kept"
"""The table that keeps rows between their reading and their writing."""
_PARTS = 4
"""In how many parts it is read: a small table in memory is read by one thread, and its parts by as many as they are."""
_MOST_KEPT = 256 << 20
"""Bytes of files of which rows are kept in memory. Of more, another pass is the price of a memory that is bounded."""


def inserts(group: Group, source: str, *, largest: int = 0) -> Iterator[tuple[NativeTable, str]]:
    """Yield the statements that fill each native table that the group's files have rows for, the root first.

    Args:
        group: What to read.
        source: The name of the load.
        largest: The size of the largest record in bytes, where it is beyond the reader's default.
    """
    riders = _riders(group)
    for table in group.kind.tables:
        if table.per_file:
            yield table, _insert_per_file(group.kind, table, source)
        elif table.parent is None and riders:
            yield from _insert_with(riders, group, table, source, largest)
        elif table.parent is None or (table.name in group.shape.nests and table not in riders):
            yield table, _insert(group, table, source, largest)


def checks(group: Group) -> Iterator[str]:
    """Yield a SELECT for each table that reads all that fills it, and writes nothing."""
    for table in group.kind.tables:
        if not table.per_file and (table.parent is None or table.name in group.shape.nests):
            columns, rows = _selected(group, table, "", 0)
            yield f"SELECT max(hash(t)) FROM (SELECT {columns} FROM {rows}) AS t"


def _riders(group: Group) -> list[NativeTable]:
    """List the tables that are filled by lists of plain values within the root's records, and come along with these."""
    if group.size > _MOST_KEPT:
        return []
    children = group.kind.children(group.kind.root)
    return [table for table in children if table.scalar is not None and table.name in group.shape.nests]


def _insert_with(
    riders: Sequence[NativeTable], group: Group, root: NativeTable, source: str, largest: int
) -> Iterator[tuple[NativeTable, str]]:
    """Read the root's rows and the lists within them in one pass, keep them, and write each table from there.

    Another pass over the files takes much longer than that, for lists that are small.
    """
    kind = quote(group.kind.name)
    columns, rows = _selected(group, root, source, largest, riders)
    lists = [_list_of(rider) for rider in riders]
    kept = " UNION ALL ".join(f"FROM {_KEPT} WHERE rowid % {_PARTS} = {part}" for part in range(_PARTS))
    yield root, f"CREATE OR REPLACE TEMP TABLE {_KEPT} AS\nSELECT\n    {columns}\nFROM {rows}"
    yield root, f"INSERT INTO {kind}.{quote(root.name)}\nSELECT * EXCLUDE ({', '.join(lists)}) FROM ({kept})"
    for rider, values in zip(riders, lists, strict=True):
        columns = ",\n    ".join(["source", "file", *_expressions(group.shape, rider)])
        ids = f"{quote(id_of(root).name)} AS {quote(str(rider.link))}"
        rows = f"(SELECT source, file, {ids}, unnest({values}) AS e FROM ({kept})) AS r"
        yield rider, f"INSERT INTO {kind}.{quote(rider.name)}\nSELECT\n    {columns}\nFROM {rows}\nWHERE e IS NOT NULL"
    yield root, f"DROP TABLE {_KEPT}"


def _list_of(rider: NativeTable) -> str:
    """Name the column that keeps the lists for a table."""
    return quote(f"sessionlab:{rider.name}")


def _insert(group: Group, table: NativeTable, source: str, largest: int) -> str:
    columns, rows = _selected(group, table, source, largest)
    return f"INSERT INTO {quote(group.kind.name)}.{quote(table.name)}\nSELECT\n    {columns}\nFROM {rows}"


def _selected(
    group: Group, table: NativeTable, source: str, largest: int, riders: Sequence[NativeTable] = ()
) -> tuple[str, str]:
    """Give the select list and the FROM item of one table's rows, with the lists within them for the riders."""
    path = path_to(group.kind, table)
    columns = columns_of(group.shape, path)
    if group.shape.packed:
        columns[ORIGIN] = "VARCHAR"
    columns |= {group.shape.nests[rider.name]: "VARCHAR[]" for rider in riders}
    rows = reader(group, columns, largest)
    for parent, child in pairwise(path):
        rows = _unnested(group.shape, parent, child, rows)
    lists = (f"r.{quote(group.shape.nests[rider.name])} AS {_list_of(rider)}" for rider in riders)
    own = [f"{literal(source)} AS source", "file", *_expressions(group.shape, table)]
    return ",\n    ".join([*own, *lists]), rows


def _insert_per_file(kind: Kind, table: NativeTable, source: str) -> str:
    values = (STEM_SQL if column.name in table.stem else "NULL" for column in table.columns)
    return (
        f"INSERT INTO {quote(kind.name)}.{quote(table.name)}\n"
        f"SELECT {literal(source)}, file, {', '.join(values)}, NULL\n"
        f"FROM (SELECT DISTINCT file FROM {quote(kind.name)}.{quote(kind.root.name)} WHERE source = {literal(source)}"
        f" EXCEPT SELECT file FROM {quote(kind.name)}.{quote(table.name)} WHERE source = {literal(source)})"
    )


def _unnested(shape: Shape, parent: NativeTable, child: NativeTable, rows: str) -> str:
    """Unfold the rows of a nested table; each keeps its file and its parent's id, under the name of the link.

    A null among them is no row.
    """
    at = "r" if parent.parent is None else "r.e"
    ids = _value(shape, parent, id_of(parent), at)
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
    keys = list(undeclared(shape, table))
    if shape.packed:
        return f"{at}.{quote(shape.packed)}"
    if not keys:
        return "NULL"
    parts = (f"{literal(json.dumps(key, ensure_ascii=False) + ':')} || {at}.{quote(key)}" for key in keys)
    return f"nullif('{{' || concat_ws(',', {', '.join(parts)}) || '}}', '{{}}')::JSON"
