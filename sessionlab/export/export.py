"""Exporting a lab into a data set, source by source."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.disk import refusing
from sessionlab.errors import LabError, NotFound
from sessionlab.export.folder import Folder
from sessionlab.export.manifest import MANIFEST
from sessionlab.export.redaction import Redaction, Replace
from sessionlab.export.source import Export, Way, states, summed_rows
from sessionlab.export.write import checked_partitions
from sessionlab.reports import ExportReport
from sessionlab.storage import Step, interruptible

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMATS = ("parquet",)


def export(
    connection: DuckDBPyConnection,
    path: Path,
    step: Step,
    *,
    format: str = "parquet",  # noqa: A002 - the word that samples and the command line have
    partition_by: str | Sequence[str] = "kind",
    redact: str | Replace | None = None,
    salt: str = "",
    writer: str | None = None,
    keep: float = 0.0,
) -> ExportReport:
    """Write the sources of a lab into a data set; those that are as they were when last exported keep their files.

    Args:
        connection: The lab is its default catalog; nobody else uses it meanwhile.
        path: The data set's folder, which need not be there yet.
        step: Told what goes on.
        format: ``"parquet"``.
        partition_by: What files are told apart by: ``"kind"``, and a span of time: ``"year"``, ``"month"``, ``"day"``.
        redact: ``"text"``, or a function of a text and its column, to replace texts by.
        salt: What is hashed with each text.
        writer: Who owns the sources in the data set; this machine unless said.
        keep: Seconds for which files that were replaced stay for who reads them.

    Raises:
        LabError: the folder holds something else, cannot be written, or has a source of that name of another writer.
        LabBusy: another program of this machine exports the same source, and has not come to an end in time.
        MissingExtra: a function is given, and numpy is not installed.
    """
    if not keep >= 0:
        raise LabError(f"keep is {keep!r}; it may be a number of seconds, 0 or more.")
    if format not in FORMATS:
        raise LabError(f"A lab cannot be exported as {format!r}; there is {', '.join(FORMATS)}.")
    began, folder = time.perf_counter(), Folder(path)
    redaction = Redaction(redact, salt)
    way = Way(checked_partitions(partition_by), redaction, writer or socket.gethostname(), keep)
    folder.prepare()
    with refusing("data set", folder.path), interruptible(), redaction.ready(connection), _snapshot(connection):
        exports = [Export(folder, source, state, way) for source, state in states(connection, way).items()]
        done = [each.run(connection, step) for each in exports]
    folder.write_index()
    written = [manifest for manifest, is_new in done if is_new]
    return ExportReport(
        path=str(folder.path),
        written=tuple(manifest.source for manifest in written),
        unchanged=tuple(manifest.source for manifest, is_new in done if not is_new),
        rows=summed_rows(written),
        bytes=sum(file.bytes for manifest in written for listed in manifest.files.values() for file in listed),
        redacted=redaction.how is not None,
        duration_s=time.perf_counter() - began,
    )


@contextmanager
def _snapshot(connection: DuckDBPyConnection) -> Iterator[None]:
    """Have all that is read within a block be of one state of the lab."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def drop(path: str | Path, source: str) -> None:
    """Take a source out of a data set, whoever exported it.

    Raises:
        NotFound: there is none of that name; the message lists those there are.
    """
    folder = Folder(Path(path))
    known = {manifest.source: name for name, manifest in folder.manifests().items()}
    if source not in known:
        raise NotFound(f"The data set {folder.path} has no source {source!r}. It has: {', '.join(known) or 'none'}.")
    with refusing("data set", folder.path), folder.locked(known[source]):
        # The folder itself stays: others may wait for the lock in it.
        (folder.path / known[source] / MANIFEST).unlink()
        folder.clear(known[source])
    folder.write_index()
