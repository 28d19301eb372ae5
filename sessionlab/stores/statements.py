"""Statements of SQLAlchemy Core, compiled once, with the way their values go in and their rows come out.

A statement that is run a thousand times is compiled the first time and then handed to the driver as text, which makes
the store about as fast as the driver itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sessionlab.stores.tables import DIALECTS
from sessionlab.stores.values import Convert, Engine

Row = dict[str, Any]


class Statement:
    """A compiled statement: its ``text``, and the names of the values that it takes, in order."""

    def __init__(self, core: Any, engine: Engine, decoders: Mapping[str, Convert]) -> None:
        compiled = core.compile(dialect=DIALECTS[engine], compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        self.takes: tuple[str, ...] = tuple(compiled.positiontup or ())
        self._own: dict[str, Any] = dict(compiled.params)
        columns = core.selected_columns if isinstance(core, sa.sql.Select) else getattr(core, "exported_columns", ())
        self._gives = tuple(column.name for column in columns)
        self._decoded = tuple((name, decoders[name]) for name in self._gives if name in decoders)

    def values(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """Put values in the order of the statement; those not given are its own."""
        own = self._own
        return tuple([given[name] if name in given else own[name] for name in self.takes])

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Row]:
        """Make dictionaries of what the driver gave."""
        names, decoded = self._gives, self._decoded
        rows = [dict(zip(names, values, strict=False)) for values in found]
        for name, decode in decoded:
            for row in rows:
                if (value := row[name]) is not None:
                    row[name] = decode(value)
        return rows
