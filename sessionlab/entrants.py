"""Entrants: who took part in a session that is a competition, as its canonical row keeps them.

A competition is a session of several attempts, one of which is its winner. Who was in it is found once, as a source is
loaded: to find it in the attempts takes a join and two groupings by session, where all that is asked later counts the
few line-ups that there are.
"""

from __future__ import annotations

COLUMN = "entrants"
"""The column of ``sessions``: a JSON array of the attempts, the winner first; NULL where there was no competition.

Each has ``won``, and of ``agent``, ``model`` and ``runtime`` what is known. They are in an order that does not depend
on that of the attempts, so that there are few line-ups, and each stands on a line of its own.
"""

COMPARED = ("agent", "model", "runtime")
"""What of an attempt can win."""

SEPARATOR = "',' || chr(10)"
"""What stands between two entrants, as SQL. No text within has it, as JSON writes a line break in another way."""


def competitions(attempts: str, condition: str = "true") -> str:
    """Write the query of the competitions among attempts: ``source``, ``kind``, ``session_id`` and the ``entrants``.

    ``attempts`` has the canonical columns, and ``condition`` holds for those to look at.
    """
    known = ", ".join(f"""'"{name}":' || to_json({name})""" for name in COMPARED)
    return f"""SELECT
    source,
    kind,
    session_id,
    -- Backwards, true comes before false.
    ('[' || array_to_string(list_reverse_sort(list(entrant)), {SEPARATOR}) || ']')::JSON AS {COLUMN}
FROM (
    SELECT source, kind, session_id, winner, '{{' || concat_ws(',', '"won":' || winner, {known}) || '}}' AS entrant
    FROM {attempts}
    WHERE winner IS NOT NULL AND {condition}
)
GROUP BY source, kind, session_id
HAVING count(*) > 1 AND count_if(winner) = 1"""


def listed(entrants: str) -> str:
    """Write the list of the entrants, each a JSON text, in the part of SQL that Spark has too."""
    inner = f"substring(CAST({entrants} AS VARCHAR), 2, length({entrants}) - 2)"
    return f"string_split({inner}, {SEPARATOR})"
