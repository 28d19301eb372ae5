"""The widget: its state is what the browser needs to draw, and what is picked there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from sessionlab.charts.bundle import module
from sessionlab.dashboard import Run, draw, read_cube
from sessionlab.explorer.picks import condition, fields
from sessionlab.explorer.rows import table
from sessionlab.report.drawings import drawing

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_HERE = Path(__file__).parent


class Explorer(anywidget.AnyWidget):
    r"""A dashboard in a notebook whose picks come back to Python.

    Attributes:
        selection: The sessions that are picked: all that meet ``where`` while nothing is.
        condition: The same as an SQL condition.
        where: An SQL condition on ``sessions``; set it, and the picture changes.
        by: The columns to compare success by; set it, and the picture changes.

    Setting one takes back what was picked. One that does not hold raises ``QueryError`` and changes nothing.

    >>> explorer = lab.explore(by="topic", where="kind = 'workflow'")
    >>> explorer.selection.aggregate("count(*)").fetchall()
    [(100,)]
    >>> explorer.by = "model"
    >>> explorer.condition
    '"kind" = \'workflow\''
    """

    _esm = module((_HERE / "explorer.js").read_text(encoding="utf-8"))
    _css = (_HERE / "explorer.css").read_text(encoding="utf-8")

    _drawing = traitlets.Dict().tag(sync=True)
    _picked = traitlets.Dict().tag(sync=True)
    _table = traitlets.Dict().tag(sync=True)

    def __init__(self, run: Run, *, by: str | Sequence[str] | None = None, where: str | None = None) -> None:
        self._run = run
        self._by, self._where = by, where
        self._cube = read_cube(run, by=by, where=where)
        super().__init__()
        self._show(1)

    @property
    def where(self) -> str | None:
        """The condition on ``sessions``; None for all."""
        return self._where

    @where.setter
    def where(self, condition: str | None) -> None:
        self._change(self._by, condition)

    @property
    def by(self) -> str | Sequence[str] | None:
        """The columns to compare success by; None for the first that is known."""
        return self._by

    @by.setter
    def by(self, columns: str | Sequence[str] | None) -> None:
        self._change(columns, self._where)

    @property
    def condition(self) -> str:
        """What is picked, as an SQL condition on ``sessions``."""
        picks = self._picked.get("picks", {}) if self._picked.get("drawing") == self._drawing["number"] else {}
        return condition(self._cube, self._where, picks) or "true"

    @property
    def selection(self) -> DuckDBPyRelation:
        """The sessions that are picked, as a relation with the columns of ``sessions``."""
        return self._run(f"FROM sessions WHERE {self.condition}")

    def __repr__(self) -> str:
        return f"<explorer of the sessions where {self.condition}>"

    def _change(self, by: str | Sequence[str] | None, where: str | None) -> None:
        self._cube = read_cube(self._run, by=by, where=where)
        self._by, self._where = by, where
        self._show(self._drawing["number"] + 1)

    def _show(self, number: int) -> None:
        """Have the browser draw the cube; what it says of an earlier drawing counts no more."""
        title, notes, spec = drawing(draw(self._cube))
        with self.hold_sync():
            self._drawing = {
                "number": number,
                "title": title,
                "notes": notes,
                "spec": spec,
                "fields": fields(self._cube),
            }
            self._picked = {}
            self._table = table(self.selection)

    @traitlets.observe("_picked")
    def _fill(self, _: Any) -> None:
        self._table = table(self.selection)
