"""A copy of the JSON files beside their folder, made before anything else is done with them."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sessionlab.disk import sync
from sessionlab.errors import StoreError


def back_up(folder: Path, files: Sequence[Path]) -> Path:
    """Copy files into a new folder beside theirs, or find the copy that is there already; give its path.

    What was copied before is never written over. A copy that was broken off is made anew.

    Raises:
        StoreError: they cannot be copied.
    """
    try:
        return _found(folder, files) or _made(folder, files)
    except OSError as error:
        raise StoreError(f"{folder} cannot be copied, so nothing was done: {error}.") from error


def _found(folder: Path, files: Sequence[Path]) -> Path | None:
    names = [file.name for file in files]
    for copy in sorted(folder.parent.glob(f"{folder.name}-backup-*")):
        same = copy.is_dir() and sorted(each.name for each in copy.iterdir()) == sorted(names)
        if same and filecmp.cmpfiles(folder, copy, names, shallow=False)[0] == names:
            return copy
    return None


def _made(folder: Path, files: Sequence[Path]) -> Path:
    unfinished = folder.parent / f".{folder.name}-backup.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        for file in files:
            sync(shutil.copy2(file, unfinished / file.name))
        sync(unfinished)
        copies = unfinished.rename(_free_name(folder))
    finally:  # on a disk that is full, it would take what room there is
        shutil.rmtree(unfinished, ignore_errors=True)
    sync(folder.parent)
    return copies


def _free_name(folder: Path) -> Path:
    """Give a name that nothing has: a folder may be renamed onto an empty one, which would be lost."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path, number = folder.parent / f"{folder.name}-backup-{stamp}", 1
    while path.exists():
        number += 1
        path = folder.parent / f"{folder.name}-backup-{stamp}-{number}"
    return path
