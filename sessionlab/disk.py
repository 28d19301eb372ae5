"""Writing to the disk: having it outlast a loss of power, and saying plainly why it cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from sessionlab.errors import LabError


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


@contextmanager
def refusing(what: str, path: Path) -> Iterator[None]:
    """Say plainly what the operating system has against a change of something, as of ``"lab"``, that stands at a path.

    Raises:
        LabError: it has; that a lock was not to be had in time is left to others to explain.
    """
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise LabError(f"The {what} {path} cannot be written: {reason} ({error.filename or path.parent}).") from error
