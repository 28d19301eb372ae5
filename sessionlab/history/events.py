"""What happened in a session, in order of time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessionlab.history.diffs import TextChange, compare_texts
from sessionlab.history.find import Ask, rows_of

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that happened in a session.

    Attributes:
        at: When, in UTC; None where that is not known. Such an event stands where its attempt, or else the one before
            it in its table, stands.
        what: ``started``, ``context``, ``message``, ``attempt``, ``error`` or ``ended``.
        attempt: The number of the attempt that it belongs to.
        text: The goal, the content, the feedback, the error's message.
        code: The attempt's code.
        change: How the code changed from the last one before it; None for the first.
        facts: The other columns of its row that hold something.
    """

    at: datetime | None
    what: str
    attempt: int | None = None
    text: str | None = None
    code: str | None = None
    change: TextChange | None = None
    facts: Row = field(default_factory=dict)

    @property
    def diff(self) -> str | None:
        """The unified diff from the last code before it; None for the first, and where the texts are too long."""
        return self.change.diff if self.change else None


_ORDER = ("started", "context", "message", "attempt", "error", "ended")
"""What comes first of what happened at the same time in the same attempt."""

_TEXTS = {"context": "content", "message": "content", "attempt": "feedback", "error": "message"}
_TIMES = {"context": "created_at", "message": "sent_at", "attempt": "started_at", "error": "occurred_at"}

_SAID = ("source", "kind", "session_id", "file", "attempt", "context_id", "message_id", "error_id", "seq", "line_no")
"""Columns that are no news beside the event: it is known what session it is of, and in which order."""

_QUERIES = {
    "message": "FROM messages WHERE source = $source AND kind = $kind AND session_id = $id ORDER BY seq",
    "attempt": "FROM attempts WHERE source = $source AND kind = $kind AND session_id = $id ORDER BY attempt",
    "error": "FROM errors WHERE source = $source AND kind = $kind AND session_id = $id"
    " ORDER BY attempt, occurred_at, length(error_id), error_id",
}

_NATIVE = {
    "conversation": {
        "context": "FROM conversation.contexts WHERE source = $source AND session_id = $id"
        " ORDER BY created_at, context_id"
    }
}
"""What a kind has of a session that the canonical tables have no place for."""


def gather(ask: Ask, session: Row) -> tuple[Event, ...]:
    """Give what the lab has of a session, in order of time.

    Args:
        ask: Runs SQL in the lab.
        session: Its row of ``sessions``.
    """
    values = {"source": session["source"], "kind": session["kind"], "id": session["session_id"]}
    found = {
        what: rows_of(ask(query, {name: value for name, value in values.items() if f"${name}" in query}))
        for what, query in (_QUERIES | _NATIVE.get(session["kind"], {})).items()
    }
    found["attempt"] = _without_messages(found["attempt"], found["message"])
    changes = _code_changes(found["attempt"])
    events = [_event(what, row, changes) for what, rows in found.items() for row in rows]
    return tuple(_in_order([_started(session), *events, *_ended(session)]))


def _without_messages(attempts: Sequence[dict[str, Any]], messages: Sequence[Row]) -> list[dict[str, Any]]:
    """Leave out the attempts that are messages, as in a conversation: the message tells the same."""
    told = {row["message_id"] for row in messages}
    return [row for row in attempts if row["code"] is not None or row["attempt_id"] not in told]


def _code_changes(attempts: Iterable[Row]) -> dict[int, TextChange]:
    """Compare each code with the last one before it; by the attempt's number."""
    changes: dict[int, TextChange] = {}
    last: str | None = None
    for row in attempts:
        if row["code"] is not None:
            if last is not None:
                changes[row["attempt"]] = compare_texts(last, row["code"])
            last = row["code"]
    return changes


def _event(what: str, row: Row, changes: Mapping[int, TextChange]) -> Event:
    attempt = row.get("attempt")
    own = {_TEXTS[what], _TIMES[what], "code", *_SAID}
    return Event(
        at=row[_TIMES[what]],
        what=what,
        attempt=attempt,
        text=row[_TEXTS[what]],
        code=row.get("code"),
        change=changes.get(attempt) if what == "attempt" and attempt is not None else None,
        facts=_held(row, own),
    )


def _started(session: Row) -> Event:
    return Event(session["started_at"], "started", text=session["goal"])


def _ended(session: Row) -> list[Event]:
    """Give the end, if there was one as far as is known."""
    facts = {name: session[name] for name in ("status", "success", "duration_s")}
    over = session["ended_at"] is not None or session["success"] is not None
    return [Event(session["ended_at"], "ended", facts=_held(facts, ()))] if over else []


def _held(row: Row, left_out: Iterable[str]) -> dict[str, Any]:
    skipped = set(left_out)
    return {name: value for name, value in row.items() if name not in skipped and value is not None and value != "{}"}


def _in_order(events: Sequence[Event]) -> list[Event]:
    """Sort by time, then by attempt, then by what it is."""
    times = [event.at for event in events if event.at]
    start = events[0].at or min(times, default=datetime.min)
    tried = {event.attempt: event.at for event in events if event.what == "attempt" and event.at}
    done = max((event.at for event in events if event.what in ("attempt", "error") and event.at), default=start)
    keys: list[tuple[datetime, float, int]] = []
    last: dict[str, tuple[datetime, float]] = {}
    for event in events:
        before, number = last.get(event.what, (start, 0))
        when = event.at or tried.get(event.attempt) or before
        last[event.what] = when, number if event.attempt is None else event.attempt
        keys.append((*last[event.what], _ORDER.index(event.what)))
        if event.what == "ended":  # no attempt comes after the end, whose time may be that of the last attempt
            keys[-1] = max(event.at or max([start, *times]), done), math.inf, len(_ORDER)
    return [events[index] for index in sorted(range(len(events)), key=keys.__getitem__)]
