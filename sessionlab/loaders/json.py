"""JSON files as a source: sound files go straight through DuckDB's reader, the others record by record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import duckdb

from sessionlab.kinds import KINDS, Kind
from sessionlab.loaders.clean import Cleaned, Cleaner
from sessionlab.loaders.duplicates import drop_superseded, files_with_duplicates
from sessionlab.loaders.files import FileState, Form, expand, states, stem
from sessionlab.loaders.plain import plain_shape
from sessionlab.loaders.read import checks, inserts
from sessionlab.loaders.scan import Group, scan
from sessionlab.loaders.target import Outcome, Stumbled, Target, table_of
from sessionlab.loaders.times import MACROS
from sessionlab.schema import Type, quote

_FILES = "file IN (SELECT unnest(?::VARCHAR[]))"


class JsonSource:
    """A file, a folder or a glob of JSON files.

    ``only`` narrows a load to some of the files, as a refresh does; ``closer`` are files known to need the slow way.
    """

    def __init__(self, pattern: str, kind: Kind | None = None) -> None:
        self.uri = str(Path(pattern).expanduser().absolute())
        self.name = _readable_name(self.uri)
        self.kind = kind
        self.only: frozenset[str] | None = None
        self.closer: set[str] = set()

    def fingerprint(self) -> str | None:
        """JSON has a state for each file, and none as a whole."""
        return None

    def list_files(self) -> tuple[list[FileState], list[str]]:
        """Stat the files there are now; beside them the paths of files that no loader of JSON reads."""
        paths, ignored = expand(self.uri)
        return list(states(paths)), ignored

    def load(self, target: Target) -> Outcome:
        """Write the files' rows into the native tables.

        Raises:
            Stumbled: the reader broke on files that looked sound; they are in ``closer`` now, and the load is to be begun anew.
            InvalidRecord: something would be rejected, and the load is strict.
            SourceError: there are no files.
        """
        found, ignored = self.list_files()
        wanted = [state for state in found if self.only is None or state.path in self.only]
        outcome = Outcome(ignored=ignored)
        target.step("looking through the files")
        seen = scan([state.path for state in wanted if state.path not in self.closer], self.kind)
        closer = {*seen.closer, *self.closer}
        for group in seen.groups.values():
            outcome.kinds.add(group.kind.name)
            closer |= self._read(group, target)
        outcome.superseded += _clean(sorted(closer), target, outcome, self.kind)
        for name in outcome.kinds:
            outcome.superseded += drop_superseded(KINDS[name], target)
        outcome.files = _accounts(wanted, outcome.kinds, target)
        return outcome

    def _read(self, group: Group, target: Target) -> set[str]:
        """Read a group; return its files that turned out to need a closer look, their rows taken out again."""
        target.step(f"{len(group.paths):,} {group.kind.name} file(s)")
        statements = iter(inserts(group, target.source))
        try:
            target.execute(next(statements)[1])
            suspects = files_with_duplicates(group.kind, group.paths, target)
            for _, statement in statements:
                target.execute(statement)
        except duckdb.Error as error:
            self.closer.update(_culprits(group))
            raise Stumbled from error
        suspects |= _unreadable(group.kind, group.paths, target)
        _remove(group.kind, suspects, target)
        return suspects


def _readable_name(uri: str) -> str:
    """Name a source after its file, its folder, or the last part of its path that holds no wildcard."""
    plain = [part for part in Path(uri).parts if not set(part) & set("*?[")]
    return stem(plain[-1]) if len(plain) > 1 else "files"


def _culprits(group: Group) -> Iterator[str]:
    """Find the files that break the reader, by halves, in a database of its own."""
    try:
        with closing(duckdb.connect()) as connection:
            connection.execute("SET TimeZone = 'UTC'").execute(MACROS)
            for statement in checks(group):
                connection.execute(statement).fetchall()
    except duckdb.Error:
        if len(group.paths) == 1:
            yield group.paths[0]
            return
        middle = len(group.paths) // 2
        for half in (group.paths[:middle], group.paths[middle:]):
            yield from _culprits(Group(group.kind, group.form, group.packing, half, group.shape))


def _unreadable(kind: Kind, paths: Sequence[str], target: Target) -> set[str]:
    """Find the files with a time that cannot be read or a row without what it needs, by the marks they left in the tables."""
    files: set[str] = set()
    for table in kind.tables:
        times = (f"isinf({quote(column.name)})" for column in table.columns if column.type is Type.TIME)
        missing = (f"{quote(column.name)} IS NULL" for column in table.required)
        bad = " OR ".join(chain(times, missing))
        if bad:
            found = target.execute(
                f"SELECT DISTINCT file FROM {table_of(kind, table.name)} WHERE source = ? AND ({bad})",
                [target.source],
            )
            files.update(file for (file,) in found.fetchall())
    return files.intersection(paths)


def _remove(kind: Kind, files: Collection[str], target: Target) -> None:
    if files:
        for table in kind.tables:
            target.execute(
                f"DELETE FROM {table_of(kind, table.name)} WHERE source = ? AND {_FILES}",
                [target.source, list(files)],
            )


def _clean(paths: Sequence[str], target: Target, outcome: Outcome, kind: Kind | None) -> int:
    """Read files record by record and load what is sound in them; return how many records lost to a later one."""
    cleaner = Cleaner(target.folder, target.reject, kind)
    for number, path in enumerate(paths, 1):
        target.step(f"a closer look at {Path(path).name} ({number} of {len(paths)})")
        cleaner.clean(path)
    for cleaned in cleaner.cleaned.values():
        outcome.kinds.add(cleaned.kind.name)
        for _, statement in inserts(_plain_group(cleaned), target.source, largest=max(1 << 24, 2 * cleaned.largest)):
            target.execute(statement)
    rows = [(target.source, kind_name, session, file, file) for kind_name, session, file in cleaner.superseded]
    if rows:
        target.connection.executemany("INSERT INTO main.superseded VALUES (?, ?, ?, ?, ?)", rows)
    return len(rows)


def _plain_group(cleaned: Cleaned) -> Group:
    return Group(cleaned.kind, Form.LINES, "none", [str(cleaned.path)], plain_shape(cleaned.kind), cleaned.records)


def _accounts(
    wanted: Sequence[FileState], kinds: Collection[str], target: Target
) -> dict[str, tuple[int, int, int, int]]:
    """Count for each file the sessions that are in the lab."""
    rows: dict[str, int] = {}
    for name in kinds:
        counted = target.execute(
            f"SELECT file, count(*) FROM {table_of(KINDS[name], KINDS[name].root.name)} WHERE source = ? GROUP BY ALL",
            [target.source],
        )
        for file, count in counted.fetchall():
            rows[file] = rows.get(file, 0) + count
    return {
        state.path: (state.size, state.mtime_ns, rows.get(state.path, 0), target.rejects_by_file[state.path])
        for state in wanted
    }
