"""P-values of differences between rates, exact where few sessions ask for it, in plain Python. All are two-sided."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from sessionlab.intervals import Z

LEVEL = 0.05
"""A p-value below this goes with a 95 % interval that leaves out 0."""

ENUMERATED = 30
"""How many signs are gone through one by one."""


def pooled_z_test(passed_a: int, judged_a: int, passed_b: int, judged_b: int) -> float:
    """Give the p-value of the two-proportion z-test with the pooled rate: 1 where all passed, or none.

    >>> round(pooled_z_test(45, 60, 30, 60), 6)
    0.004678
    """
    pooled = (passed_a + passed_b) / (judged_a + judged_b)
    variance = pooled * (1 - pooled) * (1 / judged_a + 1 / judged_b)
    if not variance:
        return 1.0
    return math.erfc(abs(passed_a / judged_a - passed_b / judged_b) / math.sqrt(2 * variance))


def fisher_exact(passed_a: int, judged_a: int, passed_b: int, judged_b: int) -> float:
    """Give the p-value of Fisher's exact test: what the tables no likelier than this one come to, the margins fixed.

    Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98 (1935).

    >>> round(fisher_exact(3, 3, 0, 3), 12)
    0.1
    """
    passed = passed_a + passed_b
    first, last = max(0, passed - judged_b), min(passed, judged_a)

    def ratio(k: int) -> float:
        return (judged_a - k) * (passed - k) / ((k + 1) * (judged_b - passed + k + 1))

    mode = min(max((passed + 1) * (judged_a + 1) // (judged_a + judged_b + 2), first), last)
    weights = [*_falling(1 / ratio(k - 1) for k in range(mode, first, -1))][::-1]
    weights += [1.0, *_falling(ratio(k) for k in range(mode, last))]
    seen = weights[passed_a - first] * (1 + 1e-7)  # as likely, if it were not for the rounding
    return min(math.fsum(weight for weight in weights if weight <= seen) / math.fsum(weights), 1.0)


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Give the p-value of McNemar's test: the pairs with but one success fall to either side like a fair coin.

    McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12 (1947).
    Exact by the binomial distribution, however many pairs there are, so that no approximation is to be chosen.

    >>> mcnemar_exact(5, 0)
    0.0625
    """
    pairs, fewer = only_a + only_b, min(only_a, only_b)
    if 2 * fewer == pairs:
        return 1.0
    middle = pairs // 2
    below = [1.0, *_falling(k / (pairs - k + 1) for k in range(middle, 0, -1))]
    tail = math.fsum(below[middle - fewer :])
    whole = 2 * math.fsum(below) - (1.0 if pairs % 2 == 0 else 0.0)
    return min(2 * tail / whole, 1.0)


def sign_flip_test(differences: Sequence[float]) -> float:
    """Give the p-value of the sum of differences, if each might as well have had the other sign.

    Of differences that are 1 or -1 this is McNemar's exact test. Exact for up to 30 of them, by going through all signs
    (Fisher, "The design of experiments", 1935, section 21); for more, with the normal approximation of that, which is
    McNemar's chi-squared test for clustered pairs of Durkalski et al., Statistics in Medicine 22 (2003) 2417-2428.

    >>> sign_flip_test([0.2, 0.4, 0.2])
    0.25
    """
    total = abs(math.fsum(differences))
    if len(differences) > ENUMERATED:
        return math.erfc(total / math.sqrt(2 * math.fsum(value * value for value in differences)))
    half = len(differences) // 2
    left, right = _signed_sums(differences[:half]), sorted(_signed_sums(differences[half:]))
    least = total - 1e-9  # as far off, if it were not for the rounding
    far = sum(len(right) - bisect_left(right, least - value) for value in left)  # the sums are symmetric about 0
    return min(2 * far / (len(left) * len(right)), 1.0)


def _signed_sums(values: Sequence[float]) -> list[float]:
    """Sum up values with all combinations of signs."""
    sums = [0.0]
    for value in values:
        sums = [given + signed for given in sums for signed in (value, -value)]
    return sums


def student_quantile(freedom: int) -> float:
    """Give the 97.5 % quantile of Student's t distribution with so many degrees of freedom, at least 1.

    By Abramowitz & Stegun 26.7.3 and 26.7.4, the finite series of the distribution; from 1,000 degrees on by 26.7.5,
    the expansion from the normal quantile, which is exact to 12 digits there.

    >>> round(student_quantile(10), 6)
    2.228139
    """
    if freedom >= 1000:
        terms: tuple[float, ...] = (
            (Z**3 + Z) / 4,
            (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
            (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
        )
        return Z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        inside = _student_inside(middle, freedom) > 1 - LEVEL
        low, high = (low, middle) if inside else (middle, high)
    return math.sqrt(freedom) * math.tan(low)


def _student_inside(angle: float, freedom: int) -> float:
    """Give the chance that Student's t lies within plus or minus sqrt(freedom) * tan(angle)."""
    odd, square = freedom % 2, math.cos(angle) ** 2
    term = math.cos(angle) if odd else 1.0
    series = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom, 2):
        term *= square * (k - 1) / k
        series += term
    return 2 / math.pi * (angle + math.sin(angle) * series) if odd else math.sin(angle) * series


def _falling(ratios: Iterable[float]) -> Iterator[float]:
    """Multiply up ratios, starting from 1."""
    product = 1.0
    for ratio in ratios:
        product *= ratio
        yield product
