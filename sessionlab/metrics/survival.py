"""The chance to have passed by the k-th attempt, where many sessions give up earlier."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.intervals import Z
from sessionlab.metrics.query import (
    Expressions,
    following,
    groups,
    names,
    nulls_last,
    query,
    refuse_twins,
    select,
    window,
)
from sessionlab.metrics.rates import PASSED
from sessionlab.metrics.registry import metric


@metric
def success_by_attempt(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Estimate the chance that a session has passed by its k-th attempt, if it is given so many.

    Columns: ``attempt``, k; ``at_risk``, the sessions that made a k-th attempt of known outcome; ``passed``, those
    of them that passed with it; ``rate``, the chance to have passed by then, and its 95 % interval ``low`` to
    ``high``, from 0 to 1. There is a row for each attempt after which some session passed or is known no further.

    The estimate is Kaplan & Meier's, "Nonparametric estimation from incomplete observations", JASA 53 (1958): a
    session that gave up counts as long as it tried, and not as one that could never have passed ("censored"). A
    failed session is censored after its last attempt. One of unknown success, which may still be running, is
    censored before it, as only the attempts before are known not to have passed; so at the first attempt the rate
    is that of the judged sessions. Sessions without attempts, or of an unknown number, are left out. Attempts count
    one after the other, also where they ran side by side, as the instances of a competition do.

    The interval is Greenwood's (1926) on the scale of log(-log), which keeps it between 0 and 1 (Kalbfleisch &
    Prentice 1980). It is not defined, and NULL, while nothing has passed, and where all that were left passed.

    >>> found = lab.metrics.success_by_attempt(where="kind = 'codegen'")
    >>> found.project("attempt, at_risk, passed, round(rate, 2) AS rate").limit(2).fetchall()
    [(1, 100, 40, 0.4), (2, 60, 23, 0.63)]
    """
    outer = groups(by, bucket)
    keys, curve = names(outer), {**_COUNTS, **_CURVE}
    return following(
        query(keys | curve, "sums", order=[*nulls_last(keys), "attempt"]),
        ends=_ends(outer, where, curve),
        risks=query({**keys, "attempt": "attempt", "passed": "passed", **_at_risk(keys)}, "ends"),
        sums=query({**keys, **_COUNTS, **_sums(keys)}, "risks"),
    )


_ENDED = "attempts - CASE WHEN success IS NULL THEN 1 ELSE 0 END"
"""The last attempt whose outcome is known."""

_COUNTS: Expressions = {"attempt": "attempt", "at_risk": "at_risk", "passed": "passed"}


def _bound(sign: str) -> str:
    """Write one bound: the estimate of -log S has the standard error sqrt(variance), its logarithm that over it."""
    error = f"{Z!r}e0 * sqrt(variance) / nullif(-log_survival, 0)"
    return f"CASE WHEN passed < at_risk THEN 1 - exp(log_survival * exp({sign}{error})) END"


_CURVE: Expressions = {
    "rate": "CASE WHEN passed < at_risk THEN 1 - exp(log_survival) ELSE 1 END",
    "low": _bound("-"),
    "high": _bound(""),
}
"""The chance to have passed, which is 1 - S, from the logarithm of S and its variance."""


def _ends(outer: Expressions, where: str | None, own: Expressions) -> str:
    """Count the sessions that passed with each attempt, and those of which it is the last one that is known."""
    refuse_twins(outer, own)
    counts = {"attempt": _ENDED, "ended": "count(*)", "passed": PASSED}
    return select(outer, counts, where, conditions=[f"{_ENDED} >= 1"], inner=["attempt"], order=[])


def _at_risk(keys: Expressions) -> Expressions:
    """Sum up those that end with this attempt or later."""
    return {"at_risk": f"CAST(sum(ended) OVER {window(keys, 'attempt DESC')} AS BIGINT)"}


def _sums(keys: Expressions) -> Expressions:
    """Sum up log S, and Greenwood's variance of it, over the attempts so far."""
    so_far = window(keys, "attempt")
    return {
        "log_survival": f"sum(ln(nullif(at_risk - passed, 0) / at_risk)) OVER {so_far}",
        "variance": f"sum(passed / nullif(at_risk * (at_risk - passed), 0)) OVER {so_far}",
    }
