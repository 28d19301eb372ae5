"""From JSON files to a database and back: each session with each field, whatever happens on the way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionlab import StoreError, WorktreeStore, open_store
from sessionlab.stores import JsonWorktreeStore, MigrationReport, export_to_json, migrate_from_json
from sessionlab.stores.consistency import compared
from sessionlab.stores.worktree_json import sessions_of
from tests.conftest import Server
from tests.stores.conftest import Engine, largest_file
from tests.stores.worktrees import Session, message, numbered, session, sessions, small

REAL = Path(__file__).parents[3] / "shared" / "real" / "worktree"
HERE, NAME = "/nowhere/project", "7a029fd580dc2159.json"
OTHER = "0123456789abcdef.json"
KILLED = """
import os, signal, sys, time
from sessionlab.stores import migrate_from_json, open_store

for folder, seconds in zip(sys.argv[1::2], sys.argv[2::2]):
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        store = open_store("worktree", f"{folder}/killed.db")
        os.write(tell, b"!")
        migrate_from_json(f"{folder}/sessions", store, ["/nowhere/project"])
        os._exit(0)
    os.read(ready, 1)
    time.sleep(float(seconds))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
"""Migrates in processes of its own, and kills each of them after some seconds."""


@pytest.fixture(scope="module")
def postgres_store(postgres: Server) -> Iterator[WorktreeStore]:
    """One store for all tests: making it takes longer than most of them."""
    url = postgres.get_uri()
    with open_store("worktree", f"{url}{'&' if '?' in url else '?'}schema=import_json") as store:
        yield store


@pytest.fixture
def store(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorktreeStore]:
    """An empty store."""
    if engine == "sqlite":
        with open_store("worktree", tmp_path / "store.db") as store:
            yield store
        return
    shared: WorktreeStore = request.getfixturevalue("postgres_store")
    emptied(shared)
    yield shared


def emptied(store: WorktreeStore) -> None:
    for table in ("workspaces", "set_aside", "migration_metadata"):
        store._database.run(f"DELETE FROM {table}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "sessions"
    path.mkdir()
    return path


def write(folder: Path, name: str, records: list[Any]) -> Path:
    file = folder / name
    file.write_text(json.dumps(records, indent=2), encoding="utf-8")
    return file


def read(file: Path) -> list[Any]:
    records: list[Any] = json.loads(file.read_text(encoding="utf-8"))
    return records


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def by_id(records: list[Any]) -> dict[str, Session]:
    return sessions_of(records)


def state(store: WorktreeStore) -> Any:
    """What is in a store: all sessions, what was set aside, how far the migration has come."""
    migration = store.get_migration() or {}
    workspaces = store.get_workspaces()
    set_aside = {each: store.set_aside.of(each) for each in store.set_aside.workspaces()}
    return (
        workspaces,
        [store.get_all_sessions(each["hash"]) for each in workspaces],
        set_aside,
        migration["migration_status"],
    )


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real files, cut to some sessions that keep their quirks."""
    if not REAL.is_dir():
        pytest.skip("the real sessions are not here")
    folder = tmp_path_factory.mktemp("real") / "sessions"
    folder.mkdir()
    for file in REAL.glob("*.json"):
        write(folder, file.name, read(file)[:80])
    return folder


def test_real_files_come_back_session_by_session(store: WorktreeStore, real: Path, tmp_path: Path) -> None:
    before = contents(real)
    report = migrate_from_json(real, store)
    assert contents(real) == before
    assert (report.workspaces, report.sessions, report.migrated, report.superseded) == (3, 163, 162, 1)
    assert (report.failed, report.skipped, report.errors) == (0, 0, ())
    assert [str(note) for note in report.stand_ins] == [
        "363b85e9cfa11618.json, record 2 (0b9c0d55-7b1a-4a0e-8d2b-3f4f6f2f7a22):"
        " its status 'round_2' counts as 'running'"
    ]
    exported = export_to_json(store, tmp_path / "back")
    assert (exported.workspaces, exported.sessions) == (3, 162)
    for file in real.iterdir():
        assert by_id(read(tmp_path / "back" / file.name)) == by_id(read(file))


def test_made_files_come_back_session_by_session(engine: Engine, request: pytest.FixtureRequest, folder: Path) -> None:
    store: WorktreeStore = request.getfixturevalue("store")
    ids = st.sampled_from([f"id {number}" for number in range(4)])

    @settings(
        max_examples=40 if engine == "sqlite" else 15,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(sessions(ids) | st.sampled_from([None, 7, {"task": "x"}]), max_size=4))
    def come_back(records: list[Any]) -> None:
        emptied(store)
        shutil.rmtree(folder.parent / "back", ignore_errors=True)
        file = write(folder, NAME, [numbered(dict(each)) if isinstance(each, dict) else each for each in records])
        report = migrate_from_json(folder, store)
        assert report.sessions == report.migrated + report.failed + report.superseded == len(records)
        export_to_json(store, folder.parent / "back")
        found = read(folder.parent / "back" / NAME) if records else []
        assert by_id(found) == by_id(read(file))
        odd = [each for each in read(file) if not isinstance(each, dict) or "id" not in each]
        assert [each for each in odd if each not in found] == []

    come_back()


def test_paths_are_matched_by_their_hash(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1)])
    write(folder, OTHER, [session(2)])
    report = migrate_from_json(folder, store, [HERE, "/elsewhere"])
    assert (report.unknown, report.unmatched, report.migrated) == ((OTHER,), ("/elsewhere",), 2)
    assert store.get_workspaces() == [{"path": OTHER[:16], "hash": OTHER[:16]}, {"path": HERE, "hash": NAME[:16]}]
    assert store.get_session(HERE, "session-1") == session(1)
    assert store.get_session(OTHER[:16], "session-2") == session(2)


REFUSED: list[Any] = [
    session(3, status="weird"),
    session(4, winnerId=1.5, text="a\0b \ud800"),
    {"id": "bare"},
    session(5, chatHistory=[message(1, 1)]),
    {"no": "id"},
    7,
    None,
]


def test_what_the_tables_refuse_is_kept_and_listed(store: WorktreeStore, folder: Path, tmp_path: Path) -> None:
    file = write(folder, NAME, [session(1), *REFUSED, small(6, status="round_12")])
    report = migrate_from_json(folder, store)
    assert (report.migrated, report.failed, report.sessions) == (2, 7, 9)
    assert [(note.place, note.session_id) for note in report.errors] == [
        *((1, "session-3"), (2, "session-4"), (3, "bare"), (4, "session-5")),
        *((5, None), (6, None), (7, None)),
    ]
    reasons = [note.reason for note in report.errors]
    assert reasons[0].startswith("sessions.status is 'weird'; it may be 'running'")
    assert reasons[1].startswith("sessions.winner_id is 1.5; it may be a whole number")
    assert reasons[3].startswith("chat_messages.id is 'message-1-1'; it may be one that no other row has")
    assert reasons[6] == "it is no object with an id"
    assert [each.record for each in store.set_aside.of(NAME[:16])] == REFUSED
    export_to_json(store, tmp_path / "back")
    found = read(tmp_path / "back" / NAME)
    assert sorted(found, key=repr) == sorted(read(file), key=repr)
    again = migrate_from_json(folder, store)
    assert (again.migrated, again.skipped, again.failed) == (0, 2, 7)
    assert [each.record for each in store.set_aside.of(NAME[:16])] == REFUSED


@pytest.mark.parametrize("found", [False, True])
def test_what_is_accepted_later_is_no_longer_set_aside(
    store: WorktreeStore, folder: Path, tmp_path: Path, *, found: bool
) -> None:
    write(folder, NAME, [session(1), session(2), session(3, winnerId=1.5), {"no": "id"}])
    write(folder, OTHER, [{"id": "session-1"}])
    store.create_session("/other", small(9, chatHistory=[message(1, 1), message(2, 1)]))
    assert migrate_from_json(folder, store, [HERE]).failed == 5
    store.delete_session("/other", "session-9")
    if found:
        store.create_session(HERE, session(1))
    report = migrate_from_json(folder, store, [HERE])
    assert (report.migrated, report.skipped, report.failed) == ((1, 1, 3) if found else (2, 0, 3))
    kept = [session(3, winnerId=1.5), {"no": "id"}]
    assert [each.record for each in store.set_aside.of(NAME[:16])] == kept
    assert [each.record for each in store.set_aside.of(OTHER[:16])] == [{"id": "session-1"}]
    store.delete_session(HERE, "session-1")
    export_to_json(store, tmp_path / "back")
    assert read(tmp_path / "back" / NAME) == [session(2), *kept]


def test_a_session_counts_before_what_was_set_aside_of_its_id(
    store: WorktreeStore, folder: Path, tmp_path: Path
) -> None:
    write(folder, NAME, [session(1, winnerId=1.5), session(2, winnerId=1.5)])
    assert migrate_from_json(folder, store, [HERE]).failed == 2
    store.create_session(HERE, session(1))
    report = export_to_json(store, tmp_path / "back")
    assert (report.sessions, report.set_aside) == (1, 1)
    assert read(tmp_path / "back" / NAME) == [session(1), session(2, winnerId=1.5)]


def test_a_key_that_is_there_twice_is_not_lost(store: WorktreeStore, folder: Path, tmp_path: Path) -> None:
    text = json.dumps(session(1))[:-1] + ', "more": {"a": 1, "a": 2}}'
    (folder / NAME).write_text(f"[{text}]", encoding="utf-8")
    report = migrate_from_json(folder, store)
    assert [note.reason for note in report.errors] == ["an object in it has one key twice"]
    export_to_json(store, tmp_path / "back")
    back = (tmp_path / "back" / NAME).read_text(encoding="utf-8")
    assert '"more":{"a":1,"a":2}' in "".join(back.split())


def test_a_bad_file_does_not_stop_the_others(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1)])
    (folder / OTHER).write_bytes(b'[{"id": "cut o')
    (folder / "notes.json").write_bytes(b"{}")
    before = contents(folder)
    report = migrate_from_json(folder, store)
    assert (report.workspaces, report.sessions, report.migrated) == (3, 1, 1)
    first, second = map(str, report.errors)
    assert first.startswith(f"{OTHER}: {folder / OTHER} cannot be read: it is not JSON: Unterminated string")
    assert second == "notes.json: its name is no hash of a workspace; it was left out"
    assert contents(folder) == before
    migration = store.get_migration()
    assert migration is not None
    assert migration["migration_status"] == "failed"
    (folder / OTHER).write_text(json.dumps([session(2)]), encoding="utf-8")
    (folder / "notes.json").unlink()
    assert migrate_from_json(folder, store).migrated == 1
    assert state(store)[-1] == "completed"


@pytest.mark.parametrize("depth", [500, 800, 970, 5_000])
def test_a_record_that_is_nested_too_deep_does_not_stop_the_others(
    store: WorktreeStore, folder: Path, depth: int
) -> None:
    deep = json.dumps([session(1), session(2, other="deep")])
    (folder / NAME).write_text(deep.replace('"deep"', nested(depth)), encoding="utf-8")
    write(folder, OTHER, [session(3)])
    before = contents(folder)
    report = migrate_from_json(folder, store)
    assert (report.workspaces, report.migrated, report.failed) == (2, 1, 0)
    assert [each["id"] for each in store.get_all_sessions(OTHER.removesuffix(".json"))] == ["session-3"]
    (note,) = report.errors
    assert (note.file, note.place) == (NAME, None)
    assert "nested more than 500 deep" in note.reason or "nests too deep" in note.reason
    assert state(store)[-1] == "failed"
    assert contents(folder) == before


def test_a_record_that_is_nested_just_deep_enough_comes_back(
    store: WorktreeStore, folder: Path, tmp_path: Path
) -> None:
    text = json.dumps([session(2, other="deep")]).replace('"deep"', nested(499))
    (folder / NAME).write_text(text, encoding="utf-8")
    assert migrate_from_json(folder, store, [HERE]).migrated == 1
    export_to_json(store, tmp_path / "back")
    assert json.loads((tmp_path / "back" / NAME).read_text(encoding="utf-8")) == json.loads(text)


def nested(depth: int) -> str:
    """Write lists in lists."""
    return "[" * depth + "]" * depth


def test_one_more_migration_changes_nothing(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1), session(2, updatedAt="2020-01-01T00:00:00Z"), session(2)])
    first = migrate_from_json(folder, store, [HERE])
    store.update_session(HERE, {"id": "session-1", "task": "changed since"})
    before = state(store)
    report = migrate_from_json(folder, store, [HERE])
    assert (report.sessions, report.migrated, report.skipped, report.superseded) == (3, 0, 2, 1)
    assert [note.session_id for note in report.different] == ["session-1"]
    assert state(store) == before
    assert report.backup == first.backup


def test_a_dry_run_says_the_same_and_changes_nothing(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1), *REFUSED, small(6, status="round_1"), small(6)])
    write(folder, OTHER, [session(number) for number in range(10, 130)])
    store.create_session(HERE, small(6))
    before = store.get_workspaces(), store.get_all_sessions(HERE)
    files = {path.name for path in folder.parent.iterdir()}
    dry = migrate_from_json(folder, store, [HERE], dry_run=True)
    assert (store.get_workspaces(), store.get_all_sessions(HERE)) == before
    assert store.get_migration() is None
    assert store.set_aside.workspaces() == []
    assert {path.name for path in folder.parent.iterdir()} == files
    done = migrate_from_json(folder, store, [HERE])
    for word in ("workspaces", "sessions", "migrated", "failed", "superseded", "skipped", "stand_ins", "unknown"):
        assert getattr(dry, word) == getattr(done, word), word
    assert [note.place for note in dry.errors] == [note.place for note in done.errors]
    assert (dry.dry_run, dry.backup) == (True, None)
    assert "nothing was changed" in str(dry)


def test_a_copy_is_made_first_and_never_written_over(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1)])
    first = migrate_from_json(folder, store)
    assert first.backup is not None
    assert contents(Path(first.backup)) == contents(folder)
    migration = store.get_migration()
    assert migration is not None
    assert migration["json_backup_path"] == first.backup
    old = contents(folder)
    write(folder, NAME, [session(1), session(2)])
    second = migrate_from_json(folder, store)
    assert second.backup is not None
    assert second.backup != first.backup
    assert (contents(Path(first.backup)), contents(Path(second.backup))) == (old, contents(folder))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_copy_that_has_no_room_leaves_none_half_made(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1)])
    write(folder, OTHER, [session(2, task="x" * 200_000)])
    with largest_file(100_000), pytest.raises(StoreError, match=r"cannot be copied, so nothing was done: .*too large"):
        migrate_from_json(folder, store)
    assert [path.name for path in folder.parent.iterdir() if "backup" in path.name] == []
    assert migrate_from_json(folder, store).migrated == 2


@pytest.mark.parametrize("engine", ["sqlite"])
def test_progress_and_reports_are_shown(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1)])
    write(folder, OTHER, [session(2)])
    seen: list[tuple[str, int, int]] = []
    report = migrate_from_json(folder, store, on_progress=lambda *given: seen.append(given))
    assert seen == [(OTHER, 0, 2), (NAME, 1, 2)]
    assert isinstance(report, MigrationReport)
    for shown in (str(report), report._repr_html_()):
        assert "migrated" in shown
        assert OTHER in shown


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_cannot_be_is_an_error(store: WorktreeStore, folder: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no folder .*nowhere\. Name the one"):
        migrate_from_json(folder / "nowhere", store)
    write(folder, NAME, [session(1)])
    migrate_from_json(folder, store)
    with pytest.raises(StoreError, match=f"has {NAME} already. Name another folder"):
        export_to_json(store, folder)
    store.delete_session(HERE, "session-1")
    assert export_to_json(store, folder, [HERE], overwrite=True).files == (NAME,)
    assert read(folder / NAME) == []


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_store_that_goes_away_stops_the_migration(store: WorktreeStore, folder: Path) -> None:
    write(folder, NAME, [session(1)])
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        migrate_from_json(folder, store)


def test_both_stores_say_the_same_after_it(store: WorktreeStore, real: Path) -> None:
    migrate_from_json(real, store)
    report = compared(JsonWorktreeStore(real), store)
    assert (report.workspaces, report.sessions, report.equal, report.consistent) == (3, 162, 162, True)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_kill_at_any_moment_and_a_second_run_end_the_same(store: WorktreeStore, folder: Path, tmp_path: Path) -> None:
    for number, name in enumerate([NAME, OTHER, "00000000000000aa.json", "00000000000000bb.json"]):
        made = [session(1000 * number + each, task=f"Task {each} " * 40) for each in range(50)]
        write(folder, name, [*made, small(1000 * number + 500, status="round_2"), *REFUSED[number : number + 1]])
    before = contents(folder)
    began = time.perf_counter()
    migrate_from_json(folder, store, [HERE])
    whole = time.perf_counter() - began
    wanted = state(store)
    runs = {tmp_path / f"run{number}": whole * number / 10 for number in range(10)}
    for base in runs:
        shutil.copytree(folder, base / "sessions")
    arguments = [str(each) for run in runs.items() for each in run]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], check=True)
    partial = 0
    for base in runs:
        with open_store("worktree", base / "killed.db") as killed:
            partial += 0 < sum(len(killed.get_all_sessions(each["hash"])) for each in killed.get_workspaces()) < 200
            migrate_from_json(base / "sessions", killed, [HERE])
            assert state(killed) == wanted
        assert contents(base / "sessions") == before
        backups = [path for path in base.iterdir() if path.name.startswith("sessions-backup-")]
        assert all(contents(path) == before for path in backups)
        assert 1 <= len(backups) <= 2
    assert partial  # at least one was killed midway


def test_one_workspace_is_exported_by_its_path_alone(store: WorktreeStore, tmp_path: Path) -> None:
    store.create_session(HERE, small(1))
    store.create_session("/nowhere/else", small(2))
    assert export_to_json(store, tmp_path / "back", HERE).files == (NAME,)
    assert [each["id"] for each in read(tmp_path / "back" / NAME)] == [small(1)["id"]]


def test_an_export_to_what_is_no_folder_is_an_error(store: WorktreeStore, tmp_path: Path) -> None:
    (tmp_path / "back").write_text("mine", encoding="utf-8")
    store.create_session(HERE, small(1))
    with pytest.raises(StoreError, match=r"/back cannot be a folder for sessions: File exists\. Name another one"):
        export_to_json(store, tmp_path / "back")
    assert (tmp_path / "back").read_text(encoding="utf-8") == "mine"
