"""The fit of the model of Bradley & Terry, by Newton's method, for entrants whose ratings are known to exist.

In plain Python, as the lab needs no numpy: the time grows with the cube of the entrants, 0.02 s for 50 of them.
``games`` tells how often the one of the row beat the one of the column.
"""

from __future__ import annotations

from itertools import combinations
from math import exp, log1p, sqrt
from operator import mul

Matrix = list[list[float]]

LONGEST = 3.0
"""The longest step for a rating. A longer one ends where the likelihood is flat, and does not come back."""


def fit(games: Matrix) -> list[float]:
    """Maximise the likelihood by Newton's method, with steps cut down until they go up.

    Near the top the likelihood is too flat to tell up from down, so a loss within rounding counts as none.

    Raises ``ArithmeticError`` where the likelihood is too flat for the arithmetic, as with a win in a billion.
    """
    ratings = [0.0] * len(games)
    best = _likelihood(games, ratings)
    for _ in range(200):
        step = _solved(_anchored(_information(games, ratings))[0], _slope(games, ratings))
        longest = max(map(abs, step))
        size = min(1, LONGEST / longest) if longest else 1.0
        while (reached := _likelihood(games, _moved(ratings, step, size))) < best * (1 + 1e-10) and size > 1e-9:
            size /= 2
        ratings, best = _moved(ratings, step, size), reached
        if longest < 1e-9:
            return ratings
    raise ArithmeticError("The ratings do not settle.")


def variances(games: Matrix, ratings: list[float]) -> list[float]:
    """Give the variances of the ratings: the diagonal of the pseudo-inverse of the observed information."""
    anchored, much = _anchored(_information(games, ratings))
    rows, size = _factor(anchored), len(games)
    found = [-1 / (size * size * much)] * size
    for start in range(size):  # one column of the inverse of L after the other; they square and add up along it
        column: list[float] = [1 / rows[start][start]]
        for i in range(start + 1, size):
            column.append(-sum(map(mul, rows[i][start:], column)) / rows[i][i])
        found[start] += sum(map(mul, column, column))
    return found


def _moved(ratings: list[float], step: list[float], size: float) -> list[float]:
    """Take a step, and put the mean at 0."""
    moved = [rating + size * part for rating, part in zip(ratings, step, strict=True)]
    mean = sum(moved) / len(moved)
    return [rating - mean for rating in moved]


def _chance(difference: float) -> float:
    """Give the chance to win with a rating that is so much better."""
    return 1 / (1 + exp(-difference)) if difference > 0 else exp(difference) / (1 + exp(difference))


def _likelihood(games: Matrix, ratings: list[float]) -> float:
    """Give the logarithm of the likelihood."""

    def cost(difference: float) -> float:
        return log1p(exp(-abs(difference))) + max(-difference, 0)

    pairs = ((i, j, count) for i, row in enumerate(games) for j, count in enumerate(row) if count)
    return -sum(count * cost(ratings[i] - ratings[j]) for i, j, count in pairs)


def _slope(games: Matrix, ratings: list[float]) -> list[float]:
    """Give the wins of each beyond those that the ratings let expect."""
    slope = [0.0] * len(games)
    for i, row in enumerate(games):
        for j, count in enumerate(row):
            if count:
                surprise = count * _chance(ratings[j] - ratings[i])
                slope[i] += surprise
                slope[j] -= surprise
    return slope


def _information(games: Matrix, ratings: list[float]) -> Matrix:
    """Give the observed information: how sharply the likelihood bends.

    It has no inverse, as all ratings could move together without a change.
    """
    size = len(games)
    information = [[0.0] * size for _ in range(size)]
    for i, j in combinations(range(size), 2):
        if count := games[i][j] + games[j][i]:
            weight = count * _chance(ratings[i] - ratings[j]) * _chance(ratings[j] - ratings[i])
            for row, column, part in ((i, i, weight), (j, j, weight), (i, j, -weight), (j, i, -weight)):
                information[row][column] += part
    return information


def _anchored(information: Matrix) -> tuple[Matrix, float]:
    """Add the same to every cell, as much as the diagonal has on average over the cells of a row; and say how much.

    That holds the mean of the ratings. The inverse is the pseudo-inverse, and 1 / (n * n * much) more in every cell.
    """
    much = sum(row[i] for i, row in enumerate(information)) / len(information) ** 2
    return [[cell + much for cell in row] for row in information], much


def _factor(matrix: Matrix) -> Matrix:
    """Give Cholesky's factor: the rows of L, up to the diagonal, where the matrix is L times its transpose."""
    rows: Matrix = []
    for i, given in enumerate(matrix):
        row: list[float] = []
        for j in range(i):
            row.append((given[j] - sum(map(mul, row, rows[j]))) / rows[j][j])
        rest = given[i] - sum(map(mul, row, row))
        if rest <= 0:
            raise ArithmeticError("The likelihood is flat.")
        row.append(sqrt(rest))
        rows.append(row)
    return rows


def _solved(matrix: Matrix, right: list[float]) -> list[float]:
    """Solve a system of equations whose matrix is positive definite."""
    rows = _factor(matrix)
    half: list[float] = []
    for row, value in zip(rows, right, strict=True):
        half.append((value - sum(map(mul, row, half))) / row[-1])
    solution = half
    for i in reversed(range(len(rows))):
        solution[i] /= rows[i][i]
        for j in range(i):
            solution[j] -= rows[i][j] * solution[i]
    return solution
