"""Telling databases from other files by their first bytes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable

from sessionlab.loaders.sqlite_file import MAGIC

_DUCKDB = b"DUCK"
_BESIDE = re.compile(r"-(wal|shm|journal)$|\.(wal|lock)$")
"""How the names of files end that SQLite keeps beside a database, and a lab beside its file."""


def is_database(path: str) -> bool:
    """Whether a file is an SQLite or a DuckDB database, or stands beside one as a part of it."""
    head = _head(_BESIDE.sub("", path))
    return head == MAGIC or head[8:12] == _DUCKDB


def databases_among(paths: Iterable[str]) -> list[str]:
    """Find the SQLite databases among some files, by their first bytes."""
    return [path for path in paths if _head(path) == MAGIC]


def _head(path: str) -> bytes:
    """Read the first bytes of a file; none of what is no file, as a pipe, which might never come to an end."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a folder may have very many
            return b""
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            return file.read(len(MAGIC))
    except OSError:
        return b""
