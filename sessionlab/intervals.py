"""How sure a rate is."""

from __future__ import annotations

import math

Interval = tuple[float, float]
"""The lower and the upper bound."""

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, as 95 % lie between it and its negative."""


def wilson(passed: int, judged: int) -> Interval:
    """Give the 95 % score interval of a rate; ``judged`` is not 0.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    >>> [round(bound, 4) for bound in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    middle = passed + Z * Z / 2
    half = Z * math.sqrt(passed * (judged - passed) / judged + Z * Z / 4)
    low, high = (middle - half) / (judged + Z * Z), (middle + half) / (judged + Z * Z)
    return (0.0 if passed == 0 else low), (1.0 if passed == judged else high)
