"""Competitions: sessions of several attempts, one of which is the winner; who was in them, and who beat whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import suggestion
from sessionlab.metrics.query import Expressions, conditions_of, following, groups, names, query

ENTRANTS = ("agent", "model", "runtime")
"""What of an attempt can win."""

_SESSION = dict.fromkeys(('"source"', '"kind"', '"session_id"'), "")


@dataclass(frozen=True)
class Competitions:
    """The competitions of the sessions that ``where`` holds for, in the groups of ``by`` and ``bucket``.

    ``of`` is what of an attempt competes. Raises ``QueryError`` where it is none of ``ENTRANTS``.
    """

    of: str
    by: str | Sequence[str]
    where: str | None
    bucket: str | None

    def __post_init__(self) -> None:
        if self.of not in ENTRANTS:
            raise QueryError(f"No competition is between {self.of!r}.{suggestion(self.of, ENTRANTS)}")

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

        On the way stand the ``entrants``: who entered, whether it won, who did, and how many times it was just so.
        These are few, however many the sessions, and all that is asked of competitions is counted from them.
        """
        session = names(_SESSION)
        columns = {"entrant": self.of, "won": "won", "victor": "victor"}
        won = "CAST(sum(CASE WHEN won THEN times ELSE 0 END) AS BIGINT)"
        counts = {"entered": "CAST(sum(times) AS BIGINT)", "won": won}
        return {
            **self._named(),
            "sizes": query(
                session
                | {"size": "count(*)", "winners": "count_if(won)", "victor": f"max({self.of}) FILTER (WHERE won)"},
                "named",
                grouping=[*session],
            ),
            "entrants": query(
                self.keys | columns | {"times": "count(*)"},
                f"named JOIN sizes USING ({', '.join(session)})",
                conditions=["size > 1", "winners = 1"],
                grouping=[*self.keys, self.of, "won", "victor"],
            ),
            "counted": query(self.keys | {self.of: "entrant"} | counts, "entrants", grouping=[*self.keys, "entrant"]),
        }

    def tallies(self) -> str:
        """Write the query of all that ratings are made of, in one look at the tables.

        Its columns are the groups as text, ``entrant``, ``loser``, ``times`` and ``won``. Where there is a loser, the
        entrant beat that one so many times; where there is none, it entered as often and won as often as it says.
        """
        texts = {name: f"CAST({name} AS VARCHAR)" for name in self.keys}
        counted = {"entrant": self.of, "loser": "CAST(NULL AS VARCHAR)", "times": "entered", "won": "won"}
        met = {"entrant": "victor", "loser": "entrant", "times": "CAST(sum(times) AS BIGINT)", "won": "NULL"}
        beaten = query(
            texts | met,
            "entrants",
            conditions=["NOT won", "victor <> entrant"],
            grouping=[*self.keys, "victor", "entrants.entrant"],
        )
        return following(f"{query(texts | counted, 'counted')}\nUNION ALL\n{beaten}", **self.counting())

    def _named(self) -> dict[str, str]:
        """Write the queries that lead to ``named``: a row for each attempt in a session that names a winner."""
        session = names(_SESSION)
        grouped = {name: f"chosen.{name}" for name in self.keys if name not in session}
        found = {**session, **grouped, self.of: f"tries.{self.of}", "won": "tries.winner"}
        known = "tries.winner IS NOT NULL"
        if not self.keys and self.where is None:  # it takes a session to know the winner: all known have theirs
            return {"named": query(found, "attempts AS tries", conditions=[known])}
        return {
            "chosen": query(session | self.groups, "sessions", conditions=conditions_of(self.where)),
            "named": query(found, f"attempts AS tries JOIN chosen USING ({', '.join(session)})", conditions=[known]),
        }
