"""DuckDB's SQL, written for Spark."""

from __future__ import annotations

import pytest

from sessionlab import QueryError
from sessionlab.metrics import METRICS
from sessionlab.spark.translate import translated

TABLES = {"sessions": "s_1", "errors": "e_1"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "SELECT percentile_cont([0.1, 0.9]) WITHIN GROUP (ORDER BY a) FROM t",
            "SELECT PERCENTILE(a, ARRAY(0.1, 0.9)) FROM t",
        ),
        ("SELECT quantile_cont(a, 0.5) FROM t", "SELECT PERCENTILE(a, 0.5) FROM t"),
        ("SELECT median(a) FROM t", "SELECT MEDIAN(a) FROM t"),
        ("SELECT date_trunc('day', a) FROM t", "SELECT CAST(CAST(a AS DATE) AS TIMESTAMP_NTZ) FROM t"),
        ("SELECT date_trunc('week', a) FROM t", "SELECT CAST(TRUNC(CAST(a AS DATE), 'WEEK') AS TIMESTAMP_NTZ) FROM t"),
        ("SELECT date_trunc('hour', a) FROM t", "SELECT CAST(DATE_TRUNC('HOUR', a) AS TIMESTAMP_NTZ) FROM t"),
        ("SELECT CAST('2025-01-01' AS TIMESTAMP)", "SELECT CAST('2025-01-01' AS TIMESTAMP_NTZ)"),
        ("FROM sessions WHERE attempts > 3", "SELECT * FROM `s_1` AS sessions WHERE attempts > 3"),
        ("SELECT sessions.kind FROM main.sessions", "SELECT sessions.kind FROM `s_1` AS sessions"),
        ("SELECT s.kind FROM sessions AS s", "SELECT s.kind FROM `s_1` AS s"),
        (
            "WITH errors AS (FROM sessions) FROM errors",
            "WITH errors AS (SELECT * FROM `s_1` AS sessions) SELECT * FROM errors",
        ),
        ("SELECT (SELECT count(*) FROM errors)", "SELECT (SELECT COUNT(*) FROM `e_1` AS errors)"),
        ("FROM mine.sessions", "SELECT * FROM mine.sessions"),
    ],
)  # fmt: skip
def test_queries(query: str, expected: str) -> None:
    assert translated(query, TABLES) == expected


def test_sparks_own_sql_keeps_its_meaning() -> None:
    query = "SELECT percentile_approx(a, 0.5), date_trunc('DAY', a) FROM sessions"
    expected = "SELECT PERCENTILE_APPROX(a, 0.5), TRUNC(a, 'DAY') FROM `s_1` AS sessions"
    assert translated(query, TABLES, "spark").replace("DATE_TRUNC('DAY', a)", "TRUNC(a, 'DAY')") == expected


@pytest.mark.parametrize("name", METRICS)
def test_no_metric_estimates(name: str) -> None:
    written = translated(METRICS[name](by="topic", bucket="week"), TABLES)
    assert "approx" not in written.lower()
    assert "s_1" in written


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("DROP TABLE sessions", "one query at a time"),
        ("SELECT 1; SELECT 2", "cannot be written for Spark"),
        ("SELECT FROM WHERE", "cannot be written for Spark"),
        ("", "one query at a time"),
    ],
)
def test_what_is_no_query_is_refused(query: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        translated(query, TABLES)
