"""Bringing a lab up to date: finding out what changed at its sources without reading them, and loading that again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.canonical import remove_files
from sessionlab.errors import SourceError
from sessionlab.ingest import Load, run
from sessionlab.kinds import Kind, kind_named
from sessionlab.loaders import Source, open_source
from sessionlab.loaders.elsewhere import given_up
from sessionlab.progress import Meter
from sessionlab.reports import LoadReport, RefreshReport
from sessionlab.storage import Storage, Writer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FRAME = "frame:"
"""How the URI of a data frame begins."""


@dataclass
class Change:
    """What changed at one source. ``source`` is what to load again, if anything; ``only`` are the files to read."""

    name: str
    kind: str | None = None
    source: Source | None = None
    only: frozenset[str] | None = None
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: str | None = None

    @property
    def matters(self) -> bool:
        """Whether the lab is to be written."""
        return self.source is not None or bool(self.gone)


@dataclass(frozen=True)
class Known:
    """What a lab knows of a source: as it was when it was loaded."""

    name: str
    uri: str
    fingerprint: str | None
    kind: str | None


def bring_up_to_date(storage: Storage, urls: Mapping[str, str], meter: Meter) -> RefreshReport:
    """Load again what changed. Each source is brought up for itself: one that fails leaves the others be.

    Args:
        storage: The lab.
        urls: Full URLs of sources by name, where the noted one lacks its password.
        meter: Told what goes on.
    """
    changes, loads = [], []
    state = storage.state()
    for known in _sources(storage.reader()):
        change = _compare(storage.reader(), known, urls)
        if change.matters:
            change, report = _bring_up(storage, Seen(known, change, state), urls, meter)
            loads += [report] if report else []
        changes.append(change)
    return RefreshReport(
        added=_together(change.added for change in changes),
        changed=_together(change.changed for change in changes),
        gone=_together(change.gone for change in changes),
        unchanged=sum(change.unchanged for change in changes),
        failed=tuple(f"{change.name}: {change.failed}" for change in changes if change.failed),
        loads=tuple(loads),
    )


def _together(paths: Iterable[list[str]]) -> tuple[str, ...]:
    """Put paths together; one that several sources stand for is named once."""
    return tuple(dict.fromkeys(chain.from_iterable(paths)))


@dataclass(frozen=True)
class Seen:
    """A source, and what had changed there when the lab was in a certain state."""

    known: Known
    change: Change
    state: str


def _bring_up(storage: Storage, seen: Seen, urls: Mapping[str, str], meter: Meter) -> tuple[Change, LoadReport | None]:
    """Load a source with the lab open for writing; look at it again first, if somebody was faster to change the lab."""
    try:
        with storage.writing(meter) as writer, meter.watching(writer.connection, writer.file):
            same = storage.state() == seen.state
            change = seen.change if same else _compare_again(writer.connection, seen.known.name, urls)
            return change, _apply(change, writer, meter)
    except SourceError as error:
        return Change(seen.known.name, failed=str(error)), None


def _compare_again(connection: DuckDBPyConnection, name: str, urls: Mapping[str, str]) -> Change:
    still = [known for known in _sources(connection) if known.name == name]
    return _compare(connection, still[0], urls) if still else Change(name)


def _sources(connection: DuckDBPyConnection) -> list[Known]:
    """List the sources that can change: not data frames, which live in their program only."""
    rows = connection.execute(
        "SELECT s.source, s.uri, s.fingerprint, h.kind FROM main.sources AS s LEFT JOIN main.hints AS h USING (source)"
        " WHERE NOT starts_with(s.uri, ?) ORDER BY ALL",
        [FRAME],
    )
    return [Known(*row) for row in rows.fetchall()]


def _compare(connection: DuckDBPyConnection, known: Known, urls: Mapping[str, str]) -> Change:
    """Compare a source with what is noted of it."""
    change = Change(known.name, known.kind)
    rows = connection.execute("SELECT path, size, mtime_ns, gone FROM main.files WHERE source = ?", [known.name])
    noted = {path: (size, mtime, gone) for path, size, mtime, gone in rows.fetchall()}
    try:
        if known.fingerprint is None:
            _compare_files(change, known, noted, connection)
        elif "://" in known.uri:
            _compare_server(change, known, urls.get(known.name, known.uri))
        else:
            _compare_database(change, known, gone=known.uri in noted)
    except (SourceError, OSError) as error:
        change.failed = str(error)
    return change


def _compare_files(
    change: Change, known: Known, noted: Mapping[str, tuple[int, int, bool]], connection: DuckDBPyConnection
) -> None:
    from sessionlab.loaders.json import JsonSource

    source = JsonSource(known.uri, _kind_of(known))
    try:
        states = source.list_files({path: (size, mtime) for path, (size, mtime, gone) in noted.items() if not gone})
    except SourceError:
        states = []
    there = {state.path for state in states}
    ours_now = given_up(connection, known.name)
    for state in states:
        before = noted.get(state.path)
        if before is None or before[2] or state.path in ours_now:
            change.added.append(state.path)
        elif before[:2] != (state.size, state.mtime_ns):
            change.changed.append(state.path)
        else:
            change.unchanged += 1
    change.gone = [path for path, (_, _, gone) in noted.items() if not gone and path not in there]
    read = [*change.added, *change.changed]
    if read:
        lost = [file for file in _lost_to(connection, known.name, read) if file in there]
        change.only = source.only = frozenset([*read, *lost])
        change.source = source


def _lost_to(connection: DuckDBPyConnection, name: str, files: list[str]) -> list[str]:
    """List the files with a record that lost to one of these files: it may win now."""
    rows = connection.execute(
        "SELECT DISTINCT file FROM main.superseded WHERE source = ? AND winner IN (SELECT unnest(?::VARCHAR[]))",
        [name, files],
    )
    return [file for (file,) in rows.fetchall()]


def _compare_database(change: Change, known: Known, *, gone: bool) -> None:
    from sessionlab.loaders.sqlite import SqliteSource

    if not Path(known.uri).exists():
        change.gone = [] if gone else [known.uri]
        return
    source = SqliteSource(known.uri, _kind_of(known))
    if gone or source.fingerprint() != known.fingerprint:
        (change.added if gone else change.changed).append(known.uri)
        change.source = source
    else:
        change.unchanged = 1


def _kind_of(known: Known) -> Kind | None:
    return kind_named(known.kind) if known.kind else None


def _compare_server(change: Change, known: Known, url: str) -> None:
    source = open_source(url, known.kind)
    if source.fingerprint() == known.fingerprint:
        change.unchanged = 1
    else:
        change.changed, change.source = [known.uri], source


def _apply(change: Change, writer: Writer, meter: Meter) -> LoadReport | None:
    """Bring one source of a lab up to date; return what its load had to say, if there was one.

    Raises:
        SourceError: it could not be looked at, or not be loaded.
    """
    if change.failed:
        raise SourceError(change.failed)
    _leave_out_vanished(change)
    if change.gone:
        _mark_gone(writer.connection, change)
    if change.source is None:
        return None
    load = Load(change.source, change.name, change.kind, step=meter)
    if change.only is None:
        return run(load, writer)
    return run(replace(load, make_room=partial(remove_files, files=sorted(change.only))), writer)


def _leave_out_vanished(change: Change) -> None:
    """Count those files as gone that have vanished since they were looked at: what the lab has of them stays."""
    from sessionlab.loaders.files import unshown
    from sessionlab.loaders.json import JsonSource

    vanished = {path for path in change.only or () if not os.path.lexists(unshown(path))}
    if not vanished or not isinstance(change.source, JsonSource):
        return
    change.gone += [path for path in change.changed if path in vanished]
    change.added, change.changed = (
        [path for path in paths if path not in vanished] for paths in (change.added, change.changed)
    )
    change.only = change.source.only = (change.only or frozenset()) - vanished
    if not change.only:
        change.source = None


def _mark_gone(connection: DuckDBPyConnection, change: Change) -> None:
    """Flag files that are no longer there; a database that is gone has no entry yet."""
    connection.execute(
        "UPDATE main.files SET gone = true WHERE source = ? AND path IN (SELECT unnest(?::VARCHAR[]))",
        [change.name, change.gone],
    )
    connection.execute(
        "INSERT INTO main.files (source, path, gone) SELECT $source, path, true FROM (SELECT unnest($gone) AS path)"
        " WHERE path NOT IN (SELECT path FROM main.files WHERE source = $source)",
        {"source": change.name, "gone": change.gone},
    )
