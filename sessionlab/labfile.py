"""A lab in a file whose readers are never locked out.

DuckDB lets one process write a file or many read it. So a lab's file is only ever read: a load works on a copy beside
it and puts the copy in its place at the end. Readers finish on the old file and find the new one at their next query.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import duckdb

from sessionlab import canonical
from sessionlab.attach import attach
from sessionlab.errors import LabError
from sessionlab.labcopy import NAME, LabCopy
from sessionlab.loaders.target import LAB
from sessionlab.progress import showing
from sessionlab.readers import Readers
from sessionlab.schema import literal, quote
from sessionlab.storage import NOTHING, Step, Writer, connect, seconds, shared_spill

State = tuple[int, int, int]


class FileStorage:
    """A lab in a file, which may not be there yet."""

    def __init__(self, path: Path, settings: Mapping[str, str], wait: float) -> None:
        self.path = path.resolve()
        if not self.path.parent.is_dir():
            raise LabError(f"There is no folder {self.path.parent} to keep the lab {path.name} in.")
        if "?" in str(self.path):
            raise LabError(f"The path of a lab cannot have a question mark in it, as {self.path} has.")
        self._copy = LabCopy(self.path, settings, seconds(wait))
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
            with showing(f"bringing {self.path.name} up to date") as step:
                self._copy.bring_up(step)
            now = _state(self.path)  # before it is attached: if it changes in between, the next look finds that
            attach(self._readers.root, self.path, catalog)
        self._catalog, self._seen = catalog, now
        self._attached.add(catalog)

    @contextmanager
    def writing(self, step: Step, ahead: AbstractContextManager[None] = NOTHING) -> Iterator[Writer]:
        """Work on a copy and put it in the file's place.

        Raises:
            LabBusy: another load has not ended within the time to wait, or somebody has the file open for writing.
            LabError: the lab is closed; the file is no lab, or one of a later version, or cannot be written.
        """
        self._readers.refuse_closed()
        with self._copy.changing(step, ahead) as writer:
            yield writer

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
        empty = literal(str(Path(folder, NAME)))
        with closing(duckdb.connect()) as maker:
            maker.execute(f"ATTACH {empty} AS {LAB}")
            maker.execute(f"USE {LAB}")
            canonical.create(maker)
            maker.execute("USE memory")
            maker.execute(f"DETACH {LAB}")
        connection.execute(f"ATTACH {empty} AS {quote(catalog)} (READ_ONLY)")
