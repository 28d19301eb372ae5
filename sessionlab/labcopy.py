"""Changing a lab's file: a copy beside it is worked on, and put in its place at the end."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from sessionlab import canonical
from sessionlab.attach import attach
from sessionlab.disk import refusing, sync
from sessionlab.errors import LabBusy, LabError, SourceError
from sessionlab.loaders.target import LAB, prepare
from sessionlab.schema import literal
from sessionlab.storage import NOTHING, ROW_GROUP, Step, Writer, connect, interruptible

NAME = "lab.duckdb"
"""The name of a copy in the folder that it is made in."""

_NO_CHECKPOINT = "1TB"
"""The copy is written out once, at the end: there is nothing to recover before that."""

_NO_ROOM = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)))
"""What the operating system says of a disk that is full, and of limits to what one may write."""


class LabCopy:
    """The copy of a lab's file that is to take its place; the file may not be there yet.

    Everything that a change makes stands in one hidden folder beside the file, which the next change clears should this
    one be killed.
    """

    def __init__(self, path: Path, settings: Mapping[str, str], wait: float) -> None:
        self.path = path
        self._settings = settings
        self._wait = wait
        self._work = path.with_name(f".{path.name}.loading")

    @contextmanager
    def changing(self, step: Step, ahead: AbstractContextManager[None] = NOTHING) -> Iterator[Writer]:
        """Work on the copy, and put it in the file's place.

        Raises:
            LabBusy: another load has not ended within the time to wait, or somebody has the file open for writing.
            LabError: the file is no lab, or one of a later version, or one to read only, or cannot be written.
        """
        with self._locked(step), interruptible(), ahead, self._replaced(step) as writer:
            canonical.refuse_copy(writer.connection)
            yield writer

    def bring_up(self, step: Step) -> None:
        """Make a file of an earlier version one of this, unless another program has done so meanwhile.

        Raises:
            LabBusy, LabError: as for any change.
        """
        try:
            with self._locked(step), interruptible():
                with closing(duckdb.connect()) as connection:
                    version = attach(connection, self.path, LAB)
                if version < canonical.VERSION:
                    with self._replaced(step):
                        pass
        except (LabError, duckdb.Error) as error:
            refusal = type(error) if isinstance(error, LabError) else LabError
            raise refusal(
                f"The lab {self.path} was made by an earlier sessionlab, and has to be brought up to date before it is"
                f" read. {error} Where that is not for you to do, bring a copy of the file up to date."
            ) from error

    @contextmanager
    def _replaced(self, step: Step) -> Iterator[Writer]:
        try:
            with refusing("lab", self.path):
                self._clear()
                self._work.mkdir()
                self._make_copy()
            with self._room():
                yield from self._write()
            step("writing the lab's file")
            with refusing("lab", self.path):
                self._publish()
        finally:
            self._clear()

    @contextmanager
    def _locked(self, step: Step) -> Iterator[None]:
        file = self.path.with_name(f"{self.path.name}.lock")
        lock = FileLock(file)
        step("waiting for another load")
        try:
            with refusing("lab", self.path):
                file.touch()  # says what is wrong where it cannot be made: the lock would wait for that to change
                lock.acquire(timeout=self._wait)
        except Timeout:
            raise LabBusy(
                f"Another program has been loading into {self.path} for {self._wait:g} seconds. Wait for it to end and"
                " try again, or give it longer: Lab(…, wait=seconds)."
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Say plainly that there is no room, whoever met it: DuckDB, or a loader that blames its source."""
        try:
            yield
        except (duckdb.Error, SourceError, OSError) as error:
            reason = next((reason for reason in _NO_ROOM if reason in str(error)), None)
            if reason is None:
                raise
            raise LabError(
                f"The lab {self.path} cannot be written: {reason}. It is as it was. A load needs room for a copy of the"
                " lab and for what is new: make some, or have the lab on another disk."
            ) from error

    def _clear(self) -> None:
        if self._work.is_dir():
            shutil.rmtree(self._work)

    def _make_copy(self) -> None:
        """Copy the file, kept from being written elsewhere meanwhile."""
        if not self.path.exists():
            return
        if not os.access(self.path, os.W_OK):
            raise LabError(f"The lab {self.path} is write-protected. Make it writable (chmod u+w) to load into it.")
        with closing(duckdb.connect()) as connection:
            attach(connection, self.path, LAB)
            log = self.path.with_name(self.path.name + ".wal")
            if log.exists():
                raise LabError(
                    f"Another program has left changes to {self.path} unfinished, in {log}. Open it once with DuckDB,"
                    " so that it recovers, and try again."
                )
            shutil.copyfile(self.path, self._work / NAME)

    def _write(self) -> Iterator[Writer]:
        copy, scratch = self._work / NAME, self._work / "scratch"
        is_there = copy.exists()
        scratch.mkdir()
        with closing(connect(self._settings, self._work / "spill")) as connection:
            connection.execute(f"SET checkpoint_threshold = '{_NO_CHECKPOINT}'")
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")
            connection.execute(f"ATTACH {literal(str(copy))} AS {LAB} (ROW_GROUP_SIZE {ROW_GROUP})")
            prepare(connection)
            (canonical.bring_up if is_there else canonical.create)(connection)
            yield Writer(connection, scratch, parallel=True, file=copy)
            connection.execute(f"CHECKPOINT {LAB}")
            connection.execute("USE memory")
            connection.execute(f"DETACH {LAB}")

    def _publish(self) -> None:
        copy = self._work / NAME
        sync(copy)
        if self.path.exists():
            shutil.copymode(self.path, copy)
        copy.replace(self.path)
        sync(self.path.parent)
