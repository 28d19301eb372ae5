"""Where a lab lives: what a file and the memory have in common, and the lab that lives in memory."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Protocol

import duckdb

from sessionlab import canonical
from sessionlab.errors import LabBusy, LabError
from sessionlab.loaders.target import LAB, prepare
from sessionlab.readers import Readers

ROW_GROUP = 12288
"""Rows a row group: few, so that all cores compress a table of a hundred thousand rows, and that a checkpoint which
merges half-filled groups, rewriting their neighbours on one core, has little to rewrite."""

NOTHING = nullcontext()
"""Stands for nothing that is to be begun ahead; it can be entered any number of times."""

Step = Callable[[str], None]
"""Takes a line of what goes on now."""


@dataclass(frozen=True)
class Writer:
    """A lab open for a load.

    Attributes:
        connection: Its default catalog is the lab.
        folder: A scratch folder, cleared at the end.
        parallel: Whether other connections to the lab may write at the same time.
        file: The file that grows as rows are written; None in memory.
        restart: Makes the connection usable again after a statement has failed; what was written before may or may
            not be there still.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    parallel: bool
    file: Path | None = None
    restart: Callable[[], None] = lambda: None


class Storage(Protocol):
    """What keeps a lab's tables."""

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give the calling thread a connection that sees the lab as it is now."""

    def state(self) -> str:
        """Tell this state of the lab from every other one that it was in or will be."""

    def writing(self, step: Step, ahead: AbstractContextManager[None] = ...) -> AbstractContextManager[Writer]:
        """Open the lab for changes that take effect together at the end, or not at all.

        ``ahead`` is entered once it is our turn, before the lab is open.
        """

    def close(self) -> None:
        """Let go of all files."""


class MemoryStorage:
    """A lab that lives as long as its program."""

    def __init__(self, settings: Mapping[str, str], wait: float) -> None:
        self._wait = seconds(wait)
        self._writing = threading.Lock()
        self._readers = Readers(lambda: connect(settings, shared_spill()))
        self._root = self._readers.root
        self._root.execute(f"ATTACH ':memory:' AS {LAB} (ROW_GROUP_SIZE {ROW_GROUP})")
        self._root.execute(f"USE {LAB}")
        canonical.create(self._root)
        self._writes = 0

    def reader(self) -> duckdb.DuckDBPyConnection:
        """Give a connection that sees what has been committed."""
        return self._readers.get(LAB)

    def state(self) -> str:
        """Count the changes that were made."""
        return str(self._writes)

    @contextmanager
    def writing(self, step: Step, ahead: AbstractContextManager[None] = NOTHING) -> Iterator[Writer]:
        """Change the lab in place, within one transaction.

        Raises:
            LabBusy: another thread's load has not ended within the time to wait.
            LabError: the lab is closed.
        """
        self._readers.refuse_closed()
        step("waiting for another load")
        if not self._writing.acquire(timeout=self._wait):
            raise LabBusy(f"Another load of this lab has not ended for {self._wait:g} seconds. Try again later.")
        try:
            with (
                tempfile.TemporaryDirectory(prefix="sessionlab-") as folder,
                self._root.cursor() as connection,
                interruptible(),
                ahead,
            ):
                yield from self._transaction(Writer(connection, Path(folder), False, None, lambda: _anew(connection)))
        finally:
            self._writes += 1
            self._root.execute("RESET preserve_insertion_order")
            self._writing.release()

    def _transaction(self, writer: Writer) -> Iterator[Writer]:
        prepare(writer.connection)
        writer.connection.execute("BEGIN")
        try:
            yield writer
            writer.connection.execute("COMMIT")
        except BaseException:
            writer.connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Forget everything."""
        self._readers.close()


def seconds(wait: Any) -> float:
    """Check how long to wait for another load; infinity becomes the longest time that a lock can be waited for.

    Raises:
        LabError: it is no number from 0.
    """
    if isinstance(wait, bool) or not isinstance(wait, Real) or not float(wait) >= 0:
        raise LabError(f"wait is {wait!r}; it may be a number of seconds, 0 or more.")
    return min(float(wait), threading.TIMEOUT_MAX)


def _anew(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("ROLLBACK")
    connection.execute("BEGIN")


def connect(settings: Mapping[str, str], spill: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB of our own, in memory, that spills to a folder when it is short of memory.

    Raises:
        LabError: DuckDB refuses the settings.
    """
    try:
        # A cursor, as in a program without a file (a notebook, python -c) a connection draws progress bars on stdout.
        # And nothing is fetched from the network unless somebody asks for it, by INSTALL.
        own = {"temp_directory": str(spill), "autoinstall_known_extensions": "false"}
        return duckdb.connect(config={**own, **settings}).cursor()
    except duckdb.Error as error:
        raise LabError(f"DuckDB refuses the settings {dict(settings)}: {error}") from error


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be a KeyboardInterrupt where DuckDB makes a RuntimeError of it."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


def shared_spill() -> Path:
    """Name the folder to which readers spill. DuckDB makes it when needed, and each DuckDB clears its own files."""
    return Path(tempfile.gettempdir()) / f"sessionlab-{os.getuid()}"
