"""The file of an SQLite store: how it is opened, and whether it is still the one that was opened.

A program that has a file open does not notice when another one deletes it or puts another in its place: SQLite goes on
writing to what has no name any more, and all of that is lost. So a store looks before it does something, and again
after it has written, before anybody is told that it is kept.
"""

from __future__ import annotations

import os
from pathlib import Path

from sessionlab.errors import StoreError

_NOTHING_KEPT = "so that nothing more can be kept, and what was written last may be lost"


class StoreFile:
    """A file, made when it is first opened if that is asked for."""

    def __init__(self, path: Path, *, make: bool) -> None:
        self.path = path
        self._name = str(path)
        self._how = "mode=rwc" if make else "mode=rw"
        self._opened: tuple[int, ...] = ()
        self._only_read = False

    def uri(self) -> str:
        """Give the URI to open it with: what was opened before is not made again.

        Raises:
            StoreError: it is not the one that was opened before.
        """
        if self._opened:
            self.check()
        return f"{self.path.as_uri()}?{self._how}"

    def opened(self) -> None:
        """Note which file it is, now that it is open.

        Raises:
            StoreError: it is not the one that was opened before.
        """
        if self._opened:
            self.check()
            return
        self._opened = self._found()
        if self._how == "mode=rwc":
            self._how = "mode=rw"

    def check(self) -> None:
        """See that it is still the one that was opened.

        Raises:
            StoreError: it is not; the message says what has become of it.
        """
        if self._found() != self._opened:
            became = "changed while it was read" if self._only_read else f"replaced by another, {_NOTHING_KEPT}"
            raise StoreError(f"{self.path}: the file was {became}. Close the store and open it again.")

    def read_only(self) -> bool:
        """From now on, read it as a file that nobody changes; give whether that may be done.

        Where no file can be made, SQLite does not read a file in WAL mode in any other way. Without a log, all is in
        the file.
        """
        if any(self.path.with_name(self.path.name + ending).exists() for ending in ("-wal", "-journal")):
            return False
        self._how, self._only_read = "mode=ro&immutable=1", True
        return True

    def _found(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._name)  # noqa: PTH116 - each read does this, and a Path takes twice as long
        except OSError as error:
            raise StoreError(
                f"{self.path}: the file was deleted or moved while the store was open, {_NOTHING_KEPT}"
                f" ({error.strerror}). Put it back, or close the store and open it again."
            ) from error
        if self._only_read:
            return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
        return found.st_dev, found.st_ino
