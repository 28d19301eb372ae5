"""Two stores side by side: the primary decides, the secondary follows, and every failure and difference is told."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

import pytest

from sessionlab import InvalidRecord, NotFound, StoreError, open_store
from sessionlab.stores import HybridWorktreeStore, JsonWorktreeStore, open_worktree
from sessionlab.stores.pair_lock import pair_lock
from sessionlab.stores.phases import PHASES
from sessionlab.stores.worktree_calls import WorktreeCalls
from tests.stores.worktrees import instance, message, session, small

HERE, NAME = "/nowhere/project", "7a029fd580dc2159"
First = Literal["database", "json"]


@pytest.fixture(params=["database", "json"])
def first(request: pytest.FixtureRequest) -> First:
    """Which of the two is the primary."""
    name: First = request.param
    return name


@pytest.fixture
def both(tmp_path: Path, first: First) -> Iterator[HybridWorktreeStore]:
    with open_store("worktree", tmp_path / "sessions.db") as database:
        stores = [database, JsonWorktreeStore(tmp_path / "sessions")]
        yield HybridWorktreeStore(*(stores if first == "database" else reversed(stores)), compare=True)


def broken(store: WorktreeCalls) -> None:
    """Put a store out of order."""
    if isinstance(store, JsonWorktreeStore):
        (store.folder / f"{NAME}.json").write_bytes(b"[{")
    else:
        store.close()


def test_both_are_written(both: HybridWorktreeStore) -> None:
    assert both.create_session(HERE, session(1)) == session(1)
    assert both.batch_create_sessions(HERE, [session(2), small(3)]) == 2
    both.update_session(HERE, {"id": "session-1", "model": None, "instances": [instance(1, 4)], "status": "round_1"})
    both.add_chat_message(HERE, "session-1", message(1, 8))
    both.update_instance_status(HERE, "session-1", 4, "failed")
    both.delete_session(HERE, "session-2")
    found = both.get_all_sessions(HERE)
    assert both.primary.get_all_sessions(HERE) == both.secondary.get_all_sessions(HERE) == found
    assert {each["id"] for each in found} == {"session-1", "session-3"}
    assert found[0] == both.get_session(HERE, "session-1")
    assert both.search_sessions(HERE, {"status": "running"}) == found
    assert [each["hash"] for each in both.get_workspaces()] == [NAME]
    assert list(both.failures) == []
    assert list(both.differences) == []
    report = both.consistency_report()
    assert (report.workspaces, report.sessions, report.equal, report.consistent) == (1, 2, 2, True)


def test_the_primary_decides(both: HybridWorktreeStore) -> None:
    both.create_session(HERE, session(1))
    for call, error in (
        (lambda: both.create_session(HERE, session(1)), InvalidRecord),
        (lambda: both.update_session(HERE, {"id": "no"}), NotFound),
        (lambda: both.delete_session(HERE, "no"), NotFound),
        (lambda: both.add_chat_message(HERE, "no", message(1, 9)), NotFound),
        (lambda: both.update_instance_status(HERE, "session-1", 99, "idle"), NotFound),
    ):
        with pytest.raises(error):
            call()
    assert both.consistency_report().equal == 1
    assert list(both.failures) == []


def test_what_the_secondary_fails_at_is_told_and_remembered(
    both: HybridWorktreeStore, caplog: pytest.LogCaptureFixture
) -> None:
    both.create_session(HERE, session(1))
    broken(both.secondary)
    with caplog.at_level(logging.ERROR, "sessionlab.stores.hybrid"):
        both.create_session(HERE, session(2))
        both.update_session(HERE, {"id": "session-1", "status": "failed"})
        both.delete_session(HERE, "session-2")
        assert both.get_session(HERE, "session-1") == session(1, status="failed")
    calls = ["create_session", "update_session", "delete_session", "get_session"]
    assert [failure.call for failure in both.failures] == calls
    assert {failure.role for failure in both.failures} == {"secondary"}
    assert [failure.session_id for failure in both.failures] == ["session-2", "session-1", "session-2", "session-1"]
    assert all(failure.workspace == HERE and failure.reason and failure.at > "2026" for failure in both.failures)
    assert len(caplog.records) == 4
    assert "The secondary store has failed at create_session: " in caplog.records[0].getMessage()


def test_reads_fall_back_to_the_secondary(both: HybridWorktreeStore) -> None:
    both.create_session(HERE, session(1))
    broken(both.primary)
    assert both.get_session(HERE, "session-1") == session(1)
    assert both.get_all_sessions(HERE) == [session(1)]
    assert both.search_sessions(HERE) == [session(1)]
    assert [failure.role for failure in both.failures] == ["primary"] * 3
    with pytest.raises(StoreError):
        both.create_session(HERE, session(2))
    broken(both.secondary)
    with pytest.raises(StoreError):
        both.get_session(HERE, "session-1")
    assert [failure.role for failure in both.failures][3:] == ["primary", "secondary"]


def test_differences_are_found_field_by_field(
    both: HybridWorktreeStore, caplog: pytest.LogCaptureFixture, first: First
) -> None:
    both.batch_create_sessions(HERE, [session(1), session(2), session(3)])
    changed = [instance(1, 0), instance(1, 1, status="failed", testsPassed=1)]
    both.secondary.update_session(HERE, {"id": "session-1", "instances": changed, "totalDuration": None, "more": []})
    both.secondary.delete_session(HERE, "session-2")
    both.secondary.create_session("/other", small(4))
    with caplog.at_level(logging.WARNING, "sessionlab.stores.hybrid"):
        both.get_session(HERE, "session-1")
    fields = ["totalDuration", "instances[1].status", "instances[1].testsPassed", "more"]
    assert {difference.field for difference in both.differences} == set(fields)
    assert len(caplog.records) == 4
    report = both.consistency_report()
    assert (report.workspaces, report.sessions, report.equal, report.consistent) == (2, 4, 1, False)
    found = {(each.session_id, each.field): (each.first, each.second) for each in report.differences}
    assert found == {
        ("session-1", "totalDuration"): ("2001", "None"),
        ("session-1", "instances[1].status"): ("'archived'", "'failed'"),
        ("session-1", "instances[1].testsPassed"): ("True", "1"),
        ("session-1", "more"): (None, "[]"),
        ("session-2", None): ("", None),
        ("session-4", None): (None, ""),
    }
    shown = [str(each) for each in report.differences]
    assert f"more of session session-1 of {NAME} is nothing and []" in shown
    assert f"session session-2 of {NAME} is only in the first store" in shown
    assert "difference" in str(report)


def test_a_workspace_that_cannot_be_read_is_told(both: HybridWorktreeStore) -> None:
    both.create_session(HERE, session(1))
    files = both.secondary if isinstance(both.secondary, JsonWorktreeStore) else both.primary
    broken(files)
    report = both.consistency_report()
    assert not report.consistent
    assert len(report.unread) == 1
    assert report.unread[0].startswith(f"{NAME}: ")


def test_the_secondary_catches_up_with_what_it_lacked(both: HybridWorktreeStore) -> None:
    both.primary.batch_create_sessions(HERE, [session(1), session(2)])
    both.update_session(HERE, {"id": "session-1", "status": "paused"})
    both.add_chat_message(HERE, "session-2", message(2, 7))
    assert both.consistency_report().equal == 2
    assert list(both.failures) == []


def test_a_session_that_is_there_is_replaced(both: HybridWorktreeStore) -> None:
    both.secondary.batch_create_sessions(HERE, [session(number) for number in range(1, 5)])
    both.create_session(HERE, small(1))
    both.batch_create_sessions(HERE, [small(2), small(5)])
    both.primary.create_session(HERE, small(3))
    both.add_chat_message(HERE, "session-3", message(3, 9))
    both.primary.create_session(HERE, small(4))
    both.delete_session(HERE, "session-4")
    assert list(both.consistency_report().differences) == []
    assert {each["id"] for each in both.get_all_sessions(HERE)} == {f"session-{number}" for number in (1, 2, 3, 5)}
    both.primary.create_session(HERE, session(6))
    both.delete_session(HERE, "session-6")
    assert list(both.failures) == []


def test_what_the_secondary_refuses_leaves_there_what_it_had(tmp_path: Path) -> None:
    with open_store("worktree", tmp_path / "sessions.db") as database:
        both = HybridWorktreeStore(JsonWorktreeStore(tmp_path / "sessions"), database)
        database.create_session(HERE, session(1))
        both.create_session(HERE, {"id": "session-1"})
        assert database.get_session(HERE, "session-1") == session(1)
        both.batch_create_sessions(HERE, [session(2), small(3, winnerId=1.5), session(4)])
        assert {each["id"] for each in database.get_all_sessions(HERE)} == {"session-1", "session-2", "session-4"}
    assert [(each.call, each.session_id) for each in both.failures] == [
        ("create_session", "session-1"),
        ("batch_create_sessions", "session-3"),
    ]


def hurried(store: HybridWorktreeStore) -> None:
    """Let threads write to the same sessions all at once: add messages, change what others delete."""

    def add(name: str) -> None:
        for place in range(6):
            store.add_chat_message(HERE, "session-1", {**message(1, place), "id": f"{name}-{place}"})

    def change(number: int) -> None:
        with suppress(NotFound):
            store.update_session(HERE, {"id": f"session-{number}", "task": "changed"})

    store.batch_create_sessions(HERE, [small(number) for number in range(1, 10)])
    with ThreadPoolExecutor(6) as pool:
        writes = [pool.submit(add, name) for name in ("one", "two", "three")]
        for number in range(2, 10):
            writes.append(pool.submit(change, number))
            writes.append(pool.submit(store.delete_session, HERE, f"session-{number}"))
        for write in writes:
            write.result()


def test_threads_leave_both_the_same(both: HybridWorktreeStore) -> None:
    hurried(both)
    assert list(both.consistency_report().differences) == []
    assert list(both.failures) == []
    (found,) = both.secondary.get_all_sessions(HERE)
    assert len(found["chatHistory"]) == 18


def test_threads_leave_two_databases_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        open_store("worktree", tmp_path / "first.db") as first,
        open_store("worktree", tmp_path / "second.db") as second,
    ):
        hurried(HybridWorktreeStore(first, second))
        assert first.get_all_sessions(HERE) == second.get_all_sessions(HERE)
        assert len(second.get_all_sessions(HERE)[0]["chatHistory"]) == 18
    assert len(list(tmp_path.glob(".sessionlab-*.lock"))) == 1


WRITER = """
import sys
from sessionlab.stores import open_worktree
store = open_worktree("database first", sys.argv[1], sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    new = {"id": f"{sys.argv[3]}-{number}", "role": "user", "content": "x", "timestamp": "2025-01-01T10:00:00Z"}
    store.add_chat_message("/nowhere/project", f"session-{number}", new)
sys.exit(len(store.failures))
"""


def test_programs_leave_both_the_same(tmp_path: Path) -> None:
    given = tmp_path / "sessions", tmp_path / "sessions.db"
    with closing(open_worktree("database first", *given)) as store:
        store.batch_create_sessions(HERE, [small(number) for number in range(20)])
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, *map(str, given), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            for name in ("one", "two")
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write(b"go\n")
            writer.stdin.flush()
        for writer in writers:
            writer.communicate(timeout=60)
        assert [writer.returncode for writer in writers] == [0, 0]
        assert isinstance(store, HybridWorktreeStore)
        assert list(store.consistency_report().differences) == []
        found = store.secondary.get_all_sessions(HERE)
    assert [len(each["chatHistory"]) for each in found] == [2] * 20


def test_a_lock_that_cannot_be_had_is_a_failure_of_the_secondary(
    both: HybridWorktreeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.create_session(HERE, session(1))
    monkeypatch.setattr("sessionlab.stores.json_files.LOCK_SECONDS", 0.05)
    with pair_lock((both.secondary, both.primary), NAME):
        both.update_session(HERE, {"id": "session-1", "task": "changed"})
    assert [(each.role, each.call) for each in both.failures] == [("secondary", "update_session")]
    assert both.secondary.get_session(HERE, "session-1") == session(1)
    both.add_chat_message(HERE, "session-1", message(1, 9))
    assert list(both.consistency_report().differences) == []


def test_the_phases_go_forth_and_back(tmp_path: Path) -> None:
    folder, url = tmp_path / "sessions", f"sqlite:///{tmp_path / 'sessions.db'}"
    phases = [*PHASES[:3], "json first", *PHASES[2:]]
    for number, phase in enumerate(phases):
        store = open_worktree(phase, folder, url)
        for earlier in range(1, number):
            # What the files alone had before there was a database comes by a migration.
            assert store.get_session(HERE, f"session-{earlier}") == session(earlier)
        store.create_session(HERE, session(number))
        store.close()
    with open_store("worktree", url) as database:
        kept = {each["id"] for each in database.get_all_sessions(HERE)}
    assert kept == {f"session-{number}" for number in range(1, len(phases))}
    files = {each["id"] for each in JsonWorktreeStore(folder).get_all_sessions(HERE)}
    assert files == {f"session-{number}" for number in range(5)}
    with pytest.raises(StoreError, match=r"no phase 'next'\. There are, in order: 'json', 'json first'"):
        open_worktree("next", folder, url)


def test_without_a_mirror_the_secondary_is_only_read(tmp_path: Path) -> None:
    with closing(open_worktree("database, json to read", tmp_path / "sessions", tmp_path / "sessions.db")) as store:
        store.create_session(HERE, session(1))
        assert list((tmp_path / "sessions").iterdir()) == []
        JsonWorktreeStore(tmp_path / "sessions").create_session(HERE, session(2))
        assert isinstance(store, HybridWorktreeStore)
        store.primary.close()
        assert store.get_all_sessions(HERE) == [session(2)]
