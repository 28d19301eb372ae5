"""Records of JSON files that the tables of a worktree store refuse: kept as they are, with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.json_values import pairs_kept
from sessionlab.stores.rows import Rows

_MOST = 1000
"""How many characters of a reason are kept."""


@dataclass(frozen=True)
class SetAside:
    """A record that was set aside: the ``place`` where its file had it, its id if it has one, and why."""

    place: int
    session_id: str | None
    reason: str
    record: Any

    @classmethod
    def of(cls, place: int, record: Any, reason: Exception) -> SetAside:
        """Make one of what an error has refused."""
        return cls(place, id_of(record), str(reason)[:_MOST], record)


class SetAsideRows:
    """The records that were set aside, by the hash of their workspace."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def put(self, workspace_hash: str, refused: Sequence[SetAside]) -> None:
        """Keep records, but for those that are kept already."""
        kept = {row["record"] for row in self._rows.all({"workspace_hash": workspace_hash}, ["record"])}
        for each in refused:
            text = _text(each.record)
            if text not in kept:
                kept.add(text)
                self._rows.insert(
                    {
                        "workspace_hash": workspace_hash,
                        "place": each.place,
                        "session_id": None if each.session_id is None else _ascii(each.session_id),
                        "reason": _ascii(each.reason),
                        "record": text,
                    }
                )

    def of(self, workspace_hash: str) -> list[SetAside]:
        """Give the records of a workspace, in the order of their places."""
        rows = self._rows.all({"workspace_hash": workspace_hash}, order=("place", "id"))
        return [SetAside(row["place"], row["session_id"], row["reason"], _record(row["record"])) for row in rows]

    def let_go(self, workspace_hash: str, session_ids: Iterable[str]) -> None:
        """Delete the records of sessions that are in the store by now."""
        kept = self._rows.all({"workspace_hash": workspace_hash}, ["id", "record"])
        ids = set(session_ids) if kept else set()
        for row in kept:
            if id_of(_record(row["record"])) in ids:
                self._rows.delete({"id": row["id"]})

    def workspaces(self) -> list[str]:
        """List the hashes of the workspaces that have any."""
        return sorted({row["workspace_hash"] for row in self._rows.all({}, ["workspace_hash"])})


def id_of(record: Any) -> str | None:
    """Give the id of a record; None if it has none."""
    own = record.get("id") if isinstance(record, dict) else None
    return own if isinstance(own, str) else None


def _record(text: str) -> Any:
    return json.loads(text, object_pairs_hook=pairs_kept)


def _text(record: Any) -> str:
    """Write a record as ASCII, in which every engine keeps every text."""
    try:
        return json.dumps(record, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord(f"A record is nothing that JSON can hold: {error}.") from error


def _ascii(text: str) -> str:
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()
