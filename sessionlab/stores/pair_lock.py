"""The lock under which one of two stores follows the other, for all threads and programs that have the same two."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import gettempdir

from sessionlab.stores.json_files import JsonFile
from sessionlab.stores.workspaces import WorkspacePath, path_of, workspace_hash
from sessionlab.stores.worktree_calls import WorktreeCalls
from sessionlab.stores.worktree_json import JsonWorktreeStore


def pair_lock(stores: Sequence[WorktreeCalls], workspace: WorkspacePath) -> AbstractContextManager[None]:
    """Give the lock of a workspace of some stores, in whatever order they are named.

    It is beside the JSON files if one of the stores has any, else in the user's temporary files.

    Raises:
        StoreError: on entering, if somebody else has kept it for too long, or there is no right to write there.
    """
    own = workspace_hash(path_of(workspace))
    folders = [store.folder for store in stores if isinstance(store, JsonWorktreeStore)]
    if folders:
        return JsonFile(min(folders) / f"{own}.both").locked()
    # Another user's file could not be opened.
    user = getattr(os, "getuid", int)()
    names = "\n".join([str(user), own, *sorted(map(repr, stores))])
    digest = hashlib.blake2b(names.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return JsonFile(Path(gettempdir()) / f"sessionlab-{digest}").locked()
