"""One source on its way into a data set."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sessionlab import __version__, canonical
from sessionlab.disk import sync_tree
from sessionlab.errors import LabError
from sessionlab.export.folder import Folder, refuse_foreign
from sessionlab.export.manifest import VERSION, File, Manifest, folder_for
from sessionlab.export.redaction import Redaction
from sessionlab.export.write import write_tables
from sessionlab.storage import Step

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SLICES = 16

_STATES = """
SELECT s.source, s.kind, s.uri, s.fingerprint, s.rows, s.rejected, s.superseded, f.files,
    CASE WHEN s.fingerprint IS NULL AND f.files IS NULL THEN s.loaded_at END
FROM main.sources AS s
LEFT JOIN (
    SELECT source, md5(string_agg(concat_ws('|', path, size, mtime_ns, rows, gone), '|' ORDER BY path)) AS files
    FROM main.files
    GROUP BY source
) AS f USING (source)
ORDER BY s.source
"""


@dataclass(frozen=True)
class Way:
    """How sources are exported.

    Attributes:
        partitions: What files are told apart by.
        redaction: How texts are replaced.
        writer: Who owns the sources in the data set.
        keep: Seconds for which files that were replaced stay for who reads them.
    """

    partitions: tuple[str, ...]
    redaction: Redaction
    writer: str
    keep: float


def states(connection: DuckDBPyConnection, way: Way) -> dict[str, str | None]:
    """Sum up each source as it is now, and how it is exported; None where that cannot be known.

    What is noted of its files or its database stands for a source, as it does for a refresh; of data frames, when they
    were loaded.
    """
    how = [VERSION, canonical.VERSION, __version__, *way.partitions, way.redaction.state]
    sums = {
        row[0]: hashlib.sha256(json.dumps([how, row], default=str).encode()).hexdigest()
        for row in connection.execute(_STATES).fetchall()
    }
    return dict.fromkeys(sums) if way.redaction.state is None else dict(sums)


@dataclass(frozen=True)
class Export:
    """The export of one source; ``state`` sums it up."""

    folder: Folder
    source: str
    state: str | None
    way: Way

    def run(self, connection: DuckDBPyConnection, step: Step) -> tuple[Manifest, bool]:
        """Bring the data set up to date with the source; give its manifest, and whether files were written.

        Raises:
            LabError: the source in the data set is somebody else's, or DuckDB cannot write it.
            LabBusy: another program of this machine exports it, and has not come to an end in time.
        """
        name = folder_for(self.source)
        (self.folder.path / name).mkdir(exist_ok=True)
        with self.folder.locked(name):
            before = self.folder.manifest(name)
            refuse_foreign(before, self.source, self.way.writer, self.folder.path)
            same = before is not None and before.state == self.state
            if before is None or not same:
                step(self.source)
                before = self._write(connection, name, before)
            self.folder.clear(name)
            return before, not same

    def _write(self, connection: DuckDBPyConnection, name: str, before: Manifest | None) -> Manifest:
        """Write the files, and then the manifest that names them."""
        now = datetime.now(UTC)
        stamp = f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        place = self.folder.path / name / stamp
        with self._whole(place):
            files = self._write_files(connection, place)
            sync_tree(place)
            manifest = Manifest(
                source=self.source,
                writer=self.way.writer,
                state=self.state or stamp,
                exported_at=now.isoformat(timespec="seconds"),
                sessionlab=__version__,
                schema=canonical.VERSION,
                partition_by=self.way.partitions,
                redacted=self.way.redaction.told(),
                rows={table: sum(file.rows for file in listed) for table, listed in files.items()},
                files=files,
                former=self._former(before),
            )
            self.folder.publish(name, manifest)
        return manifest

    def _write_files(self, connection: DuckDBPyConnection, place: Path) -> dict[str, list[File]]:
        """Write them at once, or in slices where the memory is too small for that."""
        try:
            return write_tables(connection, self.source, place, self.way.partitions, self.way.redaction)
        except duckdb.OutOfMemoryException:
            shutil.rmtree(place)
            connection.execute("ROLLBACK")
            connection.execute("BEGIN")
            return write_tables(connection, self.source, place, self.way.partitions, self.way.redaction, slices=_SLICES)

    @contextmanager
    def _whole(self, place: Path) -> Iterator[None]:
        """Leave nothing behind of an export that fails."""
        try:
            yield
        except BaseException as error:
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(error, duckdb.Error):
                raise LabError(f"{self.source!r} cannot be exported to {self.folder.path}: {_said(error)}") from error
            raise

    def _former(self, before: Manifest | None) -> dict[str, float]:
        """Tell which folders of files stay for a while: none that has texts which are to be taken out now."""
        if before is None or not self.way.keep or before.redacted != self.way.redaction.told():
            return {}
        return {**before.former, **dict.fromkeys(before.folders, time.time() + self.way.keep)}


def _said(error: duckdb.Error) -> str:
    """Give what DuckDB says, and what to do where its memory is too small."""
    said = str(error).splitlines()[0]
    if not isinstance(error, duckdb.OutOfMemoryException):
        return said
    return f"{said}. Give the lab more, as memory_limit='4GB', or fewer threads, as threads=1."


def summed_rows(manifests: Sequence[Manifest]) -> dict[str, int]:
    """Add up the rows of each table."""
    tables = dict.fromkeys(table for manifest in manifests for table in manifest.rows)
    return {table: sum(manifest.rows.get(table, 0) for manifest in manifests) for table in tables}
