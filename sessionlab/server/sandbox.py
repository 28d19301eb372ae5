"""Answering anybody's SQL on a lab: in processes that can only read its file, are given so much time, and are killed.

A process answers many queries, one at a time, on one state of the lab; when the lab has changed, a new one takes over.
"""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from sessionlab.errors import LabError, QueryError
from sessionlab.lab import Lab
from sessionlab.server.process import NOBODY, Process

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_ROWS = 200_000


class Busy(LabError):
    """All processes are at work."""


class Abandoned(QueryError):
    """Nobody waits for the answer any more."""


class Stopped(QueryError):
    """A query took too long, or too much memory."""


@dataclass(frozen=True)
class Limits:
    """What a query may take.

    Attributes:
        seconds: Time.
        rows: Rows of the answer.
        memory: DuckDB's memory, in MB; twice that and some more is what its process may take in all.
        processes: How many queries run at a time.
    """

    seconds: float = 10.0
    rows: int = 10_000
    memory: int = 512
    processes: int = 2


@dataclass(frozen=True)
class Result:
    """What a query gave: names and types of the columns, the rows in a format, and whether there were more."""

    columns: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    seconds: float


class Sandbox:
    """Answers SQL on a lab, so many queries at a time."""

    def __init__(self, lab: Lab, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lab = lab
        self._places: queue.LifoQueue[Process | None] = queue.LifoQueue()
        for _ in range(self.limits.processes):
            self._places.put(None)
        self._copy = _Copy(lab)
        self._closed = False

    def run(self, query: str, *, rows: int | None = None, form: str = "json", left: Event = NOBODY) -> Result:
        """Run one query.

        Args:
            query: One SELECT of DuckDB's SQL.
            rows: The most rows to give; never more than the limit.
            form: ``json`` (an array of arrays), ``csv`` or ``arrow`` (the IPC stream).
            left: Set when nobody waits for the answer any more.

        Raises:
            QueryError: it is refused; Stopped: it took too long or too much memory.
            Busy: others are being answered; Abandoned: nobody waits any more.
        """
        most = min(rows or self.limits.rows, self.limits.rows)
        return self._run({"query": query, "rows": most, "format": form}, left)

    def table(self, query: str, values: dict[str, Any] | None = None) -> pa.Table:
        """Run a query of ours that has a caller's condition in it; give all its rows.

        Raises:
            QueryError: it is refused, or gives too much; Stopped: it took too long or too much memory.
            Busy: others are being answered.
        """
        import pyarrow as pa

        result = self._run({"query": query, "rows": _MOST_ROWS, "format": "arrow", "values": values}, NOBODY)
        if result.truncated:
            raise QueryError(f"This gives more than {_MOST_ROWS:,} rows. Ask for less.")
        return pa.ipc.open_stream(result.body).read_all()

    def _run(self, asked: dict[str, Any], left: Event) -> Result:
        request = {**asked, "seconds": self.limits.seconds}
        with self._place(left) as place:
            fresh = place.fresh
            header, body = place.ask(request, self.limits.seconds, left)
            if "stopped" in header:
                place.end()
        if left.is_set():
            raise Abandoned("Nobody waits for this any more.")
        if header.get("stopped") == "memory" and not fresh:
            # What earlier queries have left behind may have taken the room: in a new process it is all its own.
            return self._run(asked, left)
        if "refused" in header:
            raise QueryError(header["refused"])
        if "stopped" in header:
            raise Stopped(self._why(header["stopped"]))
        columns = tuple((name, type_) for name, type_ in header["columns"])
        return Result(columns, body, bool(header.get("truncated")), header["seconds"])

    def _why(self, limit: str) -> str:
        if limit == "time":
            return f"The query was stopped: it took more than {self.limits.seconds:g} seconds. Ask for less."
        return f"The query was stopped: it took more than {self.limits.memory} MB of memory. Ask for less."

    @contextmanager
    def _place(self, left: Event) -> Iterator[Process]:
        """Lend a process on the lab as it is now."""
        try:
            place = self._places.get(timeout=self.limits.seconds)
        except queue.Empty:
            raise Busy("All processes for SQL are at work. Try again in a moment.") from None
        try:
            if left.is_set():
                raise Abandoned("Nobody waits for this any more.")
            snapshot = self._lab.snapshot
            if place is None or place.snapshot != snapshot or not place.alive:
                if place is not None:
                    place.end()
                with self._copy.at(snapshot) as path:
                    place = Process(path, snapshot, self.limits.memory)
            yield place
        finally:
            self._places.put(place)
            if self._closed:
                self._end_idle()

    def close(self) -> None:
        """End all processes; one that is at work ends with that."""
        self._closed = True
        self._end_idle()
        self._copy.close()

    def _end_idle(self) -> None:
        with suppress(queue.Empty):
            while True:
                if place := self._places.get_nowait():
                    place.end()


class _Copy:
    """Where the processes find the lab: its file, or for a lab in memory a copy of it as it is."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._made: dict[str, Path] = {}
        self._numbers = count()

    @contextmanager
    def at(self, snapshot: str) -> Iterator[Path]:
        """Lend the file until a process has it open: only one that is lent to nobody is removed."""
        if self._lab.path is not None and self._lab.path.exists():
            yield self._lab.path
            return
        with self._lock:
            if snapshot not in self._made:
                self._forget()
                self._folder = self._folder or tempfile.TemporaryDirectory(prefix="sessionlab-sql-")
                path = Path(self._folder.name, f"lab-{next(self._numbers)}.duckdb")
                self._lab.copy_to(path)
                self._made = {snapshot: path}
            yield self._made[snapshot]

    def _forget(self) -> None:
        """Remove the earlier copy: who has it open goes on reading it."""
        for path in self._made.values():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
