"""Writing one source's tables as Parquet, with DuckDB's own COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.errors import LabError
from sessionlab.export.manifest import TABLES, File
from sessionlab.export.redaction import Redaction
from sessionlab.metrics.arguments import suggestion
from sessionlab.model import ERRORS, MESSAGES, SESSIONS, SOURCES
from sessionlab.schema import Table, literal, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SPANS = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}
"""The spans of time that files can be told apart by, and how they are written."""

PARTITIONS = ("kind", *SPANS)

_TIMES = {SESSIONS: "started_at", MESSAGES: "sent_at", ERRORS: "occurred_at", SOURCES: "loaded_at"}
_FILE_SIZE = "1GB"
_COMPRESSION = "FORMAT parquet, COMPRESSION zstd, RETURN_STATS true"


def checked_partitions(partition_by: str | Sequence[str]) -> tuple[str, ...]:
    """Give what to tell files apart by, each once.

    Raises:
        LabError: files cannot be told apart by that.
    """
    names = (partition_by,) if isinstance(partition_by, str) else tuple(dict.fromkeys(partition_by))
    for name in names:
        if name not in PARTITIONS:
            raise LabError(f"Files cannot be told apart by {name!r}.{suggestion(name, PARTITIONS)}")
    return names


def write_tables(
    connection: DuckDBPyConnection, source: str, folder: Path, partitions: Sequence[str], redaction: Redaction
) -> dict[str, list[File]]:
    """Write all tables of a source into a folder that is not there yet.

    Sessions are sorted by their start, so that a span of time is in few row groups; what belongs to a session is sorted
    by that, so that one session is.

    Returns:
        The files of each table, by their paths from the folder's parent on.
    """
    written: dict[str, list[File]] = {}
    for table in TABLES:
        place = folder / table.name
        place.mkdir(parents=True)
        parts = _kinds(connection, source) if "kind" in partitions and table is not SOURCES else [None]
        written[table.name] = [
            file
            for kind in parts
            for file in _copy(connection, _query(table, source, kind, partitions, redaction), place, kind, partitions)
        ]
    return written


def _kinds(connection: DuckDBPyConnection, source: str) -> list[str | None]:
    found = connection.execute("SELECT DISTINCT kind FROM main.sessions WHERE source = ? ORDER BY 1", [source])
    return [kind for (kind,) in found.fetchall()]


def _query(table: Table, source: str, kind: str | None, partitions: Sequence[str], redaction: Redaction) -> str:
    conditions = [f"source = {literal(source)}", *([f"kind = {literal(kind)}"] if kind is not None else [])]
    spans = "".join(f", strftime({_time(table)}, '{SPANS[name]}') AS {name}" for name in _spans(table, partitions))
    return (
        f"SELECT {redaction.columns(table)}{spans} FROM main.{quote(table.name)}"
        f" WHERE {' AND '.join(conditions)} ORDER BY {', '.join(_order(table, kind))}"
    )


def _order(table: Table, kind: str | None) -> Iterator[str]:
    if kind is None and "kind" in table.names:
        yield "kind"
    yield from ("started_at",) if table is SESSIONS else [name for name in table.key if name != "source"]


def _time(table: Table) -> str:
    return _TIMES.get(table, "started_at")


def _spans(table: Table, partitions: Sequence[str]) -> list[str]:
    return [name for name in partitions if name in SPANS and table is not SOURCES]


def _copy(
    connection: DuckDBPyConnection, query: str, place: Path, kind: str | None, partitions: Sequence[str]
) -> Iterator[File]:
    """Write what a query gives, and tell of the files that have rows."""
    target = place if kind is None else place / f"kind={_plain(kind)}"
    spans = [name for name in partitions if name in SPANS and place.name != SOURCES.name]
    layout = f"PARTITION_BY ({', '.join(spans)})" if spans else f"FILE_SIZE_BYTES '{_FILE_SIZE}'"
    for path, rows, size, *_ in connection.execute(
        f"COPY ({query}) TO {literal(str(target))} ({_COMPRESSION}, {layout})"
    ).fetchall():
        if rows:
            yield File(str(Path(path).relative_to(place.parents[1])), rows, size)
        else:
            Path(path).unlink()


def _plain(name: str) -> str:
    return "".join(character if character.isalnum() or character in "_-" else "-" for character in name)
