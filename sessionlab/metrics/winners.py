"""Winners: who wins competitions, and how strong that makes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import columns_named, session_column, suggestion
from sessionlab.metrics.bradley_terry import Rating, ratings
from sessionlab.metrics.query import (
    Expressions,
    conditions_of,
    constant,
    following,
    groups,
    names,
    nulls_last,
    query,
    refuse_twins,
    select,
)
from sessionlab.metrics.rates import rate_of
from sessionlab.metrics.registry import Run, fitted, metric
from sessionlab.schema import Type, quote

ENTRANTS = ("agent", "model", "runtime")
"""What of an attempt can win."""

Rated = dict[tuple[Any, ...], Rating]
"""Ratings by the values of the groups, and the entrant."""

_SESSION = dict.fromkeys(('"source"', '"kind"', '"session_id"'), "")
_COUNTS = ("entered", "won", "rate", "low", "high")
_RATING = {"rating": Type.REAL, "rating_low": Type.REAL, "rating_high": Type.REAL, "unrated": Type.TEXT}


@metric
def winners(
    *, of: str = "agent", by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> str:
    """Tell who wins the competitions: sessions of several attempts, one of which is the winner.

    ``of`` is what is compared: ``"agent"``, ``"model"`` or ``"runtime"`` of the attempts. Columns: one of this name;
    ``entered``, attempts in competitions; ``won``, those that won; ``rate`` = won / entered, and its 95 % Wilson
    score interval ``low`` to ``high``, from 0 to 1; ``rating``, the strength by Bradley & Terry, from who beat whom,
    and its 95 % interval ``rating_low`` to ``rating_high``; ``unrated``, why there is no rating. The best comes first.

    The winner of a competition beats each attempt in it that did not win, unless they are of the same. A rating is
    a natural logarithm of the odds, with a mean of 0: who is 1 ahead wins 2.7 times as often as not, 73 %. Its
    interval is of the observed information; where the likelihood has no maximum, it is NULL. What is not known is a
    group of its own, which is counted and not rated.

    The text alone knows no ratings, as they are not found by SQL; those that run it put them in.

    >>> lab.metrics.winners(of="model").project("model, entered, won, round(rating, 1) AS rating").limit(2).fetchall()
    [('quill-4', 20, 12, 0.6), ('heron-2', 26, 12, 0.4)]
    """
    return _written(of, by, where, bucket, rated={}, otherwise="not fitted")


@fitted("winners")
def with_ratings(
    run: Run, *, of: str = "agent", by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> str:
    """Fit the ratings to the competitions, and write the metric with them."""
    wins: dict[tuple[Any, ...], dict[tuple[str, str], int]] = defaultdict(dict)
    for *group, winner, loser, count in run(meetings(of, by, where, bucket)).fetchall():
        wins[tuple(group)][winner, loser] = count
    rated = {(*group, name): one for group, pairs in wins.items() for name, one in ratings(pairs).items()}
    return _written(of, by, where, bucket, rated=rated, otherwise="met no other")


def meetings(of: str, by: str | Sequence[str], where: str | None, bucket: str | None) -> str:
    """Write the query that tells who beat whom how often: the groups, ``winner``, ``loser``, ``wins``.

    Where one beat another there was a competition, so nothing else need be asked.
    """
    outer = groups(by, bucket)
    keys, named = names(outer), _named(of, outer, where)
    return following(
        select(
            keys,
            {"winner": "winner", "loser": "loser", "wins": "count(*)"},
            None,
            source=f"victors JOIN beaten USING ({', '.join(_SESSION)})",
            conditions=["winner <> loser"],
            inner=["winner", "loser"],
            order=[],
        ),
        **named,
        victors=query(names(_SESSION | keys) | {"winner": of}, "named", conditions=["won"]),
        beaten=query(names(_SESSION) | {"loser": of}, "named", conditions=["NOT won"]),
    )


def _named(of: str, outer: Expressions, where: str | None) -> dict[str, str]:
    """Write the queries that lead to ``named``: a row for each attempt in a session that names a winner."""
    if of not in ENTRANTS:
        raise QueryError(f"No competition is between {of!r}.{suggestion(of, ENTRANTS)}")
    refuse_twins(outer, dict.fromkeys((of, *_COUNTS, *_RATING), ""))
    session = names(_SESSION)
    grouped = {name: f"chosen.{name}" for name in outer if name not in session}
    found = {**session, **grouped, of: f"tries.{of}", "won": "tries.winner"}
    known = "tries.winner IS NOT NULL"
    if not outer and where is None:  # it takes a session to know the winner: all that are known have theirs
        return {"named": query(found, "attempts AS tries", conditions=[known])}
    return {
        "chosen": query(session | outer, "sessions", conditions=conditions_of(where)),
        "named": query(found, f"attempts AS tries JOIN chosen USING ({', '.join(session)})", conditions=[known]),
    }


def _entrants(of: str, keys: Expressions) -> dict[str, str]:
    """Write the queries that lead on to ``entrants``: a row for each attempt in a competition, and whether it won."""
    session = names(_SESSION)
    sizes = {"size": "count(*)", "winners": "count_if(won)"}
    columns = {**keys, of: of, "won": "won"}
    source = f"named JOIN sizes USING ({', '.join(session)})"
    return {
        "sizes": select({}, session | sizes, None, source="named", inner=list(session), order=[]),
        "entrants": query(columns, source, conditions=["size > 1", "winners > 0"]),
    }


def _written(
    of: str, by: str | Sequence[str], where: str | None, bucket: str | None, *, rated: Rated, otherwise: str
) -> str:
    """Write the metric with ratings; ``otherwise`` is why those who have none are not rated."""
    outer = groups(by, bucket)
    keys = names(outer)
    counts = {"entered": "count(*)", "won": "CAST(count_if(won) AS BIGINT)"}
    columns = {
        **names(keys | dict.fromkeys((of, "entered", "won"), ""), "counted"),
        **rate_of("won", "entered"),
        **names(dict.fromkeys(_RATING, ""), "ratings"),
        "unrated": _why(of, otherwise),
    }
    met = [f"counted.{name} IS NOT DISTINCT FROM ratings.{name}" for name in (*keys, of)]
    order = [*nulls_last(keys), "rating DESC NULLS LAST", "rate DESC", "entered DESC", f"{of} NULLS LAST"]
    return following(
        query(columns, "counted LEFT JOIN ratings\n  ON " + "\n  AND ".join(met), order=order),
        **_named(of, outer, where),
        **_entrants(of, keys),
        counted=select(keys, {of: of, **counts}, None, source="entrants", inner=[of], order=[]),
        ratings=_constants(of, by, bucket, rated),
    )


def _why(of: str, otherwise: str) -> str:
    return f"""CASE
  WHEN counted.{of} IS NULL THEN 'not known who it is'
  WHEN rating IS NULL THEN coalesce(unrated, '{otherwise}')
END"""


def _constants(of: str, by: str | Sequence[str], bucket: str | None, rated: Rated) -> str:
    """Write the ratings as a table; a row of NULL, which nobody meets, gives it its types where there are none."""
    types = {"bucket": Type.TIME} if bucket else {}
    types |= {quote(name): session_column(name).type for name in columns_named(by)}
    types |= {of: Type.TEXT, **_RATING}
    rows: list[tuple[Any, ...]] = [(None,) * len(types)]
    rows += [(*key, one.rating, one.low, one.high, one.unrated) for key, one in rated.items()]
    written = ",\n".join(f"  ({', '.join(map(constant, row, types.values()))})" for row in rows)
    return f"SELECT *\nFROM (VALUES\n{written}\n) AS constants ({', '.join(types)})"
