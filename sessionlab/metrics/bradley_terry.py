"""How strong each entrant is, from who beat whom: the model of Bradley & Terry, fitted where that is possible.

The model gives every entrant a rating r, and says that i beats j with the chance 1 / (1 + exp(r_j - r_i)). Only the
differences have a meaning; the mean of those rated is put at 0.

Bradley & Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952). A finite estimate exists, and only
one, where each can be reached from each other by a chain of defeats: Ford, "Solution of a ranking problem from binary
comparisons", American Mathematical Monthly 64 (1957); see also Hunter, "MM algorithms for generalized Bradley-Terry
models", Annals of Statistics 32 (2004). So the largest set of entrants that has this property is rated, from what
happened inside of it. Every other one would be infinitely better or worse than these, or is not comparable with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from sessionlab.intervals import Z
from sessionlab.metrics.newton import fit, variances

MOST = 300
"""How many entrants are rated at most: the time grows with their cube, and is some seconds here."""

Wins = Mapping[tuple[str, str], int]
"""How often the first of a pair beat the second."""

Edges = Mapping[str, set[str]]


@dataclass(frozen=True)
class Rating:
    """A rating with its 95 % interval, or the reason why there is none."""

    rating: float | None = None
    low: float | None = None
    high: float | None = None
    unrated: str | None = None


def ratings(wins: Wins) -> dict[str, Rating]:
    """Rate all who beat another one or were beaten by one.

    >>> [round(one.rating or 0, 3) for one in ratings({("a", "b"): 3, ("b", "a"): 1}).values()]
    [0.549, -0.549]
    >>> ratings({("a", "b"): 3})["a"].unrated
    'won every comparison'
    """
    beaten: dict[str, set[str]] = defaultdict(set)
    beaters: dict[str, set[str]] = defaultdict(set)
    for winner, loser in wins:
        beaten[winner].add(loser)
        beaters[loser].add(winner)
    names = sorted({*beaten, *beaters})
    field = _field(names, beaten, beaters, wins)
    rated = _estimates(field, wins) if len(field) <= MOST else {}
    known = set(names)
    met = _reached(field[0], {name: beaten[name] | beaters[name] for name in names}, known) if field else known
    inside = set(field)
    return {
        name: rated.get(name) or Rating(unrated=_reason(name in inside, name in met, beaten[name], beaters[name]))
        for name in names
    }


def _reason(in_field: bool, met: bool, beaten: set[str], beaters: set[str]) -> str:
    """Say why somebody has no rating."""
    if not beaters:
        return "won every comparison"
    if not beaten:
        return "lost every comparison"
    if in_field:
        return "too many, or too lopsided, to be rated"
    return "all results go one way" if met else "never met those rated"


def _field(names: Sequence[str], beaten: Edges, beaters: Edges, wins: Wins) -> list[str]:
    """Find the largest set in which each is reached from each other by wins; empty where all stand alone.

    Of sets of one size it is the one with the most wins inside of it.
    """

    def size(found: list[str]) -> tuple[int, int]:
        inside = set(found)
        return len(found), sum(count for pair, count in wins.items() if inside.issuperset(pair))

    sets = [sorted(found) for found in _mutual(names, beaten, beaters) if len(found) > 1]
    most = max(map(len, sets), default=0)
    return max((found for found in sorted(sets) if len(found) == most), key=size, default=[])


def _mutual(names: Sequence[str], edges: Edges, backwards: Edges) -> Iterator[set[str]]:
    """Part names into the sets in which each is reached from each other, by two walks over all edges.

    Kosaraju's way, as in Sharir, "A strong-connectivity algorithm and its applications in data flow analysis",
    Computers & Mathematics with Applications 7 (1981).
    """
    left = dict.fromkeys(reversed(_afterwards(names, edges)))
    while left:
        found = _reached(next(iter(left)), backwards, left)
        for name in found:
            del left[name]
        yield found


def _afterwards(names: Sequence[str], edges: Edges) -> list[str]:
    """Order names in such a way that each comes after what is reached from it, where that does not lead back to it."""
    order: list[str] = []
    seen: set[str] = set()
    ways = [(name, False) for name in reversed(names)]
    while ways:
        name, is_through = ways.pop()
        if is_through:
            order.append(name)
        elif name not in seen:
            seen.add(name)
            ways.append((name, True))
            ways += [(end, False) for end in sorted(edges.get(name, ())) if end not in seen]
    return order


def _reached(start: str, edges: Edges, within: Container[str]) -> set[str]:
    """Find all that there is a way to, inside of some; the start is one of them."""
    reached, fresh = {start}, {start}
    while fresh:
        fresh = {end for name in fresh for end in edges.get(name, ()) if end in within} - reached
        reached |= fresh
    return reached


def _estimates(names: Sequence[str], wins: Wins) -> dict[str, Rating]:
    """Fit those whose ratings are known to exist; the intervals are of the observed information.

    It is empty where there is nobody, or the fit is beyond the arithmetic.
    """
    place = {name: i for i, name in enumerate(names)}
    games = [[0.0] * len(names) for _ in names]
    for (winner, loser), count in wins.items():
        if winner in place and loser in place:
            games[place[winner]][place[loser]] += count
    try:
        fitted = fit(games)
        errors = [Z * sqrt(variance) for variance in variances(games, fitted)]
    except ArithmeticError:
        return {}
    found = zip(names, fitted, errors, strict=True)
    return {name: Rating(rating, rating - error, rating + error) for name, rating, error in found}
