"""The store of worktree sessions: each method on both engines, on the happy path, for what is missing and refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from sessionlab import InvalidRecord, Lab, NotFound, QueryError, StoreError, WorktreeStore, open_store
from sessionlab.stores.documents import DocumentReader
from sessionlab.stores.driver import Done
from tests.conftest import Server
from tests.stores.conftest import Engine
from tests.stores.worktrees import DATED, Session, dated, instance, message, session, small

REAL = Path(__file__).parents[3] / "shared" / "real" / "worktree"
HERE, THERE = "/home/dev/project", "/home/dev/other"
HOSTILE = "x'); DROP TABLE sessions; --\" \\ % %s ? :a {b} $1"
UNICODE = "Grüße 数独 🧪 e\u0301 \u202e\x01\t\r\n"
LONG = "lang und breit, " * 65_536


@pytest.fixture(scope="module")
def postgres_store(postgres: Server) -> Iterator[WorktreeStore]:
    """One store for all tests: making it takes longer than most of them."""
    url = postgres.get_uri()
    with open_store("worktree", f"{url}{'&' if '?' in url else '?'}schema=worktree") as store:
        yield store


@pytest.fixture
def store(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorktreeStore]:
    """An empty store."""
    if engine == "sqlite":
        with open_store("worktree", tmp_path / "store.db") as store:
            yield store
        return
    shared: WorktreeStore = request.getfixturevalue("postgres_store")
    shared._database.run("DELETE FROM workspaces")
    yield shared


def rows(store: WorktreeStore, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store._database.run(query, reads=True).rows]


def test_a_session_comes_back_whole(store: WorktreeStore) -> None:
    assert store.create_session(HERE, session()) == session()
    assert store.get_session(HERE, "session-1") == session()


def test_each_field_has_its_column(store: WorktreeStore) -> None:
    store.create_session(HERE, session(2))
    (found,) = rows(store, "SELECT winner_id, timeout_seconds, total_duration, total_lines_deleted FROM sessions")
    assert found == (0, 102, 2002, 5002)
    (extra,) = rows(store, "SELECT absent, extra FROM sessions")
    assert (extra[0], json.loads(extra[1])) == (None, {"evaluation": {"score": 0.5, "notes": ["neat", None]}})
    names = "agent_name, branch, runtime_label, lines_deleted, status"
    assert rows(store, f"SELECT {names} FROM instances ORDER BY id")[1] == (
        *("agent-1", "branch-2-1", "Runtime 1", 31, "archived"),
    )
    assert rows(store, "SELECT runtime FROM session_runtime_mix ORDER BY id") == [("zeta",), ("alpha",), ("runtime-2",)]
    view = "SELECT workspace_path, instance_count, message_count, runtime_mix FROM session_complete"
    assert rows(store, view) == [(HERE, 2, 2, "zeta,alpha,runtime-2")]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": None, "completedAt": None, "runtimeMix": None, "preserveWorktrees": None},
        {"runtimeMix": []},
        {"runtimeMix": ["claude", "codex", "claude"]},
        {"instances": None, "chatHistory": None},
        {"status": "round_2", "type": "debate"},
        {"extra": 1, "absent": "model", "seq": [2], "workspace_id": {"a": "\0 \ud800"}, "": -0.0, "large": 10**30},
        {"createdAt": "2025-11-13T03:46:40.123456789+00:00", "updatedAt": "2025-1-3 4:05 UTC", "completedAt": "0"},
        {"instances": [instance(1, 3), instance(1, 1)]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_quirks_come_back(store: WorktreeStore, changes: Session) -> None:
    wanted = session(**changes)
    store.create_session(HERE, wanted)
    assert store.get_session(HERE, "session-1") == wanted
    assert store.get_all_sessions(HERE) == [wanted]
    assert store.update_session(HERE, wanted) == wanted


def test_null_and_absent_are_two_things(store: WorktreeStore) -> None:
    absent, null = small(1), small(2, model=None, winnerId=None, runtimeMix=None)
    for each in ("instances", "chatHistory"):
        del absent[each]
    assert store.batch_create_sessions(HERE, [absent, null]) == 2
    assert store.get_session(HERE, "session-1") == absent
    assert store.get_session(HERE, "session-2") == null
    with_message = store.add_chat_message(HERE, "session-1", message(1, 1))
    assert with_message["chatHistory"] == [message(1, 1)]
    assert "instances" not in with_message


def test_messages_of_all_sizes_and_signs(store: WorktreeStore) -> None:
    for number, text in enumerate([HOSTILE, UNICODE, LONG, " "]):
        told = [message(number, 1, content=text, role="system", timestamp=text[:100], tokens=text)]
        run = [instance(number, 0, worktreePath=text, branch=text, agentName=text, output=text, tmuxSessionId=text)]
        wanted = session(number, task=text, model=text, instances=run, chatHistory=told, other=text)
        store.create_session(f"/{text[:100]}", wanted)
        assert store.get_session(f"/{text[:100]}", wanted["id"]) == wanted
    hostile = session(9, id=HOSTILE, runtimeMix=[HOSTILE], chatHistory=[message(9, 1, id=HOSTILE)])
    store.create_session(HERE, hostile)
    assert store.get_session(HERE, HOSTILE) == hostile


def test_nul_characters_are_kept_or_refused_by_name(store: WorktreeStore, engine: Engine) -> None:
    wanted = session(task="a\0b", other="c\0d")
    if engine == "sqlite":
        store.create_session(HERE, wanted)
        assert store.get_session(HERE, "session-1") == wanted
        return
    with pytest.raises(InvalidRecord, match=r"sessions.task is 'a\\x00b'; .* without NUL characters, which Postgres"):
        store.create_session(HERE, wanted)
    assert store.get_all_sessions(HERE) == []
    for call in (lambda: store.get_session(HERE, "\0"), lambda: store.get_all_sessions("\0")):
        with pytest.raises(InvalidRecord, match="without NUL characters"):
            call()


@pytest.mark.parametrize("with_documents", [True, False])
def test_ids_with_nul_characters_are_told_apart(tmp_path: Path, *, with_documents: bool) -> None:
    ids = ["a\0b", "a\0", "a\x010", "a\x01\0", "\0", "b"]
    with open_store("worktree", tmp_path / "store.db") as store:
        store.create_session(THERE, session(1, id="a"))
        store.batch_create_sessions(HERE, [session(number, id=each) for number, each in enumerate(ids, 2)])
        if not with_documents:
            store._database.run("DELETE FROM session_documents")
        wanted = [session(number, id=each) for number, each in reversed(list(enumerate(ids, 2)))]
        for _ in range(2):
            assert store.get_all_sessions(HERE) == wanted
            assert store.search_sessions(HERE) == wanted
            assert store.get_all_sessions(THERE) == [session(1, id="a")]


def test_real_sessions_come_back(store: WorktreeStore) -> None:
    if not REAL.is_dir():
        pytest.skip("the real sessions are not here")
    for file in REAL.iterdir():
        given = {each["id"]: each for each in json.loads(file.read_text(encoding="utf-8"))[:60]}
        assert store.batch_create_sessions(file.stem, given.values()) == len(given)
        assert {each["id"]: each for each in store.get_all_sessions(file.stem)} == given


def test_updates_change_what_is_given_and_nothing_else(store: WorktreeStore) -> None:
    before, other = session(1), session(2)
    store.batch_create_sessions(HERE, [before, other])
    del before["winnerId"]
    for changes in (
        {"status": "failed", "winnerId": 5},
        {"model": None, "evaluation": [1], "more": "x"},
        {"instances": [instance(1, 7)]},
        {"chatHistory": [message(1, 9), message(1, 2, content="said again")], "updatedAt": "2026-01-01T00:00:00Z"},
        {"runtimeMix": ["codex"], "instances": []},
        {"status": "round_1"},
        {"status": "round_2"},
        {"status": "paused"},
        {},
    ):
        before |= changes
        assert store.update_session(HERE, {"id": "session-1", **changes}) == before
        assert store.get_session(HERE, "session-1") == before
    assert store.get_session(HERE, "session-2") == other


def test_what_was_absent_can_be_given(store: WorktreeStore) -> None:
    store.create_session(HERE, small(1))
    assert store.update_session(HERE, {"id": "session-1", "model": None}) == small(1, model=None)
    assert store.update_session(HERE, {"id": "session-1", "winnerId": 0}) == small(1, model=None, winnerId=0)


def test_messages_are_in_the_order_in_which_they_came(store: WorktreeStore) -> None:
    store.create_session(HERE, session())
    found = store.add_chat_message(HERE, "session-1", message(1, 3))
    assert [each["id"] for each in found["chatHistory"]] == ["message-1-1", "message-1-2", "message-1-3"]
    assert found["updatedAt"] > "2025-06"
    assert {**found, "updatedAt": None, "chatHistory": None} == session(updatedAt=None, chatHistory=None)
    assert store.get_session(HERE, "session-1") == found


def test_an_instance_changes_its_status(store: WorktreeStore) -> None:
    store.create_session(HERE, session())
    found = store.update_instance_status(HERE, "session-1", 1, "failed")
    assert found["instances"] == [instance(1, 0), instance(1, 1, status="failed")]
    assert datetime.now(UTC) >= datetime.fromisoformat(found["updatedAt"]) > datetime(2026, 1, 1, tzinfo=UTC)
    assert store.get_session(HERE, "session-1") == found


def test_a_session_goes_with_all_that_is_in_it(store: WorktreeStore) -> None:
    store.batch_create_sessions(HERE, [session(1), session(2)])
    store.delete_session(HERE, "session-1")
    assert store.get_session(HERE, "session-1") is None
    assert store.get_all_sessions(HERE) == [session(2)]
    for table in ("instances", "chat_messages", "session_runtime_mix"):
        assert rows(store, f"SELECT DISTINCT session_id FROM {table}") == [("session-2",)]
    assert store.search_sessions(HERE, {"search_query": "Sort 1"}) == []
    store.create_session(HERE, session(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.update_session(HERE, {"id": "other", "status": "failed"}), "no session 'other' in the workspace"),
        (lambda s: s.update_session(THERE, {"id": "session-1"}), f"'session-1' in the workspace '{THERE}'"),
        (lambda s: s.delete_session(THERE, "session-1"), "no session 'session-1'"),
        (lambda s: s.delete_session(HERE, "other"), "no session 'other'"),
        (lambda s: s.add_chat_message(THERE, "session-1", message(1, 5)), "no session 'session-1'"),
        (lambda s: s.update_instance_status(HERE, "other", 0, "failed"), "no session 'other'"),
        (lambda s: s.update_instance_status(HERE, "session-1", 9, "failed"), "no instance with .* instance_id 9"),
    ],
)
def test_what_is_not_there(store: WorktreeStore, call: Callable[[WorktreeStore], object], message: str) -> None:
    store.create_session(HERE, session())
    with pytest.raises(NotFound, match=message):
        call(store)
    assert store.get_all_sessions(HERE) == [session()]
    assert store.get_session(THERE, "session-1") is None
    assert store.get_session(HERE, "other") is None
    assert store.get_all_sessions(THERE) == []


def create(**changes: Any) -> Callable[[WorktreeStore], object]:
    return lambda store: store.create_session(HERE, session(7, **changes))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (create(type="contest"), "sessions.type is 'contest'; it may be 'competition', 'ensemble' or 'debate'."),
        (create(status="round_x"), "sessions.status is 'round_x'; it may be 'running', 'completed', 'failed' or"),
        (create(task=""), "sessions.task is ''; it may be a text that is not empty."),
        (create(task=None), "sessions.task is None; it may be a text that is not empty."),
        (create(id=""), "sessions.id is ''; it may be a text that is not empty."),
        (create(createdAt=5), "sessions.created_at is 5; it may be a text."),
        (create(winnerId=True), "sessions.winner_id is True; it may be a whole number of 64 bits or None."),
        (create(winnerId=2**63), "sessions.winner_id is 9223372036854775808; it may be"),
        (create(preserveWorktrees=1), "sessions.preserve_worktrees is 1; it may be True or False or None."),
        (create(integrationPhase="done"), "sessions.integration_phase is 'done'; it may be 'pending', 'in_progress'"),
        (create(runtimeMix="claude"), "runtimeMix is 'claude'; it may be a list of texts or None."),
        (create(runtimeMix=[1]), "runtimeMix is [1]; it may be a list of texts or None."),
        (create(instances={}), "instances is {}; it may be a list of objects."),
        (create(instances=[7]), "A row of instances is 7; it may be an object."),
        (create(other=float("nan")), "sessions.extra is {'"),
        (create(instances=[instance(7, 0, status="lost")]), "instances.status is 'lost'; it may be 'idle', 'running'"),
        (create(instances=[instance(7, 0), instance(7, 0)]), "it may be one that no other row has."),
        (create(instances=[instance(7, -1)]), "instances.instance_id is -1; it may be a whole number"),
        (create(instances=[{}]), "instances.instance_id is None; it may be a whole number of 64 bits, 0 or more."),
        (create(chatHistory=[message(7, 1), message(7, 2, role="tool")]), "Row 1: chat_messages.role is 'tool';"),
        (create(chatHistory=[message(7, 1, content="")]), "chat_messages.content is ''; it may be a text that is not"),
        (create(chatHistory=[message(1, 1)]), "chat_messages.id is 'message-1-1'; it may be one that no"),
        (create(id="session-1", chatHistory=[]), "sessions.id is 'session-1'; it may be one that no other row has."),
        (lambda s: s.create_session("", session(7)), "workspace_path is ''; it may be the path of a folder."),
        (lambda s: s.create_session(HERE, [1]), "A row of sessions is [1]; it may be an object."),
        (lambda s: s.update_session(HERE, {"id": "session-1", "task": None}), "sessions.task is None; it may be"),
        (lambda s: s.update_session(HERE, {"id": "session-1", "status": "won"}), "sessions.status is 'won'; it may be"),
        (lambda s: s.update_session(HERE, {"id": "session-1", "chatHistory": [{}]}), "chat_messages.id is None; it"),
        (lambda s: s.update_session(HERE, {"task": "x"}), "sessions.id is None; it may be a text that is not empty."),
        (lambda s: s.get_session(HERE, 5), "sessions.id is 5; it may be a text that is not empty."),
        (lambda s: s.add_chat_message(HERE, "session-1", message(1, 2)), "chat_messages.id is 'message-1-2'; it"),
        (lambda s: s.add_chat_message(HERE, "session-1", message(1, 8, role="x")), "chat_messages.role is 'x'; it may"),
        (lambda s: s.update_instance_status(HERE, "session-1", 0, "won"), "instances.status is 'won'; it may be"),
    ],
)  # fmt: skip
def test_refused_values(store: WorktreeStore, call: Callable[[WorktreeStore], object], message: str) -> None:
    store.create_session(HERE, session(1))
    with pytest.raises(InvalidRecord) as caught:
        call(store)
    assert message in str(caught.value)
    assert store.get_all_sessions(HERE) == [session(1)]


def test_of_many_sessions_all_or_none_go_in(store: WorktreeStore) -> None:
    with pytest.raises(InvalidRecord, match=r"Row 1: sessions.type is 'x'"):
        store.batch_create_sessions(HERE, [session(1), session(2, type="x"), session(3)])
    with pytest.raises(InvalidRecord, match=r"chat_messages.id .* no other row has"):
        store.batch_create_sessions(HERE, [session(1), session(2, chatHistory=[message(1, 1)])])
    assert store.get_all_sessions(HERE) == []
    assert store.batch_create_sessions(HERE, []) == 0


def test_a_refused_call_spoils_the_transaction_that_it_is_part_of(store: WorktreeStore) -> None:
    def work() -> None:
        with store.transaction():
            store.create_session(HERE, session(1))
            with suppress(InvalidRecord):
                store.update_session(HERE, {"id": "session-1", "status": "failed", "instances": [{}]})

    with pytest.raises(StoreError, match="nothing of it was kept"):
        work()
    assert store.get_all_sessions(HERE) == []


def test_a_workspace_goes_by_its_path_or_its_hash(store: WorktreeStore, tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    store.create_session(folder, session(1))
    store.create_session(link, session(2))
    assert [each["id"] for each in store.get_all_sessions(link)] == ["session-2", "session-1"]
    ((path, digits),) = rows(store, "SELECT workspace_path, workspace_hash FROM workspaces")
    assert path == str(folder)
    assert len(store.get_all_sessions(digits)) == 2


def test_a_workspace_known_by_its_hash_gets_its_path(store: WorktreeStore) -> None:
    store.create_session("7a029fd580dc2159", session(1))
    assert store.get_session("/nowhere/project", "session-1") == session(1)
    store.create_session("/nowhere/project/", session(2))
    assert rows(store, "SELECT workspace_path FROM workspaces") == [("/nowhere/project/",)]
    assert len(store.get_all_sessions("/nowhere/project")) == 2


def test_sessions_come_newest_first_however_their_times_are_written(store: WorktreeStore) -> None:
    times = [
        "2025-01-13T10:00:00Z",
        "2025-01-13T18:59:00+09:00",
        "2025-01-13T10:00:00.000000001+00:00",
        "2024-12-31 23:59:59",
    ]
    store.batch_create_sessions(HERE, [small(number, updatedAt=time) for number, time in enumerate(times)])
    assert [each["id"][-1] for each in store.get_all_sessions(HERE)] == ["2", "0", "1", "3"]
    assert [each["id"][-1] for each in store.search_sessions(HERE)] == ["2", "0", "1", "3"]


@pytest.fixture
def several(store: WorktreeStore) -> WorktreeStore:
    store.batch_create_sessions(HERE, [session(number, evaluation=number) for number in range(1, 5)])
    store.batch_create_sessions(HERE, [small(8, status="round_2", task="Find the maze"), small(9, task="a_maze!")])
    store.create_session(THERE, session(11))
    return store


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (None, [9, 8, 4, 3, 2, 1]),
        ({"session_type": None, "search_query": None, "status": None}, [9, 8, 4, 3, 2, 1]),
        ({"session_type": "competition"}, [4, 3, 2, 1]),
        ({"session_type": ["debate", "ensemble"]}, [9, 8]),
        ({"session_type": "ensemble"}, []),
        ({"status": ["running"]}, [9, 8]),
        ({"status": ["completed", "failed"], "session_type": ["competition"], "limit": 2, "offset": 1}, [3, 2]),
        ({"limit": 2}, [9, 8]),
        ({"offset": 5}, [1]),
        ({"offset": 50}, []),
        ({"date_from": "2025-01-04"}, [9, 8, 4, 3]),
        ({"date_to": "2025-01-03"}, [2, 1]),
        ({"date_from": date(2025, 1, 3), "date_to": date(2025, 1, 4)}, [3, 2]),
        ({"date_from": "2025-01-03T10:00:00.001Z", "date_to": "2025-01-04T10:00:00Z"}, [2]),
        ({"date_from": datetime(2025, 2, 1, 10, 0, 9, tzinfo=UTC)}, [9]),
        ({"date_from": "2025-02-01T19:00:09+09:00"}, [9]),
        ({"search_query": "SORT"}, [4, 3, 2, 1]),
        ({"search_query": "maze find"}, [8]),
        ({"search_query": "maze"}, [9, 8]),
        ({"search_query": "about 3"}, [3]),
        ({"search_query": "session-2"}, [2]),
        ({"search_query": "session"}, []),
        ({"search_query": HOSTILE}, []),
        ({"search_query": ""}, []),
    ],
)
def test_a_search_binds_its_filters(several: WorktreeStore, filters: Session | None, numbers: list[int]) -> None:
    found = several.search_sessions(HERE, filters)
    assert [each["id"] for each in found] == [f"session-{number}" for number in numbers]
    assert found == [several.get_session(HERE, each["id"]) for each in found]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"colour": 1}, "no filter 'colour'. There are: session_type, status, date_from"),
        ({"status": "round_1"}, "status is 'round_1'; it may be 'running', 'completed', 'failed', 'paused'."),
        ({"status": [HOSTILE]}, "status is "),
        ({"session_type": 5}, "session_type is 5; it may be 'competition'"),
        ({"date_from": "yesterday"}, "date_from is 'yesterday'; it may be a date, or a time in ISO 8601."),
        ({"date_to": 5}, "date_to is 5; it may be"),
        ({"search_query": 5}, "search_query is 5; it may be a text."),
        ({"limit": 0}, "limit is 0; it may be a whole number from 1 to 10,000."),
        ({"offset": -1}, "offset is -1; it may be a whole number, 0 or more."),
        ("door", "filters is 'door'; it may be a mapping with some of session_type, status, date_from, date_to"),
    ],
)
def test_filters_that_do_not_hold(store: WorktreeStore, filters: Any, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        store.search_sessions(HERE, filters)
    assert message in str(caught.value)


def test_dates_are_compared_however_they_are_written(store: WorktreeStore) -> None:
    store.batch_create_sessions(HERE, dated())
    for filters, numbers in DATED:
        found = store.search_sessions(HERE, filters)
        assert "".join(sorted(each["id"][-1] for each in found)) == numbers, filters


def test_a_search_follows_updates(several: WorktreeStore) -> None:
    several.update_session(HERE, {"id": "session-1", "task": "Paint a door", "chatHistory": []})
    several.add_chat_message(HERE, "session-2", message(2, 5, content="Which colour?"))
    assert several.search_sessions(HERE, {"search_query": "Sort 1"}) == []
    assert [each["id"] for each in several.search_sessions(HERE, {"search_query": "door"})] == ["session-1"]
    assert [each["id"] for each in several.search_sessions(HERE, {"search_query": "colour"})] == ["session-2"]


def test_any_number_of_sessions_takes_the_same_number_of_queries(
    store: WorktreeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    run = store._database.run

    def noted(text: str, values: Sequence[Any] = (), *, reads: bool = False) -> Done:
        queries.append(text)
        return run(text, values, reads=reads)

    monkeypatch.setattr(store._database, "run", noted)

    def counts() -> list[int]:
        found = []
        for read in (store.get_all_sessions, store.search_sessions, lambda here: store.get_session(here, "session-1")):
            queries.clear()
            read(HERE)
            found.append(len(queries))
        return found

    def counts_of_three() -> list[list[int]]:
        """Count when nothing is known, when all was read once, and when it was read twice."""
        store._reader._documents = DocumentReader()
        return [counts() for _ in range(3)]

    store.batch_create_sessions(HERE, [session(number) for number in range(1, 21)])
    few = counts_of_three()
    store.batch_create_sessions(HERE, [session(number) for number in range(21, 101)])
    assert counts_of_three() == few == [[3, 4, 1], [1, 2, 1], [1, 2, 1]]
    run("DELETE FROM session_documents")
    without = counts_of_three()
    run("DELETE FROM sessions WHERE id <> 'session-1'")
    assert without == counts_of_three() == [[7, 8, 5]] * 3
    store.batch_create_sessions(HERE, [session(number) for number in range(2, 101)])
    assert len(store.search_sessions(HERE, {"limit": 500})) == 100
    assert len(store.get_all_sessions(HERE)) == 100


def test_threads_share_a_new_workspace_and_a_session(store: WorktreeStore) -> None:
    def work(number: int) -> None:
        store.create_session(HERE, session(number))
        if number == 1:
            started.set()
        assert started.wait(30)
        for place in range(5):
            store.add_chat_message(HERE, "session-1", message(100 + number, place))
            store.update_session(HERE, {"id": "session-1", f"key {number}": place})

    started = Event()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(1, 7)))
    assert len(store.get_all_sessions(HERE)) == 6
    found = store.get_session(HERE, "session-1")
    assert found is not None
    assert {each["id"] for each in found["chatHistory"][2:]} == {
        f"message-{100 + number}-{place}" for number in range(1, 7) for place in range(5)
    }
    assert [found[f"key {number}"] for number in range(1, 7)] == [4] * 6


BOTH, FIRST = [False, False], [False, True]
MESSAGE = "INSERT INTO chat_messages (id, session_id, role, content, timestamp)"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("UPDATE sessions SET model = 'other' WHERE id = 'session-1'", FIRST),
        ("UPDATE instances SET status = 'failed' WHERE instance_id = 1", BOTH),
        ("DELETE FROM instances WHERE session_id = 'session-1'", FIRST),
        ("INSERT INTO session_runtime_mix (session_id, runtime) VALUES ('session-1', 'new')", FIRST),
        ("DELETE FROM session_runtime_mix WHERE runtime = 'zeta'", BOTH),
        ("UPDATE chat_messages SET content = 'other' WHERE id = 'message-1-1'", FIRST),
        ("DELETE FROM chat_messages", BOTH),
        (f"{MESSAGE} VALUES ('m', 'session-1', 'user', 'x', 'y')", FIRST),
    ],
)
def test_what_another_program_changes_is_seen(store: WorktreeStore, change: str, same: list[bool]) -> None:
    store.batch_create_sessions(HERE, [session(1), session(2)])
    store._database.run(change)
    found = {each["id"]: each for each in store.get_all_sessions(HERE)}
    assert [found[f"session-{number}"] == session(number) for number in (1, 2)] == same
    assert [store.get_session(HERE, identity) for identity in found] == list(found.values())


def test_a_lab_reads_it_as_it_reads_the_json(store: WorktreeStore, tmp_path: Path) -> None:
    given = [session(1), session(2, status="failed"), small(3, status="round_2")]
    file = tmp_path / "7a029fd580dc2159.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    store.batch_create_sessions("/nowhere/project", given)
    with Lab() as lab:
        lab.load(file, name="json")
        report = lab.load(store, name="store")
        assert report.rejected == 0
        for table, but in (("sessions", ""), ("attempts", ""), ("messages", ", seq")):
            select = f"SELECT * EXCLUDE (source{but}) FROM {table} WHERE source = $source ORDER BY ALL"
            json_rows, store_rows = (lab.sql(select, source=name).fetchall() for name in ("json", "store"))
            assert store_rows == json_rows
            assert len(json_rows) == {"sessions": 3, "attempts": 4, "messages": 4}[table]
