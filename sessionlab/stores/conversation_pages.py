"""Pages of conversations: of sessions, the newest first, and of what is in one, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sessionlab.stores.moments import moments
from sessionlab.stores.pages import Enough, Key, Page, Place, Read, Sorted, page_of
from sessionlab.stores.rows import Rows
from sessionlab.stores.values import Engine

INDEX: Mapping[Engine, str] = {
    "sqlite": "CASE WHEN json_valid(metadata) AND json_type(metadata, '$.index') = 'integer'"
    " THEN json_extract(metadata, '$.index') END",
    "postgresql": "CASE WHEN jsonb_typeof(metadata -> 'index') = 'number' THEN (metadata ->> 'index')::numeric END",
}
"""The place of a message that its metadata may tell, as conversations of other programs do."""

Conditions = Mapping[str, sa.ColumnElement[bool]]


class ConversationPages:
    """The pages of a store, by the rows of its tables."""

    def __init__(self, rows: Mapping[str, Rows], engine: Engine) -> None:
        self._rows = rows
        self._orders = {
            "sessions": _sorted(rows["sessions"], engine, "start_time", descending=True),
            "contexts": _sorted(rows["contexts"], engine, "created_at"),
            "conversations": _sorted(rows["conversations"], engine, "timestamp", INDEX[engine]),
        }

    def sessions(
        self, user_id: str | None, active: bool | None, limit: int, after: Place | None, enough: Enough | None
    ) -> Page:
        """Give a page of sessions, the newest first."""
        values = {} if user_id is None else self._rows["sessions"].encode({"user_id": user_id})
        return page_of(self._from("sessions", self.wanted(user_id, active), values), limit, after, enough)

    def wanted(self, user_id: str | None, active: bool | None) -> Conditions:
        """Give the conditions for the sessions of a user, that go on or have ended, by names for them.

        Raises:
            InvalidRecord: no user can be called that.
        """
        rows, c = self._rows["sessions"], self._rows["sessions"].table.c
        own: dict[str, sa.ColumnElement[bool]] = {}
        if user_id is not None:
            encoded = rows.encode({"user_id": user_id})["user_id"]
            own["user_id"] = c.user_id == sa.bindparam("user_id", encoded, type_=c.user_id.type)
        if active is not None:
            own["active" if active else "ended"] = c.end_time.is_(None) if active else c.end_time.is_not(None)
        return own

    def below(self, table: str, session_id: str, limit: int, after: Place | None, enough: Enough | None) -> Page:
        """Give a page of a session's contexts or messages, in order."""
        rows = self._rows[table]
        column = rows.table.c.session_id
        own = {"session_id": column == sa.bindparam("session_id", type_=column.type)}
        values = rows.encode({"session_id": session_id}, as_key=True)
        return page_of(self._from(table, own, values), limit, after, enough)

    def _from(self, table: str, own: Conditions, values: Mapping[str, Any]) -> Read:
        """Give what reads the rows of a table that meet conditions."""
        return lambda after, number: self._orders[table].read(own, values, after, number)


def _sorted(rows: Rows, engine: Engine, when: str, then: str | None = None, *, descending: bool = False) -> Sorted:
    """Give the order of a table's rows by a time, then by an expression in SQL, at last by their key."""
    order: list[sa.ColumnElement[Any]] = [*moments(rows.table.c[when], engine)]
    if then is not None:
        order.append(sa.literal_column(then))
    # In SQLite, a key that is a text may be NULL in the tables of other programs.
    own = [Key(each, descending, null=engine == "sqlite") for each in rows.table.primary_key.columns]
    return Sorted(rows, engine, [*(Key(each, descending) for each in order), *own])
