"""The metrics as methods: ``metrics.success_rate(by="topic")`` runs the SQL and gives the relation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

from sessionlab.errors import NotFound, QueryError
from sessionlab.metrics.arguments import suggestion
from sessionlab.metrics.registry import FITTED, METRICS, Metric, Run, Written

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


class Metrics:
    """All metrics of one lab.

    ``run`` takes SQL over the canonical tables and gives its relation.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getattr__(self, name: str) -> Callable[..., DuckDBPyRelation]:
        """Give a metric as a function of the metric's arguments that returns the relation."""
        try:
            function = named(name)
        except NotFound as error:
            raise AttributeError(str(error)) from None

        @wraps(function)
        def measured(*unnamed: Any, **arguments: Any) -> DuckDBPyRelation:
            if unnamed:
                raise QueryError(f"A metric takes what it is told by name, as lab.metrics.{name}(by={unnamed[0]!r}).")
            return self._run(self.written(name, **arguments).answer)

        return measured

    def __dir__(self) -> Iterable[str]:
        """List the metrics beside the methods."""
        return [*super().__dir__(), *METRICS]

    def __repr__(self) -> str:
        """List the metrics, for who looks what there is."""
        return f"<metrics: {', '.join(METRICS)}>"

    def sql(self, name: str, **arguments: Any) -> str:
        """Give the SQL of a metric instead of running it; what it holds of fitted numbers is of the lab as it is now.

        Raises ``NotFound`` where there is no such metric, and ``QueryError`` as the metric does.
        """
        return self.written(name, **arguments).sql

    def written(self, name: str, **arguments: Any) -> Written:
        """Give the SQL of a metric beside what is run for it: ``sql`` and ``answer``.

        Raises as :meth:`sql` does.
        """
        function = named(name)
        if name in FITTED:
            return FITTED[name](self._run, **arguments)
        sql = function(**arguments)
        return Written(sql, sql)


def named(name: str) -> Metric:
    """Look a metric up by its name.

    Raises ``NotFound`` where there is none; the message lists those there are.
    """
    try:
        return METRICS[name]
    except (KeyError, TypeError):
        raise NotFound(f"There is no metric {name!r}.{suggestion(str(name), METRICS)}") from None
