"""Having what was written outlast a loss of power."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path | str) -> None:
    """Have a file on the disk, or the names in a folder."""
    if os.name != "posix":  # nothing else opens a folder
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Have a folder on the disk with all that is in it."""
    for place, _, files in os.walk(folder):
        for file in files:
            sync(Path(place, file))
        sync(Path(place))
