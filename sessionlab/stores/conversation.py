"""The store of conversations: sessions of a user, the contexts given to them, and their messages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from sessionlab.errors import QueryError
from sessionlab.stores.base import Store, bounded
from sessionlab.stores.conversation_pages import INDEX, ConversationPages
from sessionlab.stores.declare import NOW
from sessionlab.stores.ids import new_id
from sessionlab.stores.moments import newest_first, now, oldest_first
from sessionlab.stores.pages import Enough, Page, Place
from sessionlab.stores.rows import UNSET, Rows, Unset, mappings
from sessionlab.stores.statements import Row


class ConversationStore(Store):
    """Sessions with their contexts and messages, in SQLite or Postgres.

    The store makes the ids: UUIDs, which sort in the order in which they were made. Rows come out as dictionaries of
    the table's columns, times as ``datetime`` in UTC, metadata as the JSON object that was put in. A missing row is
    None on get and NotFound on update and delete; a refused value is InvalidRecord, which names the field and what it
    may be. ``fields`` names the columns wanted.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, ConversationStore(f"{folder}/conversation.db") as store:
        ...     session = store.create_session("user-1", {"topic": "sorting"})
        ...     context = store.add_context(session, "You are a careful engineer.", "system")
        ...     question = store.add_message(session, "user", "How do I sort a list?")
        ...     answer = store.add_message(session, "assistant", "sorted(numbers)")
        ...     store.end_session(session, {"success": True})
        ...     store.get_session(session, ["metadata"]), store.get_messages(session, ["message_role"])
        ({'metadata': {'topic': 'sorting', 'success': True}}, [{'message_role': 'user'}, {'message_role': 'assistant'}])
    """

    kind: ClassVar[str] = "conversation"

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        super().__init__(url)
        self._sessions, self._contexts = self._rows["sessions"], self._rows["contexts"]
        self._messages = self._rows["conversations"]
        self._pages = ConversationPages(self._rows, self._database.engine)

    def create_session(self, user_id: str, metadata: Mapping[str, Any] | None = None) -> str:
        """Begin a session of a user; give its id. The metadata is any JSON object.

        Raises:
            InvalidRecord: a value is refused.
        """
        return str(self._sessions.insert({"session_id": new_id(), "user_id": user_id, "metadata": metadata}))

    def get_session(self, session_id: str, fields: Iterable[str] | None = None) -> Row | None:
        """Give a session: ``session_id, user_id, start_time, end_time, metadata``; None if there is none."""
        return self._sessions.get({"session_id": session_id}, fields)

    def update_session(
        self, session_id: str, user_id: str | Unset = UNSET, metadata: Mapping[str, Any] | Unset | None = UNSET
    ) -> None:
        """Change a session's user, or put other metadata in place of what it has. What is left out stays; None clears.

        Raises:
            NotFound: there is no such session.
            InvalidRecord: a value is refused.
        """
        self._sessions.change({"session_id": session_id}, {"user_id": user_id, "metadata": metadata})

    def end_session(self, session_id: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Set the time at which a session ends, now; one that has ended keeps the time that it has.

        Args:
            session_id: The session.
            metadata: What to put into its metadata beside what is there, such as ``{"success": True}``.

        Raises:
            NotFound: there is no such session.
            InvalidRecord: a value is refused.
        """
        key = {"session_id": session_id}
        if metadata is None:
            self._end(key)
            return
        self._sessions.encode({"metadata": metadata})
        self._database.transact(lambda: self._end_with(key, metadata))

    def _end_with(self, key: Row, metadata: Mapping[str, Any]) -> None:
        self._end(key)  # comes first, as it keeps all others from changing the row
        before = self._sessions.get(key, ["metadata"]) or {}
        known = before.get("metadata")
        self._sessions.change(key, {"metadata": {**(known if isinstance(known, dict) else {}), **metadata}})

    def _end(self, key: Row) -> None:
        encoded = self._sessions.encode(key, as_key=True)
        statement = self._sessions.statement(("end",), self._ending)
        if not self._sessions.write(statement, {"key": encoded["session_id"]}, key).changed:
            raise self._sessions.missing(key)

    def _ending(self) -> sa.Update:
        c = self._sessions.table.c
        ended_at: sa.ColumnElement[Any] = sa.literal_column(NOW[self._database.engine])
        ended = sa.update(self._sessions.table).where(c.session_id == sa.bindparam("key", type_=c.session_id.type))
        return ended.values(end_time=sa.func.coalesce(c.end_time, ended_at))

    def list_sessions(
        self, user_id: str | None = None, active: bool | None = None, limit: int = 100, offset: int = 0
    ) -> list[Row]:
        """Give sessions, the newest first.

        Args:
            user_id: Those of a user only.
            active: Those that have not ended only, or (False) those that have.
            limit: How many at most, up to 10,000.
            offset: How many to leave out first. For pages of a list that changes meanwhile, there is
                :meth:`page_sessions`.

        Raises:
            QueryError: the limit or the offset is no such number.
        """
        table = self._sessions.table
        own = self._pages.wanted(user_id, active).values()
        order = [*newest_first(table.c.start_time, self._database.engine), table.c.session_id.desc()]
        page = sa.select(table).where(*own).order_by(*order).limit(bounded(limit)).offset(_offset(offset))
        return self._sessions.find(page)

    def page_sessions(
        self,
        user_id: str | None = None,
        active: bool | None = None,
        limit: int = 100,
        after: Place | None = None,
        enough: Enough | None = None,
    ) -> Page:
        """Give a page of sessions, the newest first: its ``rows``, and the place ``after`` which the next one begins.

        Whatever is added, ended or deleted meanwhile, no session comes twice, and none that stays is left out.

        Args:
            user_id: Those of a user only.
            active: Those that have not ended only, or (False) those that have.
            limit: How many at most, up to 10,000.
            after: The place that the page before has given; None for the first page.
            enough: Called with each row; the page ends with the one that it says True of.

        Raises:
            QueryError: the limit is no such number, or the place is none.

        Example:
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder, ConversationStore(f"{folder}/conversation.db") as store:
            ...     made = [store.create_session(f"user-{number}") for number in range(3)]
            ...     first = store.page_sessions(limit=2)
            ...     store.delete_session(made[2])
            ...     [row["user_id"] for row in store.page_sessions(limit=2, after=first.after).rows]
            ['user-0']
        """
        return self._pages.sessions(user_id, active, bounded(limit), after, enough)

    def delete_session(self, session_id: str) -> None:
        """Delete a session with its contexts and messages.

        Raises:
            NotFound: there is no such session.
        """
        self._database.transact(lambda: self._delete({"session_id": session_id}))

    def _delete(self, key: Row) -> None:
        # Tables that another program has made may not do so by themselves.
        self._messages.delete(key)
        self._contexts.delete(key)
        if not self._sessions.delete(key):
            raise self._sessions.missing(key)

    def add_context(self, session_id: str, content: str, type: str) -> str:  # noqa: A002 - the column's name
        """Give a context to a session, such as a ``"system"`` prompt or a ``"file"``; give its id.

        Raises:
            InvalidRecord: a value is refused, or there is no such session.
        """
        values = {"context_id": new_id(), "session_id": session_id, "content": content, "type": type}
        return str(self._contexts.insert(values))

    def get_contexts(self, session_id: str, fields: Iterable[str] | None = None) -> list[Row]:
        """Give a session's contexts, in order: ``context_id, session_id, content, type, created_at``."""
        return self._of(self._contexts, session_id, fields, "created_at")

    def get_context(self, context_id: str, fields: Iterable[str] | None = None) -> Row | None:
        """Give one context; None if there is none."""
        return self._contexts.get({"context_id": context_id}, fields)

    def page_contexts(
        self, session_id: str, limit: int = 100, after: Place | None = None, enough: Enough | None = None
    ) -> Page:
        """Give a page of a session's contexts, in order; the arguments are those of :meth:`page_sessions`."""
        return self._pages.below("contexts", session_id, bounded(limit), after, enough)

    def add_message(
        self, session_id: str, message_role: str, content: str, metadata: Mapping[str, Any] | None = None
    ) -> str:
        """Add a message of a ``"user"``, the ``"assistant"`` or another role to a session; give its id.

        Raises:
            InvalidRecord: a value is refused, or there is no such session.
        """
        values = {
            "conversation_id": new_id(),
            "session_id": session_id,
            "message_role": message_role,
            "content": content,
            "metadata": metadata,
        }
        return str(self._messages.insert(values))

    def get_messages(self, session_id: str, fields: Iterable[str] | None = None) -> list[Row]:
        """Give a session's messages, in order.

        Each has ``conversation_id, session_id, message_role, content, timestamp, metadata``. Of messages of one moment,
        the ``index`` in their metadata decides, then the order in which they were added.
        """
        return self._of(self._messages, session_id, fields, "timestamp")

    def get_message(self, message_id: str, fields: Iterable[str] | None = None) -> Row | None:
        """Give one message by its ``conversation_id``; None if there is none."""
        return self._messages.get({"conversation_id": message_id}, fields)

    def page_messages(
        self, session_id: str, limit: int = 100, after: Place | None = None, enough: Enough | None = None
    ) -> Page:
        """Give a page of a session's messages, in order; the arguments are those of :meth:`page_sessions`."""
        return self._pages.below("conversations", session_id, bounded(limit), after, enough)

    def _of(self, rows: Rows, session_id: str, fields: Iterable[str] | None, when: str) -> list[Row]:
        """Give the rows of a session, the oldest first."""
        names = rows.named(fields)
        statement = rows.statement(("of", names), lambda: self._oldest(rows.table, names, when))
        return rows.read(statement, rows.encode({"session_id": session_id}, as_key=True))

    def _oldest(self, table: sa.Table, names: Sequence[str], when: str) -> sa.Select[Any]:
        engine, c = self._database.engine, table.c
        order = oldest_first(c[when], engine)
        if "metadata" in c:
            order.append(sa.literal_column(INDEX[engine]).asc().nulls_last())
        own = c.session_id == sa.bindparam("session_id", type_=c.session_id.type)
        return sa.select(*(c[name] for name in names)).where(own).order_by(*order, *table.primary_key.columns)

    def get_session_history(self, session_id: str) -> Row | None:
        """Give a session with its ``contexts`` and ``conversations``, all in order and of one moment.

        None if there is no such session. In a transaction on Postgres, it is of one moment if that is ``alone``.
        """
        return self._database.glance(lambda: self._history(session_id))

    def _history(self, session_id: str) -> Row | None:
        session = self.get_session(session_id)
        if session is None:
            return None
        nested = {"contexts": self.get_contexts(session_id), "conversations": self.get_messages(session_id)}
        return {**session, **nested}

    def search_messages(self, text: str, session_id: str | None = None, limit: int = 100) -> list[Row]:
        """Give the messages that have all words of a text, the newest first; those of one session only if it is given.

        Raises:
            QueryError: ``limit`` is no number from 1 to 10,000.
        """
        table = self._messages.table
        conditions = [self._matching("conversations", text)]
        if session_id is not None:
            key = self._messages.encode({"session_id": session_id})
            conditions.append(table.c.session_id == key["session_id"])
        order = [*newest_first(table.c.timestamp, self._database.engine), table.c.conversation_id.desc()]
        return self._messages.find(sa.select(table).where(*conditions).order_by(*order).limit(bounded(limit)))

    def insert_sessions(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Add many sessions in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``user_id``, and perhaps ``session_id``, ``start_time`` (now, if left out), ``end_time``
                and ``metadata``.

        Raises:
            InvalidRecord: a value is refused; the message says of which row.
        """
        return self._insert(self._sessions, rows, "session_id", "start_time")

    def insert_contexts(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Add many contexts in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``session_id``, ``content`` and ``type``, and perhaps ``context_id`` and ``created_at``
                (now, if left out).

        Raises:
            InvalidRecord: a value is refused; the message says of which row.
        """
        return self._insert(self._contexts, rows, "context_id", "created_at")

    def insert_messages(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Add many messages in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``session_id``, ``message_role`` and ``content``, and perhaps ``conversation_id``,
                ``timestamp`` (now, if left out) and ``metadata``.

        Raises:
            InvalidRecord: a value is refused; the message says of which row.
        """
        return self._insert(self._messages, rows, "conversation_id", "timestamp")

    def _insert(self, into: Rows, rows: Iterable[Mapping[str, Any]], key: str, when: str) -> list[str]:
        moment = now(self._database)
        made = [{key: new_id(), when: moment, **row} for row in mappings(rows)]
        into.insert_many(made, tuple(into.encoders))
        return [str(row[key]) for row in made]


def _offset(offset: Any) -> int:
    if isinstance(offset, bool) or not isinstance(offset, int) or not 0 <= offset < 2**63:
        raise QueryError(f"offset is {offset!r}; it may be a whole number from 0.")
    return offset
