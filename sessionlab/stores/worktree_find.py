"""Searching worktree sessions in a database: by what the tables can tell there, by the rest here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from sessionlab.stores.database import Database
from sessionlab.stores.pages import Enough, Page, Place, page_of
from sessionlab.stores.statements import Statement
from sessionlab.stores.worktree_read import SessionReader, Tables, in_workspace
from sessionlab.stores.worktree_rows import Session
from sessionlab.stores.worktree_search import Filters, place_of

Matching = Callable[[str, str], sa.ColumnElement[bool]]


class SessionSearch:
    """Searches of sessions; ``matching`` gives the condition that a row of a table has all words of a text."""

    def __init__(self, database: Database, tables: Tables, reader: SessionReader, matching: Matching) -> None:
        self._database, self._tables = database, tables
        self._reader, self._matching = reader, matching

    def search(self, values: Mapping[str, Any], asked: Filters) -> list[Session]:
        """Give the sessions of the workspace with a ``path`` or ``hash`` that are asked for, the newest first."""

        def search() -> list[Session]:
            return self._reader.some([place[-1] for place in asked.page(self._places(values, asked))])

        return self._database.glance(search)

    def page(self, values: Mapping[str, Any], asked: Filters, after: Place | None, enough: Enough | None) -> Page:
        """Give a page of them: those after a place."""
        places = self._places(values, asked)

        def read(where: Place | None, number: int) -> list[tuple[Place, Session | None]]:
            wanted = [place for place in places if where is None or place < where][:number]
            found = {session["id"]: session for session in self._reader.some([place[-1] for place in wanted])}
            return [(place, found.get(place[-1])) for place in wanted]

        return page_of(read, asked.limit, after, enough)

    def _places(self, values: Mapping[str, Any], asked: Filters) -> list[tuple[str, str]]:
        """Give what the sessions that are asked for are sorted by, in order: a time and the id."""
        sessions = self._tables["sessions"].c
        wanted = sa.select(sessions.id, sessions.created_at, sessions.updated_at).where(in_workspace(self._tables))
        statement = Statement(wanted.where(*self._conditions(asked)), self._database.engine, {})
        found = self._database.run(statement.text, statement.values(values), reads=True).rows
        places = (place_of(asked.time(*times), session_id) for session_id, *times in found if asked.within(times[0]))
        return sorted(places, reverse=True)

    def _conditions(self, asked: Filters) -> list[sa.ColumnElement[bool]]:
        sessions, messages = self._tables["sessions"].c, self._tables["chat_messages"].c
        conditions: list[sa.ColumnElement[bool]] = []
        if asked.session_type:
            conditions.append(sa.or_(*(sessions.type == each for each in asked.session_type)))
        if asked.status:
            conditions.append(sa.or_(*(sessions.status == each for each in asked.status)))
        if asked.search_query is not None:
            about = sa.select(sessions.id).where(self._matching("sessions", asked.search_query)).correlate(None)
            said = sa.select(messages.session_id).where(self._matching("chat_messages", asked.search_query))
            conditions.append(sessions.id.in_(sa.union(about, said)) | (sessions.id == asked.search_query))
        return conditions
