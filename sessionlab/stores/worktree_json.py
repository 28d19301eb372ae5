"""Worktree sessions in the editor's JSON files, one a workspace, by the same calls as those in a database."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sessionlab.errors import InvalidRecord, NotFound, StoreError
from sessionlab.stores.checks import shown
from sessionlab.stores.json_files import JsonFile
from sessionlab.stores.workspaces import WorkspacePath, now, path_of, workspace_hash
from sessionlab.stores.worktree_rows import INSTANCES, MESSAGES, Session
from sessionlab.stores.worktree_search import Filters, moment, newest_first

_FILE = re.compile(r"[0-9a-f]{16}\.json")
_WORD = re.compile(r"[^\W_]+")


class JsonWorktreeStore:
    """Worktree sessions in a folder of JSON files, each named after the hash of its workspace's path.

    Each write reads the file of the workspace, and replaces it as a whole under a lock: what others write with this
    class is never lost, and a crash leaves a file as it was before or after. Sessions are kept as they are given, with
    whatever keys and values JSON can hold. Of two with one id, the one updated last counts; the other one stays there.

    Args:
        folder: The folder, made if it is not there.

    Raises:
        StoreError: there cannot be a folder.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     store = JsonWorktreeStore(folder)
        ...     created = store.create_session("/nowhere/project", {"id": "s1", "task": "Which cache?"})
        ...     [path.name for path in Path(folder).glob("*.json")], store.get_session("/nowhere/project", "s1")
        (['7a029fd580dc2159.json'], {'id': 's1', 'task': 'Which cache?'})
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = made_folder(folder)

    def get_workspaces(self) -> list[dict[str, str]]:
        """List the workspaces by ``path`` and ``hash``; the path is the hash too, as a file's name does not tell it."""
        files = sorted(path.stem for path in self.folder.iterdir() if _FILE.fullmatch(path.name))
        return [{"path": stem, "hash": stem} for stem in files]

    def create_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Add a session; give it.

        Raises:
            InvalidRecord: it has no id, or there is one of that id.
            StoreError: the file cannot be read or written.
        """
        self.batch_create_sessions(workspace_path, [session])
        return dict(session)

    def batch_create_sessions(self, workspace_path: WorkspacePath, sessions: Iterable[Mapping[str, Any]]) -> int:
        """Add many sessions to a workspace, all or none; give how many.

        Raises:
            InvalidRecord: one has no id, or there is one of that id.
            StoreError: the file cannot be read or written.
        """
        given = [_checked(session) for session in sessions]
        with self._file(workspace_path).changing() as records:
            taken = {record["id"] for record in records if _is_session(record)}
            for session in given:
                if session["id"] in taken:
                    raise InvalidRecord(f"id is {shown(session['id'])}; it may be one that no other session has.")
                taken.add(session["id"])
            records.extend(given)
        return len(given)

    def update_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Change the keys given of the session with the ``id`` given; give the whole session as it is then.

        Raises:
            NotFound: the workspace has no such session.
            InvalidRecord: it has no id.
            StoreError: the file cannot be read or written.
        """
        changes = _checked(session)
        return self._change(workspace_path, changes["id"], lambda own: {**own, **changes})

    def get_session(self, workspace_path: WorkspacePath, session_id: str) -> Session | None:
        """Give a session of a workspace; None if there is none.

        Raises:
            StoreError: the file cannot be read.
        """
        return sessions_of(self._file(workspace_path).read()).get(session_id)

    def get_all_sessions(self, workspace_path: WorkspacePath) -> list[Session]:
        """Give all sessions of a workspace, the one changed last first.

        Raises:
            StoreError: the file cannot be read.
        """
        return newest_first(sessions_of(self._file(workspace_path).read()).values(), _changed)

    def delete_session(self, workspace_path: WorkspacePath, session_id: str) -> None:
        """Delete a session; all of that id, if there are several.

        Raises:
            NotFound: the workspace has no such session.
            StoreError: the file cannot be read or written.
        """
        with self._file(workspace_path).changing() as records:
            kept = [record for record in records if not (_is_session(record) and record["id"] == session_id)]
            if len(kept) == len(records):
                raise _missing(workspace_path, session_id)
            records[:] = kept

    def add_chat_message(self, workspace_path: WorkspacePath, session_id: str, message: Mapping[str, Any]) -> Session:
        """Add a message to a session, which is thereby changed now; give the whole session.

        Raises:
            NotFound: the workspace has no such session.
            InvalidRecord: the message has no id, or the session has one of that id.
            StoreError: the file cannot be read or written.
        """
        new = _checked(message)

        def added(own: Session) -> Session:
            chat = own.get(MESSAGES) or []
            if any(_is_session(each) and each["id"] == new["id"] for each in chat):
                raise InvalidRecord(f"id is {shown(new['id'])}; it may be one that no other message has.")
            return {**own, MESSAGES: [*chat, new], "updatedAt": now()}

        return self._change(workspace_path, session_id, added)

    def update_instance_status(
        self, workspace_path: WorkspacePath, session_id: str, instance_id: int, new_status: str
    ) -> Session:
        """Change the status of one of a session's instances, and thereby the session; give the whole session.

        Raises:
            NotFound: the workspace has no such session, or that no such instance.
            StoreError: the file cannot be read or written.
        """

        def changed(own: Session) -> Session:
            instances = [dict(each) for each in own.get(INSTANCES) or []]
            found = [each for each in instances if each.get("instanceId") == instance_id]
            if not found:
                raise NotFound(f"There is no instance {shown(instance_id)} in the session {shown(session_id)}.")
            found[0]["status"] = new_status
            return {**own, INSTANCES: instances, "updatedAt": now()}

        return self._change(workspace_path, session_id, changed)

    def search_sessions(self, workspace_path: WorkspacePath, filters: Mapping[str, Any] | None = None) -> list[Session]:
        """Give the sessions of a workspace that meet all filters, the one changed last first.

        The filters are those of :meth:`sessionlab.WorktreeStore.search_sessions`.

        Raises:
            QueryError: a filter is unknown, or has a value that it may not have.
            StoreError: the file cannot be read.
        """
        asked = Filters.of(filters)
        found = [session for session in self.get_all_sessions(workspace_path) if _meets(session, asked)]
        if asked.order == "created":
            found = newest_first(found, lambda session: (session.get("createdAt"), session["id"]))
        return list(asked.page(found))

    def close(self) -> None:
        """Do nothing: no file is open between two calls."""

    def _file(self, workspace_path: WorkspacePath) -> JsonFile:
        return JsonFile(self.folder / f"{workspace_hash(path_of(workspace_path))}.json")

    def _change(self, workspace_path: WorkspacePath, session_id: str, change: Any) -> Session:
        with self._file(workspace_path).changing() as records:
            own = sessions_of(records).get(session_id)
            if own is None:
                raise _missing(workspace_path, session_id)
            place = next(place for place, record in enumerate(records) if record is own)
            changed: Session = change(own)
            records[place] = changed
        return changed

    def __enter__(self) -> JsonWorktreeStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"


def made_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder if it is not there; give its absolute path.

    Raises:
        StoreError: there cannot be one.
    """
    path = Path(folder).expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be a folder for sessions: {error.strerror}. Name another one.") from error
    return path


def sessions_of(records: Iterable[Any]) -> dict[str, Session]:
    """Give the sessions among some records, by id; of several with one id, the one updated last."""
    found: dict[str, Session] = {}
    for record in records:
        if _is_session(record):
            other = found.get(record["id"])
            if other is None or _recency(record) >= _recency(other):
                found[record["id"]] = record
    return found


def _recency(session: Session) -> tuple[str, str]:
    return moment(session.get("updatedAt")), moment(session.get("createdAt"))


def _changed(session: Session) -> tuple[Any, str]:
    return session.get("updatedAt"), session["id"]


def _is_session(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("id"), str)


def _checked(given: Any) -> Session:
    if not isinstance(given, Mapping):
        raise InvalidRecord(f"A session is {shown(given)}; it may be an object.")
    if not isinstance(given.get("id"), str) or not given["id"]:
        raise InvalidRecord(f"id is {shown(given.get('id'))}; it may be a text that is not empty.")
    return dict(given)


def _missing(workspace_path: WorkspacePath, session_id: Any) -> NotFound:
    return NotFound(f"There is no session {shown(session_id)} in the workspace {shown(os.fspath(workspace_path))}.")


def _meets(session: Session, asked: Filters) -> bool:
    status = session.get("status")
    is_round = isinstance(status, str) and status.startswith("round_")
    return (
        (not asked.session_type or session.get("type") in asked.session_type)
        and (not asked.status or ("running" if is_round else status) in asked.status)
        and asked.within(session.get("createdAt"))
        and (asked.search_query is None or _says(session, asked.search_query))
    )


def _says(session: Session, query: str) -> bool:
    """Whether the task or one message has all words of a query, or the session is the one of that id."""
    words = _words(query)
    texts = [session.get("task"), *(each.get("content") for each in session.get(MESSAGES) or [])]
    return session["id"] == query or (bool(words) and any(words <= _words(text) for text in texts))


def _words(text: Any) -> set[str]:
    return set(_WORD.findall(text.casefold())) if isinstance(text, str) else set()
