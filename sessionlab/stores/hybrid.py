"""Two stores of worktree sessions side by side, for the time in which the sessions move from one to the other."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sessionlab.errors import InvalidRecord, NotFound, SessionlabError, StoreError
from sessionlab.stores.consistency import ConsistencyReport, Difference, compared, differences
from sessionlab.stores.pair_lock import pair_lock
from sessionlab.stores.workspaces import WorkspacePath, now
from sessionlab.stores.worktree_calls import WorktreeCalls
from sessionlab.stores.worktree_rows import Session

T = TypeVar("T")

_log = logging.getLogger("sessionlab.stores.hybrid")
_REMEMBERED = 1000


@dataclass(frozen=True)
class Failure:
    """A call that one of the two stores has failed: which one (``primary`` or ``secondary``), where, why, when."""

    role: str
    call: str
    workspace: str
    session_id: str | None
    reason: str
    at: str


class HybridWorktreeStore:
    """A store that writes to two, and reads from the first of them.

    The primary decides: what it refuses is refused, and is not written to the secondary. What it has taken is brought
    to the secondary under a lock, so that threads and programs that write at once leave both the same. What the
    secondary fails at is logged and remembered in ``failures``, and the call succeeds. A read that the primary cannot
    answer, as it is out of reach or damaged, is answered by the secondary, which is logged and remembered too.

    Args:
        primary: The store that decides.
        secondary: The store that follows.
        mirror: Whether to write to the secondary; without, it is only read when the primary fails.
        compare: Whether to read from both each time, log each difference, and remember it in ``differences``.
    """

    def __init__(
        self, primary: WorktreeCalls, secondary: WorktreeCalls, *, mirror: bool = True, compare: bool = False
    ) -> None:
        self.primary, self.secondary = primary, secondary
        self.mirror, self.compare = mirror, compare
        self.failures: deque[Failure] = deque(maxlen=_REMEMBERED)
        self.differences: deque[Difference] = deque(maxlen=_REMEMBERED)

    def get_workspaces(self) -> list[dict[str, str]]:
        """List the workspaces by ``path`` and ``hash``."""
        return self._read("get_workspaces", "", None, lambda store: store.get_workspaces())

    def create_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Add a session; give it."""
        created = self.primary.create_session(workspace_path, session)
        self._follow("create_session", workspace_path, [session["id"]])
        return created

    def batch_create_sessions(self, workspace_path: WorkspacePath, sessions: Iterable[Mapping[str, Any]]) -> int:
        """Add many sessions to a workspace, all or none; give how many."""
        given = list(sessions)
        number = self.primary.batch_create_sessions(workspace_path, given)
        self._follow("batch_create_sessions", workspace_path, [session["id"] for session in given])
        return number

    def update_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Change the keys given of the session with the ``id`` given; give the whole session as it is then."""
        changed = self.primary.update_session(workspace_path, session)
        self._follow("update_session", workspace_path, [changed["id"]])
        return changed

    def get_session(self, workspace_path: WorkspacePath, session_id: str) -> Session | None:
        """Give a session of a workspace; None if there is none."""
        return self._read(
            "get_session", workspace_path, session_id, lambda store: store.get_session(workspace_path, session_id)
        )

    def get_all_sessions(self, workspace_path: WorkspacePath) -> list[Session]:
        """Give all sessions of a workspace, the one changed last first."""
        return self._read(
            "get_all_sessions", workspace_path, None, lambda store: store.get_all_sessions(workspace_path)
        )

    def delete_session(self, workspace_path: WorkspacePath, session_id: str) -> None:
        """Delete a session."""
        self.primary.delete_session(workspace_path, session_id)
        self._follow("delete_session", workspace_path, [session_id])

    def add_chat_message(self, workspace_path: WorkspacePath, session_id: str, message: Mapping[str, Any]) -> Session:
        """Add a message to a session; give the whole session."""
        changed = self.primary.add_chat_message(workspace_path, session_id, message)
        self._follow("add_chat_message", workspace_path, [session_id])
        return changed

    def update_instance_status(
        self, workspace_path: WorkspacePath, session_id: str, instance_id: int, new_status: str
    ) -> Session:
        """Change the status of one of a session's instances; give the whole session."""
        changed = self.primary.update_instance_status(workspace_path, session_id, instance_id, new_status)
        self._follow("update_instance_status", workspace_path, [session_id])
        return changed

    def search_sessions(self, workspace_path: WorkspacePath, filters: Mapping[str, Any] | None = None) -> list[Session]:
        """Give the sessions of a workspace that meet all filters, the one changed last first."""
        return self._read(
            "search_sessions", workspace_path, None, lambda store: store.search_sessions(workspace_path, filters)
        )

    def consistency_report(self) -> ConsistencyReport:
        """Compare all that is in the two stores, session by session and field by field."""
        return compared(self.primary, self.secondary)

    def close(self) -> None:
        """Close both stores."""
        self.primary.close()
        self.secondary.close()

    def __enter__(self) -> HybridWorktreeStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, call: str, workspace: WorkspacePath, ids: Sequence[str]) -> None:
        """Bring sessions to the secondary as they are in the primary by now.

        As they are read again under a lock, the last of several writers brings what all of them have done.
        """
        if not self.mirror or not ids:
            return
        try:
            with pair_lock((self.primary, self.secondary), workspace):
                if len(ids) == 1:
                    self._bring(workspace, ids[0])
                else:
                    self._bring_many(call, workspace, ids)
        except (SessionlabError, OSError) as error:
            self._failed("secondary", call, workspace, ids[0] if len(ids) == 1 else None, error)

    def _bring(self, workspace: WorkspacePath, session_id: str) -> None:
        session = self.primary.get_session(workspace, session_id)
        if session is not None:
            self._put(workspace, session)
            return
        with suppress(NotFound):
            self.secondary.delete_session(workspace, session_id)

    def _bring_many(self, call: str, workspace: WorkspacePath, ids: Sequence[str]) -> None:
        """Bring new sessions all at once; if the secondary refuses that, one by one."""
        own = {session["id"]: session for session in self.primary.get_all_sessions(workspace)}
        new = [own[session_id] for session_id in ids if session_id in own]
        try:
            self.secondary.batch_create_sessions(workspace, new)
        except InvalidRecord:
            for session in new:
                try:
                    self._put(workspace, session)
                except InvalidRecord as error:
                    self._failed("secondary", call, workspace, session["id"], error)

    def _put(self, workspace: WorkspacePath, session: Session) -> None:
        """Bring a session of the secondary to a state, whether it was there or not."""
        try:
            merged = self.secondary.update_session(workspace, session)
        except NotFound:
            self.secondary.create_session(workspace, session)
            return
        if merged.keys() == session.keys():
            return
        # It still has keys of an earlier state.
        self.secondary.delete_session(workspace, session["id"])
        try:
            self.secondary.create_session(workspace, session)
        except InvalidRecord:
            self.secondary.create_session(workspace, merged)
            raise

    def _read(
        self, call: str, workspace: WorkspacePath, session_id: str | None, read: Callable[[WorktreeCalls], T]
    ) -> T:
        try:
            found = read(self.primary)
        except (StoreError, OSError) as error:
            self._failed("primary", call, workspace, session_id, error)
            try:
                return read(self.secondary)
            except (SessionlabError, OSError) as second:
                self._failed("secondary", call, workspace, session_id, second)
                raise error from second
        if self.compare and call != "get_workspaces":
            self._compare(call, workspace, session_id, found, read)
        return found

    def _compare(
        self,
        call: str,
        workspace: WorkspacePath,
        session_id: str | None,
        found: Any,
        read: Callable[[WorktreeCalls], Any],
    ) -> None:
        try:
            other = read(self.secondary)
        except (SessionlabError, OSError) as error:
            self._failed("secondary", call, workspace, session_id, error)
            return
        sessions = [each if isinstance(each, list) else [each] if each else [] for each in (found, other)]
        for difference in differences(os.fspath(workspace), *sessions):
            _log.warning("%s: %s", call, difference)
            self.differences.append(difference)

    def _failed(self, role: str, call: str, workspace: WorkspacePath, session_id: Any, error: Exception) -> None:
        _log.error("The %s store has failed at %s: %s", role, call, error)
        self.failures.append(Failure(role, call, os.fspath(workspace), session_id, str(error), now()))
