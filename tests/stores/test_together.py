"""Many at once: threads, processes, an asynchronous program; and one that is killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sessionlab import CodegenStore, InvalidRecord, StoreError, open_store

WRITER = """
import sys
from sessionlab import open_store
url, name = sys.argv[1:]
with open_store("codegen", url) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    session = store.insert_session(name)
    for number in range(499):
        store.insert_iteration(session, f"{name} {number}")
"""

KILLED = """
import os, signal, sys
from sessionlab import open_store
store = open_store("codegen", sys.argv[1])
with store.transaction():
    session = store.insert_session("never")
    store.insert_iterations({"session_id": session, "code": "x" * 1000} for _ in range(20_000))
    print("now", flush=True)
    sys.stdin.readline()
"""

CLOSED = """
import sys, threading
from sessionlab import StoreError, open_store

def work(store, call):
    try:
        while True:
            call(store)
    except StoreError as error:
        said.append(str(error))

def long(store):
    store._database.run("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")

def write(store):
    with store.transaction():
        store.insert_session("goal")
        store.insert_sessions([{"design_goal": "goals"}] * 100)

calls = [long, write, lambda store: store.search_sessions("goals"), lambda store: store.insert_session("goal")]
said = []
for number in range(5):
    store = open_store("codegen", f"{sys.argv[1]}/{number}.db")
    store.insert_sessions([{"design_goal": "goals"}] * 1000)
    threads = [threading.Thread(target=work, args=(store, call)) for call in calls]
    for thread in threads:
        thread.start()
    threads[0].join(0.05)
    store.close()
    for thread in threads:
        thread.join(10)
print(len(said), all("is closed" in each for each in said))
"""


@pytest.fixture
def store(store_url: str) -> Iterator[CodegenStore]:
    with open_store("codegen", store_url) as store:
        yield store


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_eight_processes_write_to_one_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    writers = [start(WRITER, url, f"writer {number}") for number in range(8)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    ended = [writer.communicate()[1] for writer in writers]
    assert ended == [""] * 8
    assert [writer.returncode for writer in writers] == [0] * 8
    with open_store("codegen", url) as store:
        for session in range(1, 9):
            history = store.get_session_history(session)
            assert history is not None
            wanted = [f"{history['design_goal']} {number}" for number in range(499)]
            assert [row["code"] for row in history["iterations"]] == wanted
        assert store.verify().problems == ()


def test_a_killed_process_leaves_the_store_as_it_was(store: CodegenStore, store_url: str) -> None:
    session = store.insert_session("before")
    process = start(KILLED, store_url)
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert store.insert_session("after") > session
    assert store.search_sessions("never") == []
    assert [row["design_goal"] for row in store.search_sessions("before")] == ["before"]
    assert store._database.run("SELECT count(*) FROM iteration").rows[0][0] == 0
    assert store.verify().problems == ()


def test_many_threads_use_one_store(store: CodegenStore) -> None:
    def work(number: int) -> int:
        session = store.insert_session(f"thread {number}")
        for place in range(20):
            store.insert_iteration(session, f"{number}.{place}")
        with store.transaction():
            iteration = store.insert_iteration(session, "both")
            store.insert_error(iteration, "syntax", "or none")
        return session

    with ThreadPoolExecutor(12) as pool:
        sessions = list(pool.map(work, range(12)))
    for number, session in enumerate(sessions):
        codes = [row["code"] for row in store.get_iterations(session)]
        assert codes == [*(f"{number}.{place}" for place in range(20)), "both"]


def test_an_asynchronous_program_uses_threads(store: CodegenStore) -> None:
    async def run() -> list[str]:
        sessions = await asyncio.gather(*(asyncio.to_thread(store.insert_session, f"goal {n}") for n in range(10)))
        found = await asyncio.gather(*(asyncio.to_thread(store.get_session, session) for session in sessions))
        return [row["design_goal"] for row in found if row]

    assert asyncio.run(run()) == [f"goal {number}" for number in range(10)]


def test_a_transaction_is_kept_as_a_whole(store: CodegenStore) -> None:
    with store.transaction():
        session = store.insert_session("goal")
        with store.transaction():
            store.insert_iterations([{"session_id": session, "code": "a"}])
        history = store.get_session_history(session)
    assert history is not None
    assert store.get_session_history(session) == history
    assert len(history["iterations"]) == 1


def test_a_transaction_that_fails_leaves_nothing(store: CodegenStore) -> None:
    def fail() -> None:
        with store.transaction():
            store.insert_session("goal")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.search_sessions("goal") == []
    store.insert_session("goal")
    assert len(store.search_sessions("goal")) == 1


def test_a_refusal_spoils_the_transaction(store: CodegenStore) -> None:
    def carry_on(*, reading: bool) -> None:
        with store.transaction():
            store.insert_session("goal")
            with pytest.raises(InvalidRecord, match="session_id is 77; it may be the id of a session"):
                store.insert_iteration(77, "code")
            if reading:
                store.get_session(1)

    with pytest.raises(StoreError, match="nothing of it was kept"):
        carry_on(reading=False)
    with pytest.raises(StoreError, match="nothing of it can be kept"):
        carry_on(reading=True)
    assert store.search_sessions("goal") == []


def test_a_refusal_in_a_transaction_names_the_value(store: CodegenStore) -> None:
    def many() -> None:
        with store.transaction():
            session = store.insert_session("goal")
            store.insert_iterations([{"session_id": each, "code": "code"} for each in (session, 77, session)])

    with pytest.raises(InvalidRecord, match="session_id is 77; it may be the id of a session"):
        many()


def counted(store: CodegenStore, count: Callable[[], None]) -> str:
    """Let four threads count, each until it has done so five times; give what is counted then."""
    session = store.insert_session("0")

    def work() -> None:
        done = 0
        while done < 5:
            with suppress(StoreError):
                count()
                done += 1

    with ThreadPoolExecutor(4) as pool:
        for working in [pool.submit(work) for _ in range(4)]:
            working.result(20)
    row = store.get_session(session)
    assert row is not None
    return str(row["design_goal"])


def test_nothing_is_lost_that_is_counted_alone(store: CodegenStore) -> None:
    def count() -> None:
        row = store.get_session(1)
        assert row is not None
        store.update_session(1, str(int(row["design_goal"]) + 1))

    def in_a_transaction() -> None:
        with store.transaction(alone=True):
            store.alone(count)

    assert counted(store, in_a_transaction) == "20"


def test_nothing_is_alone_in_a_transaction_that_is_not(store: CodegenStore) -> None:
    def both() -> None:
        with store.transaction(alone=True):
            store.insert_session("never")

    for work in (both, lambda: store.alone(lambda: store.insert_session("never"))):
        with store.transaction(), pytest.raises(StoreError, match=r"Begin it with transaction\(alone=True\)"):
            work()
    assert store.search_sessions("never") == []


@pytest.mark.parametrize("alone", [False, True])
def test_a_history_while_others_write(schema_url: str, monkeypatch: pytest.MonkeyPatch, alone: bool) -> None:
    with open_store("codegen", schema_url) as store, open_store("codegen", schema_url) as other:
        session = store.insert_session("goal")
        iterations = store.get_iterations

        def and_others_write(session_id: int) -> list[dict[str, Any]]:
            found = iterations(session_id)
            other.insert_error(other.insert_iteration(session_id, "code"), "syntax", "wrong")
            return found

        monkeypatch.setattr(store, "get_iterations", and_others_write)
        with store.transaction(alone=alone):
            history = store.get_session_history(session)
            assert history is not None
            assert history["iterations"] == []
            assert len(iterations(session)) == (0 if alone else 1)


def test_readers_see_one_moment_and_wait_for_nobody(store: CodegenStore) -> None:
    session = store.insert_session("goal")
    began, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with store.transaction():
            store.insert_iteration(session, "code")
            began.set()
            go_on.wait(10)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert began.wait(10)
        with store._database.snapshot():
            assert store.get_iterations(session) == []
            go_on.set()
            writing.result(10)
            assert store.get_iterations(session) == []
    assert len(store.get_iterations(session)) == 1


def test_a_closed_store_says_so(store: CodegenStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.get_session(1)
    with ThreadPoolExecutor(1) as pool, pytest.raises(StoreError, match="closed"):
        pool.submit(store.get_session, 1).result()


def test_a_store_is_closed_while_others_use_it(tmp_path: Path) -> None:
    process = start(CLOSED, str(tmp_path))
    out, wrong = process.communicate(timeout=60)
    assert (process.returncode, out, wrong) == (0, "20 True\n", "")
