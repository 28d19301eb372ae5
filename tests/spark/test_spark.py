"""Every metric over a data set is the same by Spark as by DuckDB: on a cluster of two workers, and over Connect."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sessionlab.spark
from sessionlab import Lab, LabError, QueryError
from sessionlab.metrics import METRICS
from sessionlab.samples import sample_files
from sessionlab.spark import SparkLab
from tests.export.alike import check_alike
from tests.labs import write_json

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark", reason="PySpark is not installed")
pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

REAL = Path(__file__).parents[3] / "shared" / "real"
REAL_SOURCES = ("codegen/mini_swe.db", "conversation/mini_swe.db", "workflow/terminal_bench.json", "worktree")
_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # what runs for seconds is compiled in vain
SETTINGS = {
    "spark.driver.extraJavaOptions": _JVM,
    "spark.executor.extraJavaOptions": _JVM,
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.files.openCostInBytes": "1000",
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.sql.session.timeZone": "America/New_York",  # which no number may depend on
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "OFF",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """The samples, and where there are some, the real sessions."""
    with Lab() as lab:
        for source in sorted(sample_files().iterdir()):
            lab.load(source)
        for name in REAL_SOURCES if REAL.exists() else ():
            lab.load(REAL / name, name=f"real {name}")
        yield lab


@pytest.fixture(scope="module")
def path(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lake") / "a [new] lake"
    lab.export(path)
    return path


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SparkSession]]:
    """A cluster of two workers: its classic session, and one of Connect to the same."""
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.session import SparkSession as ConnectSession

    scratch = tmp_path_factory.mktemp("spark")
    os.environ["SPARK_WORKER_DIR"] = str(scratch / "workers")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    own = {"spark.connect.grpc.binding.port": str(port), "spark.sql.warehouse.dir": str(scratch / "warehouse")}
    for name, value in {**SETTINGS, **own}.items():
        builder = builder.config(name, value)
    classic = builder.getOrCreate()
    connect: Any = ConnectSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    yield {"classic": classic, "connect": connect}
    connect.stop()
    classic.stop()


@pytest.fixture(scope="module")
def labs(sessions: dict[str, SparkSession], path: Path) -> dict[str, SparkLab]:
    return {name: SparkLab(session, path) for name, session in sessions.items()}


ALIKE = {"difficulties", "modes", "statuses", "timeline"}
"""Metrics that are written as another one is: once is enough for them."""


@pytest.mark.parametrize(
    ("session", "name"),
    [*(("classic", name) for name in METRICS), *(("connect", name) for name in METRICS if name not in ALIKE)],
)
def test_metrics_are_the_same(lab: Lab, labs: dict[str, SparkLab], session: str, name: str) -> None:
    grouped = {
        "by": ["kind", "model"],
        "where": "attempts > 1 AND started_at < TIMESTAMP '2026-06-01'",
        "bucket": "month",
    }
    arguments: dict[str, Any] = grouped if session == "classic" else {}
    expected = getattr(lab.metrics, name)(**arguments).fetchall()
    found = getattr(labs[session].metrics, name)(**arguments)
    assert found.columns == getattr(lab.metrics, name)(**arguments).columns
    assert len(expected) > 0
    check_alike([tuple(row) for row in found.collect()], expected)


def test_weeks_start_on_mondays(lab: Lab, labs: dict[str, SparkLab]) -> None:
    found = labs["connect"].metrics.winners(of="model", bucket="week").collect()
    check_alike([tuple(row) for row in found], lab.metrics.winners(of="model", bucket="week").fetchall())


@pytest.mark.parametrize("by", ["entrants", "extra"])
def test_groups_may_be_of_json(lab: Lab, labs: dict[str, SparkLab], by: str) -> None:
    found = labs["classic"].metrics.winners(of="runtime", by=by).collect()
    assert len(found) > 3
    check_alike([tuple(row) for row in found], lab.metrics.winners(of="runtime", by=by).fetchall())


@pytest.mark.parametrize("session", ["classic", "connect"])
def test_sql_and_charts(lab: Lab, labs: dict[str, SparkLab], session: str) -> None:
    mine = labs[session]
    query = "SELECT kind, count(*) AS n FROM sessions WHERE extra->>'$.agent' IS NULL GROUP BY ALL ORDER BY ALL"
    assert [tuple(row) for row in mine.sql(query).collect()] == lab.sql(query).fetchall() != []
    assert mine.sql("SELECT count(*) FROM attempts", dialect="spark").collect()[0][0] == mine.table("attempts").count()
    assert mine.charts.winners(of="model").to_dict() == lab.charts.winners(of="model").to_dict()
    with pytest.raises(QueryError, match="nothing"):
        mine.sql("SELECT nothing FROM sessions")
    with pytest.raises(QueryError, match="Did you mean 'errors'"):
        mine.table("error")
    with pytest.raises(QueryError, match="Did you mean 'topic'"):
        mine.metrics.success_rate(by="topc")
    assert "success_rate" in dir(mine.metrics)


def test_pandas_frames_without_a_word(lab: Lab, labs: dict[str, SparkLab]) -> None:
    """What PySpark and pandas 3 have to say of each other is no news to a user, as the values are right."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        importlib.reload(sessionlab.spark)
        frames = [labs[name].metrics.timeline(by="kind", bucket="month").toPandas() for name in labs]
        importlib.reload(importlib.import_module("pyspark.testing.utils"))
    assert [str(each.message) for each in seen if not issubclass(each.category, ResourceWarning)] == []
    expected = lab.metrics.timeline(by="kind", bucket="month").df()
    for frame in frames:
        assert frame.columns.tolist() == expected.columns.tolist()
        assert [str(kind) for kind in frame.dtypes[:2]] == ["datetime64[us]", "str"]
        check_alike(*(each.astype(object).where(each.notna(), None).to_numpy().tolist() for each in (frame, expected)))


def test_a_data_set_that_grows(sessions: dict[str, SparkSession], tmp_path: Path) -> None:
    path = tmp_path / "lake"
    with Lab() as lab:
        lab.export(path)
        with SparkLab(sessions["classic"], path) as mine:
            assert mine.table("sessions").count() == mine.sql("FROM messages").count() == 0
            lab.load(write_json(tmp_path / "runs.json", [1, 2]), name="Runs of mine")
            lab.export(path)
            mine.refresh()
            assert mine.table("sessions").count() == 2
            views = list(mine._views.values())
            assert all(map(sessions["classic"].catalog.tableExists, views))
    assert len(views) == 5
    assert not any(map(sessions["classic"].catalog.tableExists, views))


def test_what_is_no_data_set_is_refused(sessions: dict[str, SparkSession], tmp_path: Path) -> None:
    for session in sessions.values():
        with pytest.raises(LabError, match="There is no data set"):
            SparkLab(session, tmp_path)


def test_what_was_exported_earlier_is_refused(sessions: dict[str, SparkSession], tmp_path: Path) -> None:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]))
        lab.export(tmp_path / "lake")
    manifest = tmp_path / "lake" / "runs" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": 1}))
    with pytest.raises(LabError, match=r"schema version 1, and Spark is given 2 alone\. Export it again"):
        SparkLab(sessions["classic"], tmp_path / "lake")
