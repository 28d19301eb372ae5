"""Winners: who wins competitions, and how strong that makes them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sessionlab.metrics.arguments import columns_named, session_column
from sessionlab.metrics.bradley_terry import ratings
from sessionlab.metrics.competitions import Competitions
from sessionlab.metrics.query import following, names, nulls_last, query, refuse_twins
from sessionlab.metrics.rates import RATES, rate_of
from sessionlab.metrics.registry import Run, Written, fitted, metric
from sessionlab.schema import Type, literal, quote

Known = Mapping[tuple[Any, ...], Sequence[Any]]
"""Values of the groups, as text, and the entrant: what is known of it in that group."""

_COUNTS = {"entered": Type.INTEGER, "won": Type.INTEGER}
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
    asked = _asked(of, by, where, bucket)
    return _shown(asked, "not fitted", **_joined(asked, {}))


@fitted("winners")
def with_ratings(
    run: Run, *, of: str = "agent", by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None
) -> Written:
    """Fit the ratings to who beat whom, and write the metric with them."""
    asked = _asked(of, by, where, bucket)
    counts: dict[tuple[Any, ...], tuple[int, int]] = {}
    wins: dict[tuple[Any, ...], Counter[tuple[str, str]]] = defaultdict(Counter)
    for *group, entrant, won, victor, times in run(asked.tallies()).fetchall():
        entered_before, won_before = counts.get((*group, entrant), (0, 0))
        counts[*group, entrant] = (entered_before + times, won_before + times * won)
        if not won and None not in (victor, entrant) and victor != entrant:
            wins[tuple(group)][victor, entrant] += times
    rated = {
        (*group, name): (one.rating, one.low, one.high, one.unrated)
        for group, pairs in wins.items()
        for name, one in ratings(pairs).items()
    }
    known = {key: (*times, *rated.get(key, (None,) * len(_RATING))) for key, times in counts.items()}
    met = "met no other"
    return Written(
        _shown(asked, met, **_joined(asked, rated)),
        _shown(asked, met, rated=_constants(asked, _COUNTS | _RATING, known)),
    )


def _asked(of: str, by: str | Sequence[str], where: str | None, bucket: str | None) -> Competitions:
    asked = Competitions(of, by, where, bucket)
    refuse_twins(asked.groups, dict.fromkeys((of, *_COUNTS, *RATES, *_RATING), ""))
    return asked


def _joined(asked: Competitions, known: Known) -> dict[str, str]:
    """Write the queries that lead to ``rated``: what the tables tell, with the ratings that are known."""
    met = [f"counted.{name} IS NOT DISTINCT FROM ratings.{name}" for name in (*asked.keys, asked.of)]
    columns = names([*asked.keys, asked.of, *_COUNTS], "counted") | names(_RATING, "ratings")
    return {
        **asked.counting(),
        "ratings": _constants(asked, _RATING, known),
        "rated": query(columns, "counted LEFT JOIN ratings\n  ON " + "\n  AND ".join(met)),
    }


def _shown(asked: Competitions, otherwise: str, **queries: str) -> str:
    """Write the metric from queries that lead to ``rated``; ``otherwise`` is why there is no rating."""
    columns = {
        **names([*asked.keys, asked.of, *_COUNTS]),
        **rate_of("won", "entered"),
        **names(_RATING),
        "unrated": _why(asked.of, otherwise),
    }
    order = [*nulls_last(asked.keys), "rating DESC NULLS LAST", "rate DESC", "entered DESC", f"{asked.of} NULLS LAST"]
    return following(query(columns, "rated", order=order), **queries)


def _why(of: str, otherwise: str) -> str:
    return f"""CASE
  WHEN {of} IS NULL THEN 'not known who it is'
  WHEN rating IS NULL THEN coalesce(unrated, '{otherwise}')
END"""


def _constants(asked: Competitions, columns: dict[str, Type], known: Known) -> str:
    """Write what is known of each group and entrant as a table.

    It stands in one literal, a line of JSON a row: to parse a VALUES of 100,000 rows takes DuckDB half a minute.
    """
    types = {"bucket": Type.TIME} if asked.bucket else {}
    types |= {quote(name): _plain(session_column(name).type) for name in columns_named(asked.by)}
    types |= {asked.of: Type.TEXT, **columns}
    rows = "\n".join(_line(*key, *values) for key, values in known.items())
    return query(
        {name: f"CAST(known ->> '$.c{place}' AS {type_.value})" for place, (name, type_) in enumerate(types.items())},
        f"(\n  SELECT unnest(string_split({literal(rows or '{}')}, chr(10))) AS known\n)",
        conditions=[] if known else ["false"],
    )


def _plain(type_: Type) -> Type:
    """Give the type to read a group's text as: JSON is one already, and Spark would make JSON of that."""
    return Type.TEXT if type_ is Type.JSON else type_


def _line(*values: object) -> str:
    """Write a row; a NULL is left out, as Spark reads one in an array as a text."""
    known = {f"c{place}": str(value) for place, value in enumerate(values) if value is not None}
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))
