"""``where``: what it may hold, what it may not, and that it means what was written."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from sessionlab.errors import QueryError
from sessionlab.metrics import METRICS, success_rate
from sessionlab.metrics.conditions import conjuncts
from tests.metrics.bench import metrics_of

HOLDING = [
    "attempts > 1",
    "ATTEMPTS > 1 AND \"Topic\" = 'topic 1' -- the slow ones",
    "sessions.attempts >= 3 and sessions.kind <> 'codegen'",
    "attempts > 1 AND (kind = 'codegen' OR success)",
    "attempts > 1 AND (kind = 'codegen' AND success) OR difficulty = 'hard'",
    "not (success or attempts < 3)",
    "success",
    "success IS NOT TRUE",
    "topic is null or topic is not null and errors = 0",
    "extra->>'$.failure_mode' = 'timeout'",
    "extra->>'failure_mode' = 'timeout' AND (extra->'failure_mode') IS NOT NULL",
    "json_extract_string(extra, '$.failure_mode') = 'crash'",
    "extra->>'$.\"it''s\"' IS NULL",
    "topic IN ('topic 1', 'topic 2')",
    "topic NOT IN ('topic 1', 'topic 2')",
    "attempts BETWEEN 2 AND 4",
    "topic LIKE 'topic%' AND topic ILIKE '%1'",
    "contains(lower(topic), 'c 2') or starts_with(topic, 'topic 3')",
    "regexp_matches(topic, '[1-3]$')",
    "length(topic) + attempts * 2 - 1 > 12",
    "coalesce(topic, 'none') = 'none'",
    "case when success then attempts > 2 else errors > 1 end",
    "started_at >= '2026-02-01' and started_at < timestamp '2026-03-01 00:00:00'",
    "started_at > date '2026-02-01' + interval 10 days",
    "date_trunc('month', started_at) = date '2026-02-01'",
    "year(started_at) = 2026 and extract(month from started_at) = 2",
    "model IS DISTINCT FROM 'model 1'",
    "attempts::DOUBLE / 2 > 1.5",
    "goal = 'it''s; DROP TABLE sessions --'",
    "goal = 'two\nlines'",
    "1 = 1;",
    "true",
]

REFUSED = [
    "1 = 1; DROP TABLE sessions",
    "true) OR (true",
    "true) UNION SELECT * FROM sources --",
    "attempts > 1 GROUP BY topic",
    "attempts > 1 ORDER BY 1",
    "attempts > 1 LIMIT 1",
    "(SELECT true)",
    "EXISTS (SELECT 1)",
    "EXISTS (FROM duckdb_settings())",
    "attempts IN (SELECT 1)",
    "attempts IN (1, (SELECT 2))",
    "attempts = ANY (SELECT 1)",
    "attempts = (VALUES (1))",
    "attempts = (TABLE sessions)",
    "attempts = array(SELECT 1)[1]",
    "read_text('/etc/passwd') IS NOT NULL",
    "read_csv('/etc/passwd') IS NOT NULL",
    "(SELECT content FROM read_text('/etc/passwd')) LIKE 'root%'",
    "getenv('HOME') = '/root'",
    "current_setting('home_directory') = ''",
    "current_user = 'duckdb'",
    "version() = ''",
    "nextval('s') = 1",
    "query('SELECT 1') IS NULL",
    "count(*) > 1",
    "max(attempts) > 1",
    "row_number() OVER () = 1",
    "sum(attempts) OVER () > 1",
    "random() < 0.5",
    "repeat('x', 1000000000) = topic",
    "list_filter([1], x -> x > 0) = [1]",
    "attempts = ?",
    "attempts = $1",
    "attempts = :attempts",
    "columns('.*') > 1",
    "* > 1",
    "#1 = 1",
    "topic = E'\\'' OR true --'",
    "extra.failure_mode = 'timeout'",
    "main.sessions.attempts > 1",
    "other.attempts > 1",
    "goal::regclass = 1",
    "SELECT 1",
    "FROM sessions",
    "PRAGMA version",
    "attempts > 1 AND (",
    "attempts >",
    "'open",
    "/* open",
    'kind ( , "" NOT',
    "attempts AS a",
    "attempts, errors",
    "attempts",
    "'attempts'",
    "NULL",
    "",
    "   ",
    "-- nothing",
    "(" * 5_000 + "true" + ")" * 5_000,
]


@pytest.mark.parametrize("where", HOLDING)
def test_a_condition_means_what_was_written(lab: duckdb.DuckDBPyConnection, where: str) -> None:
    as_written = lab.sql(f"SELECT count(*) FROM sessions WHERE {where}").fetchall()
    assert metrics_of(lab).success_rate(where=where).project("sessions").fetchall() == as_written
    assert conjuncts(" AND ".join(conjuncts(where))) == conjuncts(where)


@pytest.mark.parametrize("where", REFUSED)
def test_anything_else_is_refused(where: str) -> None:
    with pytest.raises(QueryError, match="does not hold up"):
        success_rate(where=where)


@pytest.mark.parametrize("where", [5, True, ["attempts > 1"]])
def test_what_is_no_text_is_refused(where: Any) -> None:
    with pytest.raises(QueryError, match=r"does not hold up: it is no text, as 'attempts > 1' is"):
        success_rate(where=where)


def test_an_arrow_binds_before_a_comparison() -> None:
    # DuckDB alone reads the first of these as (success AND extra) ->> ('a' IS NOT NULL), and fails.
    where = "success AND extra->>'a' IS NOT NULL AND extra->'b' = '1'"
    expected = ['"success"', "NOT (\"extra\" ->> '$.a') IS NULL", "(\"extra\" -> '$.b') = '1'"]
    assert conjuncts(where) == expected


def test_a_comment_does_not_reach_the_query() -> None:
    assert "secret" not in success_rate(where="attempts > 1 /* secret */ -- secret")


def test_an_unknown_column_is_answered_with_the_nearest() -> None:
    with pytest.raises(QueryError, match=r"no column 'topik'.*Did you mean 'topic'\?.*workspace.*duration_s"):
        success_rate(where="topik = 'io'")


def test_double_quotes_are_explained() -> None:
    with pytest.raises(QueryError, match="Text stands in single quotes"):
        success_rate(where='topic = "io"')


def test_a_dot_into_json_is_explained() -> None:
    with pytest.raises(QueryError, match="extra->>"):
        success_rate(where="extra.failure_mode = 'timeout'")


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_an_or_stays_together_beside_the_conditions_of_a_metric(metric: str) -> None:
    either = METRICS[metric](where="topic = 'io' OR mode = 'b'")
    assert "(\"topic\" = 'io' OR \"mode\" = 'b')" in either
