"""Any sequence of calls gives what a model in plain Python gives, on both engines."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sessionlab import UNSET, CodegenStore, InvalidRecord, NotFound, open_store
from tests.stores.conftest import Engine

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
PLACES = st.integers(0, 6)
TYPES = st.sampled_from(["syntax", "runtime", "logic", None])
LINES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
Row = dict[str, Any]


def given_or_not(texts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(UNSET), texts)


class Model(RuleBasedStateMachine):
    """Tables as dictionaries by place; ``ids`` gives the store's id of a place, or one that is nobody's."""

    url: str
    numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        mark = "&schema=" if "?" in self.url else "?schema="
        number = next(Model.numbers)
        url = f"{self.url}/{number}.db" if self.url.startswith("sqlite") else f"{self.url}{mark}model_{number}"
        self.store: CodegenStore = open_store("codegen", url)
        self.tables: dict[str, dict[int, Row]] = {"session": {}, "iteration": {}, "error": {}}

    def teardown(self) -> None:
        self.store.close()

    def id(self, table: str, place: int) -> int:
        ids = list(self.tables[table])
        return ids[place] if place < len(ids) else 1_000_000 + place

    def changed(self, table: str, key: int, **changes: Any) -> None:
        """Do to the model what an update is to do."""
        kept = {name: value for name, value in changes.items() if value is not UNSET}
        self.tables[table][key] |= kept

    @rule(goal=TEXTS, parent=st.one_of(st.none(), PLACES))
    def insert_session(self, goal: str, parent: int | None) -> None:
        parent_id = None if parent is None else self.id("session", parent)
        if parent_id is not None and parent_id not in self.tables["session"]:
            with pytest.raises(InvalidRecord, match="parent_session_id"):
                self.store.insert_session(goal, parent_id)
            return
        key = self.store.insert_session(goal, parent_id)
        self.tables["session"][key] = {"id": key, "design_goal": goal, "parent_session_id": parent_id}

    @rule(place=PLACES, goal=TEXTS)
    def update_session(self, place: int, goal: str) -> None:
        key = self.id("session", place)
        if key not in self.tables["session"]:
            with pytest.raises(NotFound):
                self.store.update_session(key, goal)
            return
        self.store.update_session(key, goal)
        self.changed("session", key, design_goal=goal)

    @rule(place=PLACES, rows=st.lists(st.tuples(TEXTS, st.one_of(st.none(), TEXTS)), max_size=3), many=st.booleans())
    def insert_iterations(self, place: int, rows: list[tuple[str, str | None]], many: bool) -> None:
        session = self.id("session", place)
        made: list[Any] = [{"session_id": session, "code": code, "feedback": feedback} for code, feedback in rows]
        if made and session not in self.tables["session"]:
            with pytest.raises(InvalidRecord, match="session_id"):
                self.store.insert_iterations(made) if many else self.store.insert_iteration(session, "code")
            return
        keys = self.store.insert_iterations(made) if many else [self.store.insert_iteration(**row) for row in made]
        self.tables["iteration"] |= {key: {"id": key, **row} for key, row in zip(keys, made, strict=True)}

    @rule(place=PLACES, code=given_or_not(TEXTS), feedback=given_or_not(st.one_of(st.none(), TEXTS)))
    def update_iteration(self, place: int, code: Any, feedback: Any) -> None:
        key = self.id("iteration", place)
        if key not in self.tables["iteration"]:
            with pytest.raises(NotFound):
                self.store.update_iteration(key, code, feedback)
            return
        self.store.update_iteration(key, code, feedback)
        self.changed("iteration", key, code=code, feedback=feedback)

    @rule(place=PLACES, type_=TYPES, message=st.one_of(st.none(), TEXTS), line=LINES)
    def insert_error(self, place: int, type_: str | None, message: str | None, line: int | None) -> None:
        iteration = self.id("iteration", place)
        if type_ == "logic" or iteration not in self.tables["iteration"]:
            with pytest.raises(InvalidRecord, match="error_type" if type_ == "logic" else "iteration_id"):
                self.store.insert_error(iteration, type_, message, line)
            return
        key = self.store.insert_error(iteration, type_, message, line)
        self.tables["error"][key] = {
            "id": key,
            "iteration_id": iteration,
            "error_type": type_,
            "error_message": message,
            "error_line": line,
        }

    @rule(place=PLACES, message=st.one_of(st.none(), TEXTS), line=given_or_not(LINES))
    def update_error(self, place: int, message: str | None, line: Any) -> None:
        key = self.id("error", place)
        if key not in self.tables["error"]:
            with pytest.raises(NotFound):
                self.store.update_error(key, message, line)
            return
        self.store.update_error(key, message, line)
        self.changed("error", key, error_message=message, error_line=line)

    @rule(place=PLACES)
    def get_session_chain(self, place: int) -> None:
        wanted: list[int] = []
        at: int | None = self.id("session", place)
        while at in self.tables["session"]:
            wanted.append(at)
            at = self.tables["session"][at]["parent_session_id"]
        assert [row["id"] for row in self.store.get_session_chain(self.id("session", place))] == wanted[::-1]

    @invariant()
    def histories_are_the_same(self) -> None:
        for key, session in self.tables["session"].items():
            history = self.store.get_session_history(key)
            assert history is not None
            iterations = history.pop("iterations")
            errors = [error for iteration in iterations for error in iteration.pop("errors")]
            own = [row for row in self.tables["iteration"].values() if row["session_id"] == key]
            assert without_times([history]) == [session]
            assert without_times(iterations) == own
            ids = [row["id"] for row in own]
            wanted = [row for each in ids for row in self.tables["error"].values() if row["iteration_id"] == each]
            assert without_times(errors) == wanted


def without_times(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "created_at"} for row in rows]


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
