"""Where a lab lives: in memory, or in a file whose readers are never locked out.

DuckDB lets one process write a file or many read it. So a lab's file is only ever read: a load works on a copy beside it and puts
the copy in its place at the end. Readers finish on the old file and find the new one at their next query.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
from filelock import FileLock, Timeout

from sessionlab import canonical
from sessionlab.errors import LabBusy, LabError
from sessionlab.loaders.target import LAB, prepare
from sessionlab.schema import literal

_ROW_GROUP = 20480
"""Rows a row group: small enough that all cores compress a table of a hundred thousand rows."""
_NO_CHECKPOINT = "1TB"
"""The copy is written out once, at the end: there is nothing to recover before that."""


@dataclass(frozen=True)
class Writer:
    """A lab open for a load.

    ``parallel`` says whether other connections to it may write at the same time. ``restart`` makes a connection usable again
    after a statement has failed; what was written before may or may not be there still.
    """

    connection: duckdb.DuckDBPyConnection
    parallel: bool
    restart: Callable[[], None] = lambda: None


class Storage(Protocol):
    """What keeps a lab's tables."""

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give a connection that sees the lab as it is now."""

    def writing(self) -> AbstractContextManager[Writer]:
        """Open the lab for changes that take effect together at the end, or not at all."""

    def close(self) -> None:
        """Let go of all files."""


class MemoryStorage:
    """A lab that lives as long as its program."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._connection = _connect(settings)
        self._connection.execute(f"ATTACH ':memory:' AS {LAB} (ROW_GROUP_SIZE {_ROW_GROUP})")
        prepare(self._connection)
        self._connection.execute("RESET preserve_insertion_order")
        canonical.create(self._connection)

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give the one connection there is."""
        return self._connection

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Change the lab in place, within one transaction."""
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("BEGIN")
        try:
            yield Writer(self._connection, False, self._begin_anew)
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        finally:
            self._connection.execute("RESET preserve_insertion_order")

    def _begin_anew(self) -> None:
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()


class FileStorage:
    """A lab in a file, which may not be there yet."""

    def __init__(self, path: Path, settings: Mapping[str, str], wait: float) -> None:
        if not path.parent.is_dir():
            raise LabError(f"There is no folder {path.parent} to keep the lab {path.name} in.")
        self.path = path
        self._settings = settings
        self._wait = wait
        self._copy = path.with_name(f".{path.name}.loading")
        self._seen: tuple[int, int, int] | None = None
        self._connection = _connect(settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._attach()

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give a connection to the file as it is now, having turned to a new one if there is one."""
        if _state(self.path) != self._seen:
            self._connection.execute("USE memory")
            self._connection.execute(f"DETACH {LAB}")
            self._attach()
        return self._connection

    def _attach(self) -> None:
        self._seen = _state(self.path)
        if self._seen is None:
            self._connection.execute(f"ATTACH ':memory:' AS {LAB}")
            self._connection.execute(f"USE {LAB}")
            canonical.create(self._connection)
        else:
            _attach_to_read(self._connection, self.path)
            self._connection.execute(f"USE {LAB}")

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Work on a copy and put it in the file's place.

        Raises:
            LabBusy: another load has not ended within the time to wait, or somebody has the file open for writing.
            LabError: the file is no lab, or one of a later version.
        """
        with self._locked():
            self._clear()
            try:
                self._make_copy()
                yield from self._write()
                self._publish()
            finally:
                self._clear()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(f"{self.path}.lock", timeout=self._wait)
        try:
            lock.acquire()
        except Timeout:
            raise LabBusy(
                f"Another load has been writing to {self.path} for {self._wait:g} seconds. Try again later."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _clear(self) -> None:
        self._copy.unlink(missing_ok=True)
        self._copy.with_name(self._copy.name + ".wal").unlink(missing_ok=True)

    def _make_copy(self) -> None:
        if not self.path.exists():
            return
        with closing(duckdb.connect()) as connection:
            _attach_to_read(connection, self.path)
        shutil.copyfile(self.path, self._copy)

    def _write(self) -> Iterator[Writer]:
        with closing(_connect(self._settings)) as connection:
            connection.execute(f"SET checkpoint_threshold = '{_NO_CHECKPOINT}'")
            connection.execute(f"ATTACH {literal(str(self._copy))} AS {LAB} (ROW_GROUP_SIZE {_ROW_GROUP})")
            prepare(connection)
            canonical.create(connection)
            yield Writer(connection, parallel=True)
            connection.execute("USE memory")
            connection.execute(f"DETACH {LAB}")

    def _publish(self) -> None:
        with self._copy.open("rb") as file:
            os.fsync(file.fileno())
        if self.path.exists():
            shutil.copymode(self.path, self._copy)
        self._copy.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _connect(settings: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    spill = Path(tempfile.gettempdir()) / f"sessionlab-{os.getpid()}"
    try:
        return duckdb.connect(config={"temp_directory": str(spill), "python_scan_all_frames": "true", **settings})
    except duckdb.Error as error:
        raise LabError(f"DuckDB refuses the settings {dict(settings)}: {error}") from error


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _attach_to_read(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a lab's file read-only, having made sure that it is one.

    Raises:
        LabBusy: somebody has it open for writing.
        LabError: it is no lab, or one of a later version.
    """
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS {LAB} (READ_ONLY)")
        version = _version_of(connection, path)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        if "lock" in said.lower() or "already attached" in said or "different configuration" in said:
            raise LabBusy(
                f"The lab {path} is open for writing elsewhere: {said}. Close it there and try again."
            ) from error
        raise LabError(f"{path} cannot be opened as a lab: {said}") from error
    if version > canonical.VERSION:
        raise LabError(
            f"The lab {path} has schema version {version}, and this sessionlab knows {canonical.VERSION} at most. Update sessionlab."
        )


def _version_of(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name", [LAB]
    ).fetchall()
    names = [name for (name,) in tables]
    if "sessionlab" not in names or "sessions" not in names:
        raise LabError(
            f"{path} is a DuckDB file but no lab: it has {', '.join(names[:6]) or 'no tables'}. Give the lab a path of its own."
        )
    return int(connection.execute(f"SELECT max(version) FROM {LAB}.main.sessionlab").fetchall()[0][0])
