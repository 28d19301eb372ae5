"""A record of each kind in which every declared column has a value of its own, told by its name and its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sessionlab.kinds import Kind, NativeTable
from sessionlab.schema import Column, Type

Row = dict[str, Any]
Naming = Callable[[Column], str]


def camel(column: Column) -> str:
    """Give the name that JSON has for a column."""
    return column.json_key


def snake(column: Column) -> str:
    """Give the name that the store has for a column."""
    return column.name


def last_alias(column: Column) -> str:
    """Give the least usual name of a column; a dotted one reaches into an object."""
    return column.names[-1]


class Values:
    """Deals out values, no two the same but for booleans."""

    def __init__(self) -> None:
        self._number = 0

    def next(self, column: Column) -> Any:
        """Give the next value of a column's type, as JSON has it."""
        self._number += 1
        if column.type is Type.BOOLEAN:
            return True
        if column.type is Type.TIME:
            return f"2025-01-{1 + self._number // 60:02}T00:{self._number % 60:02}:00Z"
        if column.type is Type.INTEGER:
            return self._number
        return {column.name: self._number} if column.type is Type.JSON else f"{column.name} {self._number}"


def stored(column: Column, value: Any) -> Any:
    """Give a value as the lab shows it as text."""
    if value is None:
        return None
    if column.type is Type.TIME:
        return value.replace("T", " ").removesuffix("Z")
    if column.type is Type.JSON:
        return json.dumps(value, separators=(",", ":"))
    return str(value).lower() if column.type is Type.BOOLEAN else str(value)


class Example:
    """A record, and the rows that each native table is to have of it, in the form of :func:`stored`."""

    def __init__(self, kind: Kind, naming: Naming, nest: int = 0, rows: int = 2) -> None:
        self._kind = kind
        self._naming = naming
        self._nest = nest
        self._count = rows
        self._values = Values()
        self.rows: dict[str, list[Row]] = {table.name: [] for table in kind.tables if not table.per_file}
        self.record = self._row(kind.root, None)

    def _row(self, table: NativeTable, parent: Any) -> Row:
        row: Row = {}
        told: Row = {}
        for column in table.columns:
            value = parent if column.name == table.link else self._values.next(column)
            told[column.name] = stored(column, value)
            if column.name != table.link:
                _put(row, self._naming(column), value)
        row["unknown"] = f"unknown to {table.name} {self._values.next(Column('n', Type.INTEGER))}"
        told["extra"] = json.dumps({"unknown": row["unknown"]}, separators=(",", ":"))
        self.rows[table.name].append(told)
        own = row.get(self._naming(next(column for column in table if column.name == table.key[0])))
        for child in self._kind.children(table):
            row[child.nest[min(self._nest, len(child.nest) - 1)]] = [
                self._child(child, own) for _ in range(self._count)
            ]
        return row

    def _child(self, table: NativeTable, parent: Any) -> Any:
        if table.scalar is None:
            return self._row(table, parent)
        value = self._values.next(next(column for column in table if column.name == table.scalar))
        nothing = dict.fromkeys((*table.names, "extra"))
        self.rows[table.name].append({**nothing, str(table.link): str(parent), table.scalar: value})
        return value


def _put(row: Row, name: str, value: Any) -> None:
    outer, dot, rest = name.partition(".")
    if dot:
        _put(row.setdefault(outer, {}), rest, value)
    else:
        row[name] = value
