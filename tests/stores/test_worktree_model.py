"""Any sequence of calls gives what a model in plain Python gives: sessions are dictionaries, an update merges keys."""

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

from sessionlab import InvalidRecord, NotFound, open_store
from sessionlab.stores import JsonWorktreeStore
from sessionlab.stores.worktree_calls import WorktreeCalls
from sessionlab.stores.worktree_search import moment
from tests.stores.worktrees import MESSAGES, Session, numbered, sessions, updates

WORKSPACES = ("/home/dev/one", "/home/dev/two")
PLACES = st.tuples(st.sampled_from(WORKSPACES), st.sampled_from("abc"))
WHOLE = sessions(st.just(""))
SOME = updates(st.just(""))


class Model(RuleBasedStateMachine):
    """Sessions by workspace and id."""

    url: str
    numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        self.store = self.opened(next(Model.numbers))
        self.model: dict[tuple[str, str], Session] = {}

    def opened(self, number: int) -> WorktreeCalls:
        if self.url.startswith("json:"):
            return JsonWorktreeStore(f"{self.url.removeprefix('json:')}/{number}")
        mark = "&schema=" if "?" in self.url else "?schema="
        url = f"{self.url}/{number}.db" if self.url.startswith("sqlite") else f"{self.url}{mark}worktree_{number}"
        return open_store("worktree", url)

    def teardown(self) -> None:
        self.store.close()

    def id(self, place: tuple[str, str]) -> str:
        return f"{place[0][-3:]}-{place[1]}"

    def missing(self, place: tuple[str, str], call: Any) -> bool:
        """Whether there is no such session; then the call must say so."""
        if place not in self.model:
            with pytest.raises(NotFound):
                call()
        return place not in self.model

    @rule(place=PLACES, session=WHOLE, many=st.booleans())
    def create(self, place: tuple[str, str], session: Session, many: bool) -> None:
        session = {**session, "id": self.id(place)}

        def call() -> object:
            if many:
                return self.store.batch_create_sessions(place[0], [session])
            return self.store.create_session(place[0], session)

        if place in self.model:
            with pytest.raises(InvalidRecord, match=r"no other (row|session) has"):
                call()
            return
        assert call() == (1 if many else session)
        self.model[place] = session

    @rule(place=PLACES, changes=SOME)
    def update(self, place: tuple[str, str], changes: Session) -> None:
        changes = {**changes, "id": self.id(place)}
        if not self.missing(place, lambda: self.store.update_session(place[0], changes)):
            self.model[place] = {**self.model[place], **changes}
            assert self.store.update_session(place[0], changes) == self.model[place]

    @rule(place=PLACES)
    def delete(self, place: tuple[str, str]) -> None:
        if not self.missing(place, lambda: self.store.delete_session(place[0], self.id(place))):
            self.store.delete_session(place[0], self.id(place))
            del self.model[place]

    @rule(place=PLACES, messages=MESSAGES)
    def add_messages(self, place: tuple[str, str], messages: list[Session]) -> None:
        for message in numbered({"chatHistory": messages})["chatHistory"]:
            if not self.missing(place, lambda: self.store.add_chat_message(place[0], self.id(place), message)):  # noqa: B023
                found = self.store.add_chat_message(place[0], self.id(place), message)
                own = self.model[place]
                chat = [*(own.get("chatHistory") or []), message]
                self.model[place] = {**own, "chatHistory": chat, "updatedAt": found["updatedAt"]}
                assert found == self.model[place]

    @rule(place=PLACES, number=st.integers(0, 3), status=st.sampled_from(["idle", "failed"]))
    def change_instance(self, place: tuple[str, str], number: int, status: str) -> None:
        own = self.model.get(place, {})
        if not any(each["instanceId"] == number for each in own.get("instances") or []):
            with pytest.raises(NotFound):
                self.store.update_instance_status(place[0], self.id(place), number, status)
            return
        found = self.store.update_instance_status(place[0], self.id(place), number, status)
        changed = [{**each, "status": status} if each["instanceId"] == number else each for each in own["instances"]]
        self.model[place] = {**own, "instances": changed, "updatedAt": found["updatedAt"]}
        assert found == self.model[place]

    @rule(workspace=st.sampled_from(WORKSPACES), status=st.sampled_from(["running", "failed"]), limit=st.integers(1, 3))
    def search(self, workspace: str, status: str, limit: int) -> None:
        def is_wanted(session: Session) -> bool:
            own = session["status"]
            return ("running" if own.startswith("round_") else own) == status

        wanted = [each for each in self.newest(workspace) if is_wanted(each)]
        assert self.store.search_sessions(workspace, {"status": status, "limit": limit}) == wanted[:limit]

    def newest(self, workspace: str) -> list[Session]:
        own = [session for (where, _), session in self.model.items() if where == workspace]
        return sorted(own, key=lambda each: (moment(each["updatedAt"]), each["id"]), reverse=True)

    @invariant()
    def all_sessions_are_the_same(self) -> None:
        for workspace in WORKSPACES:
            assert self.store.get_all_sessions(workspace) == self.newest(workspace)

    @rule(place=PLACES)
    def get(self, place: tuple[str, str]) -> None:
        assert self.store.get_session(place[0], self.id(place)) == self.model.get(place)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "json"])
def test_the_store_is_as_its_model(kind: str, request: pytest.FixtureRequest, folder: Path) -> None:
    postgres = kind == "postgresql"
    Model.url = request.getfixturevalue("postgres").get_uri() if postgres else f"{kind}:///{folder}"
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=3 if postgres else 8,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
