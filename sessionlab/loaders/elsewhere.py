"""Files that another source of the lab has brought in already. They are left to it: nothing is to be counted twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.display.counts import counted
from sessionlab.loaders.files import unshown
from sessionlab.loaders.links import linked

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from sessionlab.loaders.target import Target

_FEW = 3


@dataclass(frozen=True)
class Elsewhere:
    """Files that a load has left to another source of the lab, so that no session is counted twice.

    Attributes:
        source: The source that has them.
        files: How many they are.
        sessions: How many sessions the lab has of them.
    """

    source: str
    files: int
    sessions: int

    def __str__(self) -> str:
        """Say it in words."""
        return f"{counted(self.files, 'file')} with {counted(self.sessions, 'session')} as {self.source!r}"


def several(held: Sequence[Elsewhere]) -> str:
    """Say where some files are, and hint at the rest where they are in many sources."""
    more = f" and of {counted(len(held) - _FEW, 'more source')}" if len(held) > _FEW else ""
    return f"{', '.join(map(str, held[:_FEW]))}{more}"


def summed(held: Iterable[tuple[str, int]]) -> tuple[Elsewhere, ...]:
    """Sum up files by their source, each given as that and its sessions.

    >>> [str(each) for each in summed([("a", 2), ("b", 1), ("a", 3)])]
    ["2 files with 5 sessions as 'a'", "1 file with 1 session as 'b'"]
    """
    rows: dict[str, list[int]] = {}
    for source, sessions in held:
        rows.setdefault(source, []).append(sessions)
    return tuple(Elsewhere(source, len(sessions), sum(sessions)) for source, sessions in sorted(rows.items()))


def held_elsewhere(target: Target, names: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Find the files that are another source's, be it by another path.

    Not so a file of which nothing could be loaded there: it may be that it is loaded now as what it is.

    Args:
        target: The lab.
        names: The files' paths, as the lab has them.

    Returns:
        By path: the name of the other source, and how many sessions that has of the file.
    """
    found = target.execute(
        "SELECT path, min(source), max(rows) FROM main.files"
        " WHERE source != ? AND rows IS NOT NULL AND (rows > 0 OR rejected = 0) GROUP BY path",
        [target.source],
    )
    held = {path: (source, rows) for path, source, rows in found.fetchall()}
    return {name: held[other] for name, other in _same_files(names, held).items()}


def given_up(connection: DuckDBPyConnection, source: str) -> set[str]:
    """Find the files that a source has left to others, and that none of them has any more.

    Its source was forgotten, or the link by which it came leads to another file now.
    """
    unclaimed = connection.execute(
        "SELECT path FROM main.files AS f WHERE source = ? AND rows IS NULL AND NOT gone AND NOT EXISTS"
        " (FROM main.files AS o WHERE o.path = f.path AND o.source != f.source AND o.rows IS NOT NULL)",
        [source],
    )
    names = {name for (name,) in unclaimed.fetchall()}
    if not names:
        return names
    held = connection.execute("SELECT path FROM main.files WHERE source != ? AND rows IS NOT NULL", [source])
    return names.difference(_same_files(names, [name for (name,) in held.fetchall()]))


def _same_files(names: Iterable[str], others: Collection[str]) -> dict[str, str]:
    """Find for each name one that leads to the same file, if there is any."""
    if not others:
        return {}
    by_file = {file: other for other, file in _files(others).items()}
    return {name: by_file[file] for name, file in _files(names).items() if file in by_file}


def _files(names: Iterable[str]) -> dict[str, str]:
    """Give the file that each name leads to."""
    paths = {name: unshown(name) for name in names}
    links = linked(paths.values())
    return {name: links.get(path, path) for name, path in paths.items()}
