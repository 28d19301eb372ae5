"""The store of worktree sessions: one task given to several agents, each in a worktree, and the chat about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa

from sessionlab.errors import InvalidRecord, NotFound, QueryError
from sessionlab.stores.base import Store
from sessionlab.stores.checks import shown
from sessionlab.stores.documents import document_row
from sessionlab.stores.migration_note import MigrationRow
from sessionlab.stores.pages import Enough, Page, Place
from sessionlab.stores.set_aside import SetAsideRows
from sessionlab.stores.statements import Row, Statement
from sessionlab.stores.workspaces import WorkspacePath, now, path_of, workspace_hash
from sessionlab.stores.worktree_find import SessionSearch
from sessionlab.stores.worktree_read import SessionReader, in_workspace
from sessionlab.stores.worktree_rows import (
    INSTANCES,
    MESSAGE,
    MESSAGES,
    MIX,
    Session,
    changed_row,
    instance_rows,
    message_rows,
    mix_rows,
    session_row,
)
from sessionlab.stores.worktree_search import Filters, newest_first
from sessionlab.stores.worktree_workspaces import Workspaces

T = TypeVar("T")


class WorktreeStore(Store):
    """Worktree sessions by workspace, in SQLite or Postgres.

    A session goes in and comes out as the editor's JSON has it: camelCase keys, ``instances`` and ``chatHistory``
    nested. What was put in comes out: keys that nobody has declared, times to the last digit, an option that is null
    as null, one that was left out not at all. A debate's status ``round_N`` too; its column says ``running``.

    Workspaces are told by their path, or, where nobody knows it, by the hash that their JSON file is named after.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> session = {"id": "s1", "type": "debate", "task": "Which cache?", "status": "running", "instances": [],
        ...            "chatHistory": [], "createdAt": "2025-01-13T10:00:00Z", "updatedAt": "2025-01-13T10:00:00Z"}
        >>> with TemporaryDirectory() as folder, WorktreeStore(f"{folder}/sessions.db") as store:
        ...     created = store.create_session("/home/dev/project", session)
        ...     changed = store.update_session("/home/dev/project", {"id": "s1", "status": "completed"})
        ...     store.get_session("/home/dev/project", "s1") == {**session, "status": "completed"}
        True
    """

    kind: ClassVar[str] = "worktree"

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        super().__init__(url)
        self._tables = {name: rows.table for name, rows in self._rows.items()}
        self._workspaces = Workspaces(self._rows["workspaces"], self._database.engine)
        self._reader = SessionReader(self._database, self._tables)
        self._statements: dict[str, Statement] = {}
        self.set_aside = SetAsideRows(self._rows["set_aside"])
        self._migration = MigrationRow(self._rows["migration_metadata"])
        self._searcher = SessionSearch(self._database, self._tables, self._reader, self._matching)

    def get_workspaces(self) -> list[Row]:
        """List the workspaces by ``path`` and ``hash``, in the order of their hashes.

        One whose path is not known has its hash for a path.
        """
        fields = ("workspace_path", "workspace_hash")
        found = self._rows["workspaces"].all({}, fields, order=("workspace_hash",))
        return [{"path": row["workspace_path"], "hash": row["workspace_hash"]} for row in found]

    def create_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Add a session with its instances and messages, and the workspace if it is new; give the session.

        Raises:
            InvalidRecord: a value is refused, or there is a session or a message of that id.
        """
        self.batch_create_sessions(workspace_path, [session])
        return dict(session)

    def batch_create_sessions(self, workspace_path: WorkspacePath, sessions: Iterable[Mapping[str, Any]]) -> int:
        """Add many sessions in one transaction, all or none; give how many.

        Raises:
            InvalidRecord: a value is refused; the message says of which row of which table.
        """
        given = list(sessions)
        rows = [session_row(session) for session in given]
        nested = {table: _nested(make, given) for table, make in _NESTED.items()}
        path = path_of(workspace_path)

        def add() -> None:
            workspace_id = self._workspaces.accessed(path, now())
            for row in rows:
                row["workspace_id"] = workspace_id
            self._add("sessions", rows)
            for table, below in nested.items():
                self._add(table, below)
            self._add("session_documents", [document_row(each["id"], each) for each in given])

        self._database.transact(add)
        return len(given)

    def update_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Change what is given of the session with the ``id`` given; give the whole session as it is then.

        A key that is left out stays as it is, and None makes an option null. ``instances``, ``chatHistory`` and
        ``runtimeMix`` replace what was there.

        Raises:
            NotFound: the workspace has no such session.
            InvalidRecord: a value is refused.
        """
        if not isinstance(session, Mapping):
            raise InvalidRecord(f"A row of sessions is {shown(session)}; it may be an object.")
        values = self._values(workspace_path, session.get("id"))

        def change() -> Session:
            row = changed_row(session, *self._locked(values)[1:])
            self._rows["sessions"].change({"id": values["id"]}, row)
            for key, (table, make) in _BY_KEY.items():
                if key in session:
                    self._rows[table].delete({"session_id": values["id"]})
                    self._add(table, make(session, values["id"]))
            return self._settled(values)

        return self._database.transact(change)

    def get_session(self, workspace_path: WorkspacePath, session_id: str) -> Session | None:
        """Give a session of a workspace, all of it of one moment; None if there is none."""
        return self._reader.one(self._values(workspace_path, session_id))

    def get_all_sessions(self, workspace_path: WorkspacePath) -> list[Session]:
        """Give all sessions of a workspace, the one changed last first."""
        found = self._reader.all(self._values(workspace_path))
        return newest_first(found, lambda session: (session["updatedAt"], session["id"]))

    def delete_session(self, workspace_path: WorkspacePath, session_id: str) -> None:
        """Delete a session with all that is nested in it.

        Raises:
            NotFound: the workspace has no such session.
        """
        values = self._values(workspace_path, session_id)
        delete = self._statement("delete", lambda: sa.delete(self._tables["sessions"]).where(self._is_one()))
        if not self._rows["sessions"].write(delete, values, values).changed:
            raise self._missing(values)

    def add_chat_message(self, workspace_path: WorkspacePath, session_id: str, message: Mapping[str, Any]) -> Session:
        """Add a message to a session, which is thereby changed now; give the whole session.

        Raises:
            NotFound: the workspace has no such session.
            InvalidRecord: a value is refused, or there is a message of that id.
        """
        values = self._values(workspace_path, session_id)
        row = {**MESSAGE.row(message), "session_id": values["id"]}

        def add() -> Session:
            self._touch(values)
            messages = self._tables["chat_messages"].c
            last = self._statement(
                "last",
                lambda: sa.select(sa.func.max(messages.seq)).where(messages.session_id == sa.bindparam("id")),
            )
            ((seq,),) = self._database.run(last.text, last.values(values), reads=True).rows
            self._rows["chat_messages"].insert({**row, "seq": 0 if seq is None else seq + 1})
            return self._settled(values)

        return self._database.transact(add)

    def update_instance_status(
        self, workspace_path: WorkspacePath, session_id: str, instance_id: int, new_status: str
    ) -> Session:
        """Change the status of one of a session's instances, and thereby the session; give the whole session.

        Raises:
            NotFound: the workspace has no such session, or that no such instance.
            InvalidRecord: the status is none.
        """
        values = self._values(workspace_path, session_id)
        where = {"session_id": values["id"], "instance_id": instance_id}

        def change() -> Session:
            self._touch(values)
            self._rows["instances"].change(where, {"status": new_status})
            return self._settled(values)

        return self._database.transact(change)

    def search_sessions(self, workspace_path: WorkspacePath, filters: Mapping[str, Any] | None = None) -> list[Session]:
        """Give the sessions of a workspace that meet all filters, the one changed last first.

        Args:
            workspace_path: The workspace.
            filters: ``session_type`` and ``status``: one, or a list. ``date_from`` and ``date_to``, of ``createdAt``: a
                text in ISO 8601, a ``date`` or a ``datetime``; a day counts to its end. ``search_query``: words that
                the task or one message has, all of them; or the session's id. ``order``: ``"created"`` for the one
                made last first. ``limit`` (100) and ``offset`` (0).

        Raises:
            QueryError: a filter is unknown, or has a value that it may not have.
        """
        return self._searcher.search(self._values(workspace_path), Filters.of(filters))

    def page_sessions(
        self,
        workspace_path: WorkspacePath,
        filters: Mapping[str, Any] | None = None,
        after: Place | None = None,
        enough: Enough | None = None,
    ) -> Page:
        """Give a page of a workspace's sessions: its ``rows``, and the place ``after`` which the next one begins.

        Whatever changes meanwhile, no session comes twice. One that is changed moves to the front, before the pages
        that are still to come; ordered by ``"created"``, none that stays is left out.

        Args:
            workspace_path: The workspace.
            filters: As for :meth:`search_sessions`, without an ``offset``.
            after: The place that the page before has given; None for the first page.
            enough: Called with each session; the page ends with the one that it says True of.

        Raises:
            QueryError: a filter does not hold, or the place is none.
        """
        asked = Filters.of(filters)
        if asked.offset:
            raise QueryError(f"offset is {asked.offset}; a page goes on after a place, so leave it out.")
        if after is not None and not (isinstance(after, tuple | list) and [*map(type, after)] == [str, str]):
            raise QueryError(f"The list has no place {shown(after)}; take the one that a page gave.")
        return self._searcher.page(self._values(workspace_path), asked, after, enough)

    def get_migration(self) -> Row | None:
        """Give what is noted of the way from JSON files; None if nothing is.

        The note has ``schema_version``, ``migrated_at``, ``json_backup_path``, ``migration_status`` (``pending``,
        ``in_progress``, ``completed`` or ``failed``) and ``last_updated_at``.
        """
        return self._migration.get()

    def note_migration(self, status: str, json_backup_path: str | None) -> None:
        """Note how far the way from JSON files has come, and where the copy of the files is."""
        self._database.transact(lambda: self._migration.note(status, json_backup_path))

    def _values(self, workspace_path: WorkspacePath, *session_id: Any) -> dict[str, Any]:
        """Check what tells a session, and give it as the statements take it."""
        path = self._rows["workspaces"].encoders["workspace_path"](path_of(workspace_path))
        values = {"path": path, "hash": workspace_hash(path)}
        for each in session_id:
            values["id"] = self._rows["sessions"].encoders["id"](each)
        return values

    def _add(self, table: str, rows: Sequence[Row]) -> None:
        """Insert rows: one alone is faster by itself."""
        if len(rows) == 1:
            self._rows[table].insert(rows[0])
        elif rows:
            self._rows[table].insert_many(rows, tuple(rows[0]))

    def _locked(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """Give a session's id, ``absent`` and ``extra``, and keep others from changing it.

        Raises:
            NotFound: the workspace has no such session.
        """
        sessions = self._tables["sessions"].c
        lock = self._statement(
            "lock",
            lambda: sa.select(sessions.id, sessions.absent, sessions.extra).where(self._is_one()).with_for_update(),
        )
        found = self._database.run(lock.text, lock.values(values)).rows
        if not found:
            raise self._missing(values)
        return found[0]

    def _touch(self, values: Mapping[str, Any]) -> None:
        """Note down that a session is changed now.

        Raises:
            NotFound: the workspace has no such session.
        """
        touch = self._statement(
            "touch",
            lambda: sa.update(self._tables["sessions"])
            .values(updated_at=sa.bindparam("updated_at")).where(self._is_one()),
        )  # fmt: skip
        if not self._rows["sessions"].write(touch, {**values, "updated_at": now()}, values).changed:
            raise self._missing(values)

    def _is_one(self) -> sa.ColumnElement[bool]:
        return (self._tables["sessions"].c.id == sa.bindparam("id")) & in_workspace(self._tables)

    def _settled(self, values: Mapping[str, Any]) -> Session:
        """Give a session as its rows are now, and keep that as its document."""
        session = self._reader.one_from_rows(values)
        if session is None:
            raise self._missing(values)
        self._rows["session_documents"].save(document_row(values["id"], session), "session_id")
        return session

    def _missing(self, values: Mapping[str, Any]) -> NotFound:
        return NotFound(f"There is no session {shown(values['id'])} in the workspace {shown(values['path'])}.")

    def _statement(self, name: str, make: Callable[[], Any]) -> Statement:
        found = self._statements.get(name)
        if found is None:
            found = self._statements[name] = Statement(make(), self._database.engine, {})
        return found


_BY_KEY: dict[str, tuple[str, Callable[[Mapping[str, Any], Any], list[Row]]]] = {
    MIX: ("session_runtime_mix", mix_rows),
    INSTANCES: ("instances", instance_rows),
    MESSAGES: ("chat_messages", message_rows),
}
_NESTED = dict(_BY_KEY.values())


def _nested(make: Callable[[Mapping[str, Any], Any], list[Row]], sessions: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [row for session in sessions for row in make(session, session.get("id"))]
