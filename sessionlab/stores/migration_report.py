"""What a migration of worktree sessions from JSON files has to say for itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sessionlab.display.report import Report


@dataclass(frozen=True)
class MigrationNote:
    """Something to say about a file, or about one record of it: its ``place`` there, and its id if it has one."""

    file: str
    reason: str
    place: int | None = None
    session_id: str | None = None

    def __str__(self) -> str:
        record = "" if self.place is None else f", record {self.place}"
        session = "" if self.session_id is None else f" ({self.session_id})"
        return f"{self.file}{record}{session}: {self.reason}"


@dataclass(frozen=True)
class MigrationReport(Report):
    """What has become of the sessions in a folder of JSON files.

    Each record of a file that could be read is migrated, failed, superseded or skipped.

    Attributes:
        workspaces: How many files there are.
        sessions: How many records are in those that could be read.
        migrated: How many are in the store now, and were not before.
        failed: How many the store's tables refuse; they are kept whole, set aside in the store.
        superseded: How many lost to another one with their id in the same file, which was updated later.
        skipped: How many were in the store already.
        duration_s: Seconds it took.
        errors: The files that could not be read, which are left as they are; the records that failed, and why.
        stand_ins: Sessions with a status that no column takes: it comes back as it was, and counts as ``running``.
        different: Sessions that were in the store already, and are not what the file has; the store's stay.
        unknown: Files to which no path that was given belongs; they go by their hash.
        unmatched: Paths that were given and have no file.
        backup: Where the copy of the files is; None in a dry run.
        dry_run: Whether all this is what would be, and nothing was changed.
    """

    title = "migrated"

    workspaces: int
    sessions: int = 0
    migrated: int = 0
    failed: int = 0
    superseded: int = 0
    skipped: int = 0
    duration_s: float = 0.0
    errors: tuple[MigrationNote, ...] = ()
    stand_ins: tuple[MigrationNote, ...] = ()
    different: tuple[MigrationNote, ...] = ()
    unknown: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    backup: str | None = None
    dry_run: bool = False

    def lines(self) -> Iterator[tuple[str, str]]:
        """Give the lines of the report."""
        if self.dry_run:
            yield "dry run", "nothing was changed; this is what would be"
        for word in ("workspaces", "sessions", "migrated", "failed", "superseded", "skipped"):
            yield word, f"{getattr(self, word):,}"
        yield "seconds", f"{self.duration_s:,.2f}"
        if self.backup:
            yield "backup", self.backup
        for word in ("errors", "stand_ins", "different", "unknown", "unmatched"):
            yield from self.some(word.replace("_", "-"), getattr(self, word))
