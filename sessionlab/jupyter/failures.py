"""Errors in a notebook: what is wrong in a few lines, and the traceback one click away."""

from __future__ import annotations

import html
import sys
import traceback
from types import TracebackType
from typing import Any

from sessionlab.display import framed
from sessionlab.display.cells import short
from sessionlab.errors import SessionlabError

_LONGEST = 4_000
_TRACE = 20_000


def show_failures(shell: Any) -> None:
    """Let a shell show the errors of this package in their own words."""
    shell.set_custom_exc((SessionlabError,), _show)


def _show(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
    tb_offset: int | None = None,  # noqa: ARG001 - as IPython calls it
) -> list[str]:
    """Show an error: for programs that read notebooks it is one like any other, and ``%tb`` still has all of it."""
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    lines = [f"{kind.__name__}: {short(str(error), _LONGEST)}", *_places(shell, trace)]
    shell._showtraceback(kind, error, lines)
    if hasattr(shell, "kernel"):
        shell.display_pub.publish({"text/html": _folded(kind, error, trace), "text/plain": "%tb shows the traceback."})
    return lines


def _places(shell: Any, trace: TracebackType | None) -> list[str]:
    """Give the line of a cell that led to it."""
    named = [(shell.compile.format_code_name(frame.filename), frame) for frame in traceback.extract_tb(trace)]
    places = [f"{' '.join(name)}, line {frame.lineno}: {frame.line}" for name, frame in named if name]
    return places[-1:]


def _folded(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    whole = "".join(traceback.format_exception(kind, error, trace))
    text = html.escape(short(whole, _TRACE))
    return framed(f"<details><summary>traceback</summary><pre>{text}</pre></details>")
