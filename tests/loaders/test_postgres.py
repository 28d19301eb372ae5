"""Loading from a real Postgres server: types, snapshots, and all that it may refuse."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sessionlab import Lab
from sessionlab.errors import SourceError, UnknownKind
from sessionlab.loaders.postgres import PostgresSource
from sessionlab.loaders.streams import ask, tell
from tests.conftest import Server
from tests.loaders.databases import fetch, lab, one, rejects

__all__ = ["lab"]

one_lab = pytest.mark.parametrize("lab", ["memory"], indirect=True)

SESSION = """
    CREATE TABLE session (id serial PRIMARY KEY, design_goal text, parent_session_id int, created_at timestamptz);
"""
CODEGEN = f"""
    {SESSION}
    CREATE TABLE iteration (id serial PRIMARY KEY, session_id int, code text, feedback text, created_at timestamptz);
    CREATE TABLE error (
        id serial PRIMARY KEY, iteration_id int, error_type text, error_message text, error_line int,
        created_at timestamptz);
"""
GOAL = "INSERT INTO session (design_goal) VALUES ('a goal');"


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def with_options(url: str, options: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{options}"


def test_load(postgres_url: str, lab: Lab) -> None:
    run(postgres_url, CODEGEN, GOAL, "INSERT INTO iteration (session_id, code) VALUES (1, 'code')")

    report = lab.load(postgres_url)

    assert (report.sessions, report.kinds, report.rejected) == (1, ("codegen",), 0)
    assert report.rows == {"codegen.session": 1, "codegen.iteration": 1}
    assert fetch(lab, "SELECT goal, attempts, success FROM sessions") == [("a goal", 1, True)]
    assert lab.load(postgres_url).sessions == one(lab, "SELECT count(*) FROM sessions") == 1


@one_lab
def test_schema(postgres_url: str, lab: Lab) -> None:
    """Schemas and tables of odd names."""
    schema, column = r""" "My ""schema"" \ it's" """, r""" "What's \ ""this"" " """
    run(
        postgres_url,
        f"CREATE SCHEMA {schema}",
        f'CREATE TABLE {schema}."Session" ("ID" int, "Design_Goal" text, {column} text)',
        f"""INSERT INTO {schema}."Session" VALUES (1, 'goal', 'kept')""",
    )

    report = lab.load(with_options(postgres_url, "schema=My%20%22schema%22%20%5C%20it%27s"))

    assert report.source.endswith(r""".My "schema" \ it's""")
    assert one(lab, "SELECT goal FROM sessions") == "goal"
    assert json.loads(one(lab, "SELECT extra FROM sessions")) == {r"""What's \ "this" """: "kept"}


@one_lab
def test_two_tables_that_differ_in_case(postgres_url: str, lab: Lab) -> None:
    run(
        postgres_url,
        'CREATE TABLE session (id int, design_goal text, "ID" int, "Design_Goal" text);',
        "INSERT INTO session VALUES (1, 'lower', 2, 'upper');",
        'CREATE TABLE "SESSION" (id int, design_goal text);',
        "INSERT INTO \"SESSION\" VALUES (3, 'upper table');",
    )

    lab.load(postgres_url)

    assert fetch(lab, "SELECT session_id, goal FROM sessions") == [("1", "lower")]
    assert json.loads(one(lab, "SELECT extra FROM sessions")) == {"ID": 2, "Design_Goal": "upper"}


@one_lab
def test_what_is_not_there(postgres_url: str, lab: Lab) -> None:
    run(postgres_url, "CREATE SCHEMA full_of; CREATE TABLE full_of.recipes (title text);")

    with pytest.raises(UnknownKind, match=r"Found: no tables.*Schemas with tables here: full_of; \?schema=NAME"):
        lab.load(postgres_url)
    run(postgres_url, "CREATE VIEW session AS SELECT 1 AS id", "CREATE MATERIALIZED VIEW seen AS SELECT 2 AS id")
    with pytest.raises(UnknownKind, match=r"Views are not read: seen, session\. Make tables of them\. Schemas with"):
        lab.load(postgres_url)
    with pytest.raises(UnknownKind, match=r"'nowhere'.*Found: no tables"):
        lab.load(with_options(postgres_url, "schema=nowhere"))
    with pytest.raises(UnknownKind, match=r"Found: recipes\(title\).*workflow needs a table session_states"):
        lab.load(with_options(postgres_url, "schema=full_of"))
    with pytest.raises(SourceError, match=r'not there.*database "no_such" does not exist'):
        lab.load(postgres_url.replace("/test_", "/no_such?x=").split("?")[0] + "?" + postgres_url.split("?")[1])


@one_lab
def test_server_down(tmp_path: Path, lab: Lab) -> None:
    for place in (f"postgresql://u@/d?host={tmp_path}", "postgresql://u@127.0.0.1:1/d"):
        with pytest.raises(SourceError, match="cannot be reached"):
            lab.load(place)


@pytest.fixture(scope="module")
def guarded(postgres: Server) -> Iterator[None]:
    """A user who needs a password."""
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'Rosebud@1941:/x'")
        ((file,),) = connection.execute("SHOW hba_file").fetchall()
        path = Path(file)
        before = path.read_text()
        path.write_text(f"local all guarded scram-sha-256\nhost all guarded all scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
        yield
        path.write_text(before)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP OWNED BY guarded")
        connection.execute("DROP ROLE guarded")


def as_guarded(url: str, password: str) -> str:
    return url.replace("postgres:@", f"guarded{password}@")


@one_lab
@pytest.mark.usefixtures("guarded")
def test_passwords(postgres_url: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(postgres_url, CODEGEN, GOAL, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guarded")

    for password in (":Rosebud%401941%3A%2Fwrong", ""):
        with pytest.raises(SourceError, match="refuses the password; give it in the URL or in POSTGRES_PASSWORD") as no:
            lab.load(as_guarded(postgres_url, password))
        assert "Rosebud" not in "".join(traceback.format_exception(no.value))

    report = lab.load(as_guarded(postgres_url, ":Rosebud%401941%3A%2Fx"))
    assert report.sessions == 1
    monkeypatch.setenv("POSTGRES_PASSWORD", "Rosebud@1941:/x")
    assert lab.load(as_guarded(postgres_url, "")).uri == report.uri
    assert "Rosebud" not in repr(report)
    assert "Rosebud" not in repr(fetch(lab, "FROM sources"))
    assert "Rosebud" not in repr(PostgresSource(as_guarded(postgres_url, ":Rosebud")).url)


@one_lab
@pytest.mark.usefixtures("guarded")
def test_permission_denied(postgres_url: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", "Rosebud@1941:/x")
    run(postgres_url, CODEGEN, GOAL, "GRANT SELECT ON session TO guarded")

    with pytest.raises(SourceError, match=r"the user may not read it.*permission denied for table") as caught:
        lab.load(as_guarded(postgres_url, ""))
    assert "Rosebud" not in "".join(traceback.format_exception(caught.value))
    run(postgres_url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guarded")
    assert lab.load(as_guarded(postgres_url, "")).sessions == 1
    run(postgres_url, "CREATE SCHEMA closed; ALTER TABLE session SET SCHEMA closed;")
    with pytest.raises(SourceError, match="permission denied for schema closed"):
        lab.load(with_options(as_guarded(postgres_url, ""), "schema=closed"))
    assert one(lab, "SELECT count(*) FROM sessions") == 1


@one_lab
def test_parts_from_the_environment(postgres_url: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(postgres_url, CODEGEN, GOAL)
    head, host = postgres_url.split("?host=")
    for name, value in {"HOST": host, "USER": "postgres", "DB": head.rpartition("/")[2]}.items():
        monkeypatch.setenv(f"POSTGRES_{name}", value)

    report = lab.load("postgresql://")

    assert report.sessions == 1
    assert report.source == head.rpartition("/")[2]
    assert lab.refresh().unchanged == 1


@one_lab
def test_types(postgres_url: str, lab: Lab) -> None:
    """The store's own types: uuid, timestamptz, jsonb, boolean."""
    run(
        postgres_url,
        """
        CREATE TABLE session_states (
            id uuid, created_at timestamptz, updated_at timestamp, thread_id varchar(255), run_id char(3), topic name,
            problem_tests jsonb, tests_passed boolean, code_attempts smallint, problem_attempts bigint);
        INSERT INTO session_states VALUES ('00000000-0000-0000-0000-00000000000a', '2025-11-13 05:46:40.123456+02',
            '2025-11-13 03:46:41', 'thread', 'run', 'arrays', '[{"input": 1e400, "output": null}]', true, 3, 9);
        """,
    )

    assert lab.load(postgres_url).rejected == 0

    assert fetch(lab, "SELECT * EXCLUDE (source, file) FROM workflow.session_states")[0][:6] == (
        "00000000-0000-0000-0000-00000000000a",
        datetime(2025, 11, 13, 3, 46, 40, 123456),
        datetime(2025, 11, 13, 3, 46, 41),
        "thread",
        "run",
        None,
    )
    tests = one(lab, "SELECT problem_tests FROM workflow.session_states")
    assert tests.startswith('[{"input": 1000')
    assert tests.endswith('0, "output": null}]')
    found = fetch(lab, "SELECT topic, success, attempts, problem_attempts FROM sessions")
    assert found == [("arrays", True, 3, 9)]


def test_other_types(postgres_url: str, lab: Lab) -> None:
    """What could be written down as a text, or as another number, is read all the same; the rest is rejected."""
    run(
        postgres_url,
        """
        CREATE TABLE session_states (
            thread_id text, created_at text, updated_at date, problem_tests text, tests_passed int, code_attempts text,
            problem_attempts numeric);
        INSERT INTO session_states VALUES
            ('a', '2025-11-13T03:46:40.5Z', '2025-11-14', '{"NaN": "it''s \\" NaN"}', 1, '5', 6.0),
            ('b', '1763005600', NULL, NULL, 0, '-9223372036854775808', '9223372036854775807'),
            ('c', '1763005600123', '0001-01-01', '[1]', NULL, NULL, NULL),
            ('no time', 'yesterday', NULL, NULL, NULL, NULL, NULL),
            ('infinite', NULL, 'infinity', NULL, NULL, NULL, NULL),
            ('before', NULL, '0044-03-15 BC', NULL, NULL, NULL, NULL),
            ('no json', NULL, NULL, '{"a": }', NULL, NULL, NULL),
            ('nan', NULL, NULL, '{"a": [NaN]}', NULL, NULL, NULL),
            ('surrogate', NULL, NULL, '"\\ud800"', NULL, NULL, NULL),
            ('neither', NULL, NULL, NULL, 2, NULL, NULL),
            ('word', NULL, NULL, NULL, NULL, 'five', NULL),
            ('large', NULL, NULL, NULL, NULL, '9223372036854775808', NULL),
            ('half', NULL, NULL, NULL, NULL, NULL, 0.5),
            ('no number', NULL, NULL, NULL, NULL, NULL, 'NaN'),
            (NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        """,
    )

    report = lab.load(postgres_url)

    assert fetch(
        lab,
        "SELECT thread_id, created_at, updated_at, problem_tests, tests_passed, code_attempts, problem_attempts"
        " FROM workflow.session_states ORDER BY 1",
    ) == [
        (
            "a",
            datetime(2025, 11, 13, 3, 46, 40, 500000),
            datetime(2025, 11, 14),
            '{"NaN": "it\'s \\" NaN"}',
            True,
            5,
            6,
        ),
        ("b", datetime(2025, 11, 13, 3, 46, 40), None, None, False, -(2**63), 2**63 - 1),
        ("c", datetime(2025, 11, 13, 3, 46, 40, 123000), datetime(1, 1, 1), "[1]", None, None, None),
    ]
    reasons = dict(fetch(lab, "SELECT raw->>'thread_id', reason FROM rejects"))
    expected = {
        "no time": "created_at holds 'yesterday' where a time is needed",
        "infinite": "updated_at holds 'infinity' where a time is needed",
        "before": "updated_at holds '0044-03-15 BC' where a time is needed",
        "no json": "problem_tests holds a text that is no JSON",
        "nan": "problem_tests holds a text that is no JSON",
        "surrogate": "problem_tests holds a text that is no JSON",
        "neither": "tests_passed holds '2' where true or false is needed",
        "word": "code_attempts holds 'five' where a whole number of at most 64 bits is needed",
        "large": "code_attempts holds '9223372036854775808' where a whole number of at most 64 bits is needed",
        "half": "problem_attempts holds '0.5' where a whole number of at most 64 bits is needed",
        "no number": "problem_attempts holds 'NaN' where a whole number of at most 64 bits is needed",
        None: "thread_id holds NULL where a value is needed",
    }
    assert reasons == {name: f"session_states.{reason}" for name, reason in expected.items()}
    assert report.rejected == len(expected)


@one_lab
@pytest.mark.parametrize("type_", ["real", "double precision"])
def test_floats_where_whole_numbers_belong(postgres_url: str, lab: Lab, type_: str) -> None:
    run(
        postgres_url,
        f"CREATE TABLE session_states (thread_id text, code_attempts {type_});",
        "INSERT INTO session_states VALUES ('a', 3), ('b', 1e6), ('c', 0.5), ('d', 'NaN'), ('e', 'infinity')",
        "INSERT INTO session_states VALUES ('f', 1e30)",
    )

    lab.load(postgres_url)

    assert fetch(lab, "SELECT session_id, attempts FROM sessions ORDER BY 1") == [("a", 3), ("b", 1000000)]
    assert one(lab, "SELECT count(*) FROM rejects") == 4


@one_lab
def test_infinite_times(postgres_url: str, lab: Lab) -> None:
    run(
        postgres_url,
        SESSION,
        """
        INSERT INTO session (design_goal, created_at) VALUES
            ('a', 'infinity'), ('b', '-infinity'), ('c', '294276-01-01'), ('d', '10000-01-01 00:00+00'),
            ('good', '9999-12-31 23:59:59.999999+00')
        """,
    )

    lab.load(postgres_url)

    assert fetch(lab, "SELECT goal, started_at FROM sessions") == [("good", datetime.max)]
    assert [reason for (reason,) in rejects(lab, "reason")][:2] == [
        "session.created_at holds '-infinity' where a time is needed",
        "session.created_at holds '10000-01-01 00:00:00+00' where a time is needed",
    ]


def test_json_that_only_postgres_takes(postgres_url: str, lab: Lab) -> None:
    """``json``, unlike ``jsonb``, keeps half a surrogate pair: that row alone is rejected, in further columns too."""
    run(
        postgres_url,
        "CREATE TABLE sessions (session_id text, start_time timestamptz, metadata json, more json);",
        """
        INSERT INTO sessions VALUES ('a', NULL, '{"x": "\\ud800"}', NULL), ('b', NULL, '{"success": true}', '[null]'),
            ('c', NULL, NULL, '"\\udc00"');
        """,
    )

    lab.load(postgres_url)

    assert fetch(lab, "SELECT session_id, success FROM sessions") == [("b", True)]
    assert rejects(lab, "reason") == [
        ("sessions.extra holds a text that is no JSON",),
        ("sessions.metadata holds a text that is no JSON",),
    ]


@one_lab
def test_further_columns(postgres_url: str, lab: Lab) -> None:
    columns = {
        "coding_plan": ("text", "'a \"plan\"'", 'a "plan"'),
        "n": ("int", "-5", -5),
        "big": ("numeric", "12345678901234567890.5", 12345678901234567890.5),
        "nan": ("float8", "'NaN'", "NaN"),
        "flag": ("boolean", "true", True),
        "id2": ("uuid", "'00000000-0000-0000-0000-00000000000b'", "00000000-0000-0000-0000-00000000000b"),
        "at": ("timestamptz", "'2025-01-01 02:00+02'", "2025-01-01T00:00:00+00:00"),
        "span": ("interval", "'1 day'", "1 day"),
        "tags": ("text[]", "ARRAY['a', NULL]", ["a", None]),
        "nested": ("jsonb", """'{"a": {"b": [null, 1]}, "c": null}'""", {"a": {"b": [None, 1]}, "c": None}),
        "json_null": ("jsonb", "'null'", None),
        "bytes": ("bytea", "'\\x00ff'", "\\x00ff"),
        "point": ("point", "'(1,2)'", "(1,2)"),
    }
    types = ", ".join(f"{name} {type_}" for name, (type_, _, _) in columns.items())
    values = ", ".join(value for _, value, _ in columns.values())
    nulls = ", ".join("NULL" for _ in columns)
    run(
        postgres_url,
        "CREATE TYPE pair AS (x int, y int)",
        f"CREATE TABLE session (id int, design_goal text, {types}, pair pair, nothing text);",
        f"INSERT INTO session VALUES (1, 'goal', {values}, '(3,)', NULL), (2, 'goal', {nulls}, NULL, NULL);",
    )

    lab.load(postgres_url)

    found = dict(fetch(lab, "SELECT session_id, extra FROM sessions"))
    expected = {name: value for name, (_, _, value) in columns.items()}
    assert json.loads(found["1"]) == {**expected, "pair": {"x": 3, "y": None}}
    assert found["2"] is None


@one_lab
def test_more_columns_than_a_function_takes(postgres_url: str, lab: Lab) -> None:
    names = [f"column_{number}" for number in range(150)]
    run(
        postgres_url,
        f"CREATE TABLE session (id int, design_goal text, {', '.join(f'{name} int' for name in names)});",
        f"INSERT INTO session VALUES (1, 'goal', {', '.join(map(str, range(150)))});",
    )

    lab.load(postgres_url)

    assert json.loads(one(lab, "SELECT extra FROM sessions")) == {name: n for n, name in enumerate(names)}


@one_lab
def test_partitions_and_domains(postgres_url: str, lab: Lab) -> None:
    """A partitioned table is one table, and a domain is what it is made of."""
    run(
        postgres_url,
        "CREATE DOMAIN goal AS text; CREATE DOMAIN moment AS timestamptz;",
        "CREATE TABLE session (id int, design_goal goal, created_at moment) PARTITION BY RANGE (id);",
        "CREATE TABLE low PARTITION OF session FOR VALUES FROM (0) TO (10);",
        "CREATE TABLE high PARTITION OF session FOR VALUES FROM (10) TO (20);",
        "INSERT INTO session VALUES (1, 'a', '2025-01-01'), (11, 'b', 'infinity');",
    )

    report = lab.load(postgres_url)

    assert (report.sessions, report.rejected) == (1, 1)
    assert lab.refresh().unchanged == 1


def test_duplicate_ids(postgres_url: str, lab: Lab) -> None:
    run(
        postgres_url,
        "CREATE TABLE session_states (thread_id text, code_attempts int, updated_at timestamptz);",
        "INSERT INTO session_states VALUES ('a', 1, '2025-01-01'), ('a', 3, '2025-01-03'), ('a', 2, NULL);",
    )

    assert lab.load(postgres_url).superseded == 2
    assert fetch(lab, "SELECT session_id, attempts FROM sessions") == [("a", 3)]


@one_lab
def test_document_4_of_worktree(postgres_url: str, lab: Lab) -> None:
    """The runtime mix in a column has its stand-in on SQLite only; here the column is kept."""
    run(
        postgres_url,
        "CREATE TABLE sessions (id text, task text, runtime_mix text);",
        """INSERT INTO sessions VALUES ('s', 'task', '["codex"]');""",
    )

    lab.load(postgres_url)

    assert json.loads(one(lab, "SELECT extra FROM sessions")) == {"runtime_mix": '["codex"]'}


def test_read_only(postgres_url: str) -> None:
    """The transaction is one that cannot write, and one snapshot."""
    run(postgres_url, CODEGEN, GOAL)
    source = PostgresSource(postgres_url)

    with source._connected() as connection:
        names = ("transaction_isolation", "transaction_read_only", "TimeZone")
        query = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
        assert ask(connection, query) == [("repeatable read", "on", "UTC")]
    with (
        pytest.raises(SourceError, match="read-only transaction"),
        source._refusing(),
        source._connected() as connection,
    ):
        tell(connection, "DELETE FROM session")


def test_looked_at_ahead(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection, begun while the lab is opened, serves the load; a later load opens its own."""
    run(postgres_url, CODEGEN, GOAL)
    opened: list[str] = []
    look = PostgresSource._look

    def noted(source: PostgresSource, stack: ExitStack) -> Any:
        opened.append(threading.current_thread().name)
        return look(source, stack)

    monkeypatch.setattr(PostgresSource, "_look", noted)
    lab = Lab(tmp_path / "lab.duckdb")
    assert lab.load(postgres_url).sessions == 1
    assert len(opened) == 1
    assert opened[0] != threading.main_thread().name
    assert lab.refresh().unchanged == 1
    assert opened[1:] == [threading.main_thread().name]


def test_one_snapshot_beside_a_writer(postgres_url: str, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written between the tables is not seen."""
    run(postgres_url, CODEGEN)
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(postgres_url) as connection:
            while not stop.is_set():
                connection.execute("INSERT INTO session (design_goal) VALUES ('goal')")
                connection.execute("INSERT INTO iteration (session_id) SELECT max(id) FROM session")
                connection.execute("INSERT INTO error (iteration_id) SELECT max(id) FROM iteration")
                connection.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = []
        for _ in range(4):
            stop.wait(0.05)
            lab.load(postgres_url)
            counts = {one(lab, f"SELECT count(*) FROM codegen.{table}") for table in ("session", "iteration", "error")}
            assert len(counts) == 1
            seen.append(counts.pop())
    finally:
        stop.set()
        writer.join()
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_fingerprint(postgres_url: str) -> None:
    """It changes with every insert, update and delete, and by nothing else."""
    run(postgres_url, CODEGEN, "INSERT INTO session (design_goal) SELECT 'goal' FROM generate_series(1, 10)")
    run(postgres_url, "CREATE TABLE other (id int)")
    source = PostgresSource(postgres_url)
    seen = [source.fingerprint()]

    for statement in (
        "INSERT INTO session (design_goal) VALUES ('another')",
        "UPDATE session SET design_goal = design_goal WHERE id = 3",
        "DELETE FROM session WHERE id = 5",
        "INSERT INTO error (iteration_id) VALUES (1)",
        "DELETE FROM error",
    ):
        assert source.fingerprint() == seen[-1]
        run(postgres_url, "INSERT INTO other VALUES (1)", "SELECT * FROM session", "ANALYZE session")
        assert source.fingerprint() == seen[-1]
        run(postgres_url, statement)
        seen.append(source.fingerprint())
    assert len(set(seen[:-1])) == len(seen) - 1
    assert seen[-1] == seen[-3]


@one_lab
def test_refresh(postgres_url: str, lab: Lab) -> None:
    run(postgres_url, CODEGEN, GOAL)
    lab.load(postgres_url)
    assert lab.refresh().unchanged == 1

    run(postgres_url, "UPDATE session SET design_goal = 'another'")

    assert len(lab.refresh().changed) == 1
    assert one(lab, "SELECT goal FROM sessions") == "another"


@pytest.mark.parametrize(
    ("change", "extra"),
    [
        ("ADD COLUMN plan text DEFAULT 'p'", {"plan": "p"}),
        ("RENAME COLUMN parent_session_id TO elder", {"elder": 7}),
        ("DROP COLUMN parent_session_id", None),
        ("ALTER COLUMN design_goal TYPE varchar(20)", None),
    ],
)
@one_lab
def test_a_refresh_sees_other_columns(postgres_url: str, lab: Lab, change: str, extra: object) -> None:
    """To some of which no row is written anew."""
    run(postgres_url, CODEGEN, GOAL, "UPDATE session SET parent_session_id = 7")
    lab.load(postgres_url)
    assert lab.refresh().changed == ()
    run(postgres_url, f"ALTER TABLE session {change}")
    assert len(lab.refresh().changed) == 1
    assert lab.refresh().changed == ()
    ((found,),) = fetch(lab, "SELECT extra FROM sessions")
    assert (found and json.loads(found)) == extra


def test_many_rows_stream(postgres_url: str) -> None:
    """The rows come in batches, so that memory does not grow with the table: the lab may have less than they take."""
    run(
        postgres_url,
        "CREATE TABLE session (id int, design_goal text);",
        "INSERT INTO session SELECT n, repeat(md5(n::text), 60) FROM generate_series(1, 60000) AS n",
    )
    with Lab(memory_limit="100MB") as lab:
        assert lab.load(postgres_url).sessions == 60000
        assert one(lab, "SELECT sum(length(goal)) FROM sessions") == 60000 * 60 * 32


def test_a_statement_that_fails_midway(postgres_url: str, lab: Lab) -> None:
    """A column that breaks the stream leaves the lab as it was."""
    run(postgres_url, CODEGEN, GOAL)
    lab.load(postgres_url)
    run(
        postgres_url,
        """
        CREATE FUNCTION broken(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
            RETURN CASE WHEN current_query() LIKE '%hashtext%' THEN 0 ELSE 1 / ($1 - 2000) END;
        END $$
        """,
        "ALTER TABLE session RENAME TO kept",
        "CREATE TABLE session (id int, design_goal text)",
        "INSERT INTO session SELECT n, 'goal' FROM generate_series(1, 3000) AS n",
        "ALTER TABLE session ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY broken ON session USING (broken(id) >= -1)",
        "CREATE ROLE reader_of_policies LOGIN",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_policies",
    )
    url = postgres_url.replace("postgres:@", "reader_of_policies@")
    try:
        with pytest.raises(SourceError, match="division by zero"):
            lab.load(url)
    finally:
        run(postgres_url, "DROP OWNED BY reader_of_policies", "DROP ROLE reader_of_policies")
    assert fetch(lab, "SELECT goal FROM sessions") == [("a goal",)]
    assert one(lab, "SELECT count(*) FROM sources") == 1


@one_lab
def test_connections_are_closed(postgres_url: str, lab: Lab) -> None:
    run(postgres_url, CODEGEN, GOAL)
    lab.load(postgres_url)
    with pytest.raises(UnknownKind):
        lab.load(with_options(postgres_url, "schema=nowhere"))

    query = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
    with closing(psycopg.connect(postgres_url)) as connection:
        for _ in range(50):
            ((others,),) = connection.execute(query).fetchall()
            connection.rollback()
            if others == 0:
                break
            connection.execute("SELECT pg_sleep(0.02)")
    assert others == 0
