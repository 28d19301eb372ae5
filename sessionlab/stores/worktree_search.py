"""What a search of worktree sessions asks for, checked; and the order in which sessions come, by their times.

Times stand as two writers have written them, with a ``Z`` or an offset and with more or fewer digits, so that they are
compared here rather than by the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sessionlab.errors import QueryError
from sessionlab.stores.base import bounded
from sessionlab.stores.checks import shown
from sessionlab.stores.schemas.worktree import STATUSES, TYPES

ORDERS = ("changed", "created")
"""What sessions may be sorted by."""

_LOOSE = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:[ T](?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)? ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)?)?"
)
"""A date and time that is not quite written as ISO 8601 has it."""

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_FINER = re.compile(r"[.,]\d{6}(\d+)")
_DAY = 10


def moment(text: Any) -> str:
    """Give a time as a text in UTC with nine digits or more, which sorts as the times do.

    A time without a zone is one in UTC. What is no time in ISO 8601 stays as it is.

    >>> moment("2025-11-13T12:46:40.5+09:00"), moment("2025-11-13 03:46:40.123456789Z")
    ('2025-11-13T03:46:40.500000000', '2025-11-13T03:46:40.123456789')
    """
    return _canonical(text) if isinstance(text, str) else ""


@lru_cache(16_384)  # An editor asks for the same sessions every few seconds.
def _canonical(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            at = at.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return text
    finer = _FINER.search(text)
    return at.isoformat(timespec="microseconds") + (finer[1].rstrip("0") if finer else "").ljust(3, "0")


def is_time(text: str) -> bool:
    """Tell whether a text is a time as programs write it: in ISO 8601, or nearly so, or a number since 1970.

    >>> is_time("2025-11-13T03:46:40.123456789+00:00"), is_time("2025-1-3 4:05:06 UTC"), is_time("1763005600123")
    (True, True, True)
    >>> is_time("yesterday"), is_time(""), is_time("2025-02-30"), is_time("0001-01-01T00:00:00+14:00")
    (False, False, False, False)
    """
    text = text.strip()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return _is_loose(text)
    with suppress(OverflowError):
        return at.tzinfo is None or bool(at.astimezone(UTC))
    return False


def _is_loose(text: str) -> bool:
    found = _LOOSE.fullmatch(text)
    if found is None:
        return _NUMBER.fullmatch(text) is not None
    with suppress(ValueError):
        return bool(date(*map(int, found.groups())))
    return False


def newest_first(rows: Iterable[Any], key: Any) -> list[Any]:
    """Sort by a time, the latest first; ``key`` gives it and the id of a row."""
    return sorted(rows, key=lambda row: place_of(*key(row)), reverse=True)


def place_of(at: Any, identity: Any) -> tuple[str, str]:
    """Give what a session is sorted by: a time, and among those of one time its id."""
    return moment(at), str(identity)


@dataclass(frozen=True)
class Filters:
    """What sessions to find: all that is given must hold.

    Args:
        session_type: The types wanted: one, or a list.
        status: The statuses wanted: one, or a list. A debate in a round is ``running``.
        date_from: The earliest ``createdAt``: a text in ISO 8601, a ``date`` or a ``datetime``.
        date_to: The latest ``createdAt``; a day counts to its end.
        search_query: Words that the task or one message has, all of them; or a session's id.
        order: What comes first: the one ``changed`` last, or the one ``created`` last.
        limit: How many sessions at most.
        offset: How many to skip.
    """

    session_type: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    date_from: str = ""
    date_to: str = ""
    search_query: str | None = None
    order: str = "changed"
    limit: int = 100
    offset: int = 0

    @classmethod
    def of(cls, filters: Mapping[str, Any] | None) -> Filters:
        """Check filters; None among them stands for what is not asked.

        Raises:
            QueryError: a filter is unknown, or has a value that it may not have.
        """
        names = [field.name for field in fields(cls)]
        if not isinstance(filters, Mapping | None):
            raise QueryError(f"filters is {shown(filters)}; it may be a mapping with some of {', '.join(names)}.")
        given = {name: value for name, value in (filters or {}).items() if value is not None}
        unknown = [name for name in given if name not in names]
        if unknown:
            raise QueryError(f"There is no filter {', '.join(map(shown, unknown))}. There are: {', '.join(names)}.")
        return cls(
            session_type=_some_of("session_type", given.get("session_type", ()), TYPES),
            status=_some_of("status", given.get("status", ()), STATUSES),
            date_from=_time("date_from", given.get("date_from", "")),
            date_to=_time("date_to", given.get("date_to", "")),
            search_query=_words(given.get("search_query")),
            order=_some_of("order", [given.get("order", "changed")], ORDERS)[0],
            limit=bounded(given.get("limit", 100)),
            offset=_offset(given.get("offset", 0)),
        )

    def within(self, created: Any) -> bool:
        """Whether a session made at some time is within the dates."""
        at = moment(created)
        until = at[:_DAY] if len(self.date_to) == _DAY else at
        return (not self.date_from or at >= self.date_from) and (not self.date_to or until <= self.date_to)

    def time(self, created: Any, changed: Any) -> Any:
        """Give the one of a session's times that it is sorted by."""
        return created if self.order == "created" else changed

    def page(self, found: Sequence[Any]) -> Sequence[Any]:
        """Give the part of what was found that is asked for."""
        return found[self.offset : self.offset + self.limit]


def _some_of(name: str, value: Any, allowed: Sequence[str]) -> tuple[str, ...]:
    wanted = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (value,)
    for each in wanted:
        if each not in allowed:
            raise QueryError(f"{name} is {shown(each)}; it may be {', '.join(map(repr, allowed))}.")
    return wanted


def _time(name: str, value: Any) -> str:
    """Give a time as :func:`moment` does, a day as ten characters."""
    if isinstance(value, date):
        value = value.isoformat()
    if value == "":
        return ""
    with suppress(ValueError, TypeError):
        return date.fromisoformat(value).isoformat()
    try:
        datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise QueryError(f"{name} is {shown(value)}; it may be a date, or a time in ISO 8601.") from None
    return moment(value)


def _words(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise QueryError(f"search_query is {shown(value)}; it may be a text.")


def _offset(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise QueryError(f"offset is {shown(value)}; it may be a whole number, 0 or more.")
    return value
