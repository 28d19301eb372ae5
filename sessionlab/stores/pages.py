"""Pages of long lists, which stay whole while rows come and go.

A page goes on from a place: what the last row before it is sorted by. The place holds whether that row is still there
or not, and however many have come before it since; a number of rows to leave out would not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sessionlab.errors import QueryError
from sessionlab.stores.rows import Rows
from sessionlab.stores.statements import Row
from sessionlab.stores.values import Engine

Place = tuple[Any, ...]
"""What a row is sorted by: texts, numbers, bytes or None."""

Enough = Callable[[Row], bool]
"""Is told each row of a page, in order; the page ends with the row that it says True of."""

Read = Callable[[Place | None, int], Sequence[tuple[Place, Row | None]]]
"""Gives so many rows after a place, each with its own; None instead of one that has gone meanwhile."""

_FIRST, _TIMES = 12, 8
"""How many rows are read first, and how many times as many each time after: the first may be large ones."""


@dataclass(frozen=True)
class Page:
    """Rows of a list, and the place after which the next page begins; None if this is the last."""

    rows: list[Row]
    after: Place | None


def page_of(read: Read, limit: int, after: Place | None, enough: Enough | None) -> Page:
    """Read a page: ``limit`` rows at most, in several steps if it may end before, so that few are read in vain."""
    rows: list[Row] = []
    for size in _sizes(limit) if enough else (limit,):
        found = read(after, size + 1)
        for number, (place, row) in enumerate(found[:size], 1):
            after = place
            if row is None:
                continue
            rows.append(row)
            if enough and enough(row):
                return Page(rows, after if number < len(found) else None)
        if len(found) <= size:
            return Page(rows, None)
    return Page(rows, after)


def _sizes(limit: int) -> Iterator[int]:
    size = _FIRST
    while limit > 0:
        yield min(size, limit)
        limit, size = limit - size, size * _TIMES


@dataclass(frozen=True)
class Key:
    """What rows are sorted by; those without it come last either way, unless all have it (``null`` is False)."""

    value: sa.ColumnElement[Any]
    descending: bool = False
    null: bool = True

    @property
    def order(self) -> sa.ColumnElement[Any]:
        """The order as SQL. Nothing is said of NULL where there is none, so that an index has the same order."""
        order = self.value.desc() if self.descending else self.value.asc()
        return order.nulls_last() if self.null else order

    def beyond(self, place: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Give the condition that a row's value comes after another one."""
        beyond = self.value < place if self.descending else self.value > place
        return beyond | self.value.is_(None) if self.null else beyond


class Sorted:
    """Rows of a table in an order that tells them all apart, to be read from any place on."""

    def __init__(self, rows: Rows, engine: Engine, keys: Sequence[Key]) -> None:
        self._rows, self._engine, self._keys = rows, engine, keys

    def read(
        self, own: Mapping[str, sa.ColumnElement[bool]], values: Mapping[str, Any], after: Place | None, number: int
    ) -> list[tuple[Place, Row]]:
        """Give so many rows after a place, each with its own.

        Args:
            own: Conditions that they meet, by names that tell them from others.
            values: What the conditions take.
            after: The place; None for the beginning.
            number: How many at most.

        Raises:
            QueryError: it is no place in this order.
        """
        self._check(after)
        found = self._run(own, values, after, number)
        if after and after[0] is not None and len(found) < number:
            # Those without the first key are read apart, so that an index tells where to go on among the others.
            found += self._run(own, values, (), number - len(found))
        return found

    def _check(self, after: Place | None) -> None:
        """Refuse what was never given as a place; Postgres takes all of it as texts."""
        takes = str | None if self._engine == "postgresql" else str | int | float | bytes | None
        if after is None:
            return
        is_place = isinstance(after, tuple | list) and len(after) == len(self._keys)
        if not (is_place and all(isinstance(each, takes) for each in after)):
            raise QueryError(f"The list has no place {after!r:.100}; take the one that a page gave.")

    def _run(
        self, own: Mapping[str, sa.ColumnElement[bool]], values: Mapping[str, Any], after: Place | None, number: int
    ) -> list[tuple[Place, Row]]:
        nulls = None if after is None else tuple(each is None for each in after)
        statement = self._rows.statement(("page", *own, nulls), lambda: self._select(own.values(), nulls))
        place = {f"place_{at}": value for at, value in enumerate(after or ())}
        found = self._rows.read(statement, {**values, **place, "number": number})
        return [(tuple(_told(row.pop(f"key_{at}")) for at in range(len(self._keys))), row) for row in found]

    def _select(self, own: Any, nulls: tuple[bool, ...] | None) -> sa.Select[Any]:
        keys = [each.value.label(f"key_{at}") for at, each in enumerate(self._keys)]
        own = [*own] if nulls is None else [*own, self._after(nulls)]
        select = sa.select(self._rows.table, *keys).where(*own).order_by(*(each.order for each in self._keys))
        return select.limit(sa.bindparam("number", type_=sa.Integer()))

    def _after(self, nulls: tuple[bool, ...]) -> sa.ColumnElement[bool]:
        """Give the condition that a row comes after a place, of which is known what in it is None."""
        first = self._keys[0].value
        if not nulls:
            return first.is_(None)
        if nulls[0]:
            return first.is_(None) & self._behind(nulls, 1)
        place = sa.bindparam("place_0", type_=first.type)
        bound = first <= place if self._keys[0].descending else first >= place
        return bound & ((first != place) | self._behind(nulls, 1))

    def _behind(self, nulls: tuple[bool, ...], at: int) -> sa.ColumnElement[bool]:
        """Give the condition that a row, with the same keys as a place up to one, comes after it."""
        if at == len(self._keys):
            return sa.false()
        key = self._keys[at]
        if nulls[at]:
            return key.value.is_(None) & self._behind(nulls, at + 1)
        place = sa.bindparam(f"place_{at}", type_=key.value.type)
        deeper = (key.value == place) & self._behind(nulls, at + 1)
        return key.beyond(place) | deeper


def _told(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bytes) else str(value)
