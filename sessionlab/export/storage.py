"""A lab over a data set: it reads the files in place, and cannot be written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import duckdb

from sessionlab.errors import LabError
from sessionlab.export.folder import Folder
from sessionlab.export.manifest import INDEX, Manifest
from sessionlab.export.remote import Remote, scheme_of
from sessionlab.export.views import attach_views, refuse_later
from sessionlab.loaders.target import LAB
from sessionlab.readers import Readers
from sessionlab.schema import quote
from sessionlab.storage import NOTHING, Step, Writer, connect, shared_spill


class Place(Protocol):
    """Where a data set is."""

    @property
    def root(self) -> str:
        """What the paths of its files begin with."""

    def open(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Have a connection read from there."""

    def manifests(self) -> Mapping[str, Manifest]:
        """Read the manifests, by the folder of their source."""

    def state(self) -> str:
        """Tell this state of the manifests from every other one."""


class Local:
    """A data set in a folder."""

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)
        self.root = str(self._folder.path)

    def open(self, connection: duckdb.DuckDBPyConnection) -> None:  # noqa: ARG002 - as every place is opened
        """Refuse a folder that is no data set.

        Raises:
            LabError: it is none.
        """
        if not (self._folder.path / INDEX).exists() and not self._folder.manifest_paths():
            raise LabError(f"There is no data set at {self.root}: it has no {INDEX}. lab.export(…) makes one.")

    def manifests(self) -> Mapping[str, Manifest]:
        """Read the manifests, by the folder of their source."""
        return self._folder.manifests()

    def state(self) -> str:
        """Look at the manifests' files, each of which is replaced when it changes."""
        states = []
        for path in self._folder.manifest_paths():
            found = path.stat()
            states.append(f"{path.parent.name}:{found.st_ino}-{found.st_mtime_ns}-{found.st_size}")
        return " ".join(states)


class DataSet:
    """A lab's storage over a data set.

    A query sees each source as the manifests had it when the query was made; what is exported later, the next one sees.
    """

    def __init__(self, place: str, settings: Mapping[str, str], filesystem: Any = None) -> None:
        remote = scheme_of(place) is not None
        self._place: Place = Remote(place, filesystem) if remote else Local(Path(place))
        self._lock = threading.Lock()
        self._seen: str | None = None
        self._catalog = ""
        self._attached: set[str] = set()
        self._readers = Readers(lambda: connect(settings, shared_spill()))
        self._root = self._readers.root
        self._root.execute("SET parquet_metadata_cache = true")  # what a manifest names never changes
        self._place.open(self._root)
        self.reader()

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give a connection to the data set as it is now.

        Raises:
            LabError: it cannot be read.
        """
        with self._lock:
            while (now := self._place.state()) != self._seen:
                try:
                    self._turn(now)
                except LabError:
                    if self._place.state() == now:  # else what was just read has been replaced
                        raise
            connection = self._readers.get(self._catalog)
            for unused in self._attached - self._readers.catalogs() - {self._catalog}:
                self._root.execute(f"DETACH {quote(unused)}")
                self._attached.discard(unused)
            return connection

    def _turn(self, now: str) -> None:
        names = (LAB if number == 1 else f"{LAB}_{number}" for number in count(1))
        catalog = next(name for name in names if name not in self._attached)
        manifests = self._place.manifests()
        refuse_later(manifests, self._place.root)
        attach_views(self._root, manifests, self._place.root, catalog)
        self._catalog, self._seen = catalog, now
        self._attached.add(catalog)

    def state(self) -> str:
        """Give what changes when something is exported into the data set."""
        return self._place.state()

    def writing(
        self,
        step: Step,  # noqa: ARG002 - as every lab is written
        ahead: AbstractContextManager[None] = NOTHING,  # noqa: ARG002
    ) -> AbstractContextManager[Writer]:
        """Refuse.

        Raises:
            LabError: always.
        """
        raise LabError(f"The data set {self._place.root} is only read.")

    def close(self) -> None:
        """Let go of all files."""
        self._readers.close()
