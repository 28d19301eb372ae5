"""What checking a store finds, and what the checks look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sessionlab.display import counted, facts, framed
from sessionlab.display import table as html_table
from sessionlab.display.cells import cell
from sessionlab.display.report import Report
from sessionlab.schema import quote
from sessionlab.stores.database import Database
from sessionlab.stores.declare import StoreSchema, StoreTable
from sessionlab.stores.driver import Rows

if TYPE_CHECKING:
    from rich.table import Table

FEW = 5
"""How many examples a problem has."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong in a store.

    Attributes:
        table: The table, or nothing if it is the whole database.
        check: The check that found it: ``integrity``, ``parts``, ``keys``, ``references``, ``values`` or ``search``.
        found: What is wrong.
        advice: What to do about it.
        rows: How many rows are concerned, or None if it is not about rows.
        examples: The keys of the first few of them.
    """

    table: str
    check: str
    found: str
    advice: str
    rows: int | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyReport(Report):
    """What checking a store has found; it shows itself as a table.

    Attributes:
        kind: The kind of the store.
        database: Where it is, without password.
        version: The version of its schema; None if another program has made it and nobody has taken it over.
        latest: The latest version that there is.
        rows: How many rows each table has.
        problems: What is wrong.

    >>> from tempfile import mkdtemp
    >>> from sessionlab import open_store
    >>> with open_store("codegen", f"{mkdtemp()}/codegen.db") as store:
    ...     number = store.insert_session("sort a list")
    ...     report = store.verify()
    >>> report.ok, report.rows["session"], report.problems
    (True, 1, ())
    """

    title = "verified"

    kind: str
    database: str
    version: str | None
    latest: str
    rows: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give the lines of the report, but for the problems."""
        yield "store", f"{self.kind}, {self.database}"
        yield "version", self._version()
        for table, count in self.rows.items():
            yield table, counted(count, "row")
        yield "problems", f"{len(self.problems):,}" if self.problems else "none"

    def _version(self) -> str:
        if self.version is None:
            return "none: made by another program, and taken over when it is opened"
        return self.version + (
            "" if self.version == self.latest else f", brought up to {self.latest} when it is opened"
        )

    def __rich__(self) -> Table:
        """Draw the report as a table, with the problems under it."""
        from rich.table import Table
        from rich.text import Text

        lines = super().__rich__()
        if self.ok:
            return lines
        found = Table(title="problems", title_justify="left", show_lines=True)
        for head in _HEADS:
            found.add_column(head, overflow="fold", justify="right" if head == "rows" else "left")
        for problem in self.problems:
            found.add_row(*map(Text, _cells(problem)))
        both = Table.grid()
        both.add_row(lines)
        both.add_row(found)
        return both

    def _repr_html_(self) -> str:
        rows = [[cell(text) for text in _cells(problem)] for problem in self.problems]
        return framed(facts(self.lines()), *([html_table(_HEADS, rows)] if rows else []))


_HEADS = ("table", "check", "rows", "what is wrong", "for example", "what to do")


def _cells(problem: Problem) -> tuple[str, ...]:
    rows = "" if problem.rows is None else f"{problem.rows:,}"
    return problem.table, problem.check, rows, problem.found, "\n".join(problem.examples), problem.advice


@dataclass(frozen=True)
class Look:
    """What the checks look at: a database, what its store is to have, and the columns that its tables have."""

    database: Database
    schema: StoreSchema
    there: Mapping[str, set[str]]
    version: str | None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self.database.engine == "sqlite"

    def ask(self, query: str) -> Rows:
        """Run a query without values."""
        return self.database.run(query if self.is_sqlite else query.replace("%", "%%"), reads=True).rows

    def tables(self) -> list[StoreTable]:
        """List the tables that are there."""
        return [table for table in self.schema.tables if table.name in self.there]

    def key(self, table: StoreTable) -> tuple[str, ...]:
        """Give the primary key of a table, as far as its columns are there."""
        key = table.key or self.schema.native(table).key
        return tuple(name for name in key if name in self.there[table.name])

    def examples(self, table: StoreTable, condition: str) -> tuple[str, ...]:
        """Give the keys of the first few rows for which a condition holds."""
        columns = ", ".join(map(quote, self.key(table)))
        query = f"SELECT {columns} FROM {quote(table.name)} AS each WHERE {condition} ORDER BY {columns} LIMIT {FEW}"
        return tuple(map(shown_key, self.ask(query)))


def shown_key(values: Sequence[Any]) -> str:
    """Write a key as people read it."""
    return ", ".join(map(str, values))
