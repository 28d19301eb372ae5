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
_LINEUPS = "lineups"


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

        On the way stand ``lineups``: who entered a competition and who of them won, and in how many it was just so.
        These are few, however many the sessions, and all that is asked of competitions is counted from them.
        """
        won = "CAST(sum(CASE WHEN entrant.won THEN times ELSE 0 END) AS BIGINT)"
        counts = {"entered": "CAST(sum(times) AS BIGINT)", "won": won}
        return {
            **self._lineups(),
            "entrants": query(self.keys | {"entrant": "unnest(lineup)", "times": "times"}, _LINEUPS),
            "counted": query(
                self.keys | {self.of: "entrant.name"} | counts, "entrants", grouping=[*self.keys, "entrant.name"]
            ),
        }

    def tallies(self) -> str:
        """Write the query of all that ratings are made of, in one look at the tables.

        Its columns are the groups as text, ``entrant``, ``loser``, ``times`` and ``won``. Where there is a loser, the
        entrant beat that one so many times; where there is none, it entered as often and won as often as it says.
        """
        texts = {name: f"CAST({name} AS VARCHAR)" for name in self.keys}
        counted = {"entrant": self.of, "loser": "CAST(NULL AS VARCHAR)", "times": "entered", "won": "won"}
        met = {"entrant": "victor.name", "loser": "beaten.name", "times": "CAST(sum(times) AS BIGINT)", "won": "NULL"}
        columns = self.keys | {"times": "times"}
        beaten = query(
            texts | met,
            "pairs",
            conditions=["NOT beaten.won", "victor.name <> beaten.name"],
            grouping=[*self.keys, "victor.name", "beaten.name"],
        )
        return following(
            f"{query(texts | counted, 'counted')}\nUNION ALL\n{beaten}",
            **self.counting(),
            victors=query(columns | {"victor": "unnest(lineup)", "lineup": "lineup"}, _LINEUPS),
            pairs=query(
                columns | {"victor": "victor", "beaten": "unnest(lineup)"}, "victors", conditions=["victor.won"]
            ),
        )

    def _lineups(self) -> dict[str, str]:
        lineup = f"list({{'name': {self.of}, 'won': won}})"
        columns = {"lineup": lineup, "size": "count(*)", "winners": "count_if(won)"}
        return {
            **self._named(),
            "competitions": query(self.keys | columns, "named", grouping=[*(names(_SESSION) | self.keys)]),
            _LINEUPS: query(
                self.keys | {"lineup": "lineup", "times": "count(*)"},
                "competitions",
                conditions=["size > 1", "winners > 0"],
                grouping=[*self.keys, "lineup"],
            ),
        }

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
