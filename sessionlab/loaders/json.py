"""JSON files as a source: sound files go straight through DuckDB's reader, the others record by record."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NoReturn

import duckdb

from sessionlab.display import counted
from sessionlab.errors import SourceError
from sessionlab.kinds import KINDS, Kind
from sessionlab.loaders.clean import Cleaned, Cleaner
from sessionlab.loaders.duplicates import drop_superseded, files_with_duplicates
from sessionlab.loaders.elsewhere import held_elsewhere
from sessionlab.loaders.files import (
    NOTHING,
    WILD,
    FileState,
    Listing,
    Noted,
    expand,
    real_path,
    shown,
    states,
    stem,
    unshown,
)
from sessionlab.loaders.forms import Form
from sessionlab.loaders.groups import Group, Scan
from sessionlab.loaders.heads import databases_among
from sessionlab.loaders.plain import plain_shape
from sessionlab.loaders.prefetch import prefetched
from sessionlab.loaders.read import checks, inserts
from sessionlab.loaders.scan import scan
from sessionlab.loaders.scratch import Scratch, by_halves
from sessionlab.loaders.target import Outcome, Stumbled, Target, table_of
from sessionlab.loaders.times import is_no_time
from sessionlab.schema import Type, quote

_USUAL_MOST = 1 << 24
"""The size up to which the reader takes a record unless told otherwise."""
_FILES = "file IN (SELECT unnest(?::VARCHAR[]))"


class JsonSource:
    """A file, a folder or a glob of JSON files.

    ``only`` narrows a load to some of the files, as a refresh does; ``closer`` are files known to need the slow way.
    """

    def __init__(self, pattern: str, kind: Kind | None = None) -> None:
        self._pattern = unshown(str(real_path(pattern)))
        self.uri = shown(self._pattern)
        self.name = _readable_name(self.uri)
        self.kind = kind
        self.only: frozenset[str] | None = None
        self.closer: set[str] = set()
        self._listed: Listing | None = None

    def ahead(self) -> AbstractContextManager[None]:
        """Begin nothing: there is nothing to wait for."""
        return nullcontext()

    def fingerprint(self) -> str | None:
        """JSON has a state for each file, and none as a whole."""
        return None

    def list_files(self, noted: Noted = NOTHING) -> list[FileState]:
        """Stat the files there are now. A load that follows takes no other ones; none is read that is as noted."""
        self._listed = expand(self._pattern, noted)
        return list(states(self._listed.paths))

    def load(self, target: Target) -> Outcome:
        """Write the files' rows into the native tables.

        Raises:
            Stumbled: the reader broke on files that looked sound; they are in ``closer`` now, and the load begins anew.
            InvalidRecord: something would be rejected, and the load is strict.
            SourceError: there are no files, or the reader breaks on what it read without trouble before.
        """
        found = self._listed or expand(self._pattern)
        paths = [path for path in found.paths if self.only is None or shown(path) in self.only]
        wanted = list(states(paths))
        outcome = self._set_apart(found, [state.path for state in wanted], target)
        paths = [path for path in paths if shown(path) not in outcome.elsewhere]
        self._reject_closed(found, target)
        target.step("looking through the files")
        closer = self._read_straight([path for path in paths if path not in self.closer], target, outcome)
        closer |= self.closer.intersection(paths)
        outcome.superseded += _clean(sorted(closer), target, outcome, self.kind)
        for name in outcome.kinds:
            outcome.superseded += drop_superseded(KINDS[name], target)
        outcome.files = _accounts(wanted, outcome, target)
        return outcome

    def _set_apart(self, found: Listing, names: list[str], target: Target) -> Outcome:
        """Note what is not to be read: what is no JSON, what is a database, and what another source has already."""
        databases = set(databases_among(found.ignored))
        return Outcome(
            ignored=[shown(path) for path in found.ignored if path not in databases],
            databases=sorted(map(shown, databases)),
            elsewhere=held_elsewhere(target, names),
        )

    def _read_straight(self, paths: Sequence[str], target: Target, outcome: Outcome) -> set[str]:
        """Read what looks sound, group by group, while the next are looked through.

        Returns:
            The files that want a closer look. The lab has no rows of them.
        """
        found = Scan(self.kind)
        read: dict[str, list[str]] = {}
        with Scratch(target.connection) as looking, Scratch(target.connection) as checking:
            try:
                with prefetched(scan(paths, looking, found), looking.stop) as groups:
                    for group in groups:
                        self._read(group, target)
                        read.setdefault(group.kind.name, []).extend(group.paths)
            except _Unreadable as unreadable:
                self._stumble(unreadable, checking)
        outcome.kinds.update(read)
        odd = (_taken_out(KINDS[name], files, target) for name, files in read.items())
        return {*found.closer, *chain.from_iterable(odd)}

    def _reject_closed(self, found: Listing, target: Target) -> None:
        if self.only is None:
            for folder in found.closed:
                target.reject(shown(folder), None, "no permission to look into this folder", b"")

    def _read(self, group: Group, target: Target) -> None:
        target.step(counted(len(group.paths), f"{group.kind.name} file"))
        try:
            for _, statement in inserts(group, target.source):
                target.execute(statement)
        except duckdb.Error as error:
            raise _Unreadable(group) from error

    def _stumble(self, unreadable: _Unreadable, scratch: Scratch) -> NoReturn:
        """Note which files of a group the reader broke on."""
        culprits, error = _culprits(unreadable.group, scratch), unreadable.__cause__
        if not culprits:
            raise SourceError(f"{self.uri} cannot be read: {error}") from error
        self.closer |= culprits
        raise Stumbled from error


class _Unreadable(Exception):
    """The reader broke on a group of files."""

    def __init__(self, group: Group) -> None:
        super().__init__()
        self.group = group


def _readable_name(uri: str) -> str:
    """Name a source after its file, its folder, or the last part of its path that holds no wildcard."""
    plain = [part for part in Path(uri).parts if not set(part) & WILD]
    return stem(plain[-1]) if len(plain) > 1 else "files"


def _culprits(group: Group, scratch: Scratch) -> set[str]:
    """Find the files that break the reader."""

    def read(paths: list[str]) -> bool:
        for statement in checks(replace(group, paths=paths)):
            scratch.fetch(statement)
        return True

    return {path for paths, sound in by_halves(group.paths, read) if not sound for path in paths}


def _unreadable(kind: Kind, paths: Sequence[str], target: Target) -> set[str]:
    """Find the files with an unreadable time or a row without what it needs, by what they left in the tables."""
    files: set[str] = set()
    for table in kind.tables:
        times = (is_no_time(quote(column.name)) for column in table.columns if column.type is Type.TIME)
        missing = (f"{quote(column.name)} IS NULL" for column in table.required)
        bad = " OR ".join(chain(times, missing))
        if bad:
            found = target.execute(
                f"SELECT DISTINCT file FROM {table_of(kind, table.name)} WHERE source = ? AND ({bad})",
                [target.source],
            )
            files.update(file for (file,) in found.fetchall())
    return files.intersection(paths)


def _taken_out(kind: Kind, paths: Sequence[str], target: Target) -> set[str]:
    """Find the files that turned out to need a closer look, and take their rows out again."""
    files = files_with_duplicates(kind, paths, target) | _unreadable(kind, paths, target)
    if files:
        for table in kind.tables:
            target.execute(
                f"DELETE FROM {table_of(kind, table.name)} WHERE source = ? AND {_FILES}",
                [target.source, list(files)],
            )
    return files


def _clean(paths: Sequence[str], target: Target, outcome: Outcome, kind: Kind | None) -> int:
    """Read files record by record and load what is sound in them; return how many records lost to a later one."""
    cleaner = Cleaner(Path(tempfile.mkdtemp(prefix="sound-", dir=target.folder)), target.reject, kind)
    for number, path in enumerate(paths, 1):
        target.step(f"a closer look at {Path(path).name} ({number} of {len(paths)})")
        cleaner.clean(path)
    for cleaned in cleaner.cleaned.values():
        outcome.kinds.add(cleaned.kind.name)
        for _, statement in inserts(_plain_group(cleaned), target.source, largest=max(_USUAL_MOST, cleaned.largest)):
            target.execute(statement)
    if cleaner.superseded:
        kinds, sessions, files = map(list, zip(*cleaner.superseded, strict=True))
        target.execute(
            "INSERT INTO main.superseded SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),"
            " unnest(?::VARCHAR[]) AS file, file",
            [target.source, kinds, sessions, files],
        )
    return len(cleaner.superseded)


def _plain_group(cleaned: Cleaned) -> Group:
    path, shape = cleaned.path, plain_shape(cleaned.kind)
    return Group(cleaned.kind, Form.LINES, "none", [str(path)], shape, cleaned.records, path.stat().st_size)


def _accounts(
    wanted: Sequence[FileState], outcome: Outcome, target: Target
) -> dict[str, tuple[int, int, int | None, int]]:
    """Count for each file the sessions that are in the lab; none are known of those left to another source."""
    rows: dict[str, int] = {}
    for name in outcome.kinds:
        found = target.execute(
            f"SELECT file, count(*) FROM {table_of(KINDS[name], KINDS[name].root.name)} WHERE source = ? GROUP BY ALL",
            [target.source],
        )
        for file, count in found.fetchall():
            rows[file] = rows.get(file, 0) + count
    return {
        state.path: (
            state.size,
            state.mtime_ns,
            None if state.path in outcome.elsewhere else rows.get(state.path, 0),
            target.rejects_by_file[state.path],
        )
        for state in wanted
    }
