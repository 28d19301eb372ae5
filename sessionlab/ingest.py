"""Bringing a source into a lab that is open for writing."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sessionlab import canonical
from sessionlab.derive import derive
from sessionlab.errors import LabError, SourceError
from sessionlab.loaders import Outcome, Source, Target
from sessionlab.loaders.elsewhere import several, summed
from sessionlab.loaders.target import Stumbled
from sessionlab.reports import LoadReport
from sessionlab.storage import Step, Writer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TRIES = 20
_FINER = 16


@dataclass(frozen=True)
class Load:
    """One source on its way into a lab.

    Attributes:
        source: What is read.
        name: What it goes by in the lab.
        kind: The kind of all its records, where somebody said so.
        strict: Make the first reject an error.
        step: Called with a line of what goes on now.
        make_room: Takes out those of its earlier rows that are to be replaced.
    """

    source: Source
    name: str
    kind: str | None = None
    strict: bool = False
    step: Step = lambda _: None
    make_room: Callable[[DuckDBPyConnection, str], None] = field(default=canonical.remove)


def name_for(connection: DuckDBPyConnection, source: Source, wished: str | None) -> str:
    """Choose the name that a source goes by: the one it has, the one wished for, or a readable one that is free.

    Raises:
        SourceError: the name wished for belongs to another source, or this source has another name already.
    """
    known = dict(connection.execute("SELECT source, uri FROM main.sources").fetchall())
    mine = next((name for name, uri in known.items() if uri == source.uri), None)
    if wished is not None and known.get(wished, source.uri) != source.uri:
        raise SourceError(
            f"The name {wished!r} belongs to {known[wished]}. Choose another, or forget({wished!r}) first."
        )
    if wished is not None and mine not in (None, wished):
        raise SourceError(
            f"{source.uri} is in the lab as {mine!r} already. forget({mine!r}) first, to give it another name."
        )
    return mine or wished or _free_name(source, known)


def _free_name(source: Source, known: dict[str, str]) -> str:
    """Give a source's own name, or where another source has it, that with a sign made from where the source is."""
    sign = hashlib.sha256(source.uri.encode()).hexdigest()
    names = [source.name, *(f"{source.name}-{sign[:length]}" for length in range(4, len(sign) + 1))]
    return next(name for name in names if name not in known)


def run(load: Load, writer: Writer) -> LoadReport:
    """Write a source's rows, derive the canonical ones, and note what was loaded.

    Raises:
        SourceError: it cannot be read, or every record of it was rejected.
        InvalidRecord: something was rejected, and the load is strict.
        LabError: the memory or the disk is too small for it.
    """
    began = time.perf_counter()
    connection = writer.connection
    is_new = not _count(connection, "main.sources", load.name)
    before = _count(connection, "main.sessions", load.name)
    with tempfile.TemporaryDirectory(dir=writer.folder) as folder, _enough_room():
        target, outcome = _write(load, writer, Path(folder), is_new=is_new)
        if is_new and not target.rejected:  # else it is to be brought up to date, or there is a folder to be opened yet
            _refuse_if_all_elsewhere(load, outcome)
        kinds = set(outcome.kinds)
        if outcome.files:
            kinds |= canonical.kinds_of(connection, load.name)
        load.step("canonical rows")
        _derive(load.name, writer, kinds)
        target.write_rejects()
        if outcome.files:
            _note_files(connection, load.name, outcome)
            canonical.count_files(connection, load.name, kinds)
    report = _report(load, connection, target, outcome, kinds)
    report = replace(report, before=before, duration_s=time.perf_counter() - began)
    _note(load, connection, report, outcome.fingerprint)
    return report


def _write(load: Load, writer: Writer, folder: Path, *, is_new: bool) -> tuple[Target, Outcome]:
    """Write the native rows; where the source finds that it must go another way, begin anew."""
    for tries in count(1):
        if tries > 1 or not is_new:  # of a source that is new there are no rows to take out, which takes a while
            load.make_room(writer.connection, load.name)
        target = Target(writer.connection, load.name, folder, load.strict, writer.parallel, load.step)
        try:
            return target, load.source.load(target)
        except Stumbled as error:
            cause = error.__cause__ or error
            if tries == _TRIES or _is_small(cause):
                raise SourceError(f"{load.source.uri} could not be loaded in {tries} tries: {cause}") from cause
            writer.restart()
    raise AssertionError("unreachable")  # pragma: no cover


def _derive(name: str, writer: Writer, kinds: set[str]) -> None:
    """Make the canonical rows, in finer slices where the memory is too small for the usual ones."""
    try:
        derive(writer.connection, name, kinds)
    except duckdb.Error as error:
        if not writer.parallel or not _is_small(error):
            raise
        derive(writer.connection, name, kinds, finer=_FINER)


def _is_small(error: BaseException | None) -> bool:
    """Whether this is DuckDB's complaint that its memory is too small."""
    return isinstance(error, duckdb.OutOfMemoryException) or (
        isinstance(error, duckdb.Error) and "failed to pin block" in str(error)
    )


@contextmanager
def _enough_room() -> Iterator[None]:
    """Say what to do when DuckDB has too little memory for a load, whichever loader it was that ran into it."""
    try:
        yield
    except (duckdb.Error, SourceError) as error:
        cause = error if isinstance(error, duckdb.Error) else error.__cause__
        if _is_small(cause):
            said = str(cause).splitlines()[0]
            raise LabError(
                f"DuckDB has too little memory for this load: {said}. Give the lab more, as Lab(…, memory_limit='1GB'),"
                " or fewer threads, as Lab(…, threads=1)."
            ) from error
        raise


def _refuse_if_all_elsewhere(load: Load, outcome: Outcome) -> None:
    """Refuse a new source that would bring nothing of its own.

    Raises:
        SourceError: all its files are other sources'.
    """
    if outcome.elsewhere and outcome.elsewhere.keys() == outcome.files.keys():
        held = summed(outcome.elsewhere.values())
        raise SourceError(
            f"{load.source.uri} is in the lab already: {several(held)}. Loaded again by another name, its"
            " sessions would count twice. refresh() reads what has changed;"
            f" forget({held[0].source!r}) first, to have it as a source of its own."
        )


def _report(
    load: Load, connection: DuckDBPyConnection, target: Target, outcome: Outcome, kinds: set[str]
) -> LoadReport:
    """Sum up what the lab has of the source now.

    Raises:
        SourceError: there is nothing of it, neither here nor as another source's, and something was rejected.
    """
    sessions = _count(connection, "main.sessions", load.name)
    rejected = _count(connection, "main.rejects", load.name)
    if rejected and not sessions and target.rejected and not _leaves_files(connection, load.name):
        reasons = "\n  ".join(target.first_rejects)
        raise SourceError(f"Nothing in {load.source.uri} could be loaded; {rejected:,} rejected:\n  {reasons}")
    return LoadReport(
        source=load.name,
        kinds=tuple(sorted({*outcome.kinds, *canonical.kinds_of(connection, load.name)})),
        uri=load.source.uri,
        sessions=sessions,
        rows=canonical.rows_of(connection, load.name, kinds),
        rejected=rejected,
        reasons=tuple(target.first_rejects),
        superseded=_count(connection, "main.superseded", load.name) or outcome.superseded,
        elsewhere=summed(outcome.elsewhere.values()),
        databases=tuple(outcome.databases),
        ignored=tuple(outcome.ignored),
    )


def _leaves_files(connection: DuckDBPyConnection, source: str) -> bool:
    """Whether another source has some of a source's files: those that a refresh did not look at as well."""
    left = "SELECT 1 FROM main.files WHERE source = ? AND rows IS NULL AND NOT gone LIMIT 1"
    return bool(connection.execute(left, [source]).fetchall())


def _count(connection: DuckDBPyConnection, table: str, source: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table} WHERE source = ?", [source]).fetchall()[0][0])


def _note(load: Load, connection: DuckDBPyConnection, report: LoadReport, fingerprint: str | None) -> None:
    """Put the source on the lab's list of them, and what was said about it."""
    for table in ("sources", "hints"):
        connection.execute(f"DELETE FROM main.{table} WHERE source = ?", [load.name])
    connection.execute("INSERT INTO main.hints VALUES (?, ?)", [load.name, load.kind])
    connection.execute(
        "INSERT INTO main.sources VALUES (?, ?, ?, current_timestamp::TIMESTAMP, ?, ?, ?, ?, ?)",
        [
            load.name,
            ", ".join(report.kinds),
            report.uri,
            fingerprint,
            json.dumps(report.rows),
            report.rejected,
            report.superseded,
            report.duration_s,
        ],
    )


def _note_files(connection: DuckDBPyConnection, name: str, outcome: Outcome) -> None:
    """Note each file that was read, as it stood before that: if it was written to meanwhile, a refresh will tell."""
    columns = list(zip(*((path, *state) for path, state in outcome.files.items()), strict=True))
    connection.execute(
        "DELETE FROM main.files WHERE source = ? AND path IN (SELECT unnest(?::VARCHAR[]))", [name, list(columns[0])]
    )
    connection.execute(
        "INSERT INTO main.files SELECT ?, unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::BIGINT[]),"
        " unnest(?::BIGINT[]), unnest(?::BIGINT[]), false",
        [name, *map(list, columns)],
    )
