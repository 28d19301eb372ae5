"""How the command line ends where it cannot go on: with one line on stderr, or quietly where nobody reads on."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from sessionlab.errors import SessionlabError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class ReaderLeft(Exception):
    """Whoever read our output has had enough, as ``head`` has: that is no failure."""


class Commands(click.Group):
    """The group of all commands. A broken pipe is taken out of the hands of click and rich: both call it a failure."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the words of the command line, of which ``--help`` prints; see :meth:`invoke`."""
        with _noticing():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command.

        Raises:
            ReaderLeft: whoever read its output has had enough.
        """
        with _noticing():
            return super().invoke(ctx)


@contextmanager
def _noticing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        if _is_read():
            raise SessionlabError("A connection was closed at its other end. Try again.") from error
        raise ReaderLeft from error
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise ReaderLeft from end
        raise


def _is_read() -> bool:
    """Whether somebody still reads stdout and stderr: what broke is another pipe then, as that to a server."""
    if sys.platform == "win32":
        return False
    left = select.poll()
    for stream in (sys.stdout, sys.stderr):
        left.register(stream.fileno(), 0)
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in left.poll(0))


def never_fail_to_print() -> None:
    """Put a question mark in the place of what the encoding of stdout and stderr has no sign for.

    UTF has one for all but what is no character, as a file's name may have: that is spelled out. What is printed to
    one that is closed goes nowhere.
    """
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace" if stream.encoding.lower().startswith("utf") else "replace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def print_no_more() -> None:
    """Send what stands in stdout's buffer nowhere, so that Python does not try to write it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def in_one_line(error: Exception) -> str | None:
    """Say what failed and what to try; None for what is a defect of ours."""
    if isinstance(error, SessionlabError):
        said = str(error)
    elif isinstance(error, OSError):
        said = _of_system(error)
    elif _is_of_duckdb(error):
        said = said_by_duckdb(error)
    else:
        return None
    return " ".join(said.split())


def said_by_duckdb(error: Exception) -> str:
    """Say why a query failed while it ran, without the place in the SQL: that is mostly SQL that we have written."""
    said = str(error).partition("\n\nLINE ")[0]
    return f"{said}. TRY_CAST gives NULL in its place." if said.startswith("Conversion Error") else said


def _is_of_duckdb(error: Exception) -> bool:
    """Tell an error of DuckDB's, which is not imported to find out."""
    duckdb = sys.modules.get("duckdb")
    return duckdb is not None and isinstance(error, duckdb.Error)


def _of_system(error: OSError) -> str:
    what = error.strerror or str(error)
    if error.filename is None:
        return f"The output cannot be written: {what}. Send it elsewhere." if error.errno in _NO_ROOM else f"{what}."
    return f"{os.fsdecode(error.filename)} cannot be used: {what}. {_hint(error, Path(os.fsdecode(error.filename)))}"


def _hint(error: OSError, path: Path) -> str:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Name a place that you may write to."
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and not path.parent.is_dir():
        return f"There is no folder {path.parent}: make it, or name another."
    return "Name another place."
