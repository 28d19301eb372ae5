"""Worktree sessions in JSON files: whole at any moment, nothing lost among several writers, bad files left alone."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sessionlab import InvalidRecord, NotFound, QueryError, StoreError
from sessionlab.stores import JsonWorktreeStore
from tests.stores.conftest import largest_file
from tests.stores.worktrees import DATED, Session, dated, instance, message, session, small

HERE, NAME = "/nowhere/project", "7a029fd580dc2159.json"
REAL = Path(__file__).parents[3] / "shared" / "real" / "worktree" / "363b85e9cfa11618.json"
WRITER = """
import sys
from sessionlab.stores import JsonWorktreeStore
store = JsonWorktreeStore(sys.argv[1])
print("ready", flush=True)
for number in range(int(sys.argv[3])):
    store.create_session("/nowhere/project", {"id": f"{sys.argv[2]}-{number}", "task": "x" * 2000})
    store.add_chat_message("/nowhere/project", "shared", {"id": f"{sys.argv[2]}-{number}"})
"""


@pytest.fixture
def store(tmp_path: Path) -> JsonWorktreeStore:
    return JsonWorktreeStore(tmp_path / "sessions")


def writer(store: JsonWorktreeStore, name: str, number: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(store.folder), name, str(number)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
    return process


def test_a_file_is_the_array_that_the_editor_reads(store: JsonWorktreeStore) -> None:
    store.batch_create_sessions(HERE, [session(1), session(2, extra="\ud800", model=None)])
    assert [path.name for path in store.folder.iterdir() if not path.name.startswith(".")] == [NAME]
    text = (store.folder / NAME).read_text(encoding="utf-8")
    assert json.loads(text) == [session(1), session(2, extra="\ud800", model=None)]
    assert store.get_workspaces() == [{"path": NAME[:16], "hash": NAME[:16]}]
    store.delete_session(HERE, "session-1")
    store.delete_session(HERE, "session-2")
    assert json.loads((store.folder / NAME).read_text(encoding="utf-8")) == []


def test_any_json_is_kept(store: JsonWorktreeStore) -> None:
    odd: Session = {
        "id": "odd",
        "status": "weird",
        "instances": None,
        "chatHistory": [],
        "number": 1e300,
        "text": "Grüße \0 🧪",
    }
    store.create_session(HERE, odd)
    assert store.get_session(HERE, "odd") == odd
    assert store.update_session(HERE, {"id": "odd", "winnerId": 1.0}) == {**odd, "winnerId": 1.0}


def test_what_is_not_changed_stays_to_the_letter(store: JsonWorktreeStore) -> None:
    odd = '{"id":"odd",  "n": [1.0, 1e5, 1E+2], "twice": 1, "twice": 2, "u": "\\u00fc\\ud800" }'
    file = store.folder / NAME
    file.write_text(f' [ {odd}\t,null,{{"id": "s1"}}\n] \n', encoding="utf-8-sig")
    store.update_session(HERE, {"id": "s1", "task": "ログイン\n", "list": [], "more": {"a": [1, None]}})
    changed = """{
    "id": "s1",
    "task": "ログイン\\n",
    "list": [],
    "more": {
      "a": [
        1,
        null
      ]
    }
  }"""
    assert file.read_text(encoding="utf-8") == f"[\n  {odd},\n  null,\n  {changed}\n]"


def test_a_file_looks_as_the_editor_writes_it(store: JsonWorktreeStore, tmp_path: Path) -> None:
    if not REAL.is_file():
        pytest.skip("the real sessions are not here")
    for record in json.loads(REAL.read_text(encoding="utf-8"))[1:]:
        store.create_session("363b85e9cfa11618", record)
    text = (store.folder / REAL.name).read_text(encoding="utf-8")
    assert text.removeprefix("[\n") in REAL.read_text(encoding="utf-8")


def test_of_two_with_one_id_the_one_updated_last_counts(store: JsonWorktreeStore) -> None:
    first, last = session(1, updatedAt="2025-03-01T00:00:00.5Z"), session(1, updatedAt="2025-03-01T00:00:01+00:00")
    file = store.folder / NAME
    file.write_text(json.dumps([last, 7, first, None]), encoding="utf-8")
    assert store.get_all_sessions(HERE) == [last]
    assert store.update_session(HERE, {"id": "session-1", "task": "other"}) == {**last, "task": "other"}
    assert json.loads(file.read_text(encoding="utf-8")) == [{**last, "task": "other"}, 7, first, None]
    store.delete_session(HERE, "session-1")
    assert json.loads(file.read_text(encoding="utf-8")) == [7, None]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.create_session(HERE, session(1)), InvalidRecord, "id is 'session-1'; it may be one that no other"),
        (lambda s: s.batch_create_sessions(HERE, [small(2), small(2)]), InvalidRecord, "id is 'session-2'; it may be"),
        (lambda s: s.create_session(HERE, {"task": "x"}), InvalidRecord, "id is None; it may be a text that is not"),
        (lambda s: s.create_session(HERE, "text"), InvalidRecord, "A session is 'text'; it may be an object."),
        (lambda s: s.create_session(HERE, small(2, x={1})), InvalidRecord, "nothing that JSON can hold"),
        (lambda s: s.create_session(HERE, small(2, x=float("inf"))), InvalidRecord, "nothing that JSON can hold"),
        (lambda s: s.create_session(" ", small(2)), InvalidRecord, "workspace_path is ' '; it may be the path of"),
        (lambda s: s.update_session(HERE, {"id": "no"}), NotFound, f"no session 'no' in the workspace '{HERE}'"),
        (lambda s: s.update_session("/other", {"id": "session-1"}), NotFound, "no session 'session-1'"),
        (lambda s: s.delete_session(HERE, "no"), NotFound, "no session 'no'"),
        (lambda s: s.add_chat_message(HERE, "no", message(1, 1)), NotFound, "no session 'no'"),
        (lambda s: s.add_chat_message(HERE, "session-1", message(1, 1)), InvalidRecord, "no other message has"),
        (lambda s: s.update_instance_status(HERE, "session-1", 9, "idle"), NotFound, "no instance 9 in the session"),
        (lambda s: s.search_sessions(HERE, {"colour": 1}), QueryError, "There is no filter 'colour'"),
    ],
)
def test_what_is_refused_leaves_the_file_as_it_was(
    store: JsonWorktreeStore, call: Callable[[JsonWorktreeStore], object], error: type[Exception], message: str
) -> None:
    store.create_session(HERE, session(1))
    before = (store.folder / NAME).read_bytes()
    with pytest.raises(error) as caught:
        call(store)
    assert message in str(caught.value)
    assert (store.folder / NAME).read_bytes() == before


def test_a_search_finds_what_the_database_finds(store: JsonWorktreeStore) -> None:
    rounds = small(9, status="round_2", task="Find the a_maze!")
    store.batch_create_sessions(HERE, [*(session(number) for number in range(1, 5)), rounds])
    for filters, numbers in (
        ({}, [9, 4, 3, 2, 1]),
        ({"status": "running"}, [9]),
        ({"session_type": "competition", "limit": 2, "offset": 1}, [3, 2]),
        ({"date_from": "2025-01-03", "date_to": "2025-01-04"}, [3, 2]),
        ({"search_query": "MAZE find"}, [9]),
        ({"search_query": "about 3"}, [3]),
        ({"search_query": "session-2"}, [2]),
        ({"search_query": "!"}, []),
    ):
        found = store.search_sessions(HERE, filters)
        assert [each["id"] for each in found] == [f"session-{number}" for number in numbers]


def test_dates_are_compared_however_they_are_written(store: JsonWorktreeStore) -> None:
    store.batch_create_sessions(HERE, dated())
    for filters, numbers in DATED:
        found = store.search_sessions(HERE, filters)
        assert "".join(sorted(each["id"][-1] for each in found)) == numbers, filters


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'[{"id": "s1", "task": "cut o', "it is not JSON: Unterminated string"),
        (b"", "it is not JSON: Expecting value at character 0 of 0"),
        (b'[{"id": "s1"}] [', "it is not JSON: Extra data"),
        (b'[{"id": "s1"},]', "it is not JSON: Expecting value"),
        (b'[{"id": "s1"} 7]', "it is not JSON: Expecting ',' delimiter at character 14 of 16"),
        (b'[{"id": "s1", "n": NaN}]', "NaN is no JSON value"),
        (b'[{"id": "\xff"}]', "it is not UTF-8: byte 0xff at 9"),
        (b'{"id": "s1"}', "it is no array of sessions"),
        (b"[" * 100_000, "it nests too deep"),
    ],
)
def test_a_corrupt_file_is_reported_and_left_in_place(store: JsonWorktreeStore, raw: bytes, reason: str) -> None:
    file = store.folder / NAME
    file.write_bytes(raw)
    store.create_session("/other", small(1))
    for call in (
        lambda: store.get_all_sessions(HERE),
        lambda: store.get_session(HERE, "s1"),
        lambda: store.create_session(HERE, small(2)),
        lambda: store.delete_session(HERE, "s1"),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert f"{file} cannot be read: " in str(caught.value)
        assert reason in str(caught.value)
    assert file.read_bytes() == raw
    assert store.get_all_sessions("/other") == [small(1)]


def test_the_file_of_a_link_is_written_and_keeps_its_mode(store: JsonWorktreeStore, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("[]", encoding="utf-8")
    kept.chmod(0o640)
    (store.folder / NAME).symlink_to(kept)
    store.create_session(HERE, small(1))
    assert (store.folder / NAME).is_symlink()
    assert json.loads(kept.read_text(encoding="utf-8")) == [small(1)]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_two_writers_lose_nothing(store: JsonWorktreeStore) -> None:
    store.create_session(HERE, {"id": "shared"})
    writers = [writer(store, name, 25) for name in ("one", "two", "three")]
    assert [process.wait(60) for process in writers] == [0, 0, 0]
    ids = {f"{name}-{number}" for name in ("one", "two", "three") for number in range(25)}
    found = {each["id"]: each for each in store.get_all_sessions(HERE)}
    assert found.keys() == ids | {"shared"}
    assert {each["id"] for each in found["shared"]["chatHistory"]} == ids


def test_a_killed_writer_leaves_a_whole_file_and_no_lock(store: JsonWorktreeStore) -> None:
    store.create_session(HERE, {"id": "shared"})
    known = 1
    for number in range(4):
        process = writer(store, f"run{number}", 1000)
        time.sleep(0.005 + 0.017 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = len(store.get_all_sessions(HERE))
        assert found >= known
        store.create_session(HERE, {"id": f"after {number}"})
        known = found + 1
    assert known > 6
    assert [path.name for path in store.folder.glob("*.json")] == [NAME]


def test_a_lock_that_is_held_too_long_is_an_error(store: JsonWorktreeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlab.stores.json_files.LOCK_SECONDS", 0.05)
    file = store._file(HERE)
    with file.locked(), pytest.raises(StoreError, match=r"has been locked by another program for 0.05 seconds"):
        store.create_session(HERE, small(1))
    store.create_session(HERE, small(1))


def test_a_disk_that_is_full_leaves_the_file_as_it_was_and_nothing_beside_it(store: JsonWorktreeStore) -> None:
    store.create_session(HERE, small(1))
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    with largest_file(100_000), pytest.raises(StoreError, match=r"cannot be written: File too large\. It is as it was"):
        store.create_session(HERE, small(2, task="x" * 200_000))
    assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before
    store.create_session(HERE, small(2, task="x" * 200_000))
    assert len(store.get_all_sessions(HERE)) == 2


def test_a_pipe_that_is_named_as_a_file_is_no_file(store: JsonWorktreeStore) -> None:
    """To read it would be to wait for somebody who writes to it."""
    os.mkfifo(store.folder / NAME)
    store.create_session("/other", small(1))
    assert len(store.get_workspaces()) == 2
    for call in (lambda: store.get_all_sessions(HERE), lambda: store.create_session(HERE, small(2))):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(call)
            try:
                with pytest.raises(StoreError, match=rf"{NAME} cannot be read: it is no file, but bears the name of"):
                    waiting.result(20)
            finally:
                if not waiting.done():
                    (store.folder / NAME).write_bytes(b"[]")  # lets it go on


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(store: JsonWorktreeStore) -> None:
    store.folder.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written: Permission denied"):
        store.create_session(HERE, small(1))
    store.folder.chmod(0o700)


def test_what_cannot_be_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(StoreError, match=r"/file cannot be a folder for sessions: File exists\. Name another one"):
        JsonWorktreeStore(tmp_path / "file")
    with pytest.raises(StoreError, match=r"/file/below cannot be a folder for sessions: Not a directory"):
        JsonWorktreeStore(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_calls_give_whole_sessions(store: JsonWorktreeStore) -> None:
    given: Session = session(1)
    assert store.create_session(HERE, given) == given
    changed = store.update_instance_status(HERE, "session-1", 1, "failed")
    assert changed["instances"] == [instance(1, 0), instance(1, 1, status="failed")]
    changed = store.add_chat_message(HERE, "session-1", message(1, 5))
    assert changed["chatHistory"] == [*given["chatHistory"], message(1, 5)]
    assert changed["updatedAt"] > "2026"
    untouched: dict[str, Any] = {"updatedAt": None, "instances": None, "chatHistory": None}
    assert {**changed, **untouched} == {**given, **untouched}
    assert store.get_session(HERE, "session-1") == changed
    assert store.get_session(HERE, "other") is None
    assert store.get_session("/other", "session-1") is None
