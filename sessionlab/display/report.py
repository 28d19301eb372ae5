"""What reports have in common: a table for people, on a terminal and in a notebook."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sessionlab.display.markup import facts, framed

if TYPE_CHECKING:
    from rich.table import Table

_MOST = 20


class Shown(ABC):
    """Something that shows itself: the table that it draws is also its plain text."""

    def __init_subclass__(cls) -> None:
        """Let IPython find the way to show it before the ``__repr__`` that a data class gets."""
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    @abstractmethod
    def __rich__(self) -> Table:
        """Draw it as a table."""

    def __str__(self) -> str:
        """Write it as plain text."""
        from rich.console import Console

        console = Console(file=io.StringIO(), width=100, color_system=None, force_jupyter=False)
        with console.capture() as capture:
            console.print(self.__rich__())
        return capture.get()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        printer.text(str(self))


@dataclass(frozen=True)
class Report(Shown):
    """A report: its lines are a word and what there is to say."""

    title: ClassVar[str]

    @abstractmethod
    def lines(self) -> Iterable[tuple[str, str]]:
        """Give the lines of the report."""

    @staticmethod
    def some(word: str, found: Sequence[object]) -> Iterator[tuple[str, str]]:
        """Give a line for each of the first few things that were found, and one for the number of the others."""
        yield from ((word, str(each)) for each in found[:_MOST])
        if len(found) > _MOST:
            yield "", f"… and {len(found) - _MOST:,} more"

    def __rich__(self) -> Table:
        """Draw the report as a table."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self.title, show_header=False, title_justify="left")
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for word, value in self.lines():
            table.add_row(word, Text(value))
        return table

    def _repr_html_(self) -> str:
        return framed(facts(self.lines()))
