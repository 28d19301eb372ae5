"""Write sample sessions to a folder or to Postgres: :func:`write_samples`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal, Protocol

from sessionlab.errors import SourceError, UnknownKind
from sessionlab.samples.generate import CHUNK, KINDS, TABLES, chunks, count_rows, open_generator
from sessionlab.urls import scheme_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Format = Literal["mixed", "json", "sqlite"]
Progress = Callable[[str, int, int], None]

_NAMES: dict[str, dict[str, str]] = {
    "mixed": {
        "codegen": "codegen.db",
        "workflow": "workflow.json",
        "conversation": "conversation.db",
        "worktree": "worktree",
    },
    "json": {kind: kind for kind in KINDS},
    "sqlite": {kind: f"{kind}.db" for kind in KINDS},
}


class Sink(Protocol):
    """Where the records of one kind go."""

    def add(self, con: DuckDBPyConnection) -> None:
        """Write the chunk that stands in the generator now."""

    def finish(self) -> None:
        """Make what was added whole."""

    def close(self) -> None:
        """Let go of what is held, finished or not."""


def write_samples(
    target: str | Path,
    sessions: int = 400,
    seed: int = 42,
    *,
    kinds: Sequence[str] = KINDS,
    format: Format = "mixed",  # noqa: A002 - the word that export and the command line have
    on_progress: Progress | None = None,
    chunk: int = CHUNK,
) -> dict[str, int]:
    """Write made-up sessions, divided evenly among ``kinds``; give the rows written by ``kind.table``.

    ``target`` is a folder, or a ``postgresql://`` URL: then each kind gets a schema of its name, and
    ``format`` has no say. In a folder, ``json`` writes JSON files, ``sqlite`` one database a kind, and
    ``mixed`` some of both. One seed and number of sessions give the same records in every form. What exists
    is never overwritten: that is a :class:`SourceError`.

    ``on_progress`` is called with a kind, its sessions written and its sessions in all, from the thread that
    writes the kind. ``chunk``, how many sessions are made at once, changes the memory used and nothing else.

    >>> from tempfile import mkdtemp
    >>> counts = write_samples(f"{mkdtemp()}/samples", sessions=8, seed=7)
    >>> counts["codegen.session"], counts["workflow.session_states"]
    (2, 2)
    """
    shares = _shares(sessions, kinds)
    if str(target).startswith(("postgresql://", "postgres://")):
        from sessionlab.samples.postgres import PostgresSchema

        return _Job(shares, seed, chunk, on_progress).run(lambda kind: PostgresSchema(str(target), kind))
    if scheme_of(str(target)):
        raise SourceError(f"samples go to a folder or to postgresql://…, not to {target}")
    if format not in _NAMES:
        raise SourceError(f"no sample format {format!r}; there are {', '.join(_NAMES)}")
    return _write_folder(Path(target), _NAMES[format], _Job(shares, seed, chunk, on_progress))


def _shares(sessions: int, kinds: Sequence[str]) -> dict[str, int]:
    """Divide the sessions; the first kinds get one more where it does not come out even."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        found = ", ".join(map(repr, unknown)) or "no kind"
        raise UnknownKind(f"no samples of {found}; there are {', '.join(KINDS)}")
    kinds = list(dict.fromkeys(kinds))
    if sessions < len(kinds):
        raise SourceError(f"{sessions} sessions are too few for {len(kinds)} kinds; each needs one")
    each, more = divmod(sessions, len(kinds))
    return {kind: each + (place < more) for place, kind in enumerate(kinds)}


def _write_folder(folder: Path, names: dict[str, str], job: _Job) -> dict[str, int]:
    """Write into a hidden folder first, so that a failure leaves nothing half written."""
    taken = [str(folder / names[kind]) for kind in job.shares if (folder / names[kind]).exists()]
    if taken:
        raise SourceError(f"samples never overwrite: {', '.join(taken)} exists; remove it or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".samples-") as staging:
        rows = job.run(lambda kind: _file_sink(Path(staging) / names[kind], kind))
        for kind in job.shares:
            (Path(staging) / names[kind]).rename(folder / names[kind])
    return rows


def _file_sink(path: Path, kind: str) -> Sink:
    from sessionlab.samples.json_files import JsonFile, JsonFolder
    from sessionlab.samples.sqlite_file import SqliteFile

    if path.suffix == ".db":
        return SqliteFile(path, kind)
    return JsonFile(path) if path.suffix == ".json" else JsonFolder(path)


@dataclass(frozen=True)
class _Job:
    """What to make, wherever it goes."""

    shares: dict[str, int]
    seed: int
    chunk: int
    on_progress: Progress | None
    stopped: Event = field(default_factory=Event)

    def run(self, open_sink: Callable[[str], Sink]) -> dict[str, int]:
        """Write the kinds at the same time, one a core: DuckDB makes most of a chunk in one thread."""
        cores = os.cpu_count() or 1
        workers = min(len(self.shares), cores)
        rows: dict[str, int] = {}
        with ThreadPoolExecutor(workers, thread_name_prefix="samples") as pool, self._stopping():
            for written in pool.map(lambda kind: self._write(kind, open_sink, cores // workers), self.shares):
                rows |= written
        return rows

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """Stop the other kinds after an error or Ctrl-C, as nothing of them would be kept."""
        try:
            yield
        except BaseException:
            self.stopped.set()
            raise

    def _write(self, kind: str, open_sink: Callable[[str], Sink], threads: int) -> dict[str, int]:
        sessions, rows = self.shares[kind], dict.fromkeys(TABLES[kind], 0)
        with (
            self._stopping(),
            open_generator(kind, sessions, self.seed, threads) as con,
            closing(open_sink(kind)) as sink,
        ):
            for done in chunks(con, kind, sessions, self.chunk):
                if self.stopped.is_set():
                    return {}
                sink.add(con)
                for table in rows:
                    rows[table] += count_rows(con, table)
                if self.on_progress:
                    self.on_progress(kind, done, sessions)
            sink.finish()
        return {f"{kind}.{table}": number for table, number in rows.items()}
