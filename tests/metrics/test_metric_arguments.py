"""``by`` and ``bucket``, the runner, and what an import costs."""

from __future__ import annotations

import inspect
import subprocess
import sys

import duckdb
import pytest

from sessionlab.errors import NotFound, QueryError
from sessionlab.metrics import METRICS, Metrics, success_rate, summary, topics


@pytest.mark.parametrize("by", ["topik", ["kind", "topik"], "topic; DROP TABLE sessions", 'topic"', ""])
def test_an_unknown_column_is_an_error_that_lists_them(by: str | list[str]) -> None:
    with pytest.raises(QueryError, match=r"no column .* There are: source, kind, .*extra, entrants\."):
        success_rate(by=by)


def test_the_nearest_column_is_suggested() -> None:
    with pytest.raises(QueryError, match=r"Did you mean 'topic'\?"):
        success_rate(by="TOPICS")


def test_an_unknown_bucket_is_an_error_that_lists_them() -> None:
    with pytest.raises(QueryError, match=r"no bucket 'weeks'. Did you mean 'week'\? There are: day, week, month"):
        success_rate(bucket="weeks")


def test_a_column_that_the_metric_makes_itself_is_refused() -> None:
    with pytest.raises(QueryError, match="has a column 'errors' of its own"):
        summary(by="errors")


def test_a_column_without_its_word_is_refused(metrics: Metrics) -> None:
    with pytest.raises(QueryError, match=r"by name, as lab\.metrics\.success_rate\(by='topic'\)\."):
        metrics.success_rate("topic")


@pytest.mark.parametrize("by", [None, 1])
def test_what_is_no_column_is_refused(by: object) -> None:
    with pytest.raises(QueryError, match=rf"by='topic' or by=\['kind', 'topic'\], not {by}\."):
        success_rate(by=by)  # type: ignore[arg-type]


def test_a_column_named_twice_is_taken_once() -> None:
    assert success_rate(by=["topic", "Topic"]) == success_rate(by="topic")


def test_topics_can_be_grouped_by_topic(metrics: Metrics) -> None:
    assert {row[3] for row in metrics.topics(by="topic").fetchall()} == {1.0}
    assert "value" in topics(by="topic")


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_a_method_with_its_help(metrics: Metrics, name: str) -> None:
    method = getattr(metrics, name)
    assert isinstance(method(by="kind"), duckdb.DuckDBPyRelation)
    assert method.__doc__ == METRICS[name].__doc__
    assert list(inspect.signature(method).parameters) == ["of"] * (name == "winners") + ["by", "where", "bucket"]
    assert name in dir(metrics)


def test_the_sql_of_a_metric_is_what_runs(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    query = metrics.sql("attempts", by="kind")
    assert lab.sql(query).fetchall() == metrics.attempts(by="kind").fetchall()


def test_an_unknown_metric_is_an_error_that_lists_them(metrics: Metrics) -> None:
    with pytest.raises(
        AttributeError, match=r"no metric 'succes_rate'. Did you mean 'success_rate' or .*\? There are: .*topics"
    ):
        metrics.succes_rate()
    with pytest.raises(NotFound, match="no metric"):
        metrics.sql("nothing")


def test_the_metrics_show_what_there_is(metrics: Metrics) -> None:
    assert repr(metrics) == f"<metrics: {', '.join(METRICS)}>"


def test_only_a_condition_costs_the_import_of_sqlglot() -> None:
    code = (
        "import sys, sessionlab.metrics as m; m.summary(by='topic', bucket='day'); "
        "assert not {'sqlglot', 'duckdb', 'altair'} & sys.modules.keys(); "
        "m.summary(where='success'); assert 'sqlglot' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
