"""The JSON file of one workspace: an array of sessions, read strictly, written whole or not at all, under a lock.

What a write does not change stays to the letter as its author has written it; the rest is written as the editor does.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sessionlab.disk import sync
from sessionlab.errors import StoreError
from sessionlab.stores.json_text import decoded, joined, split, written

LOCK_SECONDS = 30.0
"""How long a write waits for those of others."""


class JsonFile:
    """A file with an array of sessions. A file that is not there is an empty array."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name(f".{path.name}.lock")

    def read(self, *, keep_doubled: bool = False) -> list[Any]:
        """Give the records of the file, sessions or not; see :func:`decoded`.

        Raises:
            StoreError: it cannot be read, or is no JSON array. It is left as it is.
        """
        raw = self._raw()
        return [] if raw is None else decoded(raw, self.path, keep_doubled=keep_doubled)

    def _raw(self) -> bytes | None:
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):  # reading a pipe would wait for whoever writes to it
                raise StoreError(f"{self.path} cannot be read: it is no file, but bears the name of one.")
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}.") from error

    @contextmanager
    def changing(self) -> Iterator[list[Any]]:
        """Give the list of the records, and write what it is afterwards; all others who write wait.

        A record is changed by putting another one in its place. An error within leaves the file as it was.
        """
        with self.locked():
            raw = self._raw()
            pieces = [] if raw is None else split(raw, self.path)
            records = [record for record, _ in pieces]
            yield records
            texts = {id(record): text for record, text in pieces}
            self._write(joined(texts.get(id(record)) or written(record) for record in records))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from writing.

        Raises:
            StoreError: somebody else has kept it locked for too long, or there is no right to write there.
        """
        try:
            with FileLock(self._lock, timeout=LOCK_SECONDS, poll_interval=0.002):
                yield
        except Timeout:
            raise StoreError(
                f"{self.path} has been locked by another program for {LOCK_SECONDS:g} seconds. Try again."
            ) from None
        except PermissionError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}.") from error

    def write(self, records: Sequence[Any]) -> None:
        """Put records in the place of what the file holds; a crash at any moment leaves the one or the other.

        Raises:
            InvalidRecord: one of them is nothing that JSON can hold.
            StoreError: it cannot be written.
        """
        self._write(joined(map(written, records)))

    def _write(self, raw: bytes) -> None:
        # Through a link, as the file may be kept elsewhere.
        path = Path(os.path.realpath(self.path))
        # One name is enough, as only who has the lock writes; what a crash has left there is written over.
        new = path.with_name(f".{path.name}.new")
        try:
            with new.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                new.chmod(stat.S_IMODE(path.stat().st_mode))
            new.replace(path)
            sync(path.parent)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}. It is as it was.") from error
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
