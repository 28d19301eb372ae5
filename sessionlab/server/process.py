"""A process that answers queries on one state of a lab, one at a time, and can be killed at any moment."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO, Any

from sessionlab.errors import LabError

_START = "from sessionlab.server.worker import main; main()"
_START_SECONDS = 30.0
_GRACE = 1.5
"""How long after its time a query may take to stop by itself."""
LOOK_SECONDS = 0.25
"""How often it is looked whether anybody still waits."""

NOBODY = Event()
"""What is never set: nobody leaves."""


class Process:
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
        except (Gone, TimeoutError) as error:
            self.end()
            raise LabError(f"No process to answer SQL could be started on the lab {path}.") from error

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._child.poll() is None

    def ask(self, request: dict[str, Any], seconds: float, left: Event) -> tuple[dict[str, Any], bytes]:
        """Ask, and wait a little longer than the query may take; then, or when all have ``left``, end the process."""
        self.fresh = False
        try:
            _pipe(self._child.stdin).write(json.dumps(request).encode() + b"\n")
            _pipe(self._child.stdin).flush()
            return self._read(time.monotonic() + seconds + _GRACE, left)
        except TimeoutError:  # its time is over, or nobody waits
            self.end()
            return {"stopped": "time"}, b""
        except (Gone, BrokenPipeError):
            self.end()
            return {"stopped": "memory"}, b""

    def _read(self, until: float, left: Event = NOBODY) -> tuple[dict[str, Any], bytes]:
        """Read a header line and the body that it announces."""
        head = b""
        while b"\n" not in head:
            head += self._some(until, left)
        line, _, body = head.partition(b"\n")
        header: dict[str, Any] = json.loads(line)
        parts, size = [body], len(body)
        while size < header["size"]:
            parts.append(self._some(until, left))
            size += len(parts[-1])
        return header, b"".join(parts)

    def _some(self, until: float, left: Event) -> bytes:
        out = _pipe(self._child.stdout).fileno()
        while not select.select([out], [], [], LOOK_SECONDS)[0]:
            if left.is_set() or time.monotonic() > until:
                raise TimeoutError
        data = os.read(out, 1 << 20)
        if not data:
            raise Gone
        return data

    def end(self) -> None:
        """Kill the process."""
        with suppress(ProcessLookupError):
            self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                _pipe(pipe).close()


class Gone(Exception):
    """A process has ended."""


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise Gone
    return pipe


def _environment() -> dict[str, str]:
    """Give a process what Python needs, and no secret that this one has."""
    kept = ("PATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    # The process begins elsewhere, and must find what this one has found.
    return {**own, "PYTHONPATH": os.pathsep.join(filter(None, map(os.path.abspath, sys.path))), "HOME": "/nonexistent"}
