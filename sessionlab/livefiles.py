"""The SQLite files that a store of this process has open, and how to read them beside it.

Python's SQLite and that of ADBC are two copies of one library in one process, and neither knows of the other. POSIX
locks belong to a process: whoever closes a file in it lets go of all its locks there, also those that the other copy
relies on, and another program may then take the log away under a store that is writing. So what reads a file that a
store of this process has open must not open it: it reads a copy that the store itself makes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

Backup = Callable[[Path], None]
"""Writes a consistent copy of a file to a path where nothing is."""

_lock = threading.Lock()
_live: dict[tuple[int, int], list[Backup]] = {}


def register(path: Path, backup: Backup) -> Callable[[], None]:
    """Say that a store has a file open, and how it copies it; the answer takes that back."""
    key = _key(path)
    with _lock:
        _live.setdefault(key, []).append(backup)

    def unregister() -> None:
        with _lock:
            kept = [each for each in _live.get(key, []) if each is not backup]
            _live[key] = kept
            if not kept:
                del _live[key]

    return unregister


def backup_of(path: Path) -> Backup | None:
    """Give the way to copy a file that a store of this process has open, or None if none has."""
    if not _live:
        return None
    try:
        key = _key(path)
    except OSError:
        return None
    with _lock:
        found = _live.get(key)
        return found[-1] if found else None


def _key(path: Path) -> tuple[int, int]:
    """Tell a file from all others, whatever path leads to it."""
    found = path.stat()
    return found.st_dev, found.st_ino
