"""Writing one source's tables as Parquet, with DuckDB's own COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
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
_KINDS = """
SELECT kind FROM main.sessions WHERE source = $source
UNION SELECT unnest(string_split(kind, ', ')) FROM main.sources WHERE source = $source
ORDER BY kind
"""
_COMPRESSION = "FORMAT parquet, COMPRESSION zstd, RETURN_STATS true"


def checked_partitions(partition_by: str | Sequence[str]) -> tuple[str, ...]:
    """Give what to tell files apart by, each once.

    Raises:
        LabError: files cannot be told apart by that.
    """
    names = (partition_by,) if isinstance(partition_by, str) else partition_by
    for name in names if isinstance(names, Iterable) else (names,):
        if name not in PARTITIONS:
            raise LabError(f"Files cannot be told apart by {name!r}.{suggestion(name, PARTITIONS)}")
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Part:
    """A part of a source that is written for itself: of one kind, and of a range of session ids.

    Attributes:
        kind: The kind; None for all.
        after: The id that comes before the first one, if there is one.
        last: The last id, if there are more in another part.
        number: Which range it is, where there are several.
    """

    kind: str | None = None
    after: str | None = None
    last: str | None = None
    number: int | None = None

    @property
    def conditions(self) -> list[str]:
        """What holds for its rows."""
        wanted = {"kind =": self.kind, "session_id >": self.after, "session_id <=": self.last}
        written = [f"{words} {literal(value)}" for words, value in wanted.items() if value is not None]
        if self.last is not None and self.after is None:  # what is of no session is in the first range
            written[-1] = f"({written[-1]} OR session_id IS NULL)"
        return written

    @property
    def folder(self) -> Path:
        """The folder for its files, within the table's."""
        kind = [] if self.kind is None else [f"kind={_plain(self.kind)}"]
        return Path(*kind, *([] if self.number is None else [f"part-{self.number:02}"]))


def write_tables(
    connection: DuckDBPyConnection,
    source: str,
    folder: Path,
    partitions: Sequence[str],
    redaction: Redaction,
    *,
    slices: int = 1,
) -> dict[str, list[File]]:
    """Write all tables of a source into a folder that is not there yet.

    Sessions are sorted by their start, so that a span of time is in few row groups; what belongs to a session is sorted
    by that, so that one session is. In several slices, one after the other, that takes less memory and more time.

    Returns:
        The files of each table, by their paths from the folder's parent on.
    """
    parts = _parts(connection, source, partitions, slices)
    written: dict[str, list[File]] = {}
    for table in TABLES:
        place = folder / table.name
        place.mkdir(parents=True)
        written[table.name] = [
            file
            for part in (parts if table is not SOURCES else [Part()])
            for file in _copy(connection, _query(table, source, part, partitions, redaction), place, part, partitions)
        ]
    return written


def _parts(connection: DuckDBPyConnection, source: str, partitions: Sequence[str], slices: int) -> list[Part]:
    """Cut a source into kinds, and each into ranges of about as many sessions."""
    kinds: list[str | None] = [None]
    if "kind" in partitions:
        found = connection.execute(_KINDS, {"source": source})
        kinds = [kind for (kind,) in found.fetchall()]
    if slices == 1:
        return [Part(kind) for kind in kinds]
    cut = connection.execute(
        f"SELECT max(id) FROM (SELECT session_id AS id, ntile({slices}) OVER (ORDER BY session_id) AS slice"
        " FROM main.sessions WHERE source = ?) GROUP BY slice ORDER BY 1",
        [source],
    )
    cuts = [None, *dict.fromkeys(last for (last,) in cut.fetchall()[:-1]), None]
    return [Part(kind, after, last, number) for kind in kinds for number, (after, last) in enumerate(pairwise(cuts), 1)]


def _query(table: Table, source: str, part: Part, partitions: Sequence[str], redaction: Redaction) -> str:
    conditions = [f"source = {literal(source)}", *part.conditions]
    spans = "".join(f", strftime({_time(table)}, '{SPANS[name]}') AS {name}" for name in _spans(table, partitions))
    return (
        f"SELECT {redaction.columns(table)}{spans} FROM main.{quote(table.name)}"
        f" WHERE {' AND '.join(conditions)} ORDER BY {', '.join(_order(table, part.kind))}"
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
    connection: DuckDBPyConnection, query: str, place: Path, part: Part, partitions: Sequence[str]
) -> Iterator[File]:
    """Write what a query gives, and tell of the files that have rows."""
    target = place / part.folder
    target.parent.mkdir(exist_ok=True)
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
