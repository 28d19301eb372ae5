"""What all stores of worktree sessions can do, whatever they keep them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sessionlab.stores.workspaces import WorkspacePath
from sessionlab.stores.worktree_rows import Session


class WorktreeCalls(Protocol):
    """The calls that all stores of worktree sessions have."""

    def get_workspaces(self) -> list[dict[str, str]]:
        """List the workspaces by ``path`` and ``hash``."""

    def create_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Add a session."""

    def batch_create_sessions(self, workspace_path: WorkspacePath, sessions: Iterable[Mapping[str, Any]]) -> int:
        """Add many sessions, all or none."""

    def update_session(self, workspace_path: WorkspacePath, session: Mapping[str, Any]) -> Session:
        """Change what is given of a session."""

    def get_session(self, workspace_path: WorkspacePath, session_id: str) -> Session | None:
        """Give a session."""

    def get_all_sessions(self, workspace_path: WorkspacePath) -> list[Session]:
        """Give all sessions of a workspace."""

    def delete_session(self, workspace_path: WorkspacePath, session_id: str) -> None:
        """Delete a session."""

    def add_chat_message(self, workspace_path: WorkspacePath, session_id: str, message: Mapping[str, Any]) -> Session:
        """Add a message to a session."""

    def update_instance_status(
        self, workspace_path: WorkspacePath, session_id: str, instance_id: int, new_status: str
    ) -> Session:
        """Change the status of an instance."""

    def search_sessions(self, workspace_path: WorkspacePath, filters: Mapping[str, Any] | None = None) -> list[Session]:
        """Give the sessions that meet all filters."""

    def close(self) -> None:
        """Let go of what is held."""
