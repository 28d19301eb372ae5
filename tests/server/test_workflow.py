"""The workflow store over HTTP, and the agent that makes verified problems."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import types
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from sessionlab import Lab, WorkflowStore
from sessionlab.server import create_app, start
from sessionlab.server.agent import Agent
from sessionlab.stores.statements import Row
from tests.conftest import Server
from tests.server.conftest import assert_problem

ASKED = {"user_prompt": "something with sums", "topic": "arrays", "difficulty": "easy"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[WorkflowStore]:
    with WorkflowStore(tmp_path / "workflow.db") as store:
        yield store


def ask(store: WorkflowStore, agent: Agent | None, body: Mapping[str, Any] = ASKED) -> httpx.Response:
    """Ask a server for a verified problem."""
    with start(create_app(stores=[store], agent=agent)) as running:
        return httpx.post(f"{running.url}/problems/verified", json=body, timeout=30)


def documented() -> dict[str, Any]:
    """Run the example of the README, which defines an agent."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "def agent(" in block)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    return names


def test_the_agent_of_the_readme_makes_a_problem_that_is_verified(store: WorkflowStore) -> None:
    names = documented()
    answer = ask(store, names["agent"])
    assert answer.status_code == 200, answer.text
    problem = answer.json()["response"]
    assert problem["description"] == "Add up the numbers of a line."
    assert problem["solution"] == names["TRIES"][1]
    assert [(test["input"], test["output"]) for test in problem["examples"]] == [("1 2 3", "6"), ("10 -4", "6")]
    assert (problem["topic"], problem["difficulty"], problem["title"]) == ("arrays", "easy", "Problem: Arrays")
    row = store.get_session_state(problem["id"])
    assert row is not None
    assert (row["workflow_status"], row["tests_passed"], row["code_attempts"]) == ("completed", True, 2)
    assert (row["user_prompt"], row["problem_tests"], row["run_id"]) == ("something with sums", names["TESTS"], None)


@dataclass
class State:
    tests_passed: bool
    code: str
    topic: str = "strings"


class Later:
    """An agent that is an object with a coroutine."""

    async def __call__(self, **_: str) -> State:
        return State(True, "print()")


async def late(**_: str) -> State:
    return State(True, "print()")


@pytest.mark.parametrize("agent", [late, Later(), lambda **_: late()])
def test_agents_that_are_coroutines(store: WorkflowStore, agent: Agent) -> None:
    problem = ask(store, agent).json()["response"]
    assert (problem["solution"], problem["topic"]) == ("print()", "strings")


def test_a_solution_that_does_not_pass(store: WorkflowStore) -> None:
    answer = ask(store, lambda **_: {"tests_passed": False, "code": "pass"})
    assert_problem(answer, 502, "no solution that passes")
    row = store.get_session_state(answer.json()["thread_id"])
    assert row is not None
    assert (row["workflow_status"], row["tests_passed"], row["code"]) == ("failed", False, "pass")


def broken(**_: str) -> None:
    raise RuntimeError("the key is swordfish")


def exhausted(**_: str) -> object:
    return next(iter(()))


def left(**_: str) -> None:
    sys.exit(3)


async def left_late(**_: str) -> None:
    await asyncio.sleep(0)
    sys.exit(3)


async def interrupted(**_: str) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("agent", "says"),
    [
        (broken, "failed: RuntimeError."),
        (exhausted, "failed: StopIteration."),
        (left, "failed: SystemExit."),
        (left_late, "failed: SystemExit."),
        (interrupted, "failed: KeyboardInterrupt."),
        (lambda **_: {"code_attempts": "many"}, "answer is not to be saved: session_states.code_attempts"),
        (lambda **_: None, "answer is not to be saved"),
    ],
)
def test_an_agent_that_fails_leaves_a_row(store: WorkflowStore, agent: Agent, says: str) -> None:
    answer = ask(store, agent)
    assert_problem(answer, 502, says)
    assert "swordfish" not in answer.text
    (row,) = store.get_session_states_by_criteria()
    assert (row["workflow_status"], row["topic"]) == ("failed", "arrays")


@pytest.mark.parametrize("way", ["coroutine", "thread"])
def test_a_server_that_ends_leaves_no_session_running(
    store: WorkflowStore, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, done = threading.Event(), threading.Event()

    async def endless(**_: str) -> None:
        asked.set()
        await asyncio.sleep(60)

    def slow(**_: str) -> None:
        asked.set()
        done.wait(60)

    with ThreadPoolExecutor(1) as threads:
        with start(create_app(stores=[store], agent=endless if way == "coroutine" else slow)) as running:
            running._server.config.timeout_graceful_shutdown = 0
            url = f"{running.url}/problems/verified"
            answer = threads.submit(httpx.post, url, json=ASKED, timeout=30)
            assert asked.wait(10)
            threading.Timer(0.5, done.set).start()
        assert_problem(answer.result(), 503, "The server ends")
    assert "Traceback" not in capsys.readouterr().err
    (row,) = store.get_session_states_by_criteria()
    assert (row["workflow_status"], row["topic"]) == ("failed", "arrays")


def test_the_run_of_mlflow_is_noted(store: WorkflowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    # MLflow is not installed here; this stands for what is asked of it: each thread has a run of its own.
    runs = threading.local()
    mlflow = types.ModuleType("mlflow")
    monkeypatch.setattr(mlflow, "active_run", lambda: getattr(runs, "active", None), raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)

    def agent(**_: str) -> dict[str, Any]:
        runs.active = types.SimpleNamespace(info=types.SimpleNamespace(run_id="run-7"))
        return {"tests_passed": True}

    row = store.get_session_state(ask(store, agent).json()["response"]["id"])
    assert row is not None
    assert row["run_id"] == "run-7"


def test_without_an_agent(store: WorkflowStore) -> None:
    assert_problem(ask(store, None), 404, "no agent")
    assert_problem(ask(store, broken, {"topic": "arrays"}), 422, "body.difficulty")


def test_sessions_as_the_store_has_them(store: WorkflowStore) -> None:
    for number in range(60):
        topic = "arrays" if number % 3 else "strings"
        store.save_session_state(
            f"t{number}",
            {"topic": topic, "difficulty": "easy", "tests_passed": number % 2 == 0, "code_attempts": number},
            workflow_status="completed",
        )
    with start(create_app(stores=[store])) as running, httpx.Client(base_url=running.url) as client:
        one = client.get("/api/sessions/t7").json()["session"]
        assert (one["thread_id"], one["topic"], one["code_attempts"]) == ("t7", "arrays", 7)
        assert one["created_at"].startswith("20")
        assert_problem(client.get("/api/sessions/none"), 404, "'none'")
        several = client.get("/api/sessions").json()
        assert (several["count"], len(several["sessions"]), several["filters"]["limit"]) == (50, 50, 50)
        asked = {"topic": "strings", "tests_passed": "true", "difficulty": "easy", "workflow_status": "completed"}
        found = client.get("/api/sessions", params={**asked, "limit": 100}).json()
        assert {row["thread_id"] for row in found["sessions"]} == {f"t{number}" for number in range(0, 60, 6)}
        assert found["filters"]["tests_passed"] is True
        assert_problem(client.get("/api/sessions?limit=101"), 422, "query.limit")
        assert_problem(client.get("/api/sessions?workflow_status=asleep"), 422, "workflow_status")
        sums = client.get("/api/sessions/analytics").json()
        assert sums["success_rate"]["passed"] == 30
        assert sums["topics"] == {"arrays": 40, "strings": 20}
        assert sums["average_attempts"]["code"] == 29.5


def test_a_session_that_has_not_changed_is_not_sent_again(store: WorkflowStore) -> None:
    store.save_session_state("t1", {"topic": "arrays"})
    with start(create_app(stores=[store])) as running, httpx.Client(base_url=running.url) as client:
        first = client.get("/api/sessions/t1")
        said = {"if-none-match": first.headers["etag"]}
        again = client.get("/api/sessions/t1", headers=said)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", said["if-none-match"])
        store.save_session_state("t1", {"topic": "strings"})
        changed = client.get("/api/sessions/t1", headers=said)
        assert (changed.status_code, changed.json()["session"]["topic"]) == (200, "strings")
        assert changed.headers["etag"] != said["if-none-match"]


def test_others_are_answered_while_the_store_is_slow(tmp_path: Path) -> None:
    asked, answered = threading.Event(), threading.Event()

    class Slow(WorkflowStore):
        def get_session_state(self, thread_id: str, fields: Iterable[str] | None = None) -> Row | None:
            asked.set()
            answered.wait(60)
            return super().get_session_state(thread_id, fields)

    with (
        Slow(tmp_path / "workflow.db") as store,
        start(create_app(stores=[store], agent=late)) as running,
        ThreadPoolExecutor(1) as threads,
    ):
        made = threads.submit(httpx.post, f"{running.url}/problems/verified", json=ASKED, timeout=60)
        assert asked.wait(30)
        try:
            assert httpx.get(f"{running.url}/healthz", timeout=10).status_code == 200
        finally:
            answered.set()
        assert made.result().json()["response"]["solution"] == "print()"


def test_a_store_that_is_served_is_a_source(store: WorkflowStore, tmp_path: Path) -> None:
    with Lab(tmp_path / "lab.duckdb") as lab:
        store.save_session_state("t1", {"topic": "arrays"})
        with (
            start(create_app(lab, [store], documented()["agent"], refresh=0.2)) as running,
            httpx.Client(base_url=running.url, timeout=30) as client,
        ):
            assert client.post("/problems/verified", json=ASKED).status_code == 200
            for _ in range(100):
                row = client.get("/api/metrics/summary").json()["rows"][0]
                if row["passed"] == 1:
                    break
                threading.Event().wait(0.05)
            else:
                pytest.fail("the session did not come")
            assert row["sessions"] == 2


def test_a_server_that_goes_away_and_comes_back(postgres_url: str, postgres: Server) -> None:
    with WorkflowStore(postgres_url) as store, closing(psycopg.connect(postgres.get_uri(), autocommit=True)) as admin:
        store.save_session_state("t1", {"topic": "arrays"})
        name = psycopg.conninfo.conninfo_to_dict(postgres_url)["dbname"]
        with start(create_app(stores=[store])) as running, httpx.Client(base_url=running.url, timeout=30) as client:
            assert client.get("/api/sessions/t1").status_code == 200
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            away = client.get("/api/sessions/t1")
            assert_problem(away, 503)
            assert away.headers["retry-after"] == "2"
            assert client.get("/healthz").status_code == 200
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            assert client.get("/api/sessions/t1").json()["session"]["topic"] == "arrays"
