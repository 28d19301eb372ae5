"""Figures of a group of sessions: how many there are, and how much work they took."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.metrics.query import groups, select
from sessionlab.metrics.rates import SUCCESS
from sessionlab.metrics.registry import metric


@metric
def summary(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Put the main figures of the sessions side by side.

    Columns: ``sessions``, ``judged``, ``passed``, ``rate``, ``low``, ``high`` as in ``success_rate``;
    ``attempts_mean``, ``attempts_median`` and ``problem_attempts_mean`` a session; ``duration_median_s`` in
    seconds; ``errors``, the sum over the sessions. Each leaves out the sessions where its value is not known,
    and is NULL where it is known of none.
    """
    figures = {
        "attempts_mean": "avg(attempts)",
        "attempts_median": "median(attempts)",
        "problem_attempts_mean": "avg(problem_attempts)",
        "duration_median_s": "median(duration_s)",
        "errors": "CAST(sum(errors) AS BIGINT)",
    }
    return select(groups(by, bucket), {"sessions": "count(*)", **SUCCESS, **figures}, where)


@metric
def attempts(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Tell how many attempts the sessions took.

    Columns: ``sessions``; ``mean``; ``std``, of a sample, NULL for less than two; ``median`` and ``p90``,
    interpolated between neighbours; ``max``; ``problem_mean``, the mean of ``problem_attempts``. All but the
    first leave out the sessions whose attempts are not known.
    """
    figures = {
        "sessions": "count(*)",
        "mean": "avg(attempts)",
        "std": "stddev_samp(attempts)",
        "median": "median(attempts)",
        # Not quantile_cont, as usual in DuckDB: sqlglot misplaces its arguments when it writes Spark.
        "p90": "percentile_cont(0.9) WITHIN GROUP (ORDER BY attempts)",
        "max": "max(attempts)",
        "problem_mean": "avg(problem_attempts)",
    }
    return select(groups(by, bucket), figures, where)
