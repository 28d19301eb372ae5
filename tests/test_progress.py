from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.progress import Meter, showing
from tests.labs import run_python, write_json

SLOW = """
import sys
from sessionlab.progress import showing
import duckdb
with showing("loading [bold]") as meter, duckdb.connect() as connection, meter.watching(connection):
    meter("counting")
    connection.execute("SELECT count(DISTINCT hash(range)) FROM range(5000000)").fetchall()
    meter("done")
"""
LOAD = "import sys; from sessionlab import Lab; Lab(sys.argv[1]).load(sys.argv[2])"


def on_a_terminal(code: str, *arguments: object) -> str:
    """Run some Python whose stderr is a terminal, and give what it shows there."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                read = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            shown += read
        assert process.stdout
        assert process.stdout.read() == b""
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


def test_a_terminal_shows_a_line_that_moves_and_goes() -> None:
    shown = on_a_terminal(SLOW)
    assert "loading [bold]: counting" in shown
    assert "━" in shown
    assert shown.count("counting") > 2
    assert shown.endswith("\x1b[2K")


def test_a_load_on_a_terminal(tmp_path: Path) -> None:
    shown = on_a_terminal(LOAD, tmp_path / "lab.duckdb", write_json(tmp_path / "runs.json", range(100)))
    assert "loading runs" in shown


def test_nothing_is_shown_in_a_pipe(tmp_path: Path) -> None:
    done = run_python(LOAD, tmp_path / "lab.duckdb", write_json(tmp_path / "runs.json", [1]))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_duckdb_draws_no_bar_of_its_own(tmp_path: Path) -> None:
    code = """
import sys
from sessionlab import Lab
asked = "SELECT current_setting('enable_progress_bar')"
for lab in (Lab(), Lab(sys.argv[1])):
    with lab._storage.writing(lambda _: None) as writer:
        print(writer.connection.execute(asked).fetchall())
    print(lab.sql(asked).fetchall())
"""
    assert run_python(code, tmp_path / "lab.duckdb").stdout == "[(False,)]\n" * 4


class Kernel:
    """What is used of IPython in a notebook."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.display = SimpleNamespace(display=self._display)

    def get_ipython(self) -> object:
        return SimpleNamespace(kernel=True)

    def _display(self, data: dict[str, str], **options: Any) -> Any:
        assert options == {"raw": True, "display_id": True}
        self.shown.append(data["text/plain"])
        return SimpleNamespace(update=self._update)

    def _update(self, data: dict[str, str], **options: Any) -> None:
        assert options == {"raw": True}
        self.shown.append(data["text/plain"])


def test_a_notebook_shows_a_line_that_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel = Kernel()
    monkeypatch.setattr("sessionlab.progress._PATIENCE", 0)
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    Lab().load(write_json(tmp_path / "runs.json", [1]))
    assert any(line.startswith("loading runs: ") and line.endswith("(0 s)") for line in kernel.shown)
    assert kernel.shown[-1] == ""


def test_a_quick_load_leaves_no_trace_in_a_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel = Kernel()
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setattr("sessionlab.progress._PATIENCE", 60)
    Lab().load(write_json(tmp_path / "runs.json", [1]))
    assert kernel.shown == []


def test_ipython_on_a_pipe_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))
    with showing("x") as meter:
        assert meter._line is None


class Lines:
    def __init__(self) -> None:
        self.seen: list[tuple[str, float | None]] = []

    def show(self, text: str, share: float | None) -> None:
        self.seen.append((text, share))


def test_it_tells_how_far_duckdb_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlab.progress._EVERY", 0.02)
    lines = Lines()
    meter = Meter("loading", lines)
    grown = tmp_path / "grown"
    grown.write_bytes(b"x" * 3_000_000)
    with duckdb.connect() as connection, meter.watching(connection, grown):
        meter("counting")
        connection.execute("SELECT count(DISTINCT hash(range)) FROM range(5000000)").fetchall()
    shares = [share for text, share in lines.seen if text == "loading: counting · 3 MB written" and share is not None]
    assert shares
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 100


def test_a_meter_that_shows_nothing_changes_nothing() -> None:
    asked = "SELECT name, value FROM duckdb_settings() WHERE name LIKE '%progress%' ORDER BY ALL"
    with duckdb.connect() as connection:
        before = connection.execute(asked).fetchall()
        with Meter("x", None).watching(connection):
            assert connection.execute(asked).fetchall() == before


def test_it_stops_watching_at_once_on_an_error() -> None:
    began = time.monotonic()
    with duckdb.connect() as connection, pytest.raises(ValueError, match="x"), Meter("x", Lines()).watching(connection):
        raise ValueError("x")
    assert time.monotonic() - began < 2


def test_a_duckdb_that_refuses_to_tell_is_no_trouble() -> None:
    """In a notebook without ipywidgets it refuses the very setting."""

    class Refusing:
        def execute(self, statement: str) -> None:
            raise duckdb.InvalidInputException(statement)

        def query_progress(self) -> float:
            return -1.0

    lines = Lines()
    meter = Meter("loading", lines)
    with meter.watching(cast("duckdb.DuckDBPyConnection", Refusing())):
        meter("x")
    assert lines.seen[0] == ("loading: x", None)
