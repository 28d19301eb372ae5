"""Competitions: sessions of several attempts, one of which is the winner; who was in them, and who beat whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessionlab.entrants import COMPARED, listed
from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import suggestion
from sessionlab.metrics.query import Expressions, conditions_of, following, groups, names, query


@dataclass(frozen=True)
class Competitions:
    """The competitions of the sessions that ``where`` holds for, in the groups of ``by`` and ``bucket``.

    ``of`` is what of an attempt competes. Raises ``QueryError`` where it is none of ``COMPARED``.
    """

    of: str
    by: str | Sequence[str]
    where: str | None
    bucket: str | None

    def __post_init__(self) -> None:
        if self.of not in COMPARED:
            raise QueryError(f"No competition is between {self.of!r}.{suggestion(self.of, COMPARED)}")

    @property
    def keys(self) -> Expressions:
        """The columns to group by."""
        return names(self.groups)

    @property
    def groups(self) -> Expressions:
        """The columns to group by, as they are made of a session's."""
        return groups(self.by, self.bucket)

    def counting(self) -> dict[str, str]:
        """Write the queries that lead to ``counted``: the groups, the entrant, how often it ``entered`` and ``won``.

        On the way stand the ``line_ups``, and the ``entrants``: who entered, whether it won, who did, and how many
        times it was just so. These are few, however many the sessions, and all that is asked is counted from them.
        """
        line_ups = query(
            self.groups | {"line_up": "entrants", "times": "count(*)"},
            "sessions",
            conditions=["entrants IS NOT NULL", *conditions_of(self.where)],
            grouping=[*self.keys, "line_up"],
        )
        attempts = {"victor": self._named("line_up", "$[0]"), "attempt": f"unnest({listed('line_up')})"}
        entrants = {"entrant": self._named("attempt", "$"), "won": "(attempt ->> '$.won') = 'true'"}
        times = "CAST(sum(times) AS BIGINT)"
        won = "CAST(sum(CASE WHEN won THEN times ELSE 0 END) AS BIGINT)"
        return {
            "line_ups": line_ups,
            "tried": query(self.keys | {"times": "times"} | attempts, "line_ups"),
            "entrants": query(
                self.keys | entrants | {"victor": "victor", "times": times},
                "tried",
                grouping=[*self.keys, "entrant", "won", "victor"],
            ),
            "counted": query(
                self.keys | {self.of: "entrant", "entered": times, "won": won},
                "entrants",
                grouping=[*self.keys, "entrant"],
            ),
        }

    def tallies(self) -> str:
        """Write the query of the ``entrants``, with the groups as text: all that ratings are made of.

        Its columns are the groups, ``entrant``, ``won``, ``victor`` and ``times``.
        """
        queries = self.counting()
        del queries["counted"]
        texts = {name: f"CAST({name} AS VARCHAR)" for name in self.keys}
        return following(query(texts | names(["entrant", "won", "victor", "times"]), "entrants"), **queries)

    def _named(self, entrants: str, place: str) -> str:
        """Read who it is at a place in a JSON text."""
        return f"{entrants} ->> '{place}.{self.of}'"
