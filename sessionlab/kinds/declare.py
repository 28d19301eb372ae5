"""What a kind is: its native tables, how its JSON nests them, and how to tell it from the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from sessionlab.schema import Column, Table, Type

Record = dict[str, Any]
"""A decoded JSON object."""

SOURCE = Column("source")
FILE = Column("file")
EXTRA = Column("extra", Type.JSON, long=True)
BOOKKEEPING = (SOURCE.name, FILE.name, EXTRA.name)
"""The columns that every native table of a lab has beside the store's own.

``source`` names the load, ``file`` is the JSON file a row came from (NULL for a database), and ``extra`` keeps what the
source had and the declaration does not name, as one JSON object.
"""


@dataclass(frozen=True)
class NativeTable(Table):
    """A table of a kind's store, and where a JSON record keeps its rows.

    ``parent`` is the table one level up in JSON and ``nest`` are the names the list of rows may have there. ``link`` is
    the column that holds the parent's id; in JSON it is taken from the parent. A list of plain values fills the column
    ``scalar``. ``stem`` columns take the file's stem where a JSON record does not say; a ``per_file`` table has one
    such row a file. ``stand_in`` is an SQLite query that yields the rows where a database has no such table.
    ``unloaded`` are columns that only a store has a use for.
    """

    parent: str | None = None
    nest: tuple[str, ...] = ()
    link: str | None = None
    scalar: str | None = None
    stem: tuple[str, ...] = ()
    per_file: bool = False
    stand_in: StandIn | None = None
    unloaded: tuple[str, ...] = ()

    @cached_property
    def lab(self) -> Table:
        """The table as the lab has it: the store's columns between the bookkeeping ones."""
        return Table(self.name, (SOURCE, FILE, *self.columns, EXTRA), self.key)

    @cached_property
    def required(self) -> tuple[Column, ...]:
        """The columns without which a row says nothing."""
        return tuple(column for column in self.columns if column.required)


@dataclass(frozen=True)
class StandIn:
    """Rows for a table that an older schema keeps as a column of another, and the query that unfolds it."""

    table: str
    column: str
    query: str


@dataclass(frozen=True)
class Kind:
    """A family of session records.

    ``tables`` lists the root table first and every parent before its children. A record belongs to the kind if it has
    one of the ``hallmarks`` among its keys. Of two records with one id, the one whose ``recency`` columns are latest
    stays. ``adopt`` turns a whole document whose records carry no id of their own into records that do. ``competes``
    says that the attempts of a session compete, so that one of them may be the winner.
    """

    name: str
    tables: tuple[NativeTable, ...]
    hallmarks: frozenset[str]
    recency: tuple[str, ...]
    adopt: Callable[[list[Any], str], list[Record] | None] | None = None
    competes: bool = False

    @property
    def root(self) -> NativeTable:
        """The table with one row a session."""
        return self.tables[0]

    @property
    def id(self) -> Column:
        """The root column that identifies a session within a source."""
        (name,) = self.root.key
        return next(column for column in self.root if column.name == name)

    @cached_property
    def sql(self) -> str:
        """The statements that make the canonical views over the native tables: ``<kind>.sql`` beside this file.

        A row of attempts, messages or errors is of one of the kind's canonical sessions: where their view leaves some
        sessions out, the other views have to as well.
        """
        return files(__package__).joinpath(f"{self.name}.sql").read_text(encoding="utf-8")

    def gives(self, table: Table) -> bool:
        """Whether the kind's statements make a view for a canonical table."""
        return f"VIEW {self.name}.canonical_{table.name} AS" in self.sql

    def children(self, table: NativeTable) -> Iterator[NativeTable]:
        """Walk the tables whose rows JSON nests directly in those of this one."""
        return (child for child in self.tables if child.parent == table.name)

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """Every key that a JSON record of this kind may have at its top, under any of its names."""
        own = (name.split(".")[0] for column in self.root for name in column.names)
        nested = (name for child in self.children(self.root) for name in child.nest)
        return frozenset([*own, *nested])

    def fits(self, keys: Collection[str]) -> bool:
        """Whether a record with these keys (or a root table with these columns) is of this kind."""
        return any(key in self.hallmarks for key in keys)

    def needs(self) -> str:
        """Say what a record of this kind must have, for the message to someone whose record has not."""
        required = " and ".join(f"'{column.json_key}'" for column in self.root.required)
        return f"{self.name} needs {required} with one of {', '.join(sorted(self.hallmarks))}"


def detect(keys: Collection[str], kinds: Mapping[str, Kind]) -> Kind | None:
    """Find the kind that a record with these keys belongs to: the fitting one that knows most of them, else None."""
    fitting = [kind for kind in kinds.values() if kind.fits(keys)]
    return max(fitting, key=lambda kind: len(kind.known_keys.intersection(keys)), default=None)
