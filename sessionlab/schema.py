"""The words in which tables are declared: columns, their types, and where JSON keeps them.

A table is data here; the loaders, the lab and the tests read the same declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property


class Type(Enum):
    """A column's type; the value is its DuckDB name.

    ``TIME`` is a UTC timestamp without offset. A source may write it as ISO 8601 text or as epoch seconds or
    milliseconds.
    """

    TEXT = "VARCHAR"
    INTEGER = "BIGINT"
    REAL = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    TIME = "TIMESTAMP"
    JSON = "JSON"


@dataclass(frozen=True)
class Column:
    """One column: its name in the lab, its type, and the other names that sources give it.

    ``key`` is the name in JSON where it differs; ``aliases`` are names seen elsewhere, and a dotted alias reaches into
    an object (``problem.description``). A ``required`` column is never NULL: a record without it is rejected. A
    ``long`` text is stored with zstd, which takes a third of the room and of the time that trying out DuckDB's other
    ways does. A ``random`` text, as an id is, is stored as it stands: what can be saved of it is not worth the trying.
    """

    name: str
    type: Type = Type.TEXT
    key: str | None = None
    aliases: tuple[str, ...] = ()
    required: bool = False
    long: bool = False
    random: bool = False

    @property
    def ddl(self) -> str:
        """Give the column's part of a ``CREATE TABLE``.

        >>> Column("code", long=True).ddl
        '"code" VARCHAR USING COMPRESSION zstd'
        """
        way = "zstd" if self.long else "uncompressed" if self.random else None
        return f"{quote(self.name)} {self.type.value}" + (f" USING COMPRESSION {way}" if way else "")

    @cached_property
    def json_key(self) -> str:
        """The key that JSON has for this column."""
        return self.key or self.name

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names that a source may give the column, the usual one first."""
        return tuple(dict.fromkeys((self.json_key, self.name, *self.aliases)))


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, and the names of those that make its key."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Column]:
        """Walk the columns in order."""
        return iter(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(column.name for column in self.columns)

    def ddl(self, schema: str) -> str:
        """Give the ``CREATE TABLE`` of the lab for this table: no constraints, as the lab takes what exists."""
        columns = ", ".join(column.ddl for column in self.columns)
        return f"CREATE TABLE IF NOT EXISTS {quote(schema)}.{quote(self.name)} ({columns})"


def quote(identifier: str) -> str:
    """Quote an SQL identifier.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote an SQL string, for the places where a statement takes no bound value.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
