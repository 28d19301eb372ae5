"""Rows as text that fits the terminal, with no column left out: where a table is too wide, it goes on below."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from sessionlab.schema import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from rich.table import Table

_MOST_ROWS = 200
_AS_WIDE_AS_IT_IS = 10_000
_NARROWEST = 24
"""How narrow a column of texts may become: longer texts go on in the next line."""

_BESIDE = 3
"""What a column takes beside its text: a line, and a blank on either side."""


@dataclass(frozen=True)
class Cells:
    """Rows as texts: heads, rows, and which columns hold numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]

    def width(self, column: int) -> int:
        """Tell how wide a column has to be at least, lines and all."""
        widest = max(len(text) for text in (self.heads[column], *(row[column] for row in self.rows)))
        may_break = not self.numbers[column] and len(self.heads[column]) <= _NARROWEST
        return (min(widest, _NARROWEST) if may_break else widest) + _BESIDE


def show(relation: DuckDBPyRelation, *, as_json: bool = False, keys: int = 0, blocks: bool = False) -> None:
    """Print a relation: as tables no wider than the terminal, its real numbers rounded for reading, or as JSON, exact.

    Args:
        relation: Its rows, of which a table has the first 200.
        as_json: Write all of them as one JSON array.
        keys: How many columns tell rows apart: they are repeated where a table goes on below. Texts and times at the
            left are taken for such by themselves.
        blocks: Where a table is too wide, write each row for itself instead.
    """
    if as_json:
        click.echo(json.dumps(relation.to_dicts(), default=str))
        return
    from rich.console import Console

    console = Console(width=screen_width())
    found = relation.limit(_MOST_ROWS + 1).fetchall()
    cells = cells_of(relation.columns, found[:_MOST_ROWS])
    for table in tables(cells, console.width, keys=keys, blocks=blocks):
        console.print(table)
    if not found:
        click.echo("no rows")
    if len(found) > _MOST_ROWS:
        click.echo(f"the first {_MOST_ROWS} rows; --json gives all")


def show_as_duckdb(relation: DuckDBPyRelation) -> None:
    """Print a relation as DuckDB does: with its types, and as many columns as the terminal has room for.

    DuckDB draws its lines in Unicode only: where these cannot be printed, it is shown as other tables are.
    """
    if not sys.stdout.encoding.lower().startswith("utf"):
        show(relation)
        return
    shown = (
        f"round({quote(name)}, 4) AS {quote(name)}" if str(type_) == "DOUBLE" else quote(name)
        for name, type_ in zip(relation.columns, relation.types, strict=True)
    )
    relation.project(", ".join(shown)).show(max_rows=_MOST_ROWS, max_width=screen_width())


def screen_width() -> int:
    """Tell how wide a line may be. Whoever reads a pipe or a file wants whole lines, however wide."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _AS_WIDE_AS_IT_IS


def tables(cells: Cells, width: int, *, keys: int = 0, blocks: bool = False) -> list[Table]:
    """Draw rows as one table; where it would be too wide as several, or with ``blocks`` as one of row after row."""
    parts = list(split(cells, width, keys))
    return [_block_table(cells)] if blocks and len(parts) > 1 else [_table(cells, part) for part in parts]


def split(cells: Cells, width: int, keys: int = 0) -> Iterator[list[int]]:
    """Deal out the columns to tables that are no wider than the screen, each with the columns that tell rows apart."""
    first = list(range(max(keys, _leading_texts(cells))))
    part, room = list(first), width - 1 - sum(map(cells.width, first))
    for column in range(len(first), len(cells.heads)):
        if cells.width(column) > room and len(part) > len(first):
            yield part
            part, room = list(first), width - 1 - sum(map(cells.width, first))
        part.append(column)
        room -= cells.width(column)
    yield part


def _leading_texts(cells: Cells) -> int:
    """Count the columns at the left that hold no numbers; where none does, there is nothing to tell rows apart by."""
    return next((place for place, number in enumerate(cells.numbers) if number), 0)


def cells_of(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Cells:
    """Put rows into words."""
    numbers = [all(_is_number(row[place]) for row in rows) for place in range(len(heads))]
    return Cells(heads, [[_words(value) for value in row] for row in rows], numbers)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _words(value: Any) -> str:
    from sessionlab.display.cells import words

    text = value if isinstance(value, str) else "NULL" if value is None else words(value)
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _table(cells: Cells, columns: Sequence[int]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SQUARE)
    for place in columns:
        number = cells.numbers[place]
        table.add_column(
            Text(cells.heads[place]), justify="right" if number else "left", no_wrap=number, overflow="fold"
        )
    for row in cells.rows:
        table.add_row(*(Text(row[place]) for place in columns))
    return table


def _block_table(cells: Cells) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SQUARE, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for row in cells.rows:
        for head, text in zip(cells.heads, row, strict=True):
            table.add_row(head, Text(text))
        table.add_section()
    return table
