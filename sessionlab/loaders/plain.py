"""The one plain shape that records take after a close look: each column under its own name, all else packed beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessionlab.kinds import Kind, NativeTable, Record
from sessionlab.loaders.structure import Shape
from sessionlab.loaders.times import utc_time
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
        flat[column.name] = _whole(column, _take(rest, column.names))
    for child in kind.children(table):
        rows = [inner for inner in _take(rest, child.nest) or [] if inner is not None]
        flat[child.nest[0]] = rows if child.scalar else [_plain_row(kind, child, inner) for inner in rows]
    flat[PACKED] = {key: value for key, value in rest.items() if value is not None} or None
    return flat


def _take(row: Record, names: Sequence[str]) -> Any:
    """Take the first value that is there under one of some names; what another one holds besides stays in the row."""
    if len(names) == 1:
        return row.pop(names[0], None)
    found = None
    for name in names:
        value = _value(row, name)
        if found is None or value is None or value == found:
            _remove(row, name)
            found = value if found is None else found
    return found


def _value(row: Record, name: str) -> Any:
    outer, dot, rest = name.partition(".")
    inner = row.get(outer)
    return inner if not dot else inner.get(rest) if isinstance(inner, dict) else None


def _remove(row: Record, name: str) -> None:
    """Remove a value from a row, reaching into an object for a dotted name; an object emptied so goes too."""
    outer, dot, rest = name.partition(".")
    if not dot:
        row.pop(outer, None)
    elif isinstance(row.get(outer), dict):
        row[outer] = {key: value for key, value in row[outer].items() if key != rest}
        if not row[outer]:
            del row[outer]


def _whole(column: Column, value: Any) -> Any:
    """Give a checked value in the one form of its type: 3.0 as 3, a time as text that DuckDB reads for certain."""
    if value is not None and column.type is Type.TIME:
        return utc_time(value).isoformat(sep=" ", timespec="microseconds")
    return int(value) if isinstance(value, float) and column.type is Type.INTEGER else value
