"""A lab in a file whose readers are never locked out.

DuckDB lets one process write a file or many read it. So a lab's file is only ever read: a load works on a copy beside
it and puts the copy in its place at the end. Readers finish on the old file and find the new one at their next query.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from sessionlab import canonical
from sessionlab.attach import attach
from sessionlab.errors import LabBusy, LabError, SourceError
from sessionlab.loaders.target import LAB, prepare
from sessionlab.readers import Readers
from sessionlab.schema import literal, quote
from sessionlab.storage import NOTHING, ROW_GROUP, Step, Writer, connect, interruptible, seconds, shared_spill

_COPY = "lab.duckdb"
_NO_CHECKPOINT = "1TB"
"""The copy is written out once, at the end: there is nothing to recover before that."""

_NO_ROOM = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)))
"""What the operating system says of a disk that is full, and of limits to what one may write."""

State = tuple[int, int, int]


class FileStorage:
    """A lab in a file, which may not be there yet.

    Everything that a load makes stands in one hidden folder beside the file, which the next load clears should this
    one be killed.
    """

    def __init__(self, path: Path, settings: Mapping[str, str], wait: float) -> None:
        self.path = path.resolve()
        if not self.path.parent.is_dir():
            raise LabError(f"There is no folder {self.path.parent} to keep the lab {path.name} in.")
        if "?" in str(self.path):
            raise LabError(f"The path of a lab cannot have a question mark in it, as {self.path} has.")
        self._settings = settings
        self._wait = seconds(wait)
        self._work = self.path.with_name(f".{self.path.name}.loading")
        self._lock = threading.Lock()
        self._catalog = ""
        self._attached: set[str] = set()
        self._seen: State | None = None
        self._readers = Readers(lambda: connect(settings, shared_spill()))
        if self.path.exists():
            self._turn(_state(self.path))
        elif settings:
            self._readers.root  # noqa: B018 - says at once what DuckDB has against them

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give a connection to the file as it is now, having turned to a new one if there is one.

        The old file stays attached for as long as somebody has a result or a relation of it.

        Raises:
            LabError: what is there now is no lab.
        """
        with self._lock:
            now = _state(self.path)
            if now != self._seen or not self._catalog:
                self._turn(now)
            connection = self._readers.get(self._catalog)
            for unused in self._attached - self._readers.catalogs() - {self._catalog}:
                self._readers.root.execute(f"DETACH {quote(unused)}")
                self._attached.discard(unused)
            return connection

    def state(self) -> str:
        """Give what changes when another file takes the place of this one."""
        return "-".join(map(str, _state(self.path) or ("none",)))

    def _turn(self, now: State | None) -> None:
        names = (LAB if number == 1 else f"{LAB}_{number}" for number in count(1))
        catalog = next(name for name in names if name not in self._attached)
        if now is None:
            _attach_nothing(self._readers.root, catalog)
        elif attach(self._readers.root, self.path, catalog) < canonical.VERSION:
            self._readers.root.execute(f"DETACH {quote(catalog)}")
            self._bring_up()
            attach(self._readers.root, self.path, catalog)
            now = _state(self.path)
        self._catalog, self._seen = catalog, now
        self._attached.add(catalog)

    def _bring_up(self) -> None:
        """Make a file of an earlier version one of this: it lacks what is asked for."""
        try:
            with self.writing(lambda _: None):
                pass
        except LabError as error:
            raise type(error)(
                f"The lab {self.path} was made by an earlier sessionlab, and has to be brought up to date. {error}"
            ) from error

    @contextmanager
    def writing(self, step: Step, ahead: AbstractContextManager[None] = NOTHING) -> Iterator[Writer]:
        """Work on a copy and put it in the file's place.

        Raises:
            LabBusy: another load has not ended within the time to wait, or somebody has the file open for writing.
            LabError: the lab is closed; the file is no lab, or one of a later version, or cannot be written.
        """
        self._readers.refuse_closed()
        with self._locked(step), interruptible(), ahead:
            try:
                with self._refusing():
                    self._clear()
                    self._work.mkdir()
                    self._make_copy()
                with self._room():
                    yield from self._write()
                step("writing the lab's file")
                with self._refusing():
                    self._publish()
            finally:
                self._clear()

    @contextmanager
    def _locked(self, step: Step) -> Iterator[None]:
        file = self.path.with_name(f"{self.path.name}.lock")
        lock = FileLock(file)
        step("waiting for another load")
        try:
            with self._refusing():
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
    def _refusing(self) -> Iterator[None]:
        """Say plainly what the operating system has against a change of the lab."""
        try:
            yield
        except Timeout:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise LabError(
                f"The lab {self.path} cannot be written: {reason} ({error.filename or self.path.parent})."
            ) from error

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
            shutil.copyfile(self.path, self._work / _COPY)

    def _write(self) -> Iterator[Writer]:
        copy, scratch = self._work / _COPY, self._work / "scratch"
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
        copy = self._work / _COPY
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        if self.path.exists():
            shutil.copymode(self.path, copy)
        copy.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the file."""
        self._readers.close()


def _state(path: Path) -> State | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _attach_nothing(connection: duckdb.DuckDBPyConnection, catalog: str) -> None:
    """Attach an empty lab in place of a file that is not there yet. It only reads, as the file would."""
    with tempfile.TemporaryDirectory(prefix="sessionlab-") as folder:
        empty = literal(str(Path(folder, _COPY)))
        with closing(duckdb.connect()) as maker:
            maker.execute(f"ATTACH {empty} AS {LAB}")
            maker.execute(f"USE {LAB}")
            canonical.create(maker)
            maker.execute("USE memory")
            maker.execute(f"DETACH {LAB}")
        connection.execute(f"ATTACH {empty} AS {quote(catalog)} (READ_ONLY)")
