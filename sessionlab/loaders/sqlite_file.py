"""Opening an SQLite file so that it is only ever read: nothing in it, nor any file beside it, is written."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote as url_quote

from sessionlab import livefiles
from sessionlab.errors import SourceError

BUSY_SECONDS = 5.0
"""How long to wait for somebody else's write before giving up."""


@dataclass(frozen=True)
class OpenWay:
    """An SQLite URI that only reads; which files no lock of ours keeps as they are, and their state before."""

    uri: str
    unlocked: tuple[Path, ...] = ()
    state: str = ""

    def changed(self) -> bool:
        """Whether one of the files has changed since, so that what was read may be of two moments."""
        return _state(*self.unlocked) != self.state


def state_of(path: Path) -> str:
    """Sum up a database's state cheaply: it changes whenever somebody writes to it."""
    return _state(*files_of(path)[:2])


def _state(*paths: Path) -> str:
    """Sum up the state of files, by their sizes and times."""
    parts = []
    for path in paths:
        try:
            found = path.stat()
            parts.append(f"{found.st_size}:{found.st_mtime_ns}")
        except FileNotFoundError:
            parts.append("-")
    return "/".join(parts)


def files_of(path: Path) -> tuple[Path, Path, Path]:
    """Give a database and its two journals, there or not."""
    return path, _beside(path, "-wal"), _beside(path, "-journal")


def way_to(path: Path, scratch: Path, *, busy: bool = False) -> OpenWay:
    """Choose how to read an SQLite file.

    * In WAL mode with no log beside it: as immutable, as any other way makes SQLite create the log.
    * With a log and its index (``-shm``): without writing to the index. If no other program has it open, SQLite takes
      no locks then; if one turns out to (``busy``), the index is shared with it as SQLite has it: every reader marks
      there what it reads.
    * If a store of this process has it open: from a copy that the store makes (see :mod:`sessionlab.livefiles`).
    * With a log that has lost its index, or a rollback journal left by a crash: from a copy, which may recover.

    Raises:
        SourceError: it cannot be opened.
    """
    live = livefiles.backup_of(path)
    if live:
        return _way_to_live(live, scratch)
    try:
        main, wal, journal = files_of(path)
        way = _way_to_wal(main, wal, busy=busy) if _in_wal_mode(main) else _way_to_journal(main, journal)
        return way or _way_to_copy(files_of(path), scratch)
    except (OSError, sqlite3.Error) as error:
        raise refused(path, error) from error


def _way_to_wal(path: Path, wal: Path, *, busy: bool) -> OpenWay | None:
    if not wal.exists():
        return _without_lock(_uri(path, "mode=ro&immutable=1"), path, wal)
    if not _beside(path, "-shm").exists():
        return None
    way = OpenWay(_uri(path, "mode=ro")) if busy else _without_lock(_uri(path, "mode=ro&readonly_shm=1"), path)
    return way if _opens(way) else None


def _way_to_journal(path: Path, journal: Path) -> OpenWay | None:
    way = OpenWay(_uri(path, "mode=ro"))
    return way if not journal.exists() or _opens(way) else None


def _way_to_live(backup: livefiles.Backup, scratch: Path) -> OpenWay:
    copy = scratch / "live"
    copy.unlink(missing_ok=True)
    backup(copy)
    return OpenWay(_uri(copy, "mode=ro&immutable=1"))


def _way_to_copy(files: tuple[Path, ...], scratch: Path) -> OpenWay:
    before = _state(*files)
    copies = [scratch / f"copy{file.name.removeprefix(files[0].name)}" for file in files]
    for file, copy in zip(files, copies, strict=True):
        copy.unlink(missing_ok=True)
        if file.exists():
            shutil.copyfile(file, copy)
    return OpenWay(_uri(copies[0], "mode=rw"), files, before)


def _without_lock(uri: str, *files: Path) -> OpenWay:
    return OpenWay(uri, files, _state(*files))


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _in_wal_mode(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\x02\x02"


def _uri(path: Path, options: str) -> str:
    return f"file:{url_quote(os.fsencode(path))}?{options}"


def _opens(way: OpenWay) -> bool:
    """Whether SQLite can read it that way; somebody's lock is no answer.

    Raises:
        sqlite3.Error: it is locked.
    """
    with closing(sqlite3.connect(way.uri, uri=True, timeout=BUSY_SECONDS)) as connection:
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            if is_busy(error):
                raise
            return False
    return True


def is_busy(error: Exception) -> bool:
    """Whether SQLite complains that somebody else holds a lock."""
    return "locked" in str(error) or "busy" in str(error)


def refused(path: Path, error: Exception) -> SourceError:
    """Say what SQLite's complaint about a file means for its user."""
    said = re.sub(r" query: (SELECT|PRAGMA|BEGIN)\b.*", "", " ".join(str(error).split()))
    if isinstance(error, PermissionError):
        hint = "no permission to read it"
    elif is_busy(error):
        hint = f"another program has held it locked for {BUSY_SECONDS:g} seconds; close that program or try again"
    elif "not a database" in said or "malformed" in said:
        hint = "it is damaged or no SQLite database; 'sqlite3 FILE .recover' may save what is left"
    elif "readonly" in said or "unable to open" in said:
        hint = "it cannot be opened; if a write was cut off, open it once with sqlite3 so that it recovers"
    else:
        hint = "it cannot be read"
    return SourceError(f"{path}: {hint} ({said}).")
