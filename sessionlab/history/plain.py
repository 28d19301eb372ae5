"""A history as plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sessionlab.display import counted
from sessionlab.history.events import Event

_FIRST, _LAST = 400, 100
"""How many events of a long history are shown, from its start and from its end."""

_TEXT = 400
"""How many characters of a text are shown."""


class Cut(NamedTuple):
    """The part of a long sequence that is shown."""

    first: Sequence[Any]
    left_out: int
    last: Sequence[Any]


def shortened(events: Sequence[Event]) -> Cut:
    """Leave out the middle of a long history."""
    left_out = len(events) - _FIRST - _LAST
    return Cut(events[:_FIRST], left_out, events[-_LAST:]) if left_out > 0 else Cut(events, 0, ())


def clipped(text: str, most: int) -> str:
    """Leave out the middle of a long text, and say how much that is; after it, lines are whole again.

    >>> clipped("abcdefghij", 8)
    'abcdef… 2 characters left out …ij'
    """
    if len(text) <= most:
        return text
    head, tail = text[: most - most // 4], text[len(text) - most // 4 :]
    note = "… {:,} characters left out …"
    if "\n" in tail:
        tail = tail.partition("\n")[2]
        note = f"\n{note}\n"
    return head + note.format(len(text) - len(head) - len(tail)) + tail


def title(event: Event) -> str:
    """Say in a few words what an event is.

    >>> title(Event(None, "error", attempt=2, facts={"error_type": "TypeError", "line": 7}))
    'error of attempt 2: TypeError, line 7'
    """
    facts = dict(event.facts)
    if event.what == "attempt":
        return _joined(f"attempt {event.attempt}", facts, _OUTCOME)
    if event.what == "message":
        to = f", attempt {event.attempt}" if event.attempt is not None else ""
        return _joined(f"message of {facts.get('role', 'somebody')}{to}", facts, _KIND)
    if event.what == "error":
        of = f"error of attempt {event.attempt}" if event.attempt is not None else "error"
        return _joined(of, facts, _MISTAKE)
    return _joined(event.what, facts, _OUTCOME if event.what == "ended" else _KIND)


_Form = Callable[[Any], str]
_OUTCOME: dict[str, _Form] = {
    "status": str,
    "winner": lambda _: "winner",
    "errors": lambda number: counted(number, "error"),
    "duration_s": "after {:,.0f} s".format,
}
_MISTAKE: dict[str, _Form] = {"error_type": str, "line": "line {}".format}
_KIND: dict[str, _Form] = {"type": str}
TOLD = frozenset((*_OUTCOME, *_MISTAKE, *_KIND, "role", "success"))
"""Facts that stand in the title, or in another word there."""


def _joined(word: str, facts: Mapping[str, Any], forms: Mapping[str, _Form]) -> str:
    said = [form(facts[name]) for name, form in forms.items() if facts.get(name)]
    return f"{word}: {', '.join(said)}" if said else word


def when(at: datetime | None) -> str:
    """Write a time, to the second."""
    return "no time" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def history_text(session: Mapping[str, Any], events: Sequence[Event]) -> str:
    """Write a history as plain text.

    Args:
        session: The session's row.
        events: What happened, in order.
    """
    cut = shortened(events)
    lines = [f"{session['kind']} session {session['session_id']} of {session['source']}"]
    lines += [part for event in cut.first for part in _event_lines(event)]
    if cut.left_out:
        lines.append(f"… {cut.left_out:,} events left out; .events has them all …")
    lines += [part for event in cut.last for part in _event_lines(event)]
    return "\n".join(lines)


def _event_lines(event: Event) -> list[str]:
    body = [clipped(text, _TEXT) for text in (event.diff if event.diff else event.code, event.text) if text]
    return [f"{when(event.at):19}  {title(event)}", *(f"    {line}" for text in body for line in text.splitlines())]
