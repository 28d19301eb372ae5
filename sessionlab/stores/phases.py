"""The phases in which worktree sessions move from JSON files to a database, as settings: forth, and back."""

from __future__ import annotations

import os
from typing import Literal

from sessionlab.errors import StoreError
from sessionlab.stores.hybrid import HybridWorktreeStore
from sessionlab.stores.worktree import WorktreeStore
from sessionlab.stores.worktree_calls import WorktreeCalls
from sessionlab.stores.worktree_json import JsonWorktreeStore

Phase = Literal["json", "json first", "database first", "database, json to read", "database"]

PHASES: tuple[Phase, ...] = ("json", "json first", "database first", "database, json to read", "database")
"""The phases in order; going back is going to an earlier one."""


def open_worktree(
    phase: str, folder: str | os.PathLike[str], url: str | os.PathLike[str] | None = None
) -> WorktreeCalls:
    """Open the store of worktree sessions as a phase of the move from JSON files to a database has it.

    Args:
        phase: ``json``: the files alone. ``json first``: both are written, and the files decide. ``database first``:
            both are written and compared at each read, and the database decides. ``database, json to read``: the files
            are no longer written, and read when the database fails. ``database``: the database alone.
        folder: The folder of the files.
        url: The database, as for :func:`sessionlab.open_store`.

    Raises:
        StoreError: there is no such phase, or the database cannot be opened.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     store = open_worktree("database, json to read", f"{folder}/sessions", f"{folder}/sessions.db")
        ...     store.get_all_sessions("/nowhere/project")
        ...     store.close()
        []
    """
    if phase not in PHASES:
        raise StoreError(f"There is no phase {phase!r}. There are, in order: {', '.join(map(repr, PHASES))}.")
    if phase == "database":
        return WorktreeStore(url)
    files = JsonWorktreeStore(folder)
    if phase == "json":
        return files
    database = WorktreeStore(url)
    if phase == "json first":
        return HybridWorktreeStore(files, database)
    mirror = phase == "database first"
    return HybridWorktreeStore(database, files, mirror=mirror, compare=mirror)
