"""Reading the documents of sessions; those that are asked for again and again are read twice as fast.

An editor asks for all sessions of a workspace every few seconds, and few of them have changed. So a document that was
read twice is kept beside its text, in the form of Python's own objects: as long as the text is the same, that is read.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Sequence
from typing import Any

_AT_A_TIME = 16
"""One by one their keys are read again each time, and all at once is much memory."""

_MOST = 8_000_000
"""How many characters of documents are kept."""


class DocumentReader:
    """Reads documents, and keeps what may be asked for again."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes | None]] = {}
        self._size = 0

    def read(self, found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        """Give the sessions whose ids and documents were found, in that order; each is a new object."""
        sessions = [self._known(session_id, text) for session_id, text in found]
        new = [place for place, session in enumerate(sessions) if session is None]
        keep = sum(len(found[place][1]) for place in new) <= _MOST
        for first in range(0, len(new), _AT_A_TIME):
            places = new[first : first + _AT_A_TIME]
            texts = ",".join([found[place][1] for place in places])
            for place, session in zip(places, json.loads(f"[{texts}]"), strict=True):
                sessions[place] = session
                if keep:
                    self._keep(found[place][0], found[place][1], session)
        return sessions

    def _known(self, session_id: str, text: str) -> Any:
        kept = self._kept.get(session_id)
        return marshal.loads(kept[1]) if kept and kept[1] and kept[0] == text else None  # noqa: S302 - our own bytes

    def _keep(self, session_id: str, text: str, session: Any) -> None:
        if self._size + len(text) > _MOST:
            self._kept, self._size = {}, 0
        before = self._kept.get(session_id)
        self._kept[session_id] = (text, marshal.dumps(session) if before and before[0] == text else None)
        self._size += len(text) - (len(before[0]) if before else 0)
