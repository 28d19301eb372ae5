"""Files that another source of the lab has brought in already. They are left to it: nothing is to be counted twice."""

from __future__ import annotations

from sessionlab.loaders.files import plain_start
from sessionlab.loaders.target import Target


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
