"""The lab of a cluster: the same words over a data set that Spark reads."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterable
from functools import cached_property, wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from sessionlab.charts import Charts
from sessionlab.errors import QueryError
from sessionlab.export.manifest import TABLES
from sessionlab.export.remote import scheme_of
from sessionlab.metrics import METRICS, Metrics
from sessionlab.metrics.arguments import suggestion
from sessionlab.spark.data_set import read_manifests, read_table
from sessionlab.spark.translate import translated

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from pyspark.sql import DataFrame, SparkSession

_NAMES = tuple(table.name for table in TABLES)


class SparkLab:
    """A data set that ``Lab.export`` made, asked by Spark: the same SQL, metrics and charts as of a lab.

    Args:
        spark: A session, classic or of Spark Connect; it gets temporary views of names that nobody else has.
        path: The data set's folder or URL, as the cluster sees it.

    It sees what had been exported when it was made, or when :meth:`refresh` was last called. Files that are replaced
    meanwhile must stay for as long as a query runs: ``lab.export(…, keep=seconds)``.

    Raises:
        LabError: there is no data set, or one of another version, or it cannot be read.

    Example, with a session of Spark's as ``spark`` and a data set at ``path``::

        lab = SparkLab(spark, path)
        lab.metrics.success_rate(by="topic").show()
        lab.charts.success_rate(by="topic")
        lab.sql("FROM sessions WHERE attempts > 3").count()
    """

    def __init__(self, spark: SparkSession, path: str | os.PathLike[str]) -> None:
        place = os.fspath(path).rstrip("/")
        self.path = place if scheme_of(place) else str(Path(place).expanduser().absolute())
        self._spark = spark
        sign = uuid.uuid4().hex[:12]
        self._views = {name: f"sessionlab_{sign}_{name}" for name in _NAMES}
        self.refresh()

    def refresh(self) -> None:
        """See what has been exported since.

        Raises:
            LabError: the data set cannot be read.
        """
        root = self.path if scheme_of(self.path) else "file://" + re.sub(r"([][{}*?\\])", r"\\\1", self.path)
        manifests = read_manifests(self._spark, root)
        for table in TABLES:
            read_table(self._spark, root, manifests, table).createOrReplaceTempView(self._views[table.name])

    def sql(self, query: str, dialect: str = "duckdb") -> DataFrame:
        """Run SQL over ``sessions``, ``attempts``, ``messages``, ``errors`` and ``sources``.

        Args:
            query: One query. The session's own tables and views are in reach as well.
            dialect: What it is written in: ``"duckdb"``, as for a lab, or ``"spark"``.

        Returns:
            A data frame of Spark's, which runs when it is asked for rows.

        Raises:
            QueryError: it cannot be written for Spark, or Spark refuses it.
        """
        from pyspark.errors import PySparkException

        try:
            frame = self._spark.sql(translated(query, self._views, dialect))
            frame.columns  # noqa: B018 - over Connect, only now is the query looked at
        except PySparkException as error:
            raise QueryError("\n".join(str(error).splitlines()[:12])) from error
        return frame

    def table(self, name: str) -> DataFrame:
        """Give a whole table.

        Raises:
            QueryError: there is none of that name.
        """
        if name not in self._views:
            raise QueryError(f"A data set has no table {name!r}.{suggestion(name, _NAMES)}")
        return self._spark.table(self._views[name])

    @cached_property
    def metrics(self) -> SparkMetrics:
        """The metrics, each a method that gives a data frame: ``lab.metrics.success_rate(by="topic")``."""
        return SparkMetrics(self.sql)

    @cached_property
    def charts(self) -> Charts:
        """The metrics as Altair charts, as of a lab: ``lab.charts.success_rate(by="topic")``."""
        return Charts(_metrics_of(self.sql))

    def close(self) -> None:
        """Remove the temporary views; the session stays."""
        for view in self._views.values():
            self._spark.catalog.dropTempView(view)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SparkLab(spark, {self.path!r})"


class SparkMetrics:
    """All metrics of a data set, as data frames of Spark's. ``run`` takes DuckDB's SQL."""

    def __init__(self, run: Callable[[str], DataFrame]) -> None:
        self._run = run
        self._metrics = _metrics_of(run)

    def __getattr__(self, name: str) -> Callable[..., DataFrame]:
        """Give a metric as a function of the metric's arguments that returns the data frame."""
        described = getattr(self._metrics, name)

        @wraps(described)
        def measured(**arguments: Any) -> DataFrame:
            return self._run(self._metrics.written(name, **arguments).answer)

        return measured

    def __dir__(self) -> Iterable[str]:
        """List the metrics beside the methods."""
        return [*super().__dir__(), *METRICS]


class _Rows:
    """The rows of a data frame, fetched as a relation's are."""

    def __init__(self, frame: DataFrame) -> None:
        self._frame = frame

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._frame.collect()]

    def to_dicts(self) -> list[dict[str, Any]]:
        return [row.asDict() for row in self._frame.collect()]


def _metrics_of(run: Callable[[str], DataFrame]) -> Metrics:
    """Give the metrics that fetch from Spark: what is fitted, and what is drawn, is so from few rows."""
    return Metrics(lambda query: cast("DuckDBPyRelation", _Rows(run(query))))
