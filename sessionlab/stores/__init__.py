"""The stores: databases that an agent's program writes to while it works, one class a kind, on SQLite or Postgres."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, overload

from sessionlab.errors import StoreError

if TYPE_CHECKING:
    from sessionlab.stores.base import Store
    from sessionlab.stores.codegen import CodegenStore
    from sessionlab.stores.conversation import ConversationStore
    from sessionlab.stores.export_json import export_to_json
    from sessionlab.stores.hybrid import HybridWorktreeStore
    from sessionlab.stores.import_json import migrate_from_json
    from sessionlab.stores.migration_report import MigrationReport
    from sessionlab.stores.phases import open_worktree
    from sessionlab.stores.problems import Problem, VerifyReport
    from sessionlab.stores.rows import UNSET, Unset
    from sessionlab.stores.workflow import WorkflowStore
    from sessionlab.stores.worktree import WorktreeStore
    from sessionlab.stores.worktree_json import JsonWorktreeStore

STORES = {
    "codegen": ("sessionlab.stores.codegen", "CodegenStore"),
    "workflow": ("sessionlab.stores.workflow", "WorkflowStore"),
    "conversation": ("sessionlab.stores.conversation", "ConversationStore"),
    "worktree": ("sessionlab.stores.worktree", "WorktreeStore"),
}
"""The module and the class of each kind's store."""

_LAZY = {
    "HybridWorktreeStore": "sessionlab.stores.hybrid",
    "JsonWorktreeStore": "sessionlab.stores.worktree_json",
    "MigrationReport": "sessionlab.stores.migration_report",
    "export_to_json": "sessionlab.stores.export_json",
    "migrate_from_json": "sessionlab.stores.import_json",
    "open_worktree": "sessionlab.stores.phases",
    "Problem": "sessionlab.stores.problems",
    "Store": "sessionlab.stores.base",
    "UNSET": "sessionlab.stores.rows",
    "Unset": "sessionlab.stores.rows",
    "VerifyReport": "sessionlab.stores.problems",
    **{name: module for module, name in STORES.values()},
}

__all__ = [
    "STORES",
    "UNSET",
    "CodegenStore",
    "ConversationStore",
    "HybridWorktreeStore",
    "JsonWorktreeStore",
    "MigrationReport",
    "Problem",
    "Store",
    "Unset",
    "VerifyReport",
    "WorkflowStore",
    "WorktreeStore",
    "export_to_json",
    "migrate_from_json",
    "open_store",
    "open_worktree",
]


@overload
def open_store(kind: Literal["codegen"], url: str | os.PathLike[str] | None = None) -> CodegenStore: ...
@overload
def open_store(kind: Literal["workflow"], url: str | os.PathLike[str] | None = None) -> WorkflowStore: ...
@overload
def open_store(kind: Literal["conversation"], url: str | os.PathLike[str] | None = None) -> ConversationStore: ...
@overload
def open_store(kind: Literal["worktree"], url: str | os.PathLike[str] | None = None) -> WorktreeStore: ...
@overload
def open_store(kind: str, url: str | os.PathLike[str] | None = None) -> Store: ...


def open_store(kind: str, url: str | os.PathLike[str] | None = None) -> Store:
    """Open a store, and make it if it is not there.

    Args:
        kind: ``codegen``, ``workflow``, ``conversation`` or ``worktree``.
        url: ``sqlite:///path`` or a path; ``postgresql://…`` (``?schema=`` for one other than public); None for the
            Postgres database that ``POSTGRES_HOST``, ``_PORT``, ``_USER``, ``_PASSWORD`` and ``_DB`` name.

    Returns:
        The store, which is closed by ``close()`` or a ``with`` statement.

    Raises:
        StoreError: there is no such kind of store, or it cannot be opened.

    Example:
        >>> from tempfile import mkdtemp
        >>> with open_store("codegen", f"{mkdtemp()}/codegen.db") as store:
        ...     session = store.insert_session("sort a list")
        ...     store.get_session(session)["design_goal"]
        'sort a list'
    """
    if kind not in STORES:
        raise StoreError(f"There is no store of the kind {kind!r}. There are: {', '.join(STORES)}.")
    store: Store = __getattr__(STORES[kind][1])(url)
    return store


def __getattr__(name: str) -> Any:
    """Import a store when it is first used: SQLAlchemy takes long to import."""
    if name not in _LAZY:
        raise AttributeError(f"module 'sessionlab.stores' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
