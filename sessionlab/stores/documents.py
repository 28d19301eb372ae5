"""Reading the documents of sessions; those that are asked for again and again are read twice as fast.

An editor asks for all sessions of a workspace every few seconds, and few of them have changed. So a document that was
read twice, or among a few, is kept in the form of Python's own objects, and read so as long as its digest is the same.
"""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Sequence
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.stores.checks import shown
from sessionlab.stores.statements import Row
from sessionlab.stores.values import as_plain

_AT_A_TIME = 16
"""One by one their keys are read again each time, and all at once is much memory."""

_JSON = json.JSONEncoder(default=as_plain)

_MOST = 8_000_000
"""How many characters of documents are kept."""


def document_row(session_id: str, session: Any) -> Row:
    """Give the row of a session's document. The digest stands before the text, which may reach over several pages.

    Raises:
        InvalidRecord: the session is nothing that JSON can hold.
    """
    try:
        return {"session_id": session_id, "digest": digest(session), "document": session}
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord(f"A session is {shown(session)}; it may be what JSON can hold: {error}.") from None


def digest(session: Any) -> str:
    """Tell one content of a session from another.

    >>> digest({"id": "s1"}) == digest({"id": "s1"}), digest({"n": 1}) == digest({"n": 1.0})
    (True, False)
    """
    return hashlib.blake2b(_JSON.encode(session).encode(), digest_size=16).hexdigest()


class DocumentReader:
    """Reads documents, and keeps what may be asked for again: by the session's id its digest, its form, its size."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes | None, int]] = {}
        self._size = 0

    def knows(self, session_id: str, current: str | None) -> bool:
        """Whether the document of a session with its current digest is kept."""
        kept = self._kept.get(session_id)
        return kept is not None and kept[0] == current and kept[1] is not None

    def known(self, session_id: str, current: str | None) -> Any:
        """Give a session, a new object each time, if the document with its current digest is kept; else None."""
        kept = self._kept.get(session_id)
        return marshal.loads(kept[1]) if kept and kept[1] and kept[0] == current else None  # noqa: S302 - our own bytes

    def read(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """Give the sessions whose ids, digests and documents were found, in that order."""
        sessions: list[Any] = []
        for first in range(0, len(found), _AT_A_TIME):
            texts = ",".join([text for _, _, text in found[first : first + _AT_A_TIME]])
            sessions += json.loads(f"[{texts}]")
        if sum(len(text) for _, _, text in found) <= _MOST:
            few = len(found) <= _AT_A_TIME
            for (session_id, current, text), session in zip(found, sessions, strict=True):
                self._keep(session_id, current, len(text), session, few=few)
        return sessions

    def _keep(self, session_id: str, current: str, size: int, session: Any, *, few: bool) -> None:
        """Keep what was read; among many, only the digest of what may never be asked for again."""
        if self._size + size > _MOST:
            self._kept, self._size = {}, 0
        before = self._kept.get(session_id)
        again = few or (before is not None and before[0] == current)
        self._kept[session_id] = (current, marshal.dumps(session) if again else None, size)
        self._size += size - (before[2] if before else 0)
