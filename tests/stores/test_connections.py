"""Connections that are lost, and databases that cannot be opened: done again where that is safe, else said clearly."""

from __future__ import annotations

import gc
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sessionlab import CodegenStore, InvalidRecord, QueryError, StoreError, open_store
from sessionlab.stores import postgres, sqlite
from sessionlab.stores.database import open_database
from sessionlab.stores.postgres import PostgresDatabase

SUICIDE = """
CREATE FUNCTION {schema}.die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON {schema}.iteration DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION {schema}.die();
"""
"""A server that loses the connection when a transaction is about to be kept."""


@pytest.fixture
def store(schema_url: str) -> Iterator[CodegenStore]:
    with open_store("codegen", schema_url) as store:
        yield store


def end_all(store: CodegenStore) -> None:
    """Let the server end all connections of a store."""
    database = store._database
    assert isinstance(database, PostgresDatabase)
    before = {row[0] for row in database.run("SELECT pg_backend_pid()", reads=True).rows}
    with psycopg.connect(database._to.for_driver(), autocommit=True) as admin:
        for pid in before:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def end_own(store: CodegenStore) -> None:
    """Let the server end the connection of the thread's transaction."""
    database = store._database
    assert isinstance(database, PostgresDatabase)
    transaction = database.current()
    assert transaction is not None
    with psycopg.connect(database._to.for_driver(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (transaction.connection.info.backend_pid,))


def test_a_connection_that_was_ended_while_idle_is_replaced(store: CodegenStore) -> None:
    session = store.insert_session("goal")
    end_all(store)
    assert store.get_session(session, ["design_goal"]) == {"design_goal": "goal"}
    end_all(store)
    assert store.insert_iteration(session, "code") == 1
    end_all(store)
    with store.transaction():
        assert store.insert_iteration(session, "code") == 2


def test_a_transaction_that_loses_its_connection_is_done_again(store: CodegenStore) -> None:
    tries = []

    def work() -> int:
        session = store.insert_session("goal")
        tries.append(session)
        if len(tries) == 1:
            end_own(store)
        store.insert_iteration(session, "code")
        return session

    kept = store._database.transact(work)
    assert kept == tries[1]
    assert len(tries) == 2
    assert [row["id"] for row in store.search_sessions("goal")] == [kept]


AGAIN = r"Nothing of the transaction is kept\. Do it again\."


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get_session(1),
        lambda store: store.insert_session("goal"),
        lambda store: store.insert_sessions([{"design_goal": "goal"}]),
        lambda store: store.get_session_history(1),
    ],
)
def test_a_connection_that_is_lost_in_a_transaction(
    store: CodegenStore, call: Callable[[CodegenStore], object]
) -> None:
    def work() -> None:
        with store.transaction():
            store.insert_session("goal")
            end_own(store)
            with pytest.raises(StoreError, match=AGAIN):
                call(store)

    with pytest.raises(StoreError, match="nothing of it was kept"):
        work()
    assert store.search_sessions("goal") == []


def test_a_connection_that_is_lost_before_a_transaction_is_kept(store: CodegenStore) -> None:
    def work() -> None:
        with store.transaction():
            store.insert_session("goal")
            end_own(store)

    with pytest.raises(StoreError, match="Whether the last change was kept is not known"):
        work()


def test_two_transactions_that_wait_for_each_other(store: CodegenStore) -> None:
    both = threading.Barrier(2)
    said = []

    def work(first: int, second: int) -> None:
        with store.transaction():
            store.update_session(first, "changed")
            both.wait(10)
            store.update_session(second, "changed")

    def tried(*ids: int) -> None:
        try:
            work(*ids)
        except StoreError as error:
            said.append(str(error))

    ids = store.insert_sessions([{"design_goal": "one"}, {"design_goal": "two"}])
    with ThreadPoolExecutor(2) as pool:
        for trying in [pool.submit(tried, *ids), pool.submit(tried, *reversed(ids))]:
            trying.result(20)
    assert len(said) == 1
    assert "deadlock" in said[0]
    assert said[0].endswith("Nothing of the transaction is kept. Do it again.")


@pytest.mark.parametrize("many", [False, True])
def test_a_transaction_that_is_refused_when_it_is_kept(store: CodegenStore, many: bool) -> None:
    store._database.run("ALTER TABLE iteration ADD UNIQUE (feedback) DEFERRABLE INITIALLY DEFERRED")
    session = store.insert_session("goal")
    rows: list[dict[str, Any]] = [{"session_id": session, "code": code, "feedback": "twice"} for code in ("a", "b")]

    def one_by_one() -> None:
        with store.transaction():
            for row in rows:
                store.insert_iteration(**row)

    with pytest.raises(InvalidRecord, match=r"refuses the transaction as a whole: duplicate key .*\n.*twice"):
        store.insert_iterations(rows) if many else one_by_one()
    assert store.get_iterations(session) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_a_database_cannot_look_for(store_url: str) -> None:
    with open_store("codegen", store_url) as store:
        mark = "?" if store._database.engine == "sqlite" else "%s"
        query = f"SELECT id FROM session WHERE design_goal = {mark}"
        with pytest.raises(QueryError, match=r"cannot be searched for that: .*surrogates not allowed"):
            store._database.run(query, ("a\ud800",), reads=True)


@pytest.mark.parametrize("many", [False, True])
def test_a_write_that_may_have_been_kept_is_not_done_again(store: CodegenStore, schema_url: str, many: bool) -> None:
    session = store.insert_session("goal")
    with psycopg.connect(schema_url.partition("schema=")[0].rstrip("?&"), autocommit=True) as admin:
        admin.execute(SUICIDE.format(schema=schema_url.partition("schema=")[2]).encode())
    rows: list[dict[str, Any]] = [{"session_id": session, "code": "code"}]
    with pytest.raises(StoreError, match=r"lost while it was writing\. Whether the last change was kept is not known"):
        store.insert_iterations(rows) if many else store.insert_iteration(session, "code")
    assert store.get_iterations(session) == []


def test_a_read_that_loses_its_connection_is_done_again(store: CodegenStore) -> None:
    database = store._database
    database.run("CREATE SEQUENCE tries")
    end = "pg_terminate_backend(pg_backend_pid())::int"
    once = f"SELECT CASE WHEN nextval('tries') = 1 THEN {end} ELSE 7 END, pg_sleep(0.05)"
    assert database.run(once, reads=True).rows[0][0] == 7


def connections() -> set[int]:
    gc.collect()
    return {id(each) for each in gc.get_objects() if isinstance(each, psycopg.Connection)}


def read_at_once(store: CodegenStore, times: int) -> None:
    together = threading.Barrier(times)

    def read() -> None:
        with store.transaction():
            store.get_session(1)
            together.wait(10)

    with ThreadPoolExecutor(times) as pool:
        for reading in [pool.submit(read) for _ in range(times)]:
            reading.result()


def test_connections_go_with_their_results(schema_url: str) -> None:
    before = connections()
    with open_store("codegen", schema_url) as store:
        read_at_once(store, postgres.POOL_SIZE + 3)
        assert len(connections() - before) <= postgres.POOL_SIZE
    assert len(connections() - before) == 0


@pytest.mark.parametrize(("rows", "kept"), [(postgres._MANY, True), (postgres._MANY + 1, False)])
def test_a_connection_lets_go_of_large_results(store: CodegenStore, rows: int, kept: bool) -> None:
    with store._database.lend() as connection:
        store._database.run_on(connection, "SELECT generate_series(1, %s)", (rows,))
        assert (connection.kept is not None) == kept


def test_an_idle_connection_is_asked_before_it_is_lent(store: CodegenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    session = store.insert_session("goal")
    monkeypatch.setattr(postgres, "_IDLE_SECONDS", -1.0)
    assert store.get_session(session) is not None
    end_all(store)
    assert store.get_session(session) is not None


def test_no_password_is_ever_shown(schema_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = schema_url.replace("postgres:@", "postgres:geheim@")
    assert "geheim" in url
    with open_store("codegen", url) as store:
        shown = [repr(store), str(store)]
        assert store.url == url
        for call in (
            lambda: store.insert_iteration(1, "code"),
            lambda: open_store("codegen", url.replace("/postgres?", "/no?")),
        ):
            with pytest.raises(Exception, match=r".") as caught:
                call()
            shown.append(str(caught.value))
    assert all("geheim" not in text for text in [*shown, caplog.text])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///", "A store is a file or a Postgres database"),
        ("sqlite:///:memory:", "A store is a file or a Postgres database"),
        (":memory:", "A store is a file or a Postgres database"),
        ("sqlite://store.db", "names no file"),
        ("mysql://root:geheim@host/db", "it cannot begin with mysql://"),
        ("sqlite:////no/such/folder/store.db", "There is no folder /no/such/folder"),
        ("postgresql://user:ge heim@:x/y@z", "The Postgres URL cannot be read"),
    ],
)
def test_urls_that_name_no_store(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        open_store("codegen", url)
    assert "heim" not in str(caught.value)


def test_a_server_out_of_reach(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(
        StoreError, match=r"the server cannot be reached; .* It was tried 5 times, and nothing was written"
    ):
        open_store("codegen", f"postgresql://postgres@/postgres?host={tmp_path}")
    assert time.monotonic() - began < 5


def test_a_database_that_is_not_there_is_asked_for_once(postgres_url: str) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError, match="something that was asked for is not there"):
        open_store("codegen", postgres_url.replace("/test_", "/nothing_"))
    assert time.monotonic() - began < 0.5


def test_the_environment_names_the_database(schema_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "DB", "USER", "PASSWORD", "PORT"):
        monkeypatch.delenv(f"POSTGRES_{name}", raising=False)
    with pytest.raises(StoreError, match="neither POSTGRES_HOST nor POSTGRES_DB is set"):
        open_store("codegen")
    monkeypatch.setenv("POSTGRES_HOST", schema_url.partition("host=")[2].partition("&")[0])
    monkeypatch.setenv("POSTGRES_DB", "postgres")
    monkeypatch.setenv("POSTGRES_USER", "postgres")
    database = open_database(None)
    assert database.run("SELECT current_database()", reads=True).rows == [("postgres",)]
    database.close()


def test_other_schemes_of_postgres_urls(schema_url: str) -> None:
    with open_store("codegen", schema_url.replace("postgresql:", "postgresql+psycopg:")) as store:
        assert store.insert_session("goal") == 1


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("no database at all, but a text of some length " * 100, encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="damaged or no SQLite database"):
        open_store("codegen", path)
    assert path.read_bytes() == before


def test_a_file_that_somebody_keeps_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    path = tmp_path / "store.db"
    with (
        open_store("codegen", path) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"another program has kept it locked for 0\.1 seconds"):
            store.insert_session("goal")
        other.execute("ROLLBACK")
        assert store.insert_session("goal") == 1


def test_a_file_is_opened_as_it_should_be(tmp_path: Path) -> None:
    with open_store("codegen", tmp_path / "store.db") as store:
        asked = {
            name: store._database.run(f"PRAGMA {name}").rows[0][0]
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert asked == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30_000}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_fork_gets_connections_of_its_own(store_url: str) -> None:
    with open_store("codegen", store_url) as store:
        store.insert_session("parent")
        pid = os.fork()
        if pid == 0:
            try:
                store.insert_session("child")
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        store.insert_session("parent again")
        assert sorted(row["design_goal"] for row in store.search_sessions("parent")) == ["parent", "parent again"]
        assert len(store.search_sessions("child")) == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no folder here in which nobody makes files")
def test_a_file_that_cannot_be_made_is_one_clear_error() -> None:
    """And no complaint from a connection that never was one."""
    with pytest.raises(StoreError, match=r"/proc/store\.db"):
        open_store("codegen", "/proc/store.db")
    gc.collect()
