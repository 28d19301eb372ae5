"""The server: a metric over HTTP, beside the same within a program and beside Datasette on a store in SQLite."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlencode

from sessionlab import Lab
from tests.benchmarks.measure import in_turn
from tests.benchmarks.metrics import typed
from tests.benchmarks.peers import DATASETTE, installed
from tests.benchmarks.result import OURS, Figure, Result

_METRIC = "/api/metrics/success_rate?by=kind"
_CALLS = 20
_SECONDS = 60
_CONNECTIONS, _LASTS = 50, 5


def results(folder: Path, root: Path, size: str, rounds: int, *, peers: bool) -> Iterator[Result]:
    """Time one request after the other, and count the answers to many at once where ``wrk`` is installed."""
    with ExitStack() as stack:
        ours = stack.enter_context(_serving([_script("sessionlab"), "serve", "--lab", str(folder / "lab.duckdb")]))
        lab = stack.enter_context(Lab(folder / "lab.duckdb"))
        ways: dict[str, Callable[[], object]] = {
            OURS: _get(ours, lambda: f"{_METRIC}&{urlencode({'where': f'attempts > -{next(_NUMBERS)}'})}"),
            "sessionlab, asked before": _get(ours, lambda: _METRIC),
            "lab.metrics in a program": lambda: lab.metrics.success_rate(by="kind").fetchall(),
        }
        packages = installed(root, DATASETTE) if peers else None
        if packages:
            command = [
                sys.executable,
                "-m",
                "datasette",
                str(folder / "store.db"),
                "--setting",
                "sql_time_limit_ms",
                "9999",
            ]
            other = stack.enter_context(_serving(command, packages))
            query = typed("stored.sql")["success_rate"].strip().rstrip(";")
            ways["Datasette on the store"] = _get(other, lambda: f"/store.json?sql={quote(query)}&_shape=array")
        figures = in_turn(ways, rounds, _CALLS)
        yield Result("server", "one request after the other", size, tuple(figures.values()))
        if wrk := shutil.which("wrk"):
            yield Result("server", f"a request of {_CONNECTIONS} at once", size, (_throughput(wrk, ours),))


_NUMBERS = count(1)
"""Makes each condition a new one, whose answer nobody has kept."""


def _script(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


@contextmanager
def _serving(command: Sequence[str], packages: Path | None = None) -> Iterator[int]:
    """Run a server on a free port, and yield that."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    found: Mapping[str, str] = {"PYTHONPATH": str(packages)} if packages else {}
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, **found},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _get(port: int, path: Callable[[], str]) -> Callable[[], object]:
    """Make a call that gets what is at a path, over one connection that stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def call() -> object:
        try:
            connection.request("GET", path())
            answer = connection.getresponse()
        except ConnectionError:  # closed while others had their turn
            connection.close()
            connection.request("GET", path())
            answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)

    return call


def _throughput(wrk: str, port: int) -> Figure:
    """Ask over many connections at once, and give the seconds for one answer."""
    command = [wrk, "-t2", f"-c{_CONNECTIONS}", f"-d{_LASTS}s", f"http://127.0.0.1:{port}{_METRIC}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in said, said
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found, said
    return Figure(OURS, 1 / float(found[1]), int(float(found[1]) * _LASTS))
