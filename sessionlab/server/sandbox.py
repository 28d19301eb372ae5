"""Answering anybody's SQL on a lab: in processes that can only read its file, are given so much time, and are killed.

A process answers many queries, one at a time, on one state of the lab; when the lab has changed, a new one takes over.
"""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sessionlab.errors import LabError, QueryError
from sessionlab.lab import Lab

if TYPE_CHECKING:
    import pyarrow as pa

_START = "from sessionlab.server.worker import main; main()"
_START_SECONDS = 30.0
_MOST_ROWS = 200_000
_GRACE = 1.5
"""How long after its time a query may take to stop by itself."""


class Busy(LabError):
    """All processes are at work."""


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
        self._places: queue.LifoQueue[_Process | None] = queue.LifoQueue()
        for _ in range(self.limits.processes):
            self._places.put(None)
        self._copy = _Copy(lab)

    def run(self, query: str, *, rows: int | None = None, form: str = "json") -> Result:
        """Run one query.

        Args:
            query: One SELECT of DuckDB's SQL.
            rows: The most rows to give; never more than the limit.
            form: ``json`` (an array of arrays), ``csv`` or ``arrow`` (the IPC stream).

        Raises:
            QueryError: it is refused; Stopped: it took too long or too much memory.
            Busy: others are being answered.
        """
        most = min(rows or self.limits.rows, self.limits.rows)
        return self._run({"query": query, "rows": most, "format": form})

    def table(self, query: str, values: dict[str, Any] | None = None) -> pa.Table:
        """Run a query of ours that has a caller's condition in it; give all its rows.

        Raises:
            QueryError: it is refused, or gives too much; Stopped: it took too long or too much memory.
            Busy: others are being answered.
        """
        import pyarrow as pa

        result = self._run({"query": query, "rows": _MOST_ROWS, "format": "arrow", "values": values})
        if result.truncated:
            raise QueryError(f"This gives more than {_MOST_ROWS:,} rows. Ask for less.")
        return pa.ipc.open_stream(result.body).read_all()

    def _run(self, asked: dict[str, Any]) -> Result:
        request = {**asked, "seconds": self.limits.seconds}
        with self._place() as place:
            fresh = place.fresh
            header, body = place.ask(request, self.limits.seconds)
            if "stopped" in header:
                place.end()
        if header.get("stopped") == "memory" and not fresh:
            # What earlier queries have left behind may have taken the room: in a new process it is all its own.
            return self._run(asked)
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
    def _place(self) -> Iterator[_Process]:
        """Lend a process on the lab as it is now."""
        try:
            place = self._places.get(timeout=self.limits.seconds)
        except queue.Empty:
            raise Busy("All processes for SQL are at work. Try again in a moment.") from None
        try:
            snapshot = self._lab.snapshot
            if place is None or place.snapshot != snapshot or not place.alive:
                if place is not None:
                    place.end()
                place = _Process(self._copy.at(snapshot), snapshot, self.limits.memory)
            yield place
        finally:
            self._places.put(place)

    def close(self) -> None:
        """End all processes."""
        with suppress(queue.Empty):
            while True:
                if place := self._places.get_nowait():
                    place.end()
        self._copy.close()


class _Copy:
    """Where the processes find the lab: its file, or for a lab in memory a copy of it as it is."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._made: dict[str, Path] = {}

    def at(self, snapshot: str) -> Path:
        if self._lab.path is not None and self._lab.path.exists():
            return self._lab.path
        with self._lock:
            if snapshot not in self._made:
                self._forget()
                self._folder = self._folder or tempfile.TemporaryDirectory(prefix="sessionlab-sql-")
                path = Path(self._folder.name, f"lab-{snapshot}.duckdb")
                self._lab.copy_to(path)
                self._made = {snapshot: path}
            return self._made[snapshot]

    def _forget(self) -> None:
        """Remove the earlier copy: who has it open goes on reading it."""
        for path in self._made.values():
            path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


class _Process:
    """A process that answers queries on one state of a lab."""

    def __init__(self, path: Path, snapshot: str, memory: int) -> None:
        self.snapshot = snapshot
        self.fresh = True
        hard = 2 * memory * 1_000_000
        command = [sys.executable, "-P", "-c", _START, str(path), f"{memory}MB", str(hard)]
        self._child = subprocess.Popen(  # noqa: S603 - a constant, and values of ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd="/",
            start_new_session=True,
        )
        try:
            self._read(time.monotonic() + _START_SECONDS)
        except _Gone as error:
            raise LabError(f"No process to answer SQL could be started on the lab {path}.") from error

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def ask(self, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        """Ask, and wait a little longer than the query may take; then end the process."""
        self.fresh = False
        try:
            _pipe(self._child.stdin).write(json.dumps(request).encode() + b"\n")
            _pipe(self._child.stdin).flush()
            return self._read(time.monotonic() + seconds + _GRACE)
        except TimeoutError:
            self.end()
            return {"stopped": "time"}, b""
        except (_Gone, BrokenPipeError):
            self.end()
            return {"stopped": "memory"}, b""

    def _read(self, until: float) -> tuple[dict[str, Any], bytes]:
        """Read a header line and the body that it announces."""
        head = b""
        while b"\n" not in head:
            head += self._some(until)
        line, _, body = head.partition(b"\n")
        header: dict[str, Any] = json.loads(line)
        parts, size = [body], len(body)
        while size < header["size"]:
            parts.append(self._some(until))
            size += len(parts[-1])
        return header, b"".join(parts)

    def _some(self, until: float) -> bytes:
        out = _pipe(self._child.stdout).fileno()
        left = until - time.monotonic()
        if left <= 0 or not select.select([out], [], [], left)[0]:
            raise TimeoutError
        data = os.read(out, 1 << 20)
        if not data:
            raise _Gone
        return data

    def end(self) -> None:
        """Kill the process."""
        with suppress(ProcessLookupError):
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                _pipe(pipe).close()


class _Gone(Exception):
    """A process has ended."""


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise _Gone
    return pipe


def _environment() -> dict[str, str]:
    """Give a process what Python needs, and no secret that this one has."""
    kept = ("PATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    # The process begins elsewhere, and must find what this one has found.
    return {**own, "PYTHONPATH": os.pathsep.join(filter(None, map(os.path.abspath, sys.path))), "HOME": "/nonexistent"}
