"""What a store's tables have beyond a kind's columns: keys, constraints, defaults, indexes, views, triggers.

The columns and their order come from the kind; nothing is said twice. Every part says since which revision it is
there, so that one declaration makes a new store at once and an old one step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sessionlab.kinds import KINDS, NativeTable
from sessionlab.schema import Column, Type
from sessionlab.stores.values import FLAG, JSON, TEXT, TIME, WHOLE, Engine, ValueType

INITIAL, INDEXED, SEARCHED = "0001", "0002", "0003"
"""The revisions that every kind has: the schema of the seeds, the composite indexes, the full-text search."""

_TYPES = {Type.TEXT: TEXT, Type.INTEGER: WHOLE, Type.BOOLEAN: FLAG, Type.TIME: TIME, Type.JSON: JSON}

NOW: Mapping[Engine, str] = {"sqlite": "(strftime('%Y-%m-%d %H:%M:%f', 'now'))", "postgresql": "CURRENT_TIMESTAMP"}
"""The default of a column that says when its row was made, to the millisecond at least."""


@dataclass(frozen=True)
class Field:
    """What a store asks of a column.

    Args:
        type: Its type, where the kind's does not say enough.
        null: Whether it may be None.
        default: The SQL of its default, where it is left out; by engine if that differs.
        one_of: The only texts that it may be.
        not_empty: Whether the empty text is refused.
        at_least: The least that a number may be.
        at_most: The most that a number may be.
        refers: The ``table.column`` whose values it must be one of.
        cascade: Whether the row goes away with the one referred to.
        unique: Whether no two rows may have the same.
        counted: Whether the database numbers the rows by it.
    """

    type: ValueType | None = None
    null: bool = True
    default: str | Mapping[Engine, str] | None = None
    one_of: tuple[str, ...] = ()
    not_empty: bool = False
    at_least: int | None = None
    at_most: int | None = None
    refers: str | None = None
    cascade: bool = False
    unique: bool = False
    counted: bool = False

    def default_on(self, engine: Engine) -> str | None:
        """Give the SQL of the default on an engine."""
        return self.default.get(engine) if isinstance(self.default, Mapping) else self.default


@dataclass(frozen=True)
class StoreTable:
    """A table of a store: the fields of the kind's columns that are more than plain, by name.

    ``key`` is the primary key if it is not the kind's; ``unique`` are sets of columns of which no two rows have the
    same. A ``strict`` table has no value of another type on SQLite either. ``own`` are columns that the store has after
    the kind's, and all columns of a table that the kind does not have. ``added`` are the columns that a store made by
    another program may lack, or all of them if it may lack the table: they are added when it is taken over.
    """

    name: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    strict: bool = False
    own: tuple[Column, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index:
    """An index; a column that begins with ``-`` is indexed from the last to the first."""

    name: str
    table: str
    columns: tuple[str, ...]
    since: str = INITIAL


@dataclass(frozen=True)
class Made:
    """A view, trigger or function, by its statements: how an engine makes it, and how it takes it away.

    Args:
        name: What it is called.
        make: The statements, by engine. They do no harm where it is there already.
        drop: The statements that take it away, by engine.
    """

    name: str
    make: Mapping[Engine, tuple[str, ...]]
    drop: Mapping[Engine, tuple[str, ...]]
    since: str = INITIAL


@dataclass(frozen=True)
class FullText:
    """A full-text search over columns of a table, by the words of a text; ``key`` is the table's primary key.

    ``text_key`` says that the key is a text, so that SQLite has no number of the rows that lasts.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    text_key: bool = False
    since: str = SEARCHED


@dataclass(frozen=True)
class StoreSchema:
    """All that a kind's store has. Tables stand after those that they refer to."""

    kind: str
    tables: tuple[StoreTable, ...]
    indexes: tuple[Index, ...] = ()
    made: tuple[Made, ...] = ()
    searches: tuple[FullText, ...] = ()
    revisions: tuple[str, ...] = field(default=(INITIAL, INDEXED, SEARCHED))

    @property
    def head(self) -> str:
        """The latest revision."""
        return self.revisions[-1]

    @property
    def version_table(self) -> str:
        """The table that keeps the version: one a kind, as several kinds may live in one database."""
        return f"sessionlab_{self.kind}_version"

    def columns(self, table: StoreTable) -> tuple[tuple[Column, Field, ValueType], ...]:
        """Give a table's columns in order, with what the store asks of each, and its type."""
        listed = (*(self.native(table) if self.is_native(table) else ()), *table.own)
        fields = ((column, table.fields.get(column.name, Field())) for column in listed)
        return tuple((column, asked, asked.type or _TYPES[column.type]) for column, asked in fields)

    def is_native(self, table: StoreTable) -> bool:
        """Whether the kind has a table, rather than the store alone."""
        return any(each.name == table.name for each in KINDS[self.kind].tables)

    def native(self, table: StoreTable) -> NativeTable:
        """Give the kind's own declaration of a table."""
        return next(each for each in KINDS[self.kind].tables if each.name == table.name)
