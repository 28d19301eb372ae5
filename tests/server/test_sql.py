"""``POST /api/sql``: what it answers, and two dozen ways to make it do something else."""

from __future__ import annotations

import csv
import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from sessionlab import Lab, QueryError
from sessionlab.server import create_app, start
from sessionlab.server.process import NOBODY
from sessionlab.server.sandbox import Limits, Sandbox
from tests.server.conftest import LIMITS, assert_problem


def ask(client: httpx.Client, query: str, **more: Any) -> httpx.Response:
    return client.post("/api/sql", json={"query": query, **more})


def answers(client: httpx.Client) -> bool:
    """Tell whether the next request is answered."""
    return bool(ask(client, "SELECT 6 * 7 AS n").json()["rows"] == [[42]])


def test_rows_with_names_and_types(client: httpx.Client, lab: Lab) -> None:
    query = "SELECT topic, count(*) AS n, max(started_at) AS last FROM sessions WHERE kind = 'workflow' GROUP BY ALL"
    answer = ask(client, f"{query} ORDER BY ALL").json()
    assert [column["name"] for column in answer["columns"]] == ["topic", "n", "last"]
    assert [column["type"] for column in answer["columns"]] == ["VARCHAR", "BIGINT", "TIMESTAMP"]
    expected = lab.sql(f"{query} ORDER BY ALL").fetchall()
    assert answer["rows"] == [[topic, n, last.isoformat()] for topic, n, last in expected]
    assert answer["truncated"] is False


def test_values_of_all_types(client: httpx.Client) -> None:
    query = (
        "SELECT 1.5::DECIMAL(5,1) AS d, 'nan'::DOUBLE AS n, {'a': [1, NULL]} AS s, 'é' AS t, INTERVAL 90 SECOND AS i"
    )
    assert ask(client, query).json()["rows"] == [[1.5, None, {"a": [1, None]}, "é", 90.0]]


def test_csv_and_arrow(client: httpx.Client) -> None:
    query = "SELECT range AS i, 'a,\"b' AS t FROM range(3)"
    text = ask(client, query, format="csv")
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(io.StringIO(text.text))) == [["i", "t"], ["0", 'a,"b'], ["1", 'a,"b'], ["2", 'a,"b']]
    table = pa.ipc.open_stream(ask(client, query, format="arrow").content).read_all()
    assert table.to_pydict() == {"i": [0, 1, 2], "t": ['a,"b'] * 3}


@pytest.mark.parametrize("form", ["json", "csv", "arrow"])
def test_more_rows_than_the_limit(client: httpx.Client, form: str) -> None:
    answer = ask(client, "FROM range(100000)", format=form)
    if form == "json":
        assert len(answer.json()["rows"]) == LIMITS.rows
        assert answer.json()["truncated"] is True
    else:
        count = (
            len(answer.text.split()) - 1 if form == "csv" else pa.ipc.open_stream(answer.content).read_all().num_rows
        )
        assert count == LIMITS.rows
        assert answer.headers["x-truncated"] == "true"


def test_a_smaller_limit(client: httpx.Client) -> None:
    assert ask(client, "FROM range(5)", limit=2).json()["rows"] == [[0], [1]]


REFUSED = [
    "DROP TABLE sessions",
    "DELETE FROM sessions",
    "UPDATE sessions SET success = true",
    "INSERT INTO sources SELECT * FROM sources",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "SELECT 1; DROP TABLE sessions",
    "WITH gone AS (DELETE FROM sessions RETURNING *) FROM gone",
    "COPY sessions TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet' (FORMAT parquet)",
    "EXPORT DATABASE '{folder}/out'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "FROM '{folder}/secret.csv'",
    "FROM '{folder}/secret.json'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('{folder}/secret.csv')",
    "ATTACH '{folder}/other.duckdb' AS other",
    "SELECT * FROM read_duckdb('{folder}/other.duckdb')",
    "SELECT hex(content) FROM read_blob('{lab}')",
    "SELECT 1 WHERE EXISTS (SELECT * FROM main.READ_BLOB('{lab}'))",
    "WITH read AS (FROM read_duckdb('{lab}', table_name = 'sessions')) FROM read",
    "SELECT * FROM sessions, LATERAL (SELECT * FROM read_text('{lab}.wal'))",
    "FROM '{lab}'",
    "DESCRIBE '{lab}'",
    "SUMMARIZE '{lab}'",
    "FROM glob('{lab}*')",
    "FROM query_table('{lab}')",
    "FROM query('FROM read_blob(''{lab}'')')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_blob(''{lab}'')'))",
    "FROM parquet_metadata('{lab}')",
    "FROM duckdb_databases()",
    "FROM duckdb_databases",
    "FROM pragma_database_list",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT * FROM 'https://127.0.0.1:1/x.csv'",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET memory_limit",
    "PRAGMA memory_limit = '100GB'",
    "USE memory",
    "DETACH lab",
    "CHECKPOINT",
    "CALL enable_logging(storage = 'file', storage_path = '{folder}/log')",
    "SELECT * FROM enable_profiling(save_location = '{folder}/profile.json')",
    "SELECT * FROM query('DROP TABLE sessions')",
    "EXPLAIN ANALYZE DELETE FROM sessions",
    "PREPARE p AS DELETE FROM sessions",
    "VACUUM",
    "SELECT getenv('HOME')",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "FROM answerer",
    "BEGIN",
    "ROLLBACK",
    "",
    "-- nothing",
    "SELECT (" * 3000 + "1" + ")" * 3000,
    "SELECT '\ud800'",
    "SELECT error('</script><script>')",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what must not be read, and where nothing must be written."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / "secret.csv").write_text("word\nswordfish\n")
    (folder / "secret.json").write_text('{"word": "swordfish"}')
    with Lab(folder / "other.duckdb"):
        pass
    return folder


@pytest.mark.parametrize("query", REFUSED, ids=lambda query: query[:40])
def test_what_is_no_reading_of_the_lab_is_refused(client: httpx.Client, lab: Lab, folder: Path, query: str) -> None:
    before = sorted(folder.iterdir()), lab.snapshot
    content = ('{"query": "' + query.replace("\ud800", "\\ud800") + '"}').encode() if "\ud800" in query else None
    answer = (
        ask(client, query.replace("{folder}", str(folder)).replace("{lab}", str(lab.path)))
        if content is None
        else client.post("/api/sql", content=content, headers={"content-type": "application/json"})
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "swordfish" not in answer.text
    assert (sorted(folder.iterdir()), lab.snapshot) == before
    assert answers(client)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM range(1), generate_series(1, 1), unnest([1]), json_each('[1]')",
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'sources'",
        "SELECT 1 FROM information_schema.columns WHERE table_name = 'sources' AND column_name = 'uri'",
        "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 3) SELECT 1 FROM t WHERE i = 3",
        "SELECT 1 FROM codegen.session LIMIT 1",
    ],
)
def test_what_reads_the_lab_is_not(client: httpx.Client, query: str) -> None:
    assert ask(client, query).json()["rows"] == [[1]]


ENDLESS = [
    "WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
    "SELECT sum(sin(range)) FROM range(100000000000)",
    "SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range % 7 = b.range % 11",
    "SELECT range FROM range(100000000000) WHERE range < 0",
    "SELECT list_reduce(list_transform(range(20000000), lambda x: sin(x)), lambda a, b: a + b)",
]
GREEDY = [
    "SELECT length(repeat('x', 4000000000))",
    "SELECT repeat('x', 40000000) FROM range(1000)",
    "SELECT array_agg(range) FROM range(1000000000)",
    "SELECT list(md5(range::VARCHAR)) FROM range(1000000000)",
    "SELECT * FROM range(1000000000) ORDER BY hash(range)",
    "SELECT range(2000000000)",
    "SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)",
]


@pytest.mark.parametrize("query", [*ENDLESS, *GREEDY], ids=lambda query: query[:40])
def test_what_takes_too_much_is_stopped(client: httpx.Client, query: str) -> None:
    answer = ask(client, query)
    assert_problem(answer, 400)
    assert any(word in answer.json()["detail"] for word in ("was stopped", "larger than"))
    assert answers(client)


def test_what_nobody_waits_for_is_ended(lab: Lab) -> None:
    with start(create_app(lab, limits=Limits(seconds=6))) as running:
        for _ in range(8):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{running.url}/api/sql", json={"query": ENDLESS[2]}, timeout=0.2)
        answer = httpx.post(f"{running.url}/api/sql", json={"query": "SELECT 42"}, timeout=10)
        assert answer.json()["rows"] == [[42]]


def test_so_many_may_wait(lab: Lab) -> None:
    with start(create_app(lab, limits=Limits(seconds=1, processes=1))) as running, ThreadPoolExecutor(30) as threads:
        asked = [
            threads.submit(httpx.post, f"{running.url}/api/sql", json={"query": ENDLESS[2]}, timeout=30)
            for _ in range(30)
        ]
        said = Counter(answer.result().json()["detail"].partition(".")[0] for answer in asked)
    assert said["Too many questions wait for an answer"] >= 30 - 17
    assert said["The query was stopped: it took more than 1 seconds"] >= 1


def test_all_places_taken(lab: Lab) -> None:
    sandbox = Sandbox(lab, Limits(seconds=0.3, processes=1))
    with sandbox._place(NOBODY), pytest.raises(Exception, match="All processes for SQL are at work"):
        sandbox.run("SELECT 1")
    assert sandbox.run("SELECT 1").body == b"[[1]]"
    sandbox.close()


@pytest.mark.parametrize("query", GREEDY, ids=lambda query: query[:40])
def test_the_next_query_has_all_the_room_there_is(lab: Lab, query: str) -> None:
    """Whatever the one before has left behind in its process."""
    sandbox = Sandbox(lab, Limits(seconds=5, memory=128, processes=1))
    assert sandbox.run("SELECT 1").body == b"[[1]]"
    with pytest.raises(QueryError):
        sandbox.run(query)
    assert sandbox.table("SELECT max(x) AS most FROM (SELECT unnest(range(100000)) AS x)").to_pylist() == [
        {"most": 99999}
    ]
    sandbox.close()


def test_a_new_state_of_the_lab_is_seen(tmp_path: Path) -> None:
    with Lab(tmp_path / "lab.duckdb") as lab:
        sandbox = Sandbox(lab)
        assert sandbox.run("SELECT count(*) FROM sessions").body == b"[[0]]"
        lab.load("data/workflow.json")
        assert sandbox.run("SELECT count(*) FROM sessions").body == b"[[100]]"
        sandbox.close()


def test_a_lab_in_memory() -> None:
    with Lab() as lab:
        lab.load("data/workflow.json")
        sandbox = Sandbox(lab)
        ((count,),) = lab.sql("SELECT count(*) FROM attempts").fetchall()
        assert count > 100
        assert sandbox.run("SELECT count(*) FROM attempts").body == f"[[{count}]]".encode()
        lab.forget("workflow")
        assert sandbox.run("SELECT count(*) FROM sessions").body == b"[[0]]"
        sandbox.close()


def test_no_setting_can_be_changed(client: httpx.Client) -> None:
    settings = ask(client, "SELECT name, value FROM duckdb_settings()").json()["rows"]
    values = dict(settings)
    assert values["enable_external_access"] == "false"
    assert values["lock_configuration"] == "true"
    assert values["temp_directory"] == ""


@pytest.mark.parametrize("body", [{}, {"query": 1}, {"query": "SELECT 1", "format": "xml"}, {"query": "x", "more": 1}])
def test_a_request_that_does_not_fit(client: httpx.Client, body: dict[str, Any]) -> None:
    assert_problem(client.post("/api/sql", json=body), 422, "body")
