"""Files that another source of the lab has brought in already. They are left to it: nothing is to be counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.display.counts import counted
from sessionlab.loaders.files import plain_start

if TYPE_CHECKING:
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


def held_elsewhere(target: Target, pattern: str) -> dict[str, tuple[str, int]]:
    """Find the files at a place that are another source's.

    Not so a file that this source has rows of itself, nor one of which nothing could be loaded there: it may be that
    it is loaded now as what it is.

    Args:
        target: The lab.
        pattern: A path, a folder or a glob, as the lab has it.

    Returns:
        By path: the name of the other source, and how many sessions that has of the file.
    """
    found = target.execute(
        "SELECT path, min(source), max(rows) FROM main.files AS f"
        " WHERE starts_with(path, ?) AND source != ? AND rows IS NOT NULL AND (rows > 0 OR rejected = 0)"
        " AND NOT EXISTS (FROM main.files AS own WHERE own.source = ? AND own.path = f.path AND own.rows > 0)"
        " GROUP BY path",
        [plain_start(pattern), target.source, target.source],
    )
    return {path: (source, rows) for path, source, rows in found.fetchall()}
