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

from sessionlab import UNSET, ConversationStore, InvalidRecord, NotFound, open_store
from tests.stores.conftest import Engine

PLACES = st.integers(0, 4)
USERS = st.sampled_from(["ann", "bob", "it's"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
METADATA = st.one_of(
    st.none(), st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers(-9, 9) | TEXTS, max_size=2)
)
Row = dict[str, Any]


class Model(RuleBasedStateMachine):
    """Tables as dictionaries by id, in the order in which the rows were made."""

    url: str
    numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        mark = "&schema=" if "?" in self.url else "?schema="
        number = next(Model.numbers)
        url = f"{self.url}/{number}.db" if self.url.startswith("sqlite") else f"{self.url}{mark}conversation_{number}"
        self.store: ConversationStore = open_store("conversation", url)
        self.sessions: dict[str, Row] = {}
        self.ended: set[str] = set()
        self.contexts: dict[str, Row] = {}
        self.messages: dict[str, Row] = {}

    def teardown(self) -> None:
        self.store.close()

    def id(self, place: int) -> str:
        ids = list(self.sessions)
        return ids[place] if place < len(ids) else f"{place:08x}-0000-4000-8000-000000000000"

    def is_there(self, session: str, call: Any, error: type[Exception]) -> bool:
        """Whether a session is in the model; where it is not, the call must fail."""
        if session in self.sessions:
            return True
        with pytest.raises(error, match="session_id"):
            call()
        return False

    @rule(user=USERS, metadata=METADATA, many=st.booleans())
    def create_session(self, user: str, metadata: Row | None, many: bool) -> None:
        row = {"user_id": user, "metadata": metadata}
        key = self.store.insert_sessions([row])[0] if many else self.store.create_session(user, metadata)
        self.sessions[key] = {"session_id": key, **row}

    @rule(place=PLACES, user=st.one_of(st.just(UNSET), USERS), metadata=st.one_of(st.just(UNSET), METADATA))
    def update_session(self, place: int, user: Any, metadata: Any) -> None:
        key = self.id(place)
        if self.is_there(key, lambda: self.store.update_session(key, user, metadata), NotFound):
            self.store.update_session(key, user, metadata)
            given = {"user_id": user, "metadata": metadata}
            self.sessions[key] |= {name: value for name, value in given.items() if value is not UNSET}

    @rule(place=PLACES, metadata=METADATA)
    def end_session(self, place: int, metadata: Row | None) -> None:
        key = self.id(place)
        if self.is_there(key, lambda: self.store.end_session(key, metadata), NotFound):
            self.store.end_session(key, metadata)
            self.ended.add(key)
            if metadata is not None:
                self.sessions[key]["metadata"] = (self.sessions[key]["metadata"] or {}) | metadata

    @rule(place=PLACES, content=TEXTS, type_=TEXTS)
    def add_context(self, place: int, content: str, type_: str) -> None:
        session = self.id(place)
        if self.is_there(session, lambda: self.store.add_context(session, content, type_), InvalidRecord):
            key = self.store.add_context(session, content, type_)
            self.contexts[key] = {"context_id": key, "session_id": session, "content": content, "type": type_}

    @rule(place=PLACES, contents=st.lists(TEXTS, min_size=1, max_size=3), metadata=METADATA, many=st.booleans())
    def add_messages(self, place: int, contents: list[str], metadata: Row | None, many: bool) -> None:
        session = self.id(place)
        rows: list[Any] = [
            {"session_id": session, "message_role": "user", "content": content, "metadata": metadata}
            for content in contents
        ]

        def add() -> list[str]:
            return self.store.insert_messages(rows) if many else [self.store.add_message(**row) for row in rows]

        if self.is_there(session, add, InvalidRecord):
            self.messages |= {key: {"conversation_id": key, **row} for key, row in zip(add(), rows, strict=True)}

    @rule(place=PLACES)
    def delete_session(self, place: int) -> None:
        key = self.id(place)
        if self.is_there(key, lambda: self.store.delete_session(key), NotFound):
            self.store.delete_session(key)
            del self.sessions[key]
            for table in (self.contexts, self.messages):
                for own in [name for name, row in table.items() if row["session_id"] == key]:
                    del table[own]

    @rule(user=st.one_of(st.none(), USERS), active=st.sampled_from([None, True, False]))
    def list_sessions(self, user: str | None, active: bool | None) -> None:
        wanted = {
            key
            for key, row in self.sessions.items()
            if user in (None, row["user_id"]) and active in (None, key not in self.ended)
        }
        assert {row["session_id"] for row in self.store.list_sessions(user, active)} == wanted

    @invariant()
    def histories_are_the_same(self) -> None:
        for key, session in self.sessions.items():
            history = self.store.get_session_history(key)
            assert history is not None
            assert without_times(history.pop("contexts")) == [
                row for row in self.contexts.values() if row["session_id"] == key
            ]
            assert without_times(history.pop("conversations")) == [
                row for row in self.messages.values() if row["session_id"] == key
            ]
            assert (history["end_time"] is not None) == (key in self.ended)
            assert without_times([history]) == [session]


def without_times(rows: list[Row]) -> list[Row]:
    times = {"start_time", "end_time", "created_at", "timestamp"}
    return [{name: value for name, value in row.items() if name not in times} for row in rows]


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
