"""One seed, one set of records: whatever the form, the chunks and the threads."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from sessionlab.errors import SourceError, UnknownKind
from sessionlab.samples import KINDS, write_samples
from sessionlab.samples.generate import TABLES

from .records import from_json, from_postgres, from_sqlite

SESSIONS = 600


@pytest.fixture(scope="module")
def json_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("json")
    write_samples(folder, SESSIONS, 7, format="json")
    return folder


@pytest.fixture(scope="module")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite")
    write_samples(folder, SESSIONS, 7, format="sqlite")
    return folder


def contents(folder: Path) -> dict[str, bytes | list[str]]:
    """What the files under a folder hold: the bytes of JSON, the dump of SQLite."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): dump(path) if path.suffix == ".db" else path.read_bytes() for path in files}


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as con:
        return list(con.iterdump())


def test_same_seed_same_bytes_whatever_the_chunks(json_folder: Path, tmp_path: Path) -> None:
    write_samples(tmp_path, SESSIONS, 7, format="json", chunk=120)
    assert contents(tmp_path) == contents(json_folder)


def test_same_seed_same_dump_whatever_the_chunks(sqlite_folder: Path, tmp_path: Path) -> None:
    write_samples(tmp_path, SESSIONS, 7, format="sqlite", chunk=120)
    assert contents(tmp_path) == contents(sqlite_folder)


def test_one_array_whatever_the_chunks(tmp_path: Path) -> None:
    for name, chunk in (("small", 120), ("large", 20_000)):
        write_samples(tmp_path / name, 300, kinds=["workflow"], chunk=chunk)
    assert contents(tmp_path / "small") == contents(tmp_path / "large")


@pytest.mark.parametrize("kind", KINDS)
def test_kind_does_not_depend_on_the_others(json_folder: Path, tmp_path: Path, kind: str) -> None:
    write_samples(tmp_path, SESSIONS // len(KINDS), 7, kinds=[kind], format="json")
    assert contents(tmp_path / kind) == contents(json_folder / kind)


def test_other_seed_other_records(json_folder: Path, tmp_path: Path) -> None:
    write_samples(tmp_path, SESSIONS, 8, format="json")
    old, new = contents(json_folder), contents(tmp_path)
    assert all(new[name] != old[name] for name in new)


@pytest.mark.parametrize("kind", KINDS)
def test_json_and_sqlite_hold_the_same_records(json_folder: Path, sqlite_folder: Path, kind: str) -> None:
    assert from_json(json_folder, kind) == from_sqlite(sqlite_folder / f"{kind}.db", kind)


def test_postgres_holds_the_same_records(sqlite_folder: Path, postgres_url: str) -> None:
    rows = write_samples(postgres_url, SESSIONS, 7, chunk=120)
    for kind in KINDS:
        found = from_postgres(postgres_url, kind)
        assert found == from_sqlite(sqlite_folder / f"{kind}.db", kind)
        assert {f"{kind}.{table}": len(found[table]) for table in found}.items() <= rows.items()


def test_postgres_ids_go_on(postgres_url: str) -> None:
    write_samples(postgres_url, 50, kinds=["codegen", "workflow"])
    with psycopg.connect(postgres_url) as con:
        new = con.execute("INSERT INTO codegen.session (design_goal) VALUES ('more') RETURNING id").fetchone()
        con.execute("UPDATE workflow.session_states SET topic = 'other'")
        touched = con.execute(
            "SELECT bool_and(updated_at = now()), min(test_count) FROM workflow.session_states"
            " JOIN workflow.session_states_summary USING (id, updated_at)"
        ).fetchone()
    assert (new, touched) == ((26,), (True, 5))


def test_postgres_refuses_what_exists_and_keeps_it(postgres_url: str) -> None:
    write_samples(postgres_url, 10, kinds=["codegen"])
    with pytest.raises(SourceError, match=r"codegen samples cannot .* relation \"session\" already exists$"):
        write_samples(postgres_url, 20, kinds=["codegen"])
    assert len(from_postgres(postgres_url, "codegen")["session"]) == 10


def test_postgres_errors_hide_the_password(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be written to Postgres") as caught:
        write_samples(f"postgresql://me:s3cret@{tmp_path}:port/x", 4, kinds=["codegen"])
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_sqlite_constraints_hold(sqlite_folder: Path, kind: str) -> None:
    with closing(sqlite3.connect(sqlite_folder / f"{kind}.db")) as con:
        assert con.execute("PRAGMA foreign_key_check").fetchall() == []
        assert con.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_sqlite_counts_and_triggers_go_on(sqlite_folder: Path) -> None:
    with closing(sqlite3.connect(f"file:{sqlite_folder}/codegen.db?mode=ro", uri=True)) as con:
        assert con.execute("SELECT seq FROM sqlite_sequence WHERE name = 'session'").fetchone() == (SESSIONS // 4,)
    with closing(sqlite3.connect(sqlite_folder / "workflow.db")) as con:
        con.execute("UPDATE session_states SET topic = 'other'")
        assert con.execute("SELECT count(*) FROM session_states WHERE updated_at < '2026-08'").fetchone() == (0,)
        assert con.execute("SELECT min(test_count) FROM session_states_summary").fetchone() == (5,)
        con.rollback()


def test_worktree_files_are_named_after_their_workspace(json_folder: Path, sqlite_folder: Path) -> None:
    with closing(sqlite3.connect(sqlite_folder / "worktree.db")) as con:
        paths = [path for (path,) in con.execute("SELECT workspace_path FROM workspaces")]
    hashes = {hashlib.sha256(path.encode()).hexdigest()[:16] for path in paths}
    assert {path.stem for path in (json_folder / "worktree").iterdir()} == hashes


def test_reports_rows_and_progress(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    rows = write_samples(
        tmp_path, 1003, kinds=["workflow", "codegen"], chunk=120, on_progress=lambda *c: calls.append(c)
    )
    assert rows["workflow.session_states"] == 502
    assert rows["codegen.session"] == 501
    assert [call for call in calls if call[0] == "codegen"] == [("codegen", 400, 501), ("codegen", 501, 501)]
    assert rows.keys() == {f"{kind}.{table}" for kind in ("workflow", "codegen") for table in TABLES[kind]}


def test_another_url_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="to a folder or to postgresql://…, not to mysql://here/x"):
        write_samples("mysql://here/x", 8, 1)
    assert not list(tmp_path.iterdir())


def test_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "codegen.db").write_text("mine")
    with pytest.raises(SourceError, match=r"codegen\.db exists"):
        write_samples(tmp_path, 40)
    assert [path.name for path in tmp_path.iterdir()] == ["codegen.db"]


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(kind: str, done: int, total: int) -> None:
        raise RuntimeError(kind)

    with pytest.raises(RuntimeError):
        write_samples(tmp_path, 40, on_progress=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kinds": ["codgen"]}, UnknownKind, "no samples of 'codgen'; there are codegen, workflow"),
        ({"kinds": []}, UnknownKind, "no samples of no kind"),
        ({"sessions": 3}, SourceError, "3 sessions are too few for 4 kinds"),
        ({"format": "csv"}, SourceError, "no sample format 'csv'; there are mixed, json, sqlite"),
    ],
)
def test_refuses(tmp_path: Path, options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        write_samples(tmp_path / "new", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_committed_samples_are_what_the_defaults_write(tmp_path: Path) -> None:
    write_samples(tmp_path)
    committed = Path(__file__).parents[2] / "data"
    assert contents(tmp_path) == contents(committed)
    assert sum(path.stat().st_size for path in committed.rglob("*.*")) < 1_500_000


def test_import_is_cheap() -> None:
    code = "import sys, sessionlab.samples; print({'duckdb', 'pyarrow', 'adbc_driver_manager'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_writing_needs_no_pyarrow(tmp_path: Path) -> None:
    code = (
        "import sys; from sessionlab.samples import write_samples;"
        f"write_samples({str(tmp_path)!r}, 40); print({{'pyarrow', 'pandas', 'numpy'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
