"""The numbers: against numpy and statsmodels, and against each other."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from sessionlab.errors import QueryError
from sessionlab.metrics import METRICS, Metrics
from tests.metrics.bench import empty_lab, filled_lab, full_lab, metrics_of, rows

RATES = ["sessions", "judged", "passed", "rate", "low", "high"]
VALUES = ["value", "sessions", "share", *RATES[1:]]
COLUMNS = {
    "summary": [
        *RATES,
        "attempts_mean",
        "attempts_median",
        "problem_attempts_mean",
        "duration_median_s",
        "errors",
    ],
    "success_rate": RATES,
    "timeline": RATES,
    "attempts": ["sessions", "known", "mean", "std", "median", "p90", "max", "problem_mean"],
    "attempts_distribution": ["attempts", "sessions", "passed", "share"],
    "success_by_attempt": ["attempt", "at_risk", "passed", "rate", "low", "high"],
    "topics": VALUES,
    "difficulties": VALUES,
    "statuses": VALUES,
    "modes": VALUES,
    "errors": ["error_type", "message", "errors", "sessions", "last_seen"],
    "durations": ["sessions", "known", "p10", "p50", "p90", "p99", "mean"],
    "winners": ["agent", "entered", "won", *RATES[3:], "rating", "rating_low", "rating_high", "unrated"],
}


def values(lab: duckdb.DuckDBPyConnection, column: str, where: str = "true") -> np.ndarray[Any, Any]:
    query = f"SELECT {column} FROM sessions WHERE {column} IS NOT NULL AND {where}"
    return np.array([value for (value,) in lab.sql(query).fetchall()], dtype=float)


@pytest.mark.parametrize("name", METRICS)
def test_the_columns_are_the_designs(metrics: Metrics, name: str) -> None:
    relation = getattr(metrics, name)(by=["KIND", "difficulty"], bucket="month")
    assert relation.columns == ["bucket", "kind", "difficulty", *COLUMNS[name]]
    assert getattr(metrics, name)().columns == ["bucket"] * (name == "timeline") + COLUMNS[name]


@pytest.mark.parametrize("judged", [1, 2, 10, 1_000])
def test_the_interval_is_wilsons(judged: int) -> None:
    rest = "UNION ALL SELECT 'x', 'unjudged', NULL, 0"
    counts = sorted({0, 1, judged // 3, judged // 2, judged - 1, judged})
    queries = [
        f"SELECT 'x' AS source, '{passed}' AS topic, i < {passed} AS success, i AS attempts "
        f"FROM range({judged}) AS numbers (i)"
        for passed in counts
    ]
    lab = filled_lab(" UNION ALL ".join(queries) + rest)
    for row in rows(metrics_of(lab).success_rate(by="topic", where="topic <> 'unjudged'")):
        passed = int(row["topic"])
        low, high = proportion_confint(passed, judged, method="wilson")
        assert (row["judged"], row["passed"], row["rate"]) == (judged, passed, passed / judged)
        assert row["low"] == pytest.approx(low, abs=1e-12)
        assert row["high"] == pytest.approx(high, abs=1e-12)
        assert (row["low"] == 0) == (passed == 0)
        assert (row["high"] == 1) == (passed == judged)
        assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1


def test_without_a_judged_session_there_is_no_rate() -> None:
    lab = filled_lab("SELECT 'x' AS source, NULL::BOOLEAN AS success")
    expected = {"sessions": 1, "judged": 0, "passed": 0, "rate": None, "low": None, "high": None}
    assert rows(metrics_of(lab).success_rate()) == [expected]


def test_an_empty_lab_has_figures_too() -> None:
    metrics = metrics_of(empty_lab())
    summary = rows(metrics.summary())[0]
    assert {name for name, value in summary.items() if value is not None} == {"sessions", "judged", "passed"}
    assert rows(metrics.success_rate(by="topic")) == []
    assert rows(metrics.topics()) == []


def test_attempts_are_numpys(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    attempts = values(lab, "attempts")
    row = rows(metrics.attempts())[0]
    assert row["sessions"] == 400
    assert row["known"] == len(attempts) < 400
    assert row["mean"] == pytest.approx(attempts.mean())
    assert row["std"] == pytest.approx(attempts.std(ddof=1))
    assert row["median"] == pytest.approx(np.median(attempts))
    assert row["p90"] == pytest.approx(np.quantile(attempts, 0.9))
    assert row["max"] == attempts.max()
    assert row["problem_mean"] == pytest.approx(values(lab, "problem_attempts").mean())


def test_the_summary_is_numpys(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    row = rows(metrics.summary(where="kind = 'workflow'"))[0]
    judged = values(lab, "success", "kind = 'workflow'")
    assert (row["sessions"], row["judged"], row["passed"]) == (133, len(judged), judged.sum())
    assert row["attempts_mean"] == pytest.approx(values(lab, "attempts", "kind = 'workflow'").mean())
    assert row["attempts_median"] == np.median(values(lab, "attempts", "kind = 'workflow'"))
    problem_attempts = values(lab, "problem_attempts", "kind = 'workflow'")
    assert row["problem_attempts_mean"] == pytest.approx(problem_attempts.mean())
    assert row["duration_median_s"] == np.median(values(lab, "duration_s", "kind = 'workflow'"))
    assert row["errors"] == values(lab, "errors", "kind = 'workflow'").sum()
    assert isinstance(row["errors"], int)


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e7)), max_size=50))
@settings(max_examples=40, deadline=None)
def test_durations_are_numpys(durations: list[float | None]) -> None:
    lab = filled_lab("SELECT 'x' AS source, unnest(CAST($1 AS DOUBLE[])) AS duration_s", [durations])
    (row,) = rows(metrics_of(lab).durations())
    known = [value for value in durations if value is not None]
    assert row["sessions"] == len(durations)
    assert row["known"] == len(known)
    if not known:
        assert {row[name] for name in COLUMNS["durations"][2:]} == {None}
        return
    quantiles = np.quantile(known, [0.1, 0.5, 0.9, 0.99])
    assert [row[name] for name in ("p10", "p50", "p90", "p99")] == pytest.approx(quantiles, rel=1e-9, abs=1e-9)
    assert row["mean"] == pytest.approx(np.mean(known), rel=1e-9)


@pytest.mark.parametrize("by", [(), "kind", ["topic", "difficulty"]])
@pytest.mark.parametrize("bucket", [None, "month"])
def test_the_distribution_is_of_all_sessions(metrics: Metrics, by: str | list[str], bucket: str | None) -> None:
    groups = rows(metrics.success_rate(by=by, bucket=bucket))
    parts = rows(metrics.attempts_distribution(by=by, bucket=bucket))
    keys = [name for name in groups[0] if name not in RATES]
    for group in groups:
        inside = [part for part in parts if all(part[key] == group[key] for key in keys)]
        assert sum(part["sessions"] for part in inside) == group["sessions"]
        assert sum(part["passed"] for part in inside) == group["passed"]
        assert sum(part["share"] for part in inside) == pytest.approx(1)
        known = [part["attempts"] for part in inside if part["attempts"] is not None]
        assert known == sorted(set(known))


def test_attempts_that_are_not_known_stand_at_the_end(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    *known, last = rows(metrics.attempts_distribution())
    attempts = values(lab, "attempts")
    assert [row["sessions"] for row in known] == [(attempts == row["attempts"]).sum() for row in known]
    assert (last["attempts"], last["sessions"]) == (None, 400 - len(attempts))


def test_a_timeline_is_by_week_unless_said(metrics: Metrics) -> None:
    assert metrics.sql("timeline") == metrics.sql("success_rate", bucket="week")
    assert metrics.sql("timeline", by="kind", bucket="day") == metrics.sql("success_rate", by="kind", bucket="day")
    with pytest.raises(QueryError, match="no bucket None"):
        metrics.timeline(bucket=None)


@pytest.mark.parametrize(
    ("name", "column"), [("topics", "topic"), ("difficulties", "difficulty"), ("statuses", "status"), ("modes", "mode")]
)
def test_values_are_the_rates_of_their_column(metrics: Metrics, name: str, column: str) -> None:
    expected = {row[column]: row for row in rows(metrics.success_rate(by=column))}
    found = rows(getattr(metrics, name)())
    assert {row["value"] for row in found} == expected.keys()
    for row in found:
        assert {key: row[key] for key in RATES} == {key: expected[row["value"]][key] for key in RATES}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_nothing_has_no_groups(name: str) -> None:
    assert rows(getattr(metrics_of(empty_lab()), name)(by=["kind", "source"])) == []


@pytest.mark.parametrize(
    "where", ["topic <> 'topic 1' AND attempts > 2 AND (success OR errors > 0)", "success OR attempts > 7"]
)
@pytest.mark.parametrize("name", METRICS)
def test_a_condition_means_the_same_to_every_metric(lab: duckdb.DuckDBPyConnection, name: str, where: str) -> None:
    part = full_lab(f"SELECT * FROM ({{rows}}) WHERE {where}")
    assert rows(getattr(metrics_of(lab), name)(where=where)) == rows(getattr(metrics_of(part), name)())


@pytest.mark.parametrize("by", ["topic", "model", "success", "attempts", ["kind", "difficulty"], "extra"])
@pytest.mark.parametrize("bucket", [None, "day", "week", "month"])
def test_groups_sum_up_to_the_whole(metrics: Metrics, by: str | list[str], bucket: str | None) -> None:
    whole = rows(metrics.success_rate())[0]
    parts = rows(metrics.success_rate(by=by, bucket=bucket))
    for column in ("sessions", "judged", "passed"):
        assert sum(part[column] for part in parts) == whole[column]


@pytest.mark.parametrize("by", [(), "kind", ["kind", "difficulty"]])
@pytest.mark.parametrize("bucket", [None, "month"])
def test_shares_are_of_the_group(metrics: Metrics, by: str | list[str], bucket: str | None) -> None:
    groups = rows(metrics.success_rate(by=by, bucket=bucket))
    topics = rows(metrics.topics(by=by, bucket=bucket))
    keys = [name for name in groups[0] if name not in RATES]
    for group in groups:
        inside = [topic for topic in topics if all(topic[key] == group[key] for key in keys)]
        assert sum(topic["share"] for topic in inside) == pytest.approx(1)
        assert sum(topic["sessions"] for topic in inside) == group["sessions"]
        assert inside == sorted(inside, key=lambda topic: (-topic["sessions"], topic["value"] or "~"))
        for topic in inside:
            assert topic["share"] == pytest.approx(topic["sessions"] / group["sessions"])


def test_an_unknown_topic_is_a_group_at_the_end(metrics: Metrics) -> None:
    assert [row["topic"] for row in rows(metrics.summary(by="topic"))] == [
        *(f"topic {i}" for i in range(1, 7)),
        None,
    ]


def test_a_bucket_is_the_start_of_its_span(metrics: Metrics) -> None:
    weeks = [row["bucket"] for row in rows(metrics.attempts(bucket="week"))]
    assert weeks[-1] is None
    assert weeks[:-1] == sorted(weeks[:-1])
    assert {week.isoweekday() for week in weeks[:-1]} == {1}


@pytest.mark.parametrize("name", METRICS)
def test_sessions_are_read_once(lab: duckdb.DuckDBPyConnection, metrics: Metrics, name: str) -> None:
    query = metrics.sql(name, by=["kind", "difficulty"], bucket="week")
    plan = lab.execute(f"EXPLAIN {query}").fetchall()[0][1]
    assert plan.count("Table: memory.main.sessions") == 1
