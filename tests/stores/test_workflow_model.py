"""Any sequence of calls gives what a model in plain Python gives, on both engines."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sessionlab import UNSET, InvalidRecord, NotFound, WorkflowStore, open_store
from tests.stores.conftest import Engine

THREADS = st.sampled_from(["a", "b", "c", "ü", "it's", ""])
TOPICS = st.sampled_from(["arrays", "graphs", None])
STATUSES = st.sampled_from([UNSET, "running", "completed", "failed", "done", None])
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
STATES = st.fixed_dictionaries(
    {},
    optional={
        "user_prompt": TEXTS,
        "topic": TOPICS,
        "difficulty": st.sampled_from(["easy", None]),
        "problem": st.one_of(st.none(), st.fixed_dictionaries({"description": TEXTS}, optional={"tests": JSON})),
        "code": TEXTS,
        "tests_passed": st.sampled_from([True, False, None]),
        "code_attempts": st.one_of(st.none(), st.integers(0, 9)),
        "something": st.just("else"),
    },
)
EMPTY = {
    **dict.fromkeys(
        [
            *("run_id", "user_prompt", "topic", "difficulty", "problem_description", "problem_tests", "code"),
            "tests_passed",
        ]
    ),
    "code_attempts": 0,
    "problem_attempts": 0,
    "workflow_status": "running",
}
Row = dict[str, Any]


class Model(RuleBasedStateMachine):
    """Rows as dictionaries by thread, in the order in which they were made."""

    url: str
    numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        mark = "&schema=" if "?" in self.url else "?schema="
        number = next(Model.numbers)
        url = f"{self.url}/{number}.db" if self.url.startswith("sqlite") else f"{self.url}{mark}workflow_{number}"
        self.store: WorkflowStore = open_store("workflow", url)
        self.states: dict[str, Row] = {}

    def teardown(self) -> None:
        self.store.close()

    @rule(thread=THREADS, state=STATES, run=st.sampled_from([UNSET, None, "run"]), status=STATUSES)
    def save(self, thread: str, state: Row, run: Any, status: Any) -> None:
        if status == "done":
            with pytest.raises(InvalidRecord, match="workflow_status"):
                self.store.save_session_state(thread, state, run, status)
            return
        id_ = self.store.save_session_state(thread, state, run, status)
        row = self.states.setdefault(thread, {"id": id_, "thread_id": thread, **EMPTY})
        assert row["id"] == id_
        row |= columns(state)
        row |= {name: value for name, value in (("run_id", run), ("workflow_status", status)) if value is not UNSET}

    @rule(rows=st.dictionaries(THREADS, STATES, max_size=3))
    def insert_many(self, rows: dict[str, Row]) -> None:
        made = [{"thread_id": thread, **state} for thread, state in rows.items()]
        if self.states.keys() & rows.keys():
            with pytest.raises(InvalidRecord, match="thread_id is"):
                self.store.insert_session_states(made)
            return
        ids = self.store.insert_session_states(made)
        for id_, (thread, state) in zip(ids, rows.items(), strict=True):
            self.states[thread] = {"id": id_, "thread_id": thread, **EMPTY, **columns(state)}

    @rule(thread=THREADS)
    def delete(self, thread: str) -> None:
        if self.states.pop(thread, None) is None:
            with pytest.raises(NotFound):
                self.store.delete_session_state(thread)
            return
        self.store.delete_session_state(thread)
        assert self.store.get_session_state(thread) is None

    @rule(topic=TOPICS, passed=st.sampled_from([True, False, None]), limit=st.integers(1, 3))
    def find(self, topic: str | None, passed: bool | None, limit: int) -> None:
        wanted = [
            row
            for row in self.states.values()
            if topic in (None, row["topic"]) and passed in (None, row["tests_passed"])
        ]
        found = self.store.get_session_states_by_criteria(topic=topic, tests_passed=passed, limit=limit)
        ids = sorted((row["id"] for row in wanted), reverse=True)
        assert {row["id"] for row in found} <= set(ids)
        assert len(found) == min(limit, len(ids))
        assert [row["created_at"] for row in found] == sorted((row["created_at"] for row in found), reverse=True)

    @invariant()
    def all_states_are_the_same(self) -> None:
        rows = {row["thread_id"]: without_times(row) for row in self.store.get_session_states_by_criteria()}
        assert rows == self.states
        figures = self.store.get_session_analytics()
        assert figures["sessions"] == len(rows)
        assert figures["topics"] == Counter(row["topic"] for row in self.states.values())
        judged = [
            row["tests_passed"]
            for row in self.states.values()
            if row["workflow_status"] != "running" and row["tests_passed"] is not None
        ]
        assert (figures["success_rate"]["judged"], figures["success_rate"]["passed"]) == (len(judged), sum(judged))
        assert {row["thread_id"] for row in self.store.search_session_states("arrays")} >= {
            thread for thread, row in self.states.items() if row["topic"] == "arrays"
        }


def columns(state: Row) -> Row:
    """Say what a state is in columns, in other words than the store does."""
    found = {name: value for name, value in state.items() if name in EMPTY}
    if "problem" in state:
        problem = state["problem"] or {"description": None, "tests": None}
        found |= {f"problem_{name}": value for name, value in problem.items()}
    return found


def without_times(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("created_at", "updated_at")}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_the_store_is_as_its_model(engine: Engine, request: pytest.FixtureRequest, folder: Path) -> None:
    postgres = engine == "postgresql"
    Model.url = request.getfixturevalue("postgres").get_uri() if postgres else f"sqlite:///{folder}"
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=8 if postgres else 15,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
