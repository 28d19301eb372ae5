"""The way of worktree sessions from the editor's JSON files into a store, on which nothing is lost."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessionlab.errors import InvalidRecord, SessionlabError, StoreError
from sessionlab.json_values import MOST_NESTED, is_doubled, is_nested_deeper
from sessionlab.stores.json_backup import back_up
from sessionlab.stores.json_files import JsonFile
from sessionlab.stores.migration_report import MigrationNote, MigrationReport
from sessionlab.stores.set_aside import SetAside
from sessionlab.stores.workspaces import WorkspacePath, path_of, workspace_hash
from sessionlab.stores.worktree import WorktreeStore
from sessionlab.stores.worktree_json import sessions_of
from sessionlab.stores.worktree_rows import Session

_NAME = re.compile(r"[0-9a-f]{16}")
_BATCH = 100

OnProgress = Callable[[str, int, int], None]
Placed = tuple[int, Session]


def migrate_from_json(
    folder: str | os.PathLike[str],
    store: WorktreeStore,
    workspaces: Iterable[WorkspacePath] | None = None,
    *,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> MigrationReport:
    """Bring the sessions of a folder of JSON files into a store. The files are only read.

    A copy of the files is made first, beside their folder. Sessions go in a hundred a transaction. What is in the store
    already stays, so that a migration that was broken off goes on where it was, and one more changes nothing. A record
    that the tables refuse is set aside in the store, whole, and :func:`export_to_json` gives it back. How far it has
    come stands in the store's ``migration_metadata``.

    Args:
        folder: The folder, with a file ``{hash}.json`` for each workspace.
        store: Where to bring them.
        workspaces: The paths of workspaces, as far as they are known: a file's name is the hash of one, and cannot be
            turned back. The others go by their hash until a session is created by their path.
        dry_run: Try it, and change nothing.
        on_progress: Called with the name of a file, how many were done before, and how many there are.

    Raises:
        StoreError: there is no such folder, the files cannot be copied, or the store cannot be reached.
    """
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        raise StoreError(f"There is no folder {path}. Name the one with the JSON files of the workspaces.")
    return _Migration(store, _by_hash(workspaces), dry_run=dry_run).run(path, on_progress)


def _by_hash(workspaces: Iterable[WorkspacePath] | None) -> dict[str, str]:
    return {workspace_hash(each): each for each in map(path_of, workspaces or ())}


@dataclass
class _Migration:
    """A migration on its way, and what it has found."""

    store: WorktreeStore
    paths: dict[str, str]
    dry_run: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    errors: list[MigrationNote] = field(default_factory=list)
    stand_ins: list[MigrationNote] = field(default_factory=list)
    different: list[MigrationNote] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    backup: str | None = None
    seen: set[str] = field(default_factory=set)

    def run(self, folder: Path, on_progress: OnProgress | None) -> MigrationReport:
        """Bring all files of a folder into the store."""
        began = time.perf_counter()
        files = sorted(path for path in folder.glob("*.json") if path.is_file())
        if not self.dry_run:
            self.backup = str(back_up(folder, files)) if files else None
            self.store.note_migration("in_progress", self.backup)
        try:
            for number, file in enumerate(files):
                if on_progress:
                    on_progress(file.name, number, len(files))
                self.bring(file)
        except BaseException:
            with suppress(SessionlabError):
                self.note("failed")
            raise
        self.note("failed" if any(each.place is None for each in self.errors) else "completed")
        return MigrationReport(
            workspaces=len(files),
            **self.counts,
            duration_s=time.perf_counter() - began,
            errors=tuple(self.errors),
            stand_ins=tuple(self.stand_ins),
            different=tuple(self.different),
            unknown=tuple(self.unknown),
            unmatched=tuple(path for name, path in self.paths.items() if name not in {file.stem for file in files}),
            backup=self.backup,
            dry_run=self.dry_run,
        )

    def note(self, status: str) -> None:
        """Note in the store how far it has come."""
        if not self.dry_run:
            self.store.note_migration(status, self.backup)

    def count(self, word: str, number: int) -> None:
        """Count records."""
        self.counts[word] = self.counts.get(word, 0) + number

    def bring(self, file: Path) -> None:
        """Bring one file into the store; one that cannot be read is left for a person to look at."""
        if not _NAME.fullmatch(file.stem):
            self.errors.append(MigrationNote(file.name, "its name is no hash of a workspace; it was left out"))
            return
        try:
            records = _read(file)
        except StoreError as error:
            self.errors.append(MigrationNote(file.name, str(error)))
            return
        self.count("sessions", len(records))
        if file.stem not in self.paths:
            self.unknown.append(file.name)
        refused, sessions = self.sorted_out(records)
        new = list(self.not_there(file, sessions))
        for first in range(0, len(new), _BATCH):
            refused += self.put(file, new[first : first + _BATCH])
        self.set_aside(file, refused)

    def sorted_out(self, records: Sequence[Any]) -> tuple[list[SetAside], list[Placed]]:
        """Tell sessions from what is none, and from those that another one of their id supersedes."""
        latest = {id(session) for session in sessions_of(records).values()}
        refused: list[SetAside] = []
        sessions: list[Placed] = []
        for place, record in enumerate(records):
            if id(record) in latest and not is_doubled(record):
                sessions.append((place, record))
            elif id(record) in latest:
                refused.append(SetAside.of(place, record, InvalidRecord("an object in it has one key twice")))
            elif isinstance(record, dict) and isinstance(record.get("id"), str):
                self.count("superseded", 1)
            else:
                refused.append(SetAside.of(place, record, InvalidRecord("it is no object with an id")))
        return refused, sessions

    def not_there(self, file: Path, sessions: Sequence[Placed]) -> Iterator[Placed]:
        """Give the sessions that are not in the store yet."""
        there = {session["id"]: session for session in self.store.get_all_sessions(file.stem)}
        if not self.dry_run:
            found = there.keys() & {session["id"] for _, session in sessions}
            self.store.alone(lambda: self.store.set_aside.let_go(file.stem, found))
        for place, session in sessions:
            own = there.get(session["id"])
            if own is None:
                yield place, session
                continue
            self.count("skipped", 1)
            if own != session:
                reason = "it is in the store already, and differs there; the store's stays"
                self.different.append(MigrationNote(file.name, reason, place, session["id"]))

    def put(self, file: Path, batch: Sequence[Placed]) -> list[SetAside]:
        """Put sessions into the store in one transaction; if it refuses one, one by one. Give those refused."""
        try:
            self.create(file, batch)
        except (InvalidRecord, StoreError) as error:
            if len(batch) > 1:
                return [refused for one in batch for refused in self.put(file, [one])]
            if isinstance(error, StoreError):
                self.store.get_workspaces()  # raises if it is not the session, but the store that is out of reach
            return [SetAside.of(*batch[0], error)]
        self.count("migrated", len(batch))
        for place, session in batch:
            if session["status"].startswith("round_"):
                reason = f"its status {session['status']!r} counts as 'running'"
                self.stand_ins.append(MigrationNote(file.name, reason, place, session["id"]))
        return []

    def create(self, file: Path, batch: Sequence[Placed]) -> None:
        """Create sessions; in a dry run, take it back."""
        workspace = self.paths.get(file.stem, file.stem)
        sessions = [session for _, session in batch]
        if not self.dry_run:
            self.store.alone(lambda: self.accept(file, workspace, sessions))
            return
        with suppress(_TakenBack), self.store.transaction():
            self.store.batch_create_sessions(workspace, sessions)
            raise _TakenBack
        messages = [each["id"] for session in sessions for each in session.get("chatHistory") or []]
        if self.seen.intersection(messages):
            raise InvalidRecord("chat_messages.id is one of another session; it may be one that no other row has.")
        self.seen.update(messages)

    def accept(self, file: Path, workspace: str, sessions: Sequence[Session]) -> None:
        """Create sessions, and let go of what was set aside of them."""
        self.store.batch_create_sessions(workspace, sessions)
        self.store.set_aside.let_go(file.stem, (session["id"] for session in sessions))

    def set_aside(self, file: Path, refused: Sequence[SetAside]) -> None:
        """Keep what was refused."""
        self.count("failed", len(refused))
        for each in sorted(refused, key=lambda one: one.place):
            self.errors.append(MigrationNote(file.name, each.reason, each.place, each.session_id))
        if refused and not self.dry_run:
            with self.store.transaction():
                self.store.set_aside.put(file.stem, refused)


def _read(file: Path) -> list[Any]:
    """Read the records of a file.

    Raises:
        StoreError: it cannot be read, or has a record that not even what is set aside could hold.
    """
    records = JsonFile(file).read(keep_doubled=True)
    for place, record in enumerate(records):
        if is_nested_deeper(record, MOST_NESTED):
            raise StoreError(
                f"{file} cannot be brought over: record {place} is nested more than {MOST_NESTED} deep. It was left as"
                " it is; put a sound copy in its place."
            )
    return records


class _TakenBack(Exception):
    """Ends a transaction of which nothing is to be kept."""
