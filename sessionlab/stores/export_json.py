"""The way of worktree sessions from a store back into the editor's JSON files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionlab.display.report import Report
from sessionlab.errors import StoreError
from sessionlab.stores.json_files import JsonFile
from sessionlab.stores.set_aside import id_of
from sessionlab.stores.workspaces import WorkspacePath, path_of, workspace_hash
from sessionlab.stores.worktree import WorktreeStore
from sessionlab.stores.worktree_json import made_folder
from sessionlab.stores.worktree_search import moment


@dataclass(frozen=True)
class ExportReport(Report):
    """What was written: so many sessions, and records that were set aside, into the files of so many workspaces."""

    title = "exported"

    workspaces: int
    sessions: int
    set_aside: int
    files: tuple[str, ...] = ()

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give the lines of the report."""
        for word in ("workspaces", "sessions", "set_aside"):
            yield word.replace("_", " "), f"{getattr(self, word):,}"
        yield from self.some("file", self.files)


def export_to_json(
    store: WorktreeStore,
    folder: str | os.PathLike[str],
    workspaces: WorkspacePath | Iterable[WorkspacePath] | None = None,
    *,
    overwrite: bool = False,
) -> ExportReport:
    """Write the sessions of a store as the editor's JSON files, ``{hash}.json`` for each workspace, the oldest first.

    What a migration has set aside is written too, after the sessions, unless the store has a session of its id by now.
    Each file is written whole or not at all.

    Args:
        store: Where they are.
        folder: Where to write, made if it is not there.
        workspaces: The paths, or hashes, of the workspaces wanted, or one of them; all if None.
        overwrite: Whether to replace files that are there.

    Raises:
        StoreError: a file is there already, or cannot be written. No file is written if one is there.
    """
    path = Path(folder).expanduser().absolute()
    wanted = _wanted(store, workspaces)
    taken = [each for each in wanted if (path / f"{each}.json").exists()]
    if taken and not overwrite:
        raise StoreError(
            f"{path} has {', '.join(f'{each}.json' for each in taken[:3])} already. Name another folder, or say that"
            " the files are to be overwritten."
        )
    made_folder(path)
    sessions = set_aside = 0
    for workspace in wanted:
        own, kept = _records(store, workspace)
        file = JsonFile(path / f"{workspace}.json")
        with file.locked():
            file.write([*own, *kept])
        sessions, set_aside = sessions + len(own), set_aside + len(kept)
    return ExportReport(len(wanted), sessions, set_aside, tuple(f"{each}.json" for each in wanted))


def _wanted(store: WorktreeStore, workspaces: WorkspacePath | Iterable[WorkspacePath] | None) -> list[str]:
    """Give the hashes of the workspaces, of all that have anything if none are named."""
    if isinstance(workspaces, str | os.PathLike):
        workspaces = [workspaces]
    if workspaces is not None:
        return sorted({workspace_hash(path_of(each)) for each in workspaces})
    return sorted({*(each["hash"] for each in store.get_workspaces()), *store.set_aside.workspaces()})


def _records(store: WorktreeStore, workspace: str) -> tuple[list[Any], list[Any]]:
    # In this order, what is accepted meanwhile is in both rather than in none.
    kept = [each.record for each in store.set_aside.of(workspace)]
    sessions = store.get_all_sessions(workspace)
    sessions.sort(key=lambda session: (moment(session["createdAt"]), session["id"]))
    ids = {session["id"] for session in sessions}
    return sessions, [record for record in kept if id_of(record) not in ids]
