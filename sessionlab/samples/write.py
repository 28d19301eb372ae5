"""Write sample sessions to a folder or to Postgres: :func:`write_samples`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from sessionlab.errors import SourceError, UnknownKind
from sessionlab.samples.generate import CHUNK, KINDS, TABLES, chunks, open_generator

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Format = Literal["mixed", "json", "sqlite"]
Progress = Callable[[str, int, int], None]

_FORMATS: dict[str, dict[str, str]] = {
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
    """Write ``sessions`` made-up sessions, divided evenly among ``kinds``; give the rows written by ``kind.table``.

    ``target`` is a folder, or a ``postgresql://`` URL: then each kind gets a schema of its name, and ``format`` has no say.
    In a folder, ``json`` writes JSON files, ``sqlite`` one database a kind, ``mixed`` some of both. One seed gives the same
    records in every form; ``chunk``, how many sessions are made at once, changes the memory used and nothing else.
    What exists is never overwritten: that is a :class:`SourceError`. ``on_progress`` is called with the kind, the sessions
    written and the sessions asked for, from the thread that writes the kind.
    """
    shares = _shares(sessions, kinds)
    run = partial(_write_kinds, shares=shares, seed=seed, chunk=chunk, on_progress=on_progress)
    if str(target).startswith(("postgresql://", "postgres://")):
        from sessionlab.samples.postgres import PostgresSchema

        return run(open_sink=partial(PostgresSchema, str(target)))
    if format not in _FORMATS:
        raise SourceError(f"no sample format {format!r}; there are {', '.join(_FORMATS)}")
    return _write_folder(Path(target), {kind: _FORMATS[format][kind] for kind in shares}, run)


def _shares(sessions: int, kinds: Sequence[str]) -> dict[str, int]:
    """Divide the sessions; the first kinds get one more where it does not come out even."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        found = ", ".join(map(repr, unknown)) or "no kind"
        raise UnknownKind(f"no samples of {found}; there are {', '.join(KINDS)}")
    kinds = list(dict.fromkeys(kinds))
    if sessions < len(kinds):
        raise SourceError(f"{sessions} sessions are too few for {len(kinds)} kinds; ask for {len(kinds)} or more")
    each, more = divmod(sessions, len(kinds))
    return {kind: each + (place < more) for place, kind in enumerate(kinds)}


def _write_folder(folder: Path, names: dict[str, str], run: Callable[..., dict[str, int]]) -> dict[str, int]:
    """Write into a folder beside the others first, so that a failure leaves nothing half written."""
    taken = [str(folder / name) for name in names.values() if (folder / name).exists()]
    if taken:
        raise SourceError(f"samples are not written over what exists: {', '.join(taken)}; remove it or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".samples-") as staging:
        rows = run(open_sink=lambda kind: _file_sink(Path(staging) / names[kind], kind))
        for name in names.values():
            (Path(staging) / name).rename(folder / name)
    return rows


def _file_sink(path: Path, kind: str) -> Sink:
    from sessionlab.samples.json_files import JsonFile, JsonFolder
    from sessionlab.samples.sqlite_file import SqliteFile

    if path.suffix == ".db":
        return SqliteFile(path, kind)
    return JsonFile(path) if path.suffix == ".json" else JsonFolder(path)


def _write_kinds(
    shares: dict[str, int], seed: int, chunk: int, on_progress: Progress | None, open_sink: Callable[[str], Sink]
) -> dict[str, int]:
    """Write the kinds at the same time, one a core: DuckDB makes a chunk in one thread, as it is one row group."""
    workers = min(len(shares), os.cpu_count() or 1)
    threads = max(1, (os.cpu_count() or 1) // workers)

    def write(kind: str) -> dict[str, int]:
        return _write_kind(kind, shares[kind], seed, chunk, threads, on_progress, open_sink)

    rows: dict[str, int] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="samples") as pool:
        for counts in pool.map(write, shares):
            rows |= counts
    return rows


def _write_kind(
    kind: str,
    sessions: int,
    seed: int,
    chunk: int,
    threads: int,
    on_progress: Progress | None,
    open_sink: Callable[[str], Sink],
) -> dict[str, int]:
    rows = dict.fromkeys((f"{kind}.{table}" for table in TABLES[kind]), 0)
    con, sink = open_generator(kind, sessions, seed, threads), open_sink(kind)
    try:
        for done in chunks(con, kind, sessions, chunk):
            sink.add(con)
            for table in TABLES[kind]:
                rows[f"{kind}.{table}"] += _count(con, table)
            if on_progress:
                on_progress(kind, done, sessions)
        sink.finish()
    finally:
        sink.close()
        con.close()
    return rows


def _count(con: DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM native.{table}").fetchall()[0][0])
