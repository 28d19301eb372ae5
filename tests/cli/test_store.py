"""The commands that look after stores, on both engines: what they print, what they leave, and their exit codes."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from sessionlab import open_store
from sessionlab.stores.database import open_database
from tests.cli.conftest import Done, Run
from tests.conftest import Server

_NUMBERS = itertools.count(1)


@pytest.fixture
def run(run: Run) -> Run:
    """Run ``sessionlab store`` in an empty folder."""
    return partial(run, "store")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a store that is not there yet."""
    if request.param == "sqlite":
        return "store.db"
    server: Server = request.getfixturevalue("postgres")
    address = server.get_uri()
    return f"{address}{'&' if '?' in address else '?'}schema=command_{next(_NUMBERS)}"


def test_a_store_is_made_and_changed(run: Run, url: str) -> None:
    assert run("init", url, "--kind", "codegen") == Done(0, "codegen: version 0003 (the latest)\n", "")
    assert run("current", url).out == "codegen: version 0003 (the latest)\n"
    assert run("downgrade", url, "--to", "0001") == Done(0, "codegen: version 0001; the latest is 0003\n", "")
    assert json.loads(run("current", url, "--json").out) == {"kind": "codegen", "version": "0001", "latest": "0003"}
    assert run("upgrade", url).out == "codegen: version 0003 (the latest)\n"
    assert run("init", url, "--kind", "codegen").code == 0


def test_what_a_downgrade_loses_is_said_and_asked(run: Run, url: str) -> None:
    with open_store("codegen", url) as store:
        store.insert_iteration(store.insert_session("goal"), "code")
    for answer in ("", "n\n"):
        done = run("downgrade", url, "--to", "base", answer=answer)
        assert (done.code, done.out) == (1, "")
        assert "with all rows: 1 of session, 1 of iteration, 0 of error." in done.err
        assert done.err.endswith("sessionlab: Nothing was changed. --yes goes on without asking.\n")
    assert json.loads(run("verify", url, "--json").out)["rows"] == {"session": 1, "iteration": 1, "error": 0}
    done = run("downgrade", url, "--to", "base", answer="y\n")
    assert (done.code, done.out) == (0, "codegen: no version; the latest is 0003\n")
    done = run("verify", url)
    assert done.code == 1
    assert "holds no store. Make one with: sessionlab store init" in done.err


def test_yes_is_not_asked(run: Run, url: str) -> None:
    open_store("conversation", url).close()
    done = run("downgrade", url, "--to", "base", "--yes", "--json")
    assert done.code == 0
    assert json.loads(done.out)["version"] is None
    assert "0 of sessions, 0 of contexts, 0 of conversations." in done.err


def test_verify_says_what_is_wrong(run: Run, url: str) -> None:
    open_store("codegen", url).close()
    done = run("verify", url)
    assert (done.code, done.err) == (0, "")
    assert "none" in done.out
    database = open_database(url)
    with database.transaction():
        drop = "DROP TABLE error", "CREATE TABLE error (id bigint, iteration_id bigint, error_type text,"
        columns = " error_message text, error_line bigint, created_at timestamp)"
        insert = "INSERT INTO error (id, iteration_id, error_type) VALUES (7, 8, 'syntax'), (9, NULL, 'logic')"
        database.run_script([drop[0], drop[1] + columns, insert])
    database.close()
    done = run("verify", url, "--json")
    assert done.code == 1
    report = json.loads(done.out)
    assert (report["ok"], report["kind"], report["version"]) == (False, "codegen", "0003")
    found = {(each["table"], each["check"], each["rows"], *each["examples"]) for each in report["problems"]}
    assert found == {
        ("error", "parts", None),
        ("error", "references", 1, "7"),
        ("error", "values", 1, "9"),
    }
    done = run("verify", url)
    assert done.code == 1
    assert done.err == ""
    assert "references" in done.out


def test_verify_changes_nothing(run: Run, url: str) -> None:
    open_store("codegen", url).close()
    run("downgrade", url, "--to", "0002")
    assert run("verify", url).code == 0
    assert json.loads(run("current", url, "--json").out)["version"] == "0002"


def test_a_backup_is_written_once(run: Run, url: str, tmp_path: Path) -> None:
    with open_store("codegen", url) as store:
        store.insert_session("goal")
    form = "sqlite" if url == "store.db" else "parquet"
    assert run("backup", url, "copy", "--format", form) == Done(0, f"{tmp_path / 'copy'}\n", "")
    done = run("backup", url, "copy")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"sessionlab: A backup never overwrites: {tmp_path / 'copy'} exists. Name another file.\n"
    done = run("backup", url, "other", "--format", form, "--json")
    assert json.loads(done.out) == {"kind": "codegen", "path": str(tmp_path / "other")}
    if form == "sqlite":
        assert run("verify", "copy").code == 0


def test_a_later_version_is_refused(run: Run, url: str) -> None:
    open_store("codegen", url).close()
    database = open_database(url)
    database.run("UPDATE sessionlab_codegen_version SET version_num = '9999'")
    for words in (
        ("init", url, "--kind", "codegen"),
        ("upgrade", url),
        ("downgrade", url, "--to", "0001"),
        ("current", url),
        ("verify", url),
    ):
        done = run(*words)
        assert (done.code, done.out) == (1, "")
        assert "version 9999; this sessionlab knows 0001 to 0003. Nothing was changed." in done.err
        assert done.err.count("\n") == 1
    assert database.run("SELECT version_num FROM sessionlab_codegen_version", reads=True).rows == [("9999",)]
    database.close()


def test_tables_of_another_program_are_taken_over_when_that_is_asked(run: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        for table, columns in {
            "session": "id INTEGER PRIMARY KEY, design_goal, parent_session_id, created_at",
            "iteration": "id INTEGER PRIMARY KEY, session_id, code, feedback, created_at",
            "error": "id INTEGER PRIMARY KEY, iteration_id, error_type, error_message, error_line, created_at",
        }.items():
            other.execute(f"CREATE TABLE {table} ({columns})")
    assert run("current", "other.db").out == "codegen: no version; the latest is 0003\n"
    assert run("verify", "other.db").code == 0
    assert json.loads(run("current", "other.db", "--json").out)["version"] is None
    assert run("upgrade", "other.db").out == "codegen: version 0003 (the latest)\n"


def test_of_several_kinds_one_is_to_be_named(run: Run, url: str) -> None:
    for kind in ("codegen", "workflow"):
        open_store(kind, url).close()
    done = run("verify", url)
    assert done.code == 2
    assert "holds codegen and workflow: choose one with --kind." in done.err
    assert run("verify", url, "--kind", "workflow").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("init", "a.db"), "Which kind of store? --kind is one of codegen, workflow"),
        (("init", "a.db", "--kind", "dreams"), "'dreams' is not one of"),
        (("downgrade", "a.db"), "Missing option '--to'"),
        (("backup", "a.db"), "Missing argument 'TARGET'"),
        (("backup", "a.db", "b.db", "--format", "zip"), "'zip' is not one of"),
        (("nonsense",), "No such command"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_version_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    open_store("codegen", tmp_path / "a.db").close()
    done = run("downgrade", "a.db", "--to", "0009")
    assert done.code == 2
    assert "There is no version 0009 of a codegen store; there are base, 0001, 0002, 0003." in done.err


@pytest.mark.parametrize("command", ["upgrade", "current", "verify", "backup"])
def test_nothing_is_made_where_nothing_is(run: Run, command: str, tmp_path: Path) -> None:
    done = run(command, "nowhere.db", *(["copy.db"] if command == "backup" else []))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("sessionlab: There is no file ")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_shown(run: Run) -> None:
    done = run("verify", "postgresql://ann:s3cr3t@127.0.0.1:9/none?connect_timeout=2")
    assert (done.code, done.out) == (1, "")
    assert "127.0.0.1" in done.err
    assert "s3cr3t" not in done.err
