"""Bringing a source into a lab that is open for writing, and bringing it up to date later."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab import canonical
from sessionlab.errors import SourceError
from sessionlab.loaders import Outcome, Source, Target
from sessionlab.loaders.target import Stumbled
from sessionlab.reports import LoadReport
from sessionlab.storage import Writer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Step = Callable[[str], None]


@dataclass(frozen=True)
class Load:
    """One source on its way into a lab. ``make_room`` takes out those of its earlier rows that are to be replaced."""

    source: Source
    name: str
    strict: bool = False
    step: Step = lambda _: None
    make_room: Callable[[DuckDBPyConnection, str], None] = field(default=canonical.remove)


def name_for(connection: DuckDBPyConnection, source: Source, wished: str | None) -> str:
    """Choose the name that a source goes by: the one it has already, the one wished for, or a readable one that is free.

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
    if mine or wished:
        return str(mine or wished)
    if source.name not in known:
        return source.name
    return f"{source.name}-{hashlib.sha256(source.uri.encode()).hexdigest()[:4]}"


def run(load: Load, writer: Writer) -> LoadReport:
    """Write a source's rows, derive the canonical ones, and note what was loaded.

    Raises:
        SourceError: it cannot be read, or every record of it was rejected.
        InvalidRecord: something was rejected, and the load is strict.
    """
    began = time.perf_counter()
    fingerprint = load.source.fingerprint()
    with tempfile.TemporaryDirectory(prefix="sessionlab-") as folder:
        target, outcome = _write(load, writer, Path(folder))
        load.step("canonical rows")
        canonical.derive(writer.connection, load.name, outcome.kinds)
        target.write_rejects()
    return _note(load, writer.connection, target, outcome, fingerprint, began)


def _write(load: Load, writer: Writer, folder: Path) -> tuple[Target, Outcome]:
    """Write the native rows; where the source finds that it must go another way, begin anew."""
    while True:
        load.make_room(writer.connection, load.name)
        target = Target(writer.connection, load.name, folder, load.strict, writer.parallel, load.step)
        try:
            return target, load.source.load(target)
        except Stumbled:
            writer.restart()


def _note(
    load: Load,
    connection: DuckDBPyConnection,
    target: Target,
    outcome: Outcome,
    fingerprint: str | None,
    began: float,
) -> LoadReport:
    known_kinds = connection.execute(
        "SELECT DISTINCT kind FROM main.sessions WHERE source = ? ORDER BY kind", [load.name]
    )
    kinds = sorted(outcome.kinds.union(kind for (kind,) in known_kinds.fetchall()))
    rows = canonical.rows_of(connection, load.name, outcome.kinds)
    sessions = _count(connection, "main.sessions", load.name)
    _note_files(connection, load.name, outcome)
    rejected = _count(connection, "main.rejects", load.name)
    if rejected and not sessions and target.rejected:
        reasons = "\n  ".join(target.first_rejects)
        raise SourceError(f"Nothing in {load.source.uri} could be loaded; {rejected:,} rejected:\n  {reasons}")
    superseded = outcome.superseded or _count(connection, "main.superseded", load.name)
    duration = time.perf_counter() - began
    connection.execute("DELETE FROM main.sources WHERE source = ?", [load.name])
    connection.execute(
        "INSERT INTO main.sources VALUES (?, ?, ?, current_timestamp::TIMESTAMP, ?, ?, ?, ?, ?)",
        [
            load.name,
            ", ".join(kinds),
            load.source.uri,
            fingerprint,
            json.dumps(rows),
            rejected,
            superseded,
            duration,
        ],
    )
    return LoadReport(
        source=load.name,
        kinds=tuple(kinds),
        uri=load.source.uri,
        sessions=sessions,
        rows=rows,
        rejected=rejected,
        reasons=tuple(target.first_rejects),
        superseded=superseded,
        ignored=tuple(outcome.ignored),
        duration_s=duration,
    )


def _count(connection: DuckDBPyConnection, table: str, source: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table} WHERE source = ?", [source]).fetchall()[0][0])


def _note_files(connection: DuckDBPyConnection, name: str, outcome: Outcome) -> None:
    if outcome.files:
        columns = list(zip(*((path, *state) for path, state in outcome.files.items()), strict=True))
        connection.execute(
            "DELETE FROM main.files WHERE source = ? AND path IN (SELECT unnest(?::VARCHAR[]))",
            [name, list(columns[0])],
        )
        connection.execute(
            "INSERT INTO main.files SELECT ?, unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::BIGINT[]),"
            " unnest(?::BIGINT[]), unnest(?::BIGINT[]), false",
            [name, *map(list, columns)],
        )
