"""Ratings: against a maximum-likelihood fit by scipy, and where there can be none."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from sessionlab.metrics.bradley_terry import MOST, Wins, _mutual, ratings

Array = np.ndarray[Any, Any]
Z = 1.959963984540054


def results(entrants: int, most: int) -> st.SearchStrategy[dict[tuple[str, str], int]]:
    """Draw who beat whom how often."""
    names = st.sampled_from("abcdefgh"[:entrants])
    pairs = st.tuples(names, names).filter(lambda pair: pair[0] != pair[1])
    return st.dictionaries(pairs, st.integers(1, most), min_size=1)


def table(wins: Wins) -> tuple[list[str], Array]:
    names = sorted({name for pair in wins for name in pair})
    games = np.zeros((len(names), len(names)))
    for (winner, loser), count in wins.items():
        games[names.index(winner), names.index(loser)] += count
    return names, games


def cost(strengths: Array, games: Array) -> tuple[float, Array]:
    """Give the negative logarithm of the likelihood, and its slope."""
    difference = strengths[:, None] - strengths[None, :]
    surprise = games * expit(-difference)
    return float((games * np.logaddexp(0, -difference)).sum()), surprise.sum(axis=0) - surprise.sum(axis=1)


def information(strengths: Array, games: Array) -> Array:
    """Give the second derivatives of the cost."""
    difference = strengths[:, None] - strengths[None, :]
    weights = (games + games.T) * expit(difference) * expit(-difference)
    return np.asarray(np.diag(weights.sum(axis=1)) - weights)


def by_scipy(games: Array) -> tuple[Array, Array]:
    """Fit by scipy, and give the ratings with their standard errors."""
    start = np.zeros(len(games))
    found = minimize(cost, start, games, jac=True, hess=information, method="trust-exact", options={"gtol": 1e-10})
    strengths = found.x - found.x.mean()
    return strengths, np.sqrt(np.diag(np.linalg.pinv(information(strengths, games), hermitian=True)))


def check(wins: Wins) -> None:
    """Compare the rated ones with scipy's fit of the same games."""
    found = ratings(wins)
    rated = [name for name, one in found.items() if one.rating is not None]
    if not rated:
        return
    names, games = table({pair: count for pair, count in wins.items() if set(pair) <= set(rated)})
    assert names == rated
    strengths, errors = by_scipy(games)
    own = np.array([[found[name].rating, found[name].low, found[name].high] for name in names], dtype=float)
    np.testing.assert_allclose(own[:, 0], strengths, atol=1e-7)
    np.testing.assert_allclose(own[:, 1], strengths - Z * errors, atol=1e-6)
    np.testing.assert_allclose(own[:, 2], strengths + Z * errors, atol=1e-6)
    assert abs(cost(own[:, 0], games)[1]).max() < 1e-8


@given(results(6, 9))
@settings(max_examples=80, deadline=None)
def test_ratings_are_scipys(wins: dict[tuple[str, str], int]) -> None:
    check(wins)


@pytest.mark.parametrize("entrants", [2, 20, 60])
def test_ratings_of_many_are_scipys(entrants: int) -> None:
    draw = np.random.default_rng(entrants)
    strength = draw.normal(0, 1.5, entrants)
    wins: dict[tuple[str, str], int] = {}
    for _ in range(15 * entrants):
        one, other = draw.choice(entrants, 2, replace=False)
        pair = (one, other) if draw.random() < expit(strength[one] - strength[other]) else (other, one)
        key = f"{pair[0]:03}", f"{pair[1]:03}"
        wins[key] = wins.get(key, 0) + 1
    check(wins)


@given(results(8, 3))
@settings(max_examples=80, deadline=None)
def test_exactly_the_largest_circle_is_rated(wins: dict[tuple[str, str], int]) -> None:
    names, games = table(wins)
    _, component = connected_components(games, directed=True, connection="strong")
    sizes = np.bincount(component)
    found = ratings(wins)
    assert list(found) == names
    rated = {name for name, one in found.items() if one.rating is not None}
    assert len(rated) == (sizes.max() if sizes.max() > 1 else 0)
    assert len({component[names.index(name)] for name in rated}) <= 1
    for name, one in found.items():
        assert (one.unrated is None) == (name in rated)
        assert {one.low, one.high} == {None} or name in rated
        assert (one.unrated == "won every comparison") == (not games[:, names.index(name)].any())
        assert (one.unrated == "lost every comparison") == (not games[names.index(name)].any())
    assert sum(one.rating or 0 for one in found.values()) == pytest.approx(0, abs=1e-9)


def reasons(wins: Iterable[str]) -> dict[str, str | None]:
    """Say who is rated how, of wins like ``a>b``."""
    return {name: one.unrated for name, one in ratings({(win[0], win[2]): 1 for win in wins}).items()}


def test_why_there_is_no_rating() -> None:
    circle = ["a>b", "b>c", "c>a"]
    assert set(reasons(circle).values()) == {None}
    assert reasons([*circle, "d>a"])["d"] == "won every comparison"
    assert reasons([*circle, "a>d"])["d"] == "lost every comparison"
    apart = reasons([*circle, "d>e", "e>d"])
    assert (apart["a"], apart["d"], apart["e"]) == (None, "never met those rated", "never met those rated")
    above = reasons([*circle, "d>e", "e>d", "d>a"])
    assert (above["a"], above["d"], above["e"]) == (None, "all results go one way", "all results go one way")
    assert reasons(["a>b", "b>c"])["b"] == "all results go one way"


def test_of_two_circles_the_one_with_more_wins_is_rated() -> None:
    found = ratings({("a", "b"): 1, ("b", "a"): 1, ("c", "d"): 5, ("d", "c"): 1})
    assert [name for name, one in found.items() if one.unrated is None] == ["c", "d"]


def test_two_have_the_odds_of_their_wins() -> None:
    found = ratings({("a", "b"): 30, ("b", "a"): 10})
    assert found["a"].rating == pytest.approx(math.log(3) / 2, abs=1e-12)
    error = math.sqrt(1 / (40 * 0.75 * 0.25)) / 2
    assert found["a"].high == pytest.approx(math.log(3) / 2 + Z * error, abs=1e-12)


def test_long_steps_come_back() -> None:
    wins = {"ab": 317, "bc": 6, "cd": 21, "de": 44, "ef": 1, "fg": 587, "ga": 632, "fd": 106}
    check({(pair[0], pair[1]): count for pair, count in wins.items()})


@pytest.mark.parametrize("count", [10**3, 10**6, 10**9])
def test_a_lopsided_circle_is_fitted_too(count: int) -> None:
    names = "abcdef"
    pairs = [*pairwise(names)]
    wins = dict.fromkeys(pairs, count) | {(loser, winner): 1 for winner, loser in pairs}
    found = ratings(wins)
    strengths = [found[name].rating or 0 for name in names]
    assert np.diff(strengths) == pytest.approx([-math.log(count)] * 5, rel=1e-6)


def test_too_many_are_not_rated() -> None:
    names = [f"{i:04}" for i in range(MOST + 1)]
    found = ratings(dict.fromkeys(zip(names, [*names[1:], names[0]], strict=True), 1))
    assert {one.unrated for one in found.values()} == {"too many, or too lopsided, to be rated"}


def test_what_is_beyond_the_arithmetic_is_not_rated() -> None:
    wins = {("a", "b"): 10**300, ("b", "a"): 1}
    assert {one.unrated for one in ratings(wins).values()} == {"too many, or too lopsided, to be rated"}


def test_nobody_has_no_rating() -> None:
    assert ratings({}) == {}


@pytest.mark.parametrize("seed", range(20))
def test_who_is_reached_from_each_other_is_as_scipy_finds_it(seed: int) -> None:
    draw = random.Random(seed)
    count = draw.randint(2, 60)
    pairs = {(draw.randrange(count), draw.randrange(count)) for _ in range(draw.randint(1, 2 * count))}
    edges = {str(i): {str(b) for a, b in pairs if a == i} for i in range(count)}
    backwards = {str(i): {str(a) for a, b in pairs if b == i} for i in range(count)}
    rows, columns = zip(*pairs, strict=True)
    matrix = csr_array(([1] * len(pairs), (rows, columns)), shape=(count, count))
    _, labels = connected_components(matrix, connection="strong")
    expected: dict[int, set[str]] = {}
    for i, label in enumerate(labels):
        expected.setdefault(int(label), set()).add(str(i))
    found = list(_mutual([str(i) for i in range(count)], edges, backwards))
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected.values()))


def test_twenty_thousand_entrants_are_too_many_and_told_so() -> None:
    draw = random.Random(3)
    names = [f"n{i:05}" for i in range(20_000)]
    wins = {(names[i], names[i + 1]): 1 for i in range(len(names) - 1)} | {(names[-1], names[0]): 1}
    wins |= {tuple(draw.sample(names, 2)): 2 for _ in range(20_000)}  # type: ignore[misc]
    assert {one.unrated for one in ratings(wins).values()} == {"too many, or too lopsided, to be rated"}
