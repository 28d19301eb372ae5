"""Worktree sessions as the camelCase JSON of the editor, and as the rows of the store: one into the other, whole.

What the columns cannot tell stands in two more of them. ``extra`` is a JSON object of the keys that no column is for,
and of the values that a column holds a stand-in for: the round of a debate, whose status is ``running`` for the column.
``absent`` names the options that were left out: an option that is NULL and not named there was ``null``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.kinds import KINDS
from sessionlab.stores.checks import shown
from sessionlab.stores.statements import Row
from sessionlab.stores.worktree_search import is_time

Session = dict[str, Any]
"""A session as JSON has it."""

MIX, INSTANCES, MESSAGES = "runtimeMix", "instances", "chatHistory"
_LISTS = (INSTANCES, MESSAGES)
_ROUND = re.compile(r"round_\d+")


class Shape:
    """How the objects of one table look in JSON: ``keys`` beside ``columns``, and ``needed`` ones that always stand."""

    def __init__(self, table: str, *without: str, needed: Sequence[str], nested: Sequence[str] = ()) -> None:
        declared = next(each for each in KINDS["worktree"].tables if each.name == table)
        columns = [column for column in declared.columns if column.name not in without]
        self.table = table
        self.columns = tuple(column.name for column in columns)
        self.keys = tuple(column.json_key for column in columns)
        self.column_of = dict(zip(self.keys, self.columns, strict=True))
        self.known = frozenset({*self.keys, *nested})
        self.options = tuple(key for key in (*self.keys, *nested) if key not in needed)
        self._flags = tuple(key for key in self.keys if key == "preserveWorktrees")

    def row(self, record: Any) -> Row:
        """Turn a whole object into a row.

        Raises:
            InvalidRecord: it is no object.
        """
        if not isinstance(record, Mapping):
            raise InvalidRecord(f"A row of {self.table} is {shown(record)}; it may be an object.")
        row = {column: record.get(key) for key, column in self.column_of.items()}
        absent = [key for key in self.options if key not in record]
        row["absent"] = ",".join(absent) or None
        row["extra"] = {key: value for key, value in record.items() if key not in self.known} or None
        return row

    def record(self, values: Sequence[Any]) -> tuple[Row, Sequence[str], Row]:
        """Turn the values of the columns, of ``absent`` and of ``extra`` into an object; give what is still to apply.

        Returns:
            The object as the columns have it, the options to leave out, and the keys to add.
        """
        record = dict(zip(self.keys, values, strict=False))
        for key in self._flags:
            if record[key] is not None:
                record[key] = bool(record[key])
        place = len(self.keys)
        absent, extra = values[place], values[place + 1]
        return record, absent.split(",") if absent else (), json.loads(extra) if extra else {}

    def whole(self, values: Sequence[Any]) -> Row:
        """Turn the values of the columns, of ``absent`` and of ``extra`` into the object that was put in."""
        place = len(self.keys)
        if values[place] is None and values[place + 1] is None:
            return dict(zip(self.keys, values, strict=False))
        record, absent, extra = self.record(values)
        for key in absent:
            record.pop(key, None)
        record.update(extra)
        return record


SESSION = Shape(
    "sessions",
    "workspace_id",
    needed=("id", "type", "task", "status", "createdAt", "updatedAt"),
    nested=(MIX, INSTANCES, MESSAGES),
)
INSTANCE = Shape(
    "instances",
    "id",
    "session_id",
    needed=("instanceId", "worktreePath", "branch", "agentName", "status", "tmuxSessionId"),
)
MESSAGE = Shape("chat_messages", "session_id", needed=("id", "role", "content", "timestamp"))


def session_row(session: Any) -> Row:
    """Turn a session into its row, without what is nested in it.

    Raises:
        InvalidRecord: a time of it is none; other values are for the tables to refuse.
    """
    row = SESSION.row(session)
    _check_times(row)
    kept = _kept_aside(session, row)
    if kept:
        row["extra"] = {**(row["extra"] or {}), **kept}
    return row


def changed_row(changes: Mapping[str, Any], absent: str | None, extra: str | None) -> Row:
    """Give the columns that change with some keys of a session, by what ``absent`` and ``extra`` were before."""
    row = {column: changes[key] for key, column in SESSION.column_of.items() if key in changes and key != "id"}
    _check_times(row)
    before = json.loads(extra) if extra else {}
    after = {key: value for key, value in before.items() if key not in changes}
    after |= {key: value for key, value in changes.items() if key not in SESSION.known}
    after |= _kept_aside(changes, row)
    row["absent"] = ",".join(key for key in (absent or "").split(",") if key not in changes) or None
    row["extra"] = after or None
    return row


def _check_times(row: Row) -> None:
    """Refuse what is no time. Which way one is written stays as it is."""
    for column in ("created_at", "updated_at", "completed_at"):
        value = row.get(column)
        if isinstance(value, str) and not is_time(value):
            option = " or None" if column == "completed_at" else ""
            raise InvalidRecord(f"sessions.{column} is {shown(value)}; it may be a time in ISO 8601{option}.")


def _kept_aside(given: Mapping[str, Any], row: Row) -> Row:
    """Give the values that the tables cannot hold as they are, and put what stands for them into the row."""
    kept: Row = {key: None for key in _LISTS if key in given and given[key] is None}
    status = given.get("status")
    if isinstance(status, str) and _ROUND.fullmatch(status):
        row["status"], kept["status"] = "running", status
    mix = given.get(MIX)
    if mix == [] or (mix is not None and runtimes(given) != mix):
        kept[MIX] = mix
    return kept


def runtimes(session: Mapping[str, Any]) -> list[str]:
    """Give the runtimes of a session, each once.

    Raises:
        InvalidRecord: they are no list of texts.
    """
    mix = session.get(MIX)
    if mix is None:
        return []
    if not isinstance(mix, list) or not all(isinstance(each, str) for each in mix):
        raise InvalidRecord(f"{MIX} is {shown(mix)}; it may be a list of texts or None.")
    return list(dict.fromkeys(mix))


def mix_rows(session: Mapping[str, Any], session_id: str) -> list[Row]:
    """Give the rows of a session's runtimes."""
    return [{"session_id": session_id, "runtime": runtime} for runtime in runtimes(session)]


def instance_rows(session: Mapping[str, Any], session_id: str) -> list[Row]:
    """Give the rows of a session's instances."""
    return [{**INSTANCE.row(each), "session_id": session_id} for each in _list(session, INSTANCES)]


def message_rows(session: Mapping[str, Any], session_id: str) -> list[Row]:
    """Give the rows of a session's messages, numbered in order."""
    listed = enumerate(_list(session, MESSAGES))
    return [{**MESSAGE.row(each), "session_id": session_id, "seq": seq} for seq, each in listed]


def _list(session: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = session.get(key)
    if found is not None and not isinstance(found, list | tuple):
        raise InvalidRecord(f"{key} is {shown(found)}; it may be a list of objects.")
    return found or ()


def assembled(
    values: Sequence[Any], mix: list[str] | None, instances: list[Row] | None, messages: list[Row] | None
) -> Session:
    """Put a session together from the values of its row and what is nested in it."""
    session, absent, extra = SESSION.record(values)
    session[MIX], session[INSTANCES], session[MESSAGES] = mix, instances or [], messages or []
    for key in absent:
        if session.get(key) in (None, []):
            session.pop(key, None)
    for key, value in extra.items():
        if _stands(key, value, session):
            session[key] = value
    return session


def _stands(key: str, value: Any, session: Session) -> bool:
    """Whether a value that was kept aside still holds, as another program may have written to the columns since."""
    if key in _LISTS:
        return not session.get(key)
    if key == MIX:
        return list(dict.fromkeys(value)) == (session.get(MIX) or [])
    return key != "status" or session["status"] == "running"
