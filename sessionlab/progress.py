"""Showing that a long load is alive: a line with a bar on a terminal or in a notebook, nothing anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from sessionlab.display.shell import in_notebook

if TYPE_CHECKING:
    from rich.progress import Progress

_EVERY = 0.2
"""Seconds between two looks at how far DuckDB has come."""

_PATIENCE = 0.5
"""Seconds before a notebook shows anything: what is done by then leaves no trace in the notebook."""


class Line(Protocol):
    """Where progress is shown."""

    def show(self, text: str, share: float | None) -> None:
        """Show a text, and how much of it is done (0 to 100, None: not known)."""


class Meter:
    """Takes a line of what goes on now; while it watches a connection, it shows how far DuckDB is with that."""

    def __init__(self, what: str, line: Line | None) -> None:
        self._what = what
        self._line = line
        self._now = ""

    def __call__(self, now: str) -> None:
        """Say what goes on now."""
        self._now = now
        self._show(None)

    def _show(self, share: float | None, written: int = 0) -> None:
        if self._line:
            size = f" · {written / 1e6:,.0f} MB written" if written >= 1e6 else ""
            self._line.show(f"{self._what}{': ' if self._now else ''}{self._now}{size}", share)

    @contextmanager
    def watching(self, connection: duckdb.DuckDBPyConnection, file: Path | None = None) -> Iterator[None]:
        """Watch a connection at work, and the file that it writes, for the time of a block."""
        if self._line is None:
            yield
            return
        with suppress(duckdb.Error):  # DuckDB refuses in a notebook without ipywidgets, and tells no share then
            for setting in ("enable_progress_bar = true", "enable_progress_bar_print = false", "progress_bar_time = 0"):
                connection.execute(f"SET {setting}")
        done = Event()
        watcher = Thread(target=self._watch, args=(connection, file, done), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _watch(self, connection: duckdb.DuckDBPyConnection, file: Path | None, done: Event) -> None:
        while not done.wait(_EVERY):
            share = connection.query_progress()
            self._show(share if 0 <= share <= 100 else None, _size(file))


def _size(file: Path | None) -> int:
    try:
        return file.stat().st_size if file else 0
    except OSError:
        return 0


@contextmanager
def showing(what: str) -> Iterator[Meter]:
    """Show progress for the time of a block on a terminal or in a notebook; anywhere else the meter shows nothing."""
    if sys.stderr.isatty():
        with _terminal() as line:
            yield Meter(what, line)
    elif in_notebook():
        with _notebook() as line:
            yield Meter(what, line)
    else:
        yield Meter(what, None)


class _RichLine:
    """A line of rich: drawn over itself, and gone at the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def show(self, text: str, share: float | None) -> None:
        known = share is not None
        self._progress.update(
            self._task, description=text, total=100 if known else None, completed=share if known else 0
        )


@contextmanager
def _terminal() -> Iterator[Line]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _RichLine(progress)


class _NotebookLine:
    """A line of an output cell, written anew in place. It needs no widgets."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None
        self._began = self._shown = time.monotonic()
        self._text = ""

    def show(self, text: str, share: float | None) -> None:
        now = time.monotonic()
        done = "" if share is None else f" {share:.0f} %"
        due = text != self._text or now - self._shown >= 2 * _EVERY
        if due and now - self._began >= _PATIENCE:
            self._shown, self._text = now, text
            self._write(f"{text}{done} ({now - self._began:.0f} s)")

    def clear(self) -> None:
        """Take away what was shown."""
        if self._handle:
            self._write("")

    def _write(self, line: str) -> None:
        data = {"text/plain": line}
        if self._handle:
            self._handle.update(data, raw=True)
        else:
            self._handle = self._display(data, raw=True, display_id=True)


@contextmanager
def _notebook() -> Iterator[Line]:
    line = _NotebookLine(sys.modules["IPython"].display.display)
    try:
        yield line
    finally:
        line.clear()
