"""Ids that begin again with each session: rows that others hang on get numbers by which they can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sessionlab.errors import InvalidRecord
from sessionlab.kinds import Kind, NativeTable, Record
from sessionlab.loaders.plain import PACKED

_LARGEST = 2**63 - 1
"""The largest number that a column takes."""


def parents(kind: Kind) -> list[NativeTable]:
    """List the tables below the root whose rows have rows of their own."""
    return [table for table in kind.children(kind.root) if any(kind.children(table))]


@dataclass
class Numbering:
    """The numbers that such rows have within one file."""

    _sessions: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _highest: dict[tuple[str, str], int] = field(default_factory=dict)

    def tell_apart(self, kind: Kind, record: Record) -> None:
        """Give rows of a plain record new numbers where one has the id of another; ``extra`` keeps those they had.

        Raises:
            InvalidRecord: there are no numbers left.
        """
        session = str(record[kind.id.name])
        for table in parents(kind):
            rows: Sequence[Record] = record[table.nest[0]]
            of_table, (name, *_) = (kind.name, table.name), table.key
            ids = [row[name] for row in rows]
            if len({*ids}) < len(ids) or any(self._sessions.get((*of_table, id_), session) != session for id_ in ids):
                self._number(rows, name, self._highest.get(of_table, max(ids)))
            for row in rows:
                self._sessions[*of_table, row[name]] = session
                self._highest[of_table] = max(self._highest.get(of_table, 0), row[name])

    @staticmethod
    def _number(rows: Sequence[Record], name: str, after: int) -> None:
        if after + len(rows) > _LARGEST:
            raise InvalidRecord(f"its rows have the {name} of others, and {after} leaves no number to tell them apart")
        for number, row in enumerate(sorted(rows, key=lambda row: int(row[name])), after + 1):
            row[PACKED] = {**(row[PACKED] or {}), name: row[name]}
            row[name] = number
