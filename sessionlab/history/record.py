"""The history of a session, and how it shows itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sessionlab.display import counted
from sessionlab.history.events import Event, gather
from sessionlab.history.find import Ask, find_session
from sessionlab.history.page import history_page
from sessionlab.history.plain import history_text


@dataclass(frozen=True, repr=False)
class History:
    """Everything that the lab has of one session.

    Attributes:
        session: Its row of ``sessions``, by column.
        events: What happened, in order of time, with the texts whole.

    ``print`` it, or let a notebook show it: both shorten long texts and long histories, and say what they cut.
    """

    session: Mapping[str, Any]
    events: tuple[Event, ...]

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __repr__(self) -> str:
        row = self.session
        held = counted(len(self), "event")
        return f"<history of {row['kind']} session {row['session_id']!r} of {row['source']!r}: {held}>"

    def __str__(self) -> str:
        """Write the history as plain text."""
        return history_text(self.session, self.events)

    def _repr_html_(self) -> str:
        return history_page(self.session, self.events)


def history(ask: Ask, session_id: object, source: str | None = None, kind: str | None = None) -> History:
    """Tell everything of one session in order of time: attempts with the changes of their code, errors, messages.

    Args:
        ask: Runs SQL in the lab, with values for its ``$name``.
        session_id: Its id, as text or as a number.
        source: The source that it is of, where several have one of that id.
        kind: Its kind, where a source has several kinds with one of that id.

    Raises:
        NotFound: there is none; the message names ids that are near, and the sources that have it.
        QueryError: there are several; the message names their sources.
    """
    session = find_session(ask, session_id, source, kind)
    return History(session, gather(ask, session))
