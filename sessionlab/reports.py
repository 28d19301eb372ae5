"""What a load, or a refresh, has to say for itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sessionlab.display import counted
from sessionlab.display.report import Report
from sessionlab.loaders.elsewhere import Elsewhere, several

_FEW = 3
_MOST = 20
"""How many lines of one sort a report has."""


@dataclass(frozen=True)
class LoadReport(Report):
    """What one load brought into the lab.

    Attributes:
        source: The name it goes by in the lab.
        kinds: The kinds of session found.
        uri: Where it came from, without password.
        sessions: How many sessions it has in the lab now.
        rows: Rows of each native table, by ``kind.table``.
        rejected: How many records could not be loaded; they stand whole in the lab's ``rejects``.
        reasons: Where the first few of those were, and why.
        superseded: How many records lost to another with their id.
        elsewhere: Files that are in the lab already as part of another source, and were left to it.
        databases: SQLite databases that stand among the JSON files; each is a source of its own.
        ignored: Other files of a folder that are no JSON and were passed over.
        duration_s: Seconds it took.
        before: How many sessions the source had in the lab before.

    >>> from sessionlab import Lab
    >>> report = Lab().load("data/workflow.json")
    >>> report.source, report.kinds, report.sessions, report.rejected
    ('workflow', ('workflow',), 100, 0)
    """

    title = "loaded"

    source: str
    kinds: tuple[str, ...]
    uri: str
    sessions: int
    rows: Mapping[str, int]
    rejected: int = 0
    reasons: tuple[str, ...] = ()
    superseded: int = 0
    elsewhere: tuple[Elsewhere, ...] = ()
    databases: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    duration_s: float = 0.0
    before: int = 0

    def lines(self) -> Iterable[tuple[str, str]]:
        """Give the lines of the report."""
        yield "source", self.source
        yield "from", self.uri
        yield "kind", ", ".join(self.kinds) or "none"
        yield "sessions", f"{self.sessions:,}{self.change}"
        for table, count in self.rows.items():
            yield table, f"{count:,}"
        if self.superseded:
            yield "superseded", f"{self.superseded:,}"
        if self.rejected:
            yield "rejected", f"{self.rejected:,}"
        for reason in self.reasons:
            yield "", reason
        yield from self._left_aside()
        yield "seconds", f"{self.duration_s:.2f}"

    @property
    def change(self) -> str:
        """How many sessions there were before, in words, where there were some and not as many."""
        return f" ({self.before:,} before)" if self.before not in (0, self.sessions) else ""

    def _left_aside(self) -> Iterable[tuple[str, str]]:
        if self.elsewhere:
            other = self.elsewhere[0].source
            yield "left aside", f"in the lab already: {several(self.elsewhere)}"
            yield "", f"nothing counts twice; to have them here: forget {other!r}, then refresh"
        if self.databases:
            found = counted(len(self.databases), "SQLite database")
            yield "left aside", f"{found}, to be loaded by path{_first(self.databases)}"
        if self.ignored:
            yield "ignored", f"{counted(len(self.ignored), 'other file')}{_first(self.ignored)}"


@dataclass(frozen=True)
class RefreshReport(Report):
    """What changed since the last load or refresh.

    Attributes:
        added: New files, by path.
        changed: Changed files by path, and changed databases by URI.
        gone: Files and databases that are no longer there; their rows are kept.
        unchanged: How many files and databases are as they were, and were not read.
        failed: Sources that could not be looked at or read, and why; their rows are kept.
        loads: A report for each source that was read again.

    >>> from sessionlab import Lab
    >>> Lab().refresh()
    RefreshReport(added=(), changed=(), gone=(), unchanged=0, failed=(), loads=())
    """

    title = "refreshed"

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unchanged: int = 0
    failed: tuple[str, ...] = ()
    loads: tuple[LoadReport, ...] = field(default=())

    def lines(self) -> Iterable[tuple[str, str]]:
        """Give the lines of the report."""
        for word in ("added", "changed", "gone"):
            places: tuple[str, ...] = getattr(self, word)
            yield word, f"{len(places):,}{_first(places)}"
        yield "unchanged", f"{self.unchanged:,}"
        for reason in self.failed[:_MOST]:
            yield "failed", reason
        for load in self.loads[:_MOST]:
            held = f"; in the lab already: {several(load.elsewhere)}" if load.elsewhere else ""
            sessions = f"{counted(load.sessions, 'session')}{load.change}"
            yield load.source, f"{sessions}, {load.rejected:,} rejected{held}"
            yield from (("", reason) for reason in load.reasons)
        if more := max(len(self.failed) - _MOST, 0) + max(len(self.loads) - _MOST, 0):
            yield "", f"… and {counted(more, 'more source')}"


@dataclass(frozen=True)
class ExportReport(Report):
    """What an export wrote.

    Attributes:
        path: The data set's folder.
        written: The sources whose files were written.
        unchanged: The sources that are there already as they are in the lab.
        rows: Rows written, by table.
        bytes: The size of the files written.
        redacted: Whether texts were taken out.
        duration_s: Seconds it took.

    >>> from sessionlab import Lab
    >>> from tempfile import mkdtemp
    >>> Lab().export(f"{mkdtemp()}/lake").written
    ()
    """

    title = "exported"

    path: str
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    bytes: int = 0
    redacted: bool = False
    duration_s: float = 0.0

    def lines(self) -> Iterable[tuple[str, str]]:
        """Give the lines of the report."""
        yield "to", self.path
        yield "written", f"{len(self.written):,}{_first(self.written)}"
        yield "unchanged", f"{len(self.unchanged):,}{_first(self.unchanged)}"
        for table, count in self.rows.items():
            yield table, f"{count:,}"
        yield "size", f"{self.bytes / 1e6:,.1f} MB"
        yield "texts", "replaced by what stands for them" if self.redacted else "whole"
        yield "seconds", f"{self.duration_s:.2f}"


def _first(places: tuple[str, ...]) -> str:
    """List the first few of some places, and hint at the rest."""
    listed = ", ".join([*places[:_FEW], *(["…"] if len(places) > _FEW else [])])
    return f": {listed}" if listed else ""
