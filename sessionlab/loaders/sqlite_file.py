"""Opening an SQLite file so that it is only ever read: nothing in it, nor any file beside it, is written."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote as url_quote

from sessionlab.errors import SourceError

MAGIC = b"SQLite format 3\0"
BUSY_SECONDS = 5.0
"""How long to wait for somebody else's write before giving up."""


@dataclass(frozen=True)
class OpenWay:
    """An SQLite URI that only reads. An ``unwatched`` one takes no locks: whether the file changed meanwhile is to be asked."""

    uri: str
    unwatched: bool = False


def state_of(path: Path) -> str:
    """Sum up a file's state cheaply: sizes and times of the file and its write-ahead log."""
    parts = []
    for file in (path, _beside(path, "-wal")):
        try:
            found = file.stat()
            parts.append(f"{found.st_size}:{found.st_mtime_ns}")
        except FileNotFoundError:
            parts.append("-")
    return "/".join(parts)


@contextmanager
def way_to(path: Path, scratch: Path) -> Iterator[OpenWay]:
    """Choose how to read an SQLite file.

    A file in WAL mode with no log beside it is read as immutable, as any other way makes SQLite create the log. One whose log
    has lost its index (a crash, a copy) is read from a copy, and so is one in a folder where the index cannot be opened.

    Raises:
        SourceError: it cannot be opened.
    """
    wal, shm = _beside(path, "-wal"), _beside(path, "-shm")
    if not _in_wal_mode(path):
        yield OpenWay(_uri(path, "mode=ro"))
    elif not wal.exists():
        yield OpenWay(_uri(path, "mode=ro&immutable=1"), unwatched=True)
    elif shm.exists() and _opens(path):
        yield OpenWay(_uri(path, "mode=ro"))
    else:
        copy = scratch / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(wal, _beside(copy, "-wal"))
        yield OpenWay(_uri(copy, "mode=ro"), unwatched=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _in_wal_mode(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\x02\x02"


def _uri(path: Path, options: str) -> str:
    return f"file:{url_quote(str(path))}?{options}"


def _opens(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(_uri(path, "mode=ro"), uri=True)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return False
    return True


def connect(way: OpenWay) -> sqlite3.Connection:
    """Open a connection for questions and single rows; texts that are not UTF-8 show their odd bytes as escapes."""
    connection = sqlite3.connect(way.uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.text_factory = lambda text: text.decode(errors="backslashreplace")
    return connection


def tables_of(path: Path, connection: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """List the tables of a database with their columns and declared types.

    Raises:
        SourceError: it is locked, damaged, or no database.
    """
    query = (
        "SELECT m.name, c.name, c.type FROM sqlite_master AS m, pragma_table_info(m.name) AS c"
        " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    tables: dict[str, dict[str, str]] = {}
    try:
        for table, column, type_ in connection.execute(query):
            tables.setdefault(table, {})[column] = type_
    except sqlite3.Error as error:
        raise refused(path, error) from error
    return tables


def refused(path: Path, error: Exception) -> SourceError:
    """Say what SQLite's complaint about a file means for its user."""
    said = str(error)
    if "locked" in said or "busy" in said:
        hint = f"another program has held it locked for {BUSY_SECONDS:g} seconds; close that program or try again"
    elif "not a database" in said or "malformed" in said:
        hint = "it is damaged or no SQLite database; 'sqlite3 FILE .recover' may save what is left"
    elif "readonly" in said or "unable to open" in said:
        hint = "it cannot be opened; if a write was cut off, open it once with sqlite3 so that it recovers"
    else:
        hint = "SQLite refused it"
    return SourceError(f"{path}: {hint} ({said}).")
