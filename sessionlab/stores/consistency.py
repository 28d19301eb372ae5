"""Comparing two stores of worktree sessions: workspace by workspace, session by session, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sessionlab.display.report import Report
from sessionlab.errors import SessionlabError
from sessionlab.stores.checks import shown
from sessionlab.stores.worktree_calls import WorktreeCalls
from sessionlab.stores.worktree_rows import Session


@dataclass(frozen=True)
class Difference:
    """Where two stores differ: a field of a session as ``instances[0].status``, or none if one lacks the session.

    ``first`` and ``second`` are what the two have there, as JSON; None if that is nothing.
    """

    workspace: str
    session_id: str
    field: str | None
    first: str | None
    second: str | None

    def __str__(self) -> str:
        place = f"session {self.session_id} of {self.workspace}"
        if self.field is None:
            return f"{place} is only in the {'first' if self.second is None else 'second'} store"
        values = ("nothing" if value is None else value for value in (self.first, self.second))
        return f"{self.field} of {place} is {' and '.join(values)}"


@dataclass(frozen=True)
class ConsistencyReport(Report):
    """What two stores have in common.

    Attributes:
        workspaces: How many workspaces were compared.
        sessions: How many sessions there are in the one or the other.
        equal: How many of them are in both, and the same in all fields.
        differences: Where the others differ.
        unread: Workspaces that could not be read, and why.
    """

    title = "compared"

    workspaces: int
    sessions: int
    equal: int
    differences: tuple[Difference, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def consistent(self) -> bool:
        """Whether there is no difference, and all could be read."""
        return not self.differences and not self.unread

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give the lines of the report."""
        yield "workspaces", f"{self.workspaces:,}"
        yield "sessions", f"{self.sessions:,}"
        yield "equal", f"{self.equal:,}"
        yield from self.some("unread", self.unread)
        yield from self.some("difference", self.differences)


def compared(first: WorktreeCalls, second: WorktreeCalls) -> ConsistencyReport:
    """Compare all sessions of two stores."""
    hashes = sorted({each["hash"] for store in (first, second) for each in store.get_workspaces()})
    found: list[Difference] = []
    unread: list[str] = []
    sessions = equal = 0
    for workspace in hashes:
        try:
            both = first.get_all_sessions(workspace), second.get_all_sessions(workspace)
        except (SessionlabError, OSError) as error:
            unread.append(f"{workspace}: {error}")
            continue
        new = list(differences(workspace, *both))
        ids = {session["id"] for each in both for session in each}
        sessions += len(ids)
        equal += len(ids) - len({difference.session_id for difference in new})
        found += new
    return ConsistencyReport(len(hashes), sessions, equal, tuple(found), tuple(unread))


def differences(workspace: str, first: Sequence[Session], second: Sequence[Session]) -> Iterator[Difference]:
    """Find where the sessions of a workspace differ between two stores, in whatever order they come."""
    others = {session["id"]: session for session in second}
    for session in first:
        other = others.pop(session["id"], None)
        if other is None:
            yield Difference(workspace, session["id"], None, "", None)
        elif not _same(session, other):
            yield from _fields(workspace, session["id"], "", session, other)
    for identity in others:
        yield Difference(workspace, identity, None, None, "")


def _fields(workspace: str, session_id: str, place: str, first: Any, second: Any) -> Iterator[Difference]:
    """Walk down to the fields that differ."""
    if isinstance(first, dict) and isinstance(second, dict):
        pairs = [(f"{place}.{key}" if place else key, key) for key in dict.fromkeys([*first, *second])]
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = [(f"{place}[{number}]", number) for number in range(len(first))]
    else:
        yield Difference(workspace, session_id, place, _text(first), _text(second))
        return
    for name, key in pairs:
        one, other = _at(first, key), _at(second, key)
        if not _same(one, other):
            yield from _fields(workspace, session_id, name, one, other)


_NOTHING = object()


def _at(value: Any, key: Any) -> Any:
    return value.get(key, _NOTHING) if isinstance(value, dict) else value[key]


def _text(value: Any) -> str | None:
    return None if value is _NOTHING else shown(value)


def _same(first: Any, second: Any) -> bool:
    """Whether two values are the same JSON: 1, 1.0 and true are three."""
    return first == second and json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
