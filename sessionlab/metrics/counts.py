"""Figures of a group of sessions: how many there are, how much work they took, and how long."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.metrics.query import following, groups, names, nulls_last, query, select
from sessionlab.metrics.rates import PASSED, RATES, SUCCESS
from sessionlab.metrics.registry import metric
from sessionlab.metrics.values import share


@metric
def summary(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Put the main figures of the sessions side by side.

    Columns: ``sessions``, ``judged``, ``passed``, ``rate``, ``low``, ``high`` as in ``success_rate``;
    ``attempts_mean``, ``attempts_median`` and ``problem_attempts_mean`` a session; ``duration_median_s`` in
    seconds; ``errors``, the sum over the sessions. Each leaves out the sessions where its value is not known,
    and is NULL where it is known of none.

    >>> lab.metrics.summary(by="kind").columns[:6]
    ['kind', 'sessions', 'judged', 'passed', 'rate', 'low']
    """
    figures = {
        "attempts_mean": "avg(attempts)",
        "attempts_median": "median(attempts)",
        "problem_attempts_mean": "avg(problem_attempts)",
        "duration_median_s": "median(duration_s)",
        "errors": "CAST(sum(errors) AS BIGINT)",
    }
    return select(groups(by, bucket), {"sessions": "count(*)", **SUCCESS, **figures}, where, derived=RATES)


@metric
def attempts(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Tell how many attempts the sessions took.

    Columns: ``sessions``; ``known``, those of them whose attempts are known, and of which the figures are: ``mean``;
    ``std``, of a sample, NULL for less than two; ``median`` and ``p90``, interpolated between neighbours; ``max``.
    ``problem_mean`` is the mean of ``problem_attempts``, of the sessions where those are known.

    >>> lab.metrics.attempts(by="kind").project("kind, sessions, median, max").fetchall()
    [('codegen', 100, 2.0, 5), ('conversation', 100, 1.0, 5), ('workflow', 100, 1.0, 5), ('worktree', 100, 2.0, 4)]
    """
    figures = {
        "sessions": "count(*)",
        "known": "count(attempts)",
        "mean": "avg(attempts)",
        "std": "stddev_samp(attempts)",
        "median": "median(attempts)",
        "p90": _quantile(0.9, "attempts"),
        "max": "max(attempts)",
        "problem_mean": "avg(problem_attempts)",
    }
    return select(groups(by, bucket), figures, where)


@metric
def attempts_distribution(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the sessions that took each number of attempts, and how many of them succeeded.

    Columns: ``attempts``, NULL where they are not known; ``sessions``; ``passed``; ``share`` of the group's
    sessions, from 0 to 1. A number that no session took has no row.

    >>> lab.metrics.attempts_distribution(where="kind = 'codegen'").project("attempts, sessions").fetchall()
    [(1, 40), (2, 26), (3, 14), (4, 9), (5, 11)]
    """
    outer = groups(by, bucket)
    counts = {
        "attempts": "attempts",
        "sessions": "count(*)",
        "passed": PASSED,
        "share": share(outer.values()),
    }
    return select(outer, counts, where, inner=["attempts"])


@metric
def durations(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Tell how long the sessions took, in seconds.

    Columns: ``sessions``; ``known``, those of them whose duration is known, as it is not while they run; and of
    these ``p10``, ``p50``, ``p90`` and ``p99``, the quantiles, interpolated between neighbours, and ``mean``.

    >>> lab.metrics.durations(by="kind").project("kind, known, round(p50) AS p50").fetchall()
    [('codegen', 100, 430.0), ('conversation', 97, 268.0), ('workflow', 96, 81.0), ('worktree', 97, 2165.0)]
    """
    outer = groups(by, bucket)
    percents = (10, 50, 90, 99)
    # One list of quantiles sorts the durations once; four of them would do so four times.
    quantiles = _quantile([percent / 100 for percent in percents], "duration_s")
    counts = {
        "sessions": "count(*)",
        "known": "count(duration_s)",
        "quantiles": quantiles,
        "mean": "avg(duration_s)",
    }
    picked = {f"p{percent}": f"quantiles[{place}]" for place, percent in enumerate(percents, 1)}
    columns = {**names(outer), **names(["sessions", "known"]), **picked, "mean": "mean"}
    measured = select(outer, counts, where, order=[])
    return following(query(columns, "measured", order=nulls_last(outer)), measured=measured)


def _quantile(part: float | Sequence[float], column: str) -> str:
    """Write a quantile, or a list of them, interpolated between neighbours.

    Not as ``quantile_cont``, as usual in DuckDB: sqlglot misplaces its arguments when it writes Spark.
    """
    return f"percentile_cont({part}) WITHIN GROUP (ORDER BY {column})"
