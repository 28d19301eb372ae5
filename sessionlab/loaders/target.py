"""Where a load writes: the lab as a DuckDB connection, the name of the load, and a place for what is set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.errors import InvalidRecord
from sessionlab.kinds import Kind
from sessionlab.loaders.rejects import Rejects
from sessionlab.loaders.times import MACROS
from sessionlab.schema import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SHOWN = 1000


LAB = "lab"
"""The name under which a lab is attached, to read and to write."""


def prepare(connection: DuckDBPyConnection) -> None:
    """Make a connection ready for a load: the lab is its default, UTC its time zone, and the macros are there."""
    connection.execute(f"USE {LAB}")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    # Each full row group goes to disk at once: a third less memory, and what is never touched is never paged in.
    connection.execute("SET write_buffer_row_group_count = 1")
    connection.execute(MACROS)


class Stumbled(Exception):
    """A source found in the middle of a load that it must go another way, and has noted which: the load begins anew."""


@dataclass
class Target:
    """The lab under a load's hands.

    Attributes:
        connection: Its default catalog is the lab; its time zone is UTC; the macros of ``times`` are there.
        source: The name that every row gets.
        folder: A scratch folder for the time of the load.
        strict: Make the first reject an error.
        parallel: Several cursors may write at once, each committing for itself. False where the lab is changed in
            place, within one transaction.
        step: Called with a line of what goes on now, for whoever watches.
    """

    connection: DuckDBPyConnection
    source: str
    folder: Path
    strict: bool = False
    parallel: bool = False
    step: Callable[[str], None] = lambda _: None
    rejected: int = 0
    first_rejects: list[str] = field(default_factory=list)
    rejects_by_file: Counter[str | None] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._rejects = Rejects(self.folder)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> DuckDBPyConnection:
        """Run one statement in the lab."""
        return self.connection.execute(statement, list(values))

    @contextmanager
    def cursor(self) -> Iterator[DuckDBPyConnection]:
        """Lend a connection to the lab for another thread; the one there is where they may not be parallel."""
        if not self.parallel:
            yield self.connection
            return
        with closing(self.connection.cursor()) as cursor:
            prepare(cursor)
            yield cursor

    def count(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement that answers with one number; an INSERT answers with its rows."""
        row = self.execute(statement, values).fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def reject(self, file: str | None, record: int | None, reason: str, raw: bytes | str) -> None:
        """Set something aside, whole.

        Raises:
            InvalidRecord: the load is strict.
        """
        place = "".join([file or self.source, "" if record is None else f", record {record}"])
        if self.strict:
            raise InvalidRecord(f"{place}: {reason}")
        self._rejects.add(file, record, reason, raw)
        self.rejected += 1
        self.rejects_by_file[file] += 1
        if len(self.first_rejects) < 3:
            self.first_rejects.append(f"{place}: {reason}"[:_SHOWN])

    def write_rejects(self) -> None:
        """Put what was set aside into the lab's ``rejects``."""
        if self.rejected:
            self._rejects.write(self.connection, self.source)


def table_of(kind: Kind, table: str) -> str:
    """Give the quoted, qualified name of a native table in the lab."""
    return f"{quote(kind.name)}.{quote(table)}"


@dataclass
class Outcome:
    """What a load brought: the kinds, the rows of each native table, and what did not make it in.

    ``files`` is path → (size, mtime_ns, rows, rejected) for JSON sources; rows are None of a file that was left to
    another source, which stands in ``elsewhere`` by path, with how many sessions it has of it. ``ignored`` are files of
    a folder that no loader reads, ``databases`` those that are SQLite's, and so sources of their own. ``fingerprint``
    sums up the state that was read, for a refresh to compare.
    """

    kinds: set[str] = field(default_factory=set)
    superseded: int = 0
    files: dict[str, tuple[int, int, int | None, int]] = field(default_factory=dict)
    elsewhere: dict[str, tuple[str, int]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    fingerprint: str | None = None
