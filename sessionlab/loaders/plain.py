"""The one plain shape that records take after a close look: every column under its own name, all else packed beside them."""

from __future__ import annotations

from typing import Any

from sessionlab.kinds import Kind, NativeTable, Record
from sessionlab.loaders.structure import Shape
from sessionlab.schema import Column, Type

PACKED = "sessionlab:extra"
"""The key that holds what the declaration does not name."""


def plain(kind: Kind, record: Record) -> Record:
    """Give a checked record its plain shape."""
    return _plain_row(kind, kind.root, record)


def plain_shape(kind: Kind) -> Shape:
    """Give the shape that all plain records of a kind have."""
    shape = Shape(packed=PACKED)
    for table in kind.tables:
        for column in table.columns:
            shape.names[table.name, column.name].add(column.name)
        if table.parent is not None:
            shape.nests[table.name] = table.nest[0]
    return shape


def _plain_row(kind: Kind, table: NativeTable, row: Record) -> Record:
    rest = dict(row)
    flat: Record = {}
    for column in table.columns:
        values = [_take(rest, name) for name in column.names]
        flat[column.name] = _whole(column, next((value for value in values if value is not None), None))
    for child in kind.children(table):
        lists = [rest.pop(name, None) for name in child.nest]
        rows = next((found for found in lists if found is not None), None) or []
        flat[child.nest[0]] = rows if child.scalar else [_plain_row(kind, child, inner) for inner in rows]
    undeclared = {key: value for key, value in rest.items() if value is not None}
    flat[PACKED] = undeclared or None
    return flat


def _take(row: Record, name: str) -> Any:
    """Take a value out of a row, reaching into an object for a dotted name; an object emptied so goes too."""
    outer, dot, rest = name.partition(".")
    if not dot:
        return row.pop(outer, None)
    inner = row.get(outer)
    if not isinstance(inner, dict):
        return None
    row[outer] = inner = dict(inner)
    value = inner.pop(rest, None)
    if not inner:
        del row[outer]
    return value


def _whole(column: Column, value: Any) -> Any:
    return int(value) if column.type is Type.INTEGER and isinstance(value, float) else value
