"""Making canonical sessions out of native rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from sessionlab import entrants
from sessionlab.kinds import KINDS
from sessionlab.model import SESSIONS
from sessionlab.schema import Type, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SLICE = 250_000
"""Sessions whose canonical rows are made at once: what is counted for each of them is in memory meanwhile."""

_WITHIN = {"source": "source = $source", "after": "session_id > $after", "last": "session_id <= $last"}
"""What holds for the sessions of a slice, by what it is told of."""


def derive(connection: DuckDBPyConnection, source: str, kinds: Iterable[str], finer: int = 1) -> None:
    """Make a source's canonical sessions anew out of its native rows, in slices of some hundred thousand.

    ``finer`` slices, by this factor, take less memory and more time.
    """
    columns = ", ".join(quote(name) for name in SESSIONS.names if name != entrants.COLUMN)
    for kind in sorted(kinds):
        connection.execute("DELETE FROM main.sessions WHERE source = ? AND kind = ?", [source, kind])
        for after, last in _slices(connection, source, kind, finer):
            given = {"source": source, "after": after, "last": last}
            bound = {name: value for name, value in given.items() if value is not None}
            condition = " AND ".join(_WITHIN[name] for name in bound)
            connection.execute(
                f"INSERT INTO main.sessions ({columns}) SELECT {columns} FROM {quote(kind)}.canonical_sessions"
                f" WHERE {condition}",
                bound,
            )
            if KINDS[kind].competes:
                find_entrants(connection, f"{quote(kind)}.canonical_attempts", condition, bound)


def find_entrants(
    connection: DuckDBPyConnection, attempts: str, condition: str = "true", bound: Mapping[str, str] | None = None
) -> None:
    """Note who took part in the sessions that are competitions.

    ``attempts`` are theirs, and ``condition`` holds for those to look at; ``bound`` are its values.
    """
    found = entrants.competitions(attempts, condition)
    connection.execute(
        f"UPDATE main.sessions SET {entrants.COLUMN} = found.{entrants.COLUMN} FROM ({found}) AS found"
        " WHERE sessions.source = found.source AND sessions.kind = found.kind"
        " AND sessions.session_id = found.session_id",
        bound or {},
    )


def _slices(
    connection: DuckDBPyConnection, source: str, kind: str, finer: int
) -> Iterator[tuple[str | None, str | None]]:
    """Cut a source's session ids into ranges of about as many: each after the first id, up to the second.

    A sample of the ids tells where: to sort them all would take the memory that slices are to spare.
    """
    root = f"{quote(kind)}.{quote(KINDS[kind].root.name)} WHERE source = ?"
    ((sessions,),) = connection.execute(f"SELECT count(*) FROM {root}", [source]).fetchall()
    # Where ids are numbers, what hangs on a session is joined by these, and a range of their texts does not narrow it.
    slices = (math.ceil(sessions / _SLICE) if KINDS[kind].id.type is Type.TEXT else 1) * finer
    if slices < 2:
        return iter([(None, None)])
    found = connection.execute(
        f"SELECT max(id) FROM (SELECT id, ntile({slices}) OVER (ORDER BY id) AS slice"
        f" FROM (SELECT {quote(KINDS[kind].id.name)}::VARCHAR AS id FROM {root}) USING SAMPLE {slices * 100} ROWS)"
        " GROUP BY slice ORDER BY 1",
        [source],
    )
    cuts: list[str | None] = [cut for (cut,) in found.fetchall()][:-1]
    return zip([None, *cuts], [*cuts, None], strict=True)
