"""The difference of two proportions, independent or paired, in plain Python.

All intervals are of 95 %, all tests two-sided, and all rates and differences parts of 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sessionlab.compare.significance import (
    ENUMERATED,
    LEVEL,
    fisher_exact,
    mcnemar_exact,
    pooled_z_test,
    sign_flip_test,
    student_quantile,
)
from sessionlab.intervals import Interval, wilson

_SMALL = 5
"""Where fewer are expected in a cell, the normal approximation is not to be trusted (Cochran, Biometrics 10, 1954)."""


@dataclass(frozen=True)
class Difference:
    """A difference of two rates.

    Attributes:
        value: The first rate less the second.
        low: The lower bound of its 95 % interval.
        high: The upper bound.
        p_value: The chance of a difference at least as large if there were none in truth.
        test: The test that the p-value is of.
    """

    value: float
    low: float
    high: float
    p_value: float
    test: str

    @property
    def covers_zero(self) -> bool:
        """Tell whether no difference at all would go with what was seen."""
        return self.low <= 0 <= self.high

    @property
    def decisive(self) -> bool:
        """Tell whether interval and test both say that there is a difference: with few sessions they may not agree."""
        return not self.covers_zero and self.p_value < LEVEL


def independent(passed_a: int, judged_a: int, passed_b: int, judged_b: int) -> Difference:
    """Compare the rates of two independent groups, neither of which is empty.

    The interval is Newcombe's hybrid score interval: method 10 of "Interval estimation for the difference between
    independent proportions", Statistics in Medicine 17 (1998) 873-890. The p-value is that of the z-test with the
    pooled rate, which is the chi-squared test of the 2x2 table without a correction; but where less than 5 are expected
    in one of its cells, that of Fisher's exact test, as the normal approximation is too bold there.
    """
    rate_a, rate_b = passed_a / judged_a, passed_b / judged_b
    low, high = _square_and_add(rate_a, rate_b, wilson(passed_a, judged_a), wilson(passed_b, judged_b), 0.0)
    passed, judged = passed_a + passed_b, judged_a + judged_b
    if min(judged_a, judged_b) * min(passed, judged - passed) < _SMALL * judged:
        p_value, test = fisher_exact(passed_a, judged_a, passed_b, judged_b), "Fisher's exact test"
    else:
        p_value, test = pooled_z_test(passed_a, judged_a, passed_b, judged_b), "z-test with the pooled rate"
    return Difference(rate_a - rate_b, low, high, p_value, test)


def paired(both: int, only_a: int, only_b: int, neither: int) -> Difference:
    """Compare two rates over pairs, of which there is at least one; they are counted by which side passed.

    The interval is method 10 of Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 17 (1998) 2635-2650. The p-value is McNemar's, exact.

    >>> tested = paired(36, 12, 2, 0)  # from that paper
    >>> round(tested.value, 4), round(tested.low, 4), round(tested.high, 4), round(tested.p_value, 4)
    (0.2, 0.0569, 0.3404, 0.0129)
    """
    pairs = both + only_a + only_b + neither
    passed_a, passed_b = both + only_a, both + only_b
    low, high = _square_and_add(
        passed_a / pairs,
        passed_b / pairs,
        wilson(passed_a, pairs),
        wilson(passed_b, pairs),
        _correlation(both, only_a, only_b, neither),
    )
    value = (only_a - only_b) / pairs
    return Difference(value, low, high, mcnemar_exact(only_a, only_b), "McNemar's exact test")


def paired_rates(pairs: int, mean: float, deviation: float, unequal: Sequence[float]) -> Difference:
    """Compare two rates over pairs of groups, where a side's outcome in a pair is the rate of its group.

    Args:
        pairs: How many there are, at least one.
        mean: The mean of their differences, each the first side's rate less the second's.
        deviation: The sample standard deviation of those.
        unequal: The differences that are not 0.

    The interval is Student's (1908) over the pairs, as Miller recommends for evaluations of language models that try
    each question several times ("Adding error bars to evals", 2024, section 4); of one pair it is everything. The
    p-value is that of :func:`sign_flip_test`.
    """
    reach = student_quantile(pairs - 1) * deviation / math.sqrt(pairs) if pairs > 1 else 2.0
    p_value = sign_flip_test(unequal)
    exact = "exact " if len(unequal) <= ENUMERATED else ""
    return Difference(mean, max(mean - reach, -1.0), min(mean + reach, 1.0), p_value, f"{exact}sign-flip test")


def _square_and_add(rate_a: float, rate_b: float, a: Interval, b: Interval, correlation: float) -> Interval:
    """Make the interval of a difference out of those of its two sides."""

    def reach(one: float, other: float) -> float:
        return math.sqrt(max(one * one - 2 * correlation * one * other + other * other, 0.0))

    value = rate_a - rate_b
    return value - reach(rate_a - a[0], b[1] - rate_b), value + reach(a[1] - rate_a, rate_b - b[0])


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Give Newcombe's phi: the pairs' correlation, moved towards 0 by a continuity correction where it is positive."""
    excess = both * neither - only_a * only_b
    corrected = max(excess - (both + only_a + only_b + neither) / 2, min(excess, 0))
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    return corrected / math.sqrt(margins) if margins else 0.0
