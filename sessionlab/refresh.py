"""Finding out what changed at a lab's sources since they were loaded, without reading any of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.errors import SourceError
from sessionlab.ingest import Load, Step, run
from sessionlab.kinds import KINDS
from sessionlab.loaders import Source, open_source
from sessionlab.loaders.json import JsonSource
from sessionlab.reports import LoadReport
from sessionlab.schema import quote
from sessionlab.storage import Writer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IN_FILES = "file IN (SELECT unnest(?::VARCHAR[]))"


@dataclass
class Change:
    """What changed at one source. ``source`` is what to load again, if anything is; ``only`` are the files of it to read."""

    name: str
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


def changes(connection: DuckDBPyConnection, urls: Mapping[str, str]) -> list[Change]:
    """Compare each source of a lab with what is noted of it.

    Args:
        connection: The lab.
        urls: Full URLs of sources by name, where the noted one lacks its password.
    """
    known = connection.execute("SELECT source, uri, fingerprint FROM main.sources ORDER BY source").fetchall()
    found = []
    for name, uri, fingerprint in known:
        if uri.startswith("frame:"):
            continue
        files = connection.execute(
            "SELECT path, size, mtime_ns, gone FROM main.files WHERE source = ?", [name]
        ).fetchall()
        change = Change(name)
        if files or fingerprint is None:
            _compare_files(change, JsonSource(uri), {path: state for path, *state in files}, connection)
        else:
            _compare_database(change, urls.get(name, uri), uri, fingerprint)
        found.append(change)
    return found


def _compare_files(
    change: Change, source: JsonSource, noted: Mapping[str, list[object]], connection: DuckDBPyConnection
) -> None:
    try:
        states, _ = source.list_files()
    except SourceError:
        states = []
    there = {state.path for state in states}
    for state in states:
        if state.path not in noted:
            change.added.append(state.path)
        elif noted[state.path] != [state.size, state.mtime_ns, False]:
            change.changed.append(state.path)
        else:
            change.unchanged += 1
    change.gone = [path for path, (_, _, gone) in noted.items() if path not in there and not gone]
    if change.added or change.changed:
        changed = [*change.added, *change.changed]
        losers = connection.execute(
            "SELECT DISTINCT file FROM main.superseded WHERE source = ? AND winner IN (SELECT unnest(?::VARCHAR[]))",
            [change.name, changed],
        ).fetchall()
        change.only = source.only = frozenset([*changed, *(file for (file,) in losers if file in there)])
        change.source = source


def _compare_database(change: Change, url: str, uri: str, noted: str) -> None:
    if "://" not in url and not Path(url).exists():
        change.gone = [uri]
        return
    try:
        source = open_source(url)
        fingerprint = source.fingerprint()
    except SourceError as error:
        change.failed = str(error)
        return
    if fingerprint == noted:
        change.unchanged = 1
    else:
        change.changed, change.source = [uri], source


def apply(change: Change, writer: Writer, step: Step) -> LoadReport | None:
    """Bring one source of a lab up to date; return what its load had to say, if there was one."""
    connection = writer.connection
    if change.gone:
        connection.execute(
            "UPDATE main.files SET gone = true WHERE source = ? AND path IN (SELECT unnest(?::VARCHAR[]))",
            [change.name, change.gone],
        )
    if change.source is None:
        return None
    if change.only is None:
        return run(Load(change.source, change.name, step=step), writer)
    only = sorted(change.only)

    def make_room(lab: DuckDBPyConnection, name: str) -> None:
        _remove_files(lab, name, only)

    return run(Load(change.source, change.name, step=step, make_room=make_room), writer)


def _remove_files(connection: DuckDBPyConnection, name: str, files: list[str]) -> None:
    """Take out what came from some files, leaving the rest of their source."""
    native = [f"{quote(kind.name)}.{quote(table.name)}" for kind in KINDS.values() for table in kind.tables]
    for table in [*native, "main.rejects", "main.superseded"]:
        connection.execute(f"DELETE FROM {table} WHERE source = ? AND {_IN_FILES}", [name, files])
