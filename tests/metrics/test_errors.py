"""Errors: what is folded, and that they are counted with their sessions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import duckdb
import pytest

from sessionlab.metrics import Metrics
from tests.metrics.bench import empty_lab, filled_lab, metrics_of, rows

FOLDED = {
    "KeyError: 'recipe_id'": "KeyError: <name>",
    'no "file name" here': "no <name> here",
    "`np.Inf` was removed in the NumPy 2.0 release": "<name> was removed in the NumPy <n> release",
    "'utf-8' codec can't decode byte 0xe9 in position 4842": "<name> codec can't decode byte <hex> in position <n>",
    "it's John's, isn't it": "it's John's, isn't it",
    "'(' was never closed": "<name> was never closed",
    "cannot import name 'f' from 'g' (/opt/lib/python3.11/g.py)": "cannot import name <name> from <name> (<path>)",
    "[Errno 2] No such file: ./a-b/c.txt": "[Errno <n>] No such file: <path>",
    "../x and ~/y/.z, then C:\\Users\\me\\a.py:12": "<path> and <path>, then <path>:<n>",
    "src/app/main.py:3: error": "<path>:<n>: error",
    "see https://docs.example.org/a?b=1#c for more": "see <path> for more",
    "read and/or write, 1/2 of N/A": "read and/or write, <n>/<n> of N/A",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 is gone": "commit <hex> is gone",
    "id 123e4567-e89b-12d3-a456-426614174000": "id <hex>",
    "expected 7566, got -20": "expected <n>, got <n>",
    "1,234.5 of 1.5e-7 in 12s, 3-5 times": "<n> of <n> in <n>s, <n>-<n> times",
    "sensor_17 of utf8 in python3": "sensor_17 of utf8 in python3",
    "  two \n\t lines ": "two lines",
    "ログイン 3 回": "ログイン <n> 回",
    "": "",
}
"""Messages, and what is left of them."""


@pytest.mark.parametrize("message", FOLDED)
def test_what_differs_is_folded(message: str) -> None:
    lab = filled_lab("SELECT 'x' AS source, 'k' AS kind, 's' AS session_id")
    lab.execute(
        "INSERT INTO errors BY NAME SELECT 'x' AS source, 'k' AS kind, 's' AS session_id, ? AS message", [message]
    )
    assert [row["message"] for row in rows(metrics_of(lab).errors())] == [FOLDED[message]]


def test_errors_are_counted_with_their_sessions(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    expected, sessions = Counter[tuple[Any, Any]](), Counter[tuple[Any, Any]]()
    last: dict[tuple[Any, Any], Any] = {}
    seen: set[tuple[Any, ...]] = set()
    query = "SELECT error_type, message, source, session_id, occurred_at FROM errors"
    for error_type, message, source, session, at in lab.sql(query).fetchall():
        start = message and message.split(" ")[0]
        text = {None: None, "line": "line <n>", "no": "no <name>", "not": "not found: <path>", "lost": "lost"}[start]
        key = error_type, text
        expected[key] += 1
        sessions[key] += (key, source, session) not in seen
        seen.add((key, source, session))
        last[key] = max(filter(None, [last.get(key), at]), default=None)
    found = {(row["error_type"], row["message"]): row for row in rows(metrics.errors())}
    assert {key: row["errors"] for key, row in found.items()} == expected
    assert {key: row["sessions"] for key, row in found.items()} == sessions
    assert {key: row["last_seen"] for key, row in found.items()} == last
    assert {None, "syntax"} <= {error_type for error_type, _ in found}


def test_the_most_frequent_come_first(metrics: Metrics) -> None:
    counts = [row["errors"] for row in rows(metrics.errors())]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("by", ["topic", "kind", "source", "session_id", ["difficulty", "success"]])
@pytest.mark.parametrize("bucket", [None, "month"])
def test_groups_sum_up_to_the_whole(
    lab: duckdb.DuckDBPyConnection, metrics: Metrics, by: str | list[str], bucket: str | None
) -> None:
    parts = rows(metrics.errors(by=by, bucket=bucket))
    whole = rows(metrics.errors())
    for column in ("errors", "sessions"):
        assert sum(row[column] for row in parts) == sum(row[column] for row in whole)


def test_a_condition_is_on_the_sessions(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    # There are a table and a column of the name, and the metric makes another.
    found = rows(metrics.errors(where="errors = 2 AND kind = 'codegen'"))
    sessions = lab.sql("SELECT sum(errors) FROM sessions WHERE errors = 2 AND kind = 'codegen'").fetchall()[0][0]
    assert sum(row["errors"] for row in found) == sessions > 0


def test_sessions_of_one_name_are_two_in_two_kinds() -> None:
    lab = filled_lab("SELECT 'x' AS source, unnest(['a', 'b']) AS kind, '1' AS session_id")
    lab.execute("INSERT INTO errors BY NAME SELECT 'x' AS source, unnest(['a', 'b', 'b']) AS kind, '1' AS session_id")
    expected = {"error_type": None, "message": None, "errors": 3, "sessions": 2, "last_seen": None}
    assert rows(metrics_of(lab).errors()) == [expected]


def test_no_errors_are_no_rows() -> None:
    assert rows(metrics_of(empty_lab()).errors()) == []
