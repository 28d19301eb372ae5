"""Checking a store: a sound one has no problem, and each thing that can be wrong is found, named and counted."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import psycopg
import pytest
from psycopg import sql

from sessionlab import StoreError, open_store
from sessionlab.samples import write_samples
from sessionlab.stores import STORES
from sessionlab.stores.database import open_database
from sessionlab.stores.migrations import downgrade
from sessionlab.stores.problems import Problem, VerifyReport
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.verify import verify
from tests.conftest import Server
from tests.stores.conftest import Engine, as_nobody

REAL = Path(__file__).parents[3] / "shared" / "real" / "codegen" / "mini_swe.db"
KINDS = sorted(STORES)
Brief = tuple[str, str, int | None, tuple[str, ...]]


def verified(url: str | Path, kind: str) -> VerifyReport:
    """Check a store without opening it as one: that would bring it up."""
    database = open_database(url, make=False)
    try:
        return verify(database, kind)
    finally:
        database.close()


def run(url: str, *statements: str) -> None:
    """Do to a database what no store would do."""
    database = open_database(url)
    try:
        with database.transaction():
            database.run_script([each for each in statements if each])
    finally:
        database.close()


def brief(report: VerifyReport) -> list[Brief]:
    assert all(problem.found and problem.advice for problem in report.problems)
    return [(each.table, each.check, each.rows, each.examples) for each in report.problems]


@contextmanager
def file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file as a program that enforces nothing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield connection


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "all"
    write_samples(folder, 40, format="sqlite")
    return folder


@pytest.fixture(scope="module")
def served(postgres: Server) -> str:
    """The URL of a database with samples of all kinds, each in the schema of its name."""
    with psycopg.connect(postgres.get_uri(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE verified")
    url = postgres.get_uri("verified")
    write_samples(url, 40)
    return url


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_store(kind: str, engine: Engine, samples: Path, request: pytest.FixtureRequest) -> None:
    url = str(samples / f"{kind}.db") if engine == "sqlite" else f"{request.getfixturevalue('served')}&schema={kind}"
    report = verified(url, kind)
    assert report.problems == ()
    assert report.ok
    assert (report.kind, report.version, report.latest) == (kind, "0003", "0003")
    assert list(report.rows) == [table.name for table in schema_of(kind).tables]
    assert report.rows["instances" if kind == "worktree" else list(report.rows)[-1]] > 0
    with open_store(kind, url) as store:
        assert store.verify() == report


PLAIN = (
    "CREATE TABLE session (id bigint, design_goal text, parent_session_id bigint, created_at timestamp)",
    "CREATE TABLE iteration (id bigint, session_id bigint, code text, feedback text, created_at timestamp)",
    "CREATE TABLE error (id bigint, iteration_id bigint, error_type text, error_message text, error_line bigint,"
    " created_at timestamp)",
    "INSERT INTO session VALUES (1, 'sort', NULL, '2026-01-02 03:04:05'), (2, NULL, 1, NULL), (3, 'x', 33, NULL),"
    " (4, 'y', NULL, NULL), (4, 'z', NULL, NULL), (NULL, 'w', NULL, NULL)",
    "INSERT INTO iteration VALUES (5, 1, 'code', 'good', '2026-01-02 03:04:06'), (6, 66, 'c', NULL, NULL),"
    " (7, 66, 'd', NULL, NULL), (8, NULL, 'e', NULL, NULL)",
    "INSERT INTO error VALUES (9, 5, 'runtime', 'm', 1, '2026-01-02 03:04:07'), (10, 5, 'logic', 'm', 1, NULL),"
    " (11, 77, 'syntax', 'n', 2, NULL)",
)
"""A store that another program has made, without a single constraint."""


def test_a_store_without_constraints(store_url: str) -> None:
    run(store_url, *PLAIN)
    report = verified(store_url, "codegen")
    assert brief(report) == [
        ("session", "keys", 2, ("4",)),
        ("session", "references", 1, ("3",)),
        ("session", "values", 1, ("None",)),
        ("session", "values", 1, ("2",)),
        ("iteration", "references", 2, ("6", "7")),
        ("iteration", "values", 1, ("8",)),
        ("error", "references", 1, ("11",)),
        ("error", "values", 1, ("10",)),
    ]
    assert report.problems[1].found == "orphans: parent_session_id is the id of no session"
    assert report.problems[-1].found == "error_type is 'logic'; it may be 'syntax', 'runtime' or None"
    assert (report.version, report.rows) == (None, {"session": 6, "iteration": 4, "error": 3})
    assert not report.ok


def test_looking_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "plain.db"
    with file(path) as connection:
        for statement in PLAIN:
            connection.execute(statement)
    before = path.read_bytes()
    verified(path, "codegen")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


WRONG = {
    "error_line = 'five'": "error_line is 'five'; it may be a whole number of 64 bits or None",
    "error_message = x'00ff'": r"error_message is b'\x00\xff'; it may be a text or None",
    "created_at = 'soon'": "created_at is 'soon'; it may be a datetime or a text in ISO 8601 or None",
    "created_at = '2026-13-41'": "created_at is '2026-13-41'; it may be a datetime or a text in ISO 8601 or None",
    "error_type = 'logic'": "error_type is 'logic'; it may be 'syntax', 'runtime' or None",
}


@pytest.mark.parametrize("change", WRONG)
def test_values_that_sqlite_lets_pass(change: str, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store("codegen", path) as store:
        iteration = store.insert_iteration(store.insert_session("goal"), "code")
        store.insert_error(iteration, "syntax", "message", 3)
        with file(path) as other:
            other.execute(f"UPDATE error SET {change}")
        (problem,) = store.verify().problems
    assert problem == Problem("error", "values", WRONG[change], "Change or delete them.", 1, ("1",))


@pytest.mark.parametrize(
    ("column", "value"),
    [("metadata", "[1]"), ("metadata", "{"), ("session_id", "S1"), ("user_id", "u" * 256), ("end_time", "1 May")],
)
def test_values_of_a_conversation(column: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store("conversation", path) as store:
        store.create_session("ann", {"topic": "sorting"})
        with file(path) as other:
            other.execute(f"UPDATE sessions SET {column} = ?", (value,))
        (problem,) = store.verify().problems
    assert (problem.table, problem.check, problem.rows) == ("sessions", "values", 1)
    assert problem.found.startswith(f"{column} is '{value[:20]}")


def test_a_conversation_of_postgres_whose_metadata_is_no_object(schema_url: str) -> None:
    with open_store("conversation", schema_url) as store:
        session = store.create_session("ann", {"topic": "100 % sorting"})
        run(schema_url, "UPDATE sessions SET metadata = '[1]'")
        assert brief(store.verify()) == [("sessions", "values", 1, (session,))]


def test_orphans_of_a_key_that_only_the_file_declares(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store("codegen", path) as store:
        with file(path) as other:
            other.execute("CREATE TABLE note (text TEXT, session INTEGER REFERENCES session (id))")
            other.execute("INSERT INTO note VALUES ('a', 8), ('b', 9)")
        assert brief(store.verify()) == [("note", "references", 2, ("rowid 1",))]


@pytest.mark.skipif(not REAL.is_file(), reason=f"the real sessions are not at {REAL}")
def test_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "mini_swe.db"
    shutil.copyfile(REAL, path)
    assert verified(path, "codegen").ok
    with file(path) as other:
        other.execute("DELETE FROM iteration WHERE id IN (SELECT iteration_id FROM error LIMIT 3)")
    with open_store("codegen", path) as store:
        (problem,) = store.verify().problems
    assert (problem.table, problem.check, problem.rows) == ("error", "references", 3)


def test_parts_that_are_missing(store_url: str, engine: Engine) -> None:
    with open_store("codegen", store_url) as store:
        drop_search = "DROP TRIGGER session_fts_update" if engine == "sqlite" else "DROP INDEX session_fts"
        run(store_url, "DROP INDEX idx_error_composite", drop_search)
        problems = store.verify().problems
        assert [(each.table, each.check, each.found) for each in problems] == [
            ("error", "parts", "idx_error_composite is not there"),
            ("session", "parts", f"{drop_search.rsplit(maxsplit=1)[-1]} is not there"),
        ]
        assert "--to 0001" in problems[0].advice
        assert "--to 0002" in problems[1].advice
    downgrade(store_url, "codegen", "0001")
    assert verified(store_url, "codegen").ok
    open_store("codegen", store_url).close()
    assert verified(store_url, "codegen").ok


def test_a_table_and_a_column_that_are_missing(store_url: str) -> None:
    open_store("codegen", store_url).close()
    run(store_url, "DROP TABLE error", "ALTER TABLE iteration DROP COLUMN feedback")
    found = [(each.table, each.found) for each in verified(store_url, "codegen").problems]
    assert found[:2] == [("iteration", "it lacks feedback"), ("error", "the table is not there")]
    assert found[2:] == [("error", "idx_error_composite is not there")]


@pytest.mark.parametrize("kind", ["workflow", "worktree"])
def test_a_view_that_is_missing(kind: str, store_url: str) -> None:
    view = {"workflow": "session_states_summary", "worktree": "session_complete"}[kind]
    with open_store(kind, store_url) as store:
        run(store_url, f"DROP VIEW {view}")
        assert [each.found for each in store.verify().problems] == [f"{view} is not there"]


@pytest.mark.parametrize("kind", ["codegen", "worktree"])
@pytest.mark.parametrize(
    "how",
    [
        ("insert", "INSERT INTO {0} SELECT {1} FROM {0} LIMIT 1", "rows that the search does not find"),
        ("delete", "DELETE FROM {0} WHERE id = (SELECT max(id) FROM {0})", "the search knows rows that are gone"),
        ("update", "UPDATE {0} SET {2} = 'quite other words'", "the search knows other words than the texts have"),
    ],
)
def test_a_search_that_fell_behind(kind: str, how: tuple[str, str, str], samples: Path, tmp_path: Path) -> None:
    """Another program has written while a trigger was off."""
    event, change, found = how
    path = tmp_path / "store.db"
    shutil.copyfile(samples / f"{kind}.db", path)
    table, text = {"codegen": ("session", "design_goal"), "worktree": ("sessions", "task")}[kind]
    with file(path) as other:
        names = [row[1] for row in other.execute(f"PRAGMA table_info({table})")]
        new = ", ".join({"id": "max(id) || 1"}.get(name, name) for name in names)
        (trigger,) = other.execute("SELECT sql FROM sqlite_master WHERE name = ?", (f"{table}_fts_{event}",)).fetchone()
        other.execute(f"DROP TRIGGER {table}_fts_{event}")
        other.execute(change.format(table, new, text))
        other.execute(trigger)
    problems = [problem for problem in verified(path, kind).problems if problem.check == "search"]
    first = problems[0]
    assert (first.table, first.rows) == (table, 10 if event == "update" else 1)
    assert first.found.startswith(found)
    assert len(first.examples) == (5 if event == "update" else 1)
    downgrade(path, kind, "0002")
    with open_store(kind, path) as store:
        assert [problem for problem in store.verify().problems if problem.check == "search"] == []


def test_a_search_knows_the_words_of_a_row_that_was_replaced(tmp_path: Path) -> None:
    """SQLite tells no trigger of the row that REPLACE takes away."""
    path = tmp_path / "store.db"
    with open_store("codegen", path) as store:
        store.insert_session("first words")
        with file(path) as other:
            other.execute("INSERT OR REPLACE INTO session (id, design_goal) VALUES (1, 'second thoughts')")
        (problem,) = store.verify().problems
    assert problem.found == "the search knows other words than the texts have: 2, as 'first'"
    assert (problem.table, problem.check, problem.rows, problem.examples) == ("session", "search", 1, ("1",))


def test_a_damaged_file_is_told_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store("codegen", path) as store:
        session = store.insert_session("goal")
        store.insert_iterations([{"session_id": session, "code": f"code {number} " * 99} for number in range(300)])
        store.insert_error(1, "syntax", "message")
    with file(path) as other:
        ((page,),) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'iteration'").fetchall()
        ((size,),) = other.execute("PRAGMA page_size").fetchall()
        other.execute("UPDATE error SET error_type = 'logic'")
    with path.open("r+b") as damaged:
        damaged.seek((page - 1) * size)
        damaged.write(b"\xff" * size)
    report = verified(path, "codegen")
    checks = {(each.table, each.check) for each in report.problems}
    assert checks >= {("", "integrity"), ("iteration", "values"), ("error", "values")}
    assert (report.rows["session"], report.rows["error"]) == (1, 1)
    assert any("malformed" in each.found for each in report.problems)


@pytest.mark.parametrize(
    ("change", "found", "repair"),
    [
        (
            "ALTER TABLE error ADD CONSTRAINT late CHECK (error_line > 5) NOT VALID",
            "constraint late was not checked against the rows",
            'ALTER TABLE "error" VALIDATE CONSTRAINT "late"',
        ),
        (
            "ALTER TABLE error ADD CONSTRAINT tie FOREIGN KEY (error_line) REFERENCES session (id) NOT VALID",
            "constraint tie was not checked against the rows",
            'ALTER TABLE "error" VALIDATE CONSTRAINT "tie"',
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_error_composite'::regclass",
            "index idx_error_composite is not valid",
            'REINDEX INDEX "idx_error_composite"',
        ),
    ],
)
def test_what_postgres_knows_to_be_unsound(change: str, found: str, repair: str, schema_url: str) -> None:
    with open_store("codegen", schema_url) as store:
        run(schema_url, change)
        (problem,) = store.verify().problems
        assert (problem.table, problem.check, problem.found) == ("error", "integrity", found)
        assert problem.advice == f"Run {repair}."
        run(schema_url, repair)
        assert store.verify().ok


OUT_OF_ORDER = (
    "CREATE FUNCTION back(bigint, bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint8cmp($1, $2)'",
    "CREATE OPERATOR CLASS back FOR TYPE bigint USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,"
    " OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 back(bigint, bigint)",
    "CREATE INDEX disordered ON session (id back)",
    "CREATE OR REPLACE FUNCTION back(bigint, bigint) RETURNS integer LANGUAGE sql IMMUTABLE"
    " AS 'SELECT btint8cmp($2, $1)'",
)
"""Makes an index whose order is no longer that of its values."""


def test_an_index_out_of_order(postgres: Server, schema_url: str) -> None:
    with psycopg.connect(postgres.get_uri(), autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'").fetchall():
            pytest.skip("this server has no amcheck")
        admin.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    with open_store("codegen", schema_url) as store:
        store.insert_sessions([{"design_goal": f"goal {number}"} for number in range(50)])
        assert store.verify().ok
        run(schema_url, *OUT_OF_ORDER)
        (problem,) = store.verify().problems
    assert (problem.table, problem.check) == ("session", "integrity")
    assert 'item order invariant violated for index "disordered"' in problem.found
    assert problem.advice == 'Run REINDEX TABLE "session".'


def test_triggers_that_are_switched_off_and_what_came_in(schema_url: str) -> None:
    with open_store("codegen", schema_url) as store:
        off, on = "ALTER TABLE iteration DISABLE TRIGGER ALL", "ALTER TABLE iteration ENABLE TRIGGER ALL"
        run(schema_url, off, "INSERT INTO iteration (session_id, code) VALUES (9, 'orphan')")
        report = store.verify()
        assert ("iteration", "references", 1, ("1",)) in brief(report)
        assert sum("is switched off" in each.found for each in report.problems) >= 2
        run(schema_url, on)
        assert brief(store.verify()) == [("iteration", "references", 1, ("1",))]


def test_a_live_store(store_url: str) -> None:
    """A check sees one moment: whoever writes meanwhile leaves neither orphans nor unknown words to be seen."""
    done = Event()
    with open_store("codegen", store_url) as store:

        def write() -> None:
            while not done.is_set():
                with store.transaction():
                    iteration = store.insert_iteration(store.insert_session("new words"), "code")
                    store.insert_error(iteration, "runtime", "message")

        writer = Thread(target=write)
        writer.start()
        try:
            reports = [store.verify() for _ in range(5)]
        finally:
            done.set()
            writer.join()
    assert [report.problems for report in reports] == [()] * 5
    assert reports[-1].rows["session"] > reports[0].rows["session"]


def test_what_cannot_be_verified(store_url: str) -> None:
    run(store_url, "CREATE TABLE other (id integer)")
    with pytest.raises(StoreError, match=r"holds no codegen store\. 'sessionlab store init' makes one"):
        verified(store_url, "codegen")
    with open_store("codegen", store_url) as store:
        with pytest.raises(StoreError, match="within a transaction"), store.transaction():
            store.verify()
        run(store_url, "UPDATE sessionlab_codegen_version SET version_num = '9999'")
        with pytest.raises(StoreError, match=r"version 9999; this sessionlab knows 0001 to 0003\. Nothing was changed"):
            store.verify()


def test_a_server_that_is_gone_is_no_problem_of_the_store(postgres: Server, postgres_url: str) -> None:
    with open_store("codegen", postgres_url) as store, psycopg.connect(postgres.get_uri(), autocommit=True) as admin:
        ((name,),) = store._database.run("SELECT current_database()", reads=True).rows
        name, gone = sql.Identifier(name), sql.Identifier(f"{name}_gone")
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        store._database.close()
        admin.execute(rename.format(name, gone))
        try:
            with pytest.raises(StoreError, match="does not exist"):
                verified(postgres_url, "codegen")
        finally:
            admin.execute(rename.format(gone, name))


def test_the_report_shows_itself() -> None:
    problem = Problem("a<b", "keys", "several rows have the same id", "Keep one.", 1234, ("4", "5"))
    report = VerifyReport("codegen", "/a.db", "0001", "0003", {"session": 2000}, (problem,))
    text = str(report)
    for word in ("a<b", "keys", "1,234", "Keep one.", "2,000 rows", "0001, brought up to 0003 when it is opened"):
        assert word in text
    html = report._repr_html_()
    assert "a&lt;b" in html
    assert "what to do" in html
    assert "what to do" not in VerifyReport("codegen", "/a.db", "0003", "0003")._repr_html_()


def test_a_search_index_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store("codegen", path) as store:
        store.insert_sessions([{"design_goal": f"goal {number}"} for number in range(50)])
        with file(path) as other:
            other.execute("UPDATE session_fts_data SET block = x'00' WHERE id > 10")
        (problem,) = store.verify().problems
    assert (problem.table, problem.check, problem.rows) == ("session", "search", None)
    assert problem.found.startswith("it cannot be checked: ")
    assert "malformed" in problem.found


def test_a_backup_that_may_only_be_read(tmp_path: Path) -> None:
    with open_store("codegen", tmp_path / "store.db") as store, TemporaryDirectory() as folder:
        store.insert_session("goal")
        copy = store.backup(Path(folder) / "copy.db")
        copy.chmod(0o444)
        Path(folder).chmod(0o555)
        with as_nobody():
            with pytest.raises(PermissionError):
                copy.open("r+b")
            assert verified(copy, "codegen").problems == ()
        Path(folder).chmod(0o755)
