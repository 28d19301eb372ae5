"""Telling databases from other files by their first bytes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable

_SQLITE = b"SQLite format 3\0"
_DUCKDB = b"DUCK"
_BESIDE = re.compile(r"-(wal|shm|journal)$|\.(wal|lock)$")
"""How the names of files end that SQLite keeps beside a database, and a lab beside its file."""


def is_database(path: str) -> bool:
    """Whether a file is an SQLite or a DuckDB database, or stands beside one as a part of it."""
    path = _BESIDE.sub("", path)
    return is_sqlite(path) or is_duckdb(path)


def is_sqlite(path: str) -> bool:
    """Whether a file is an SQLite database."""
    return _head(path) == _SQLITE


def is_duckdb(path: str) -> bool:
    """Whether a file is a DuckDB database, as a lab is."""
    return _head(path)[8:12] == _DUCKDB


def databases_among(paths: Iterable[str]) -> list[str]:
    """Find the SQLite databases among some files, by their first bytes."""
    return list(filter(is_sqlite, paths))


def is_stream(path: str) -> bool:
    """Whether something is neither a file nor a folder but a pipe or a device, which can be read once or for ever."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - as below
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _head(path: str) -> bytes:
    """Read the first bytes of a file; none of what is no file, as a pipe, which might never come to an end."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a folder may have very many
            return b""
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            return file.read(len(_SQLITE))
    except OSError:
        return b""
