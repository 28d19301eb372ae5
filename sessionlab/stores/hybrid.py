"""Two stores of worktree sessions side by side, for the time in which the sessions move from one to the other."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sessionlab.errors import NotFound, SessionlabError, StoreError
from sessionlab.stores.consistency import ConsistencyReport, Difference, compared, differences
from sessionlab.stores.workspaces import WorkspacePath, now
from sessionlab.stores.worktree_calls import WorktreeCalls
from sessionlab.stores.worktree_rows import INSTANCES, MESSAGES, Session

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

    The primary decides: what it refuses is refused, and is not written to the secondary. What the secondary fails at is
    logged and remembered in ``failures``, and the call succeeds. A read that the primary cannot answer, as it is out of
    reach or damaged, is answered by the secondary, which is logged and remembered too.

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

    def swapped(self) -> HybridWorktreeStore:
        """Give a store of the same two with their roles swapped."""
        return HybridWorktreeStore(self.secondary, self.primary, mirror=self.mirror, compare=self.compare)

    def get_workspaces(self) -> list[dict[str, str]]:
        """List the workspaces by ``path`` and ``hash``."""
        return self._read("get_workspaces", "", None, lambda store: store.get_workspaces())

    def create_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Add a session; give it."""
        created = self.primary.create_session(workspace_path, session)
        self._follow("create_session", workspace_path, session, lambda: self._put(workspace_path, session))
        return created

    def batch_create_sessions(self, workspace_path: WorkspacePath, sessions: Iterable[Mapping[str, Any]]) -> int:
        """Add many sessions to a workspace, all or none; give how many."""
        given = list(sessions)
        number = self.primary.batch_create_sessions(workspace_path, given)
        self._follow(
            "batch_create_sessions",
            workspace_path,
            None,
            lambda: self.secondary.batch_create_sessions(workspace_path, given),
        )
        return number

    def update_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Change the keys given of the session with the ``id`` given; give the whole session as it is then."""
        changed = self.primary.update_session(workspace_path, session)
        self._follow("update_session", workspace_path, session, lambda: self._put(workspace_path, changed))
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
        given = {"id": session_id}
        self._follow(
            "delete_session", workspace_path, given, lambda: self.secondary.delete_session(workspace_path, session_id)
        )

    def add_chat_message(self, workspace_path: WorkspacePath, session_id: str, message: Mapping[str, Any]) -> Session:
        """Add a message to a session; give the whole session."""
        changed = self.primary.add_chat_message(workspace_path, session_id, message)
        self._follow_change("add_chat_message", workspace_path, changed, MESSAGES)
        return changed

    def update_instance_status(
        self, workspace_path: WorkspacePath, session_id: str, instance_id: int, new_status: str
    ) -> Session:
        """Change the status of one of a session's instances; give the whole session."""
        changed = self.primary.update_instance_status(workspace_path, session_id, instance_id, new_status)
        self._follow_change("update_instance_status", workspace_path, changed, INSTANCES)
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

    def _put(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> None:
        """Bring a session of the secondary to a state, whether it was there or not."""
        try:
            self.secondary.update_session(workspace_path, session)
        except NotFound:
            self.secondary.create_session(workspace_path, session)

    def _follow_change(self, call: str, workspace_path: WorkspacePath, changed: Session, key: str) -> None:
        """Bring to the secondary what the primary has changed; by the same call its time would be another one."""
        some = {name: changed[name] for name in ("id", "updatedAt", key)}

        def put() -> None:
            try:
                self.secondary.update_session(workspace_path, some)
            except NotFound:
                self.secondary.create_session(workspace_path, changed)

        self._follow(call, workspace_path, changed, put)

    def _follow(
        self, call: str, workspace: WorkspacePath, session: Mapping[str, Any] | None, write: Callable[[], object]
    ) -> None:
        if not self.mirror:
            return
        try:
            write()
        except (SessionlabError, OSError) as error:
            self._failed("secondary", call, workspace, session.get("id") if session else None, error)

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
