"""Pages of conversations: whatever is added, ended or deleted meanwhile, nothing is lost and nothing doubled."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sessionlab import ConversationStore, QueryError, open_store
from sessionlab.stores.driver import Done
from sessionlab.stores.pages import Page, Place
from tests.stores.conftest import Engine

MOMENT = datetime(2026, 4, 10, 1, 2, 3, 456_789, UTC)
NOBODY = "00000000-0000-7000-8000-000000000000"
ODD_TIMES: list[Any] = [
    "2026-04-10T09:00:00.5+02:00",
    "2026-04-10 07:00:00.500",
    "2026-04-10 07:00:00.500123",
    "2026-04-10T05:00:00Z",
    None,
    None,
    "yesterday",
    "",
    5,
    2460000.5,
    b"\xff\x00",
    "9999-12-31T23:59:59-05:00",
]
"""What other programs may have put where SQLite keeps a time."""

Row = dict[str, Any]


@pytest.fixture
def store(store_url: str) -> Iterator[ConversationStore]:
    with open_store("conversation", store_url) as store:
        yield store


def walk(page: Callable[[Place | None], Page], between: Callable[[list[Row]], object] = len) -> list[list[Row]]:
    """Give all pages; something is done between them."""
    pages: list[list[Row]] = []
    after: Place | None = None
    while after is not None or not pages:
        found = page(after)
        pages.append(found.rows)
        between(found.rows)
        after = found.after
    return pages


def users(pages: list[list[Row]]) -> list[str]:
    return [row["user_id"] for rows in pages for row in rows]


def test_who_deletes_each_page_meets_all(store: ConversationStore) -> None:
    wanted = [f"user {number}" for number in range(23)]
    for user in wanted:
        store.create_session(user)

    def delete(rows: list[Row]) -> None:
        for row in rows:
            store.delete_session(row["session_id"])

    found = walk(lambda after: store.page_sessions(limit=5, after=after), delete)
    assert users(found) == wanted[::-1]
    assert [len(rows) for rows in found] == [5, 5, 5, 5, 3]
    assert store.list_sessions() == []


def test_who_ends_each_active_one_meets_all(store: ConversationStore) -> None:
    for number in range(20):
        store.create_session(f"user {number}")

    def end(rows: list[Row]) -> None:
        for row in rows:
            store.end_session(row["session_id"])

    found = walk(lambda after: store.page_sessions(active=True, limit=5, after=after), end)
    assert users(found) == [f"user {number}" for number in reversed(range(20))]
    assert [len(rows) for rows in found] == [5, 5, 5, 5]
    assert len(store.list_sessions(active=False)) == 20


def test_what_comes_meanwhile_doubles_nothing(store: ConversationStore) -> None:
    for number in range(20):
        store.create_session(f"user {number}")
    found = walk(lambda after: store.page_sessions(limit=6, after=after), lambda _: store.create_session("new"))
    assert users(found) == [f"user {number}" for number in reversed(range(20))]


def test_sessions_of_one_moment_and_of_none_are_told_apart(store: ConversationStore) -> None:
    times = [MOMENT, MOMENT, MOMENT + timedelta(microseconds=1), MOMENT - timedelta(days=1), MOMENT, None, None, None]
    store.insert_sessions({"user_id": f"user {n % 2}", "start_time": time} for n, time in enumerate(times * 4))
    for wanted in ({}, {"user_id": "user 1"}, {"active": True}, {"user_id": "user 0", "active": True}):
        for limit in (1, 3, 32):
            page = walk(lambda after: store.page_sessions(limit=limit, after=after, **wanted))  # noqa: B023
            assert [row for rows in page for row in rows] == store.list_sessions(**wanted)
            assert all(len(rows) == limit for rows in page[:-1])


def test_times_of_other_programs_have_their_place(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with open_store("conversation", path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        session = store.create_session("of messages")
        for number, time in enumerate(ODD_TIMES * 3):
            other.execute(
                "INSERT INTO sessions (session_id, user_id, start_time) VALUES (?, 'u', ?)", [f"s{number}", time]
            )
            row = (f"m{number}", session, "user", str(number), time, None)
            other.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?)", row)
        found = walk(lambda after: store.page_sessions(limit=1, after=after))
        assert [rows[0] for rows in found] == store.list_sessions()
        assert len(found) == 1 + 3 * len(ODD_TIMES)
        said = walk(lambda after: store.page_messages(session, limit=1, after=after))
        assert [rows[0] for rows in said] == store.get_messages(session)
        assert len(said) == 3 * len(ODD_TIMES)


def test_messages_and_contexts_come_in_pages_in_their_order(store: ConversationStore) -> None:
    session, other = store.create_session("one"), store.create_session("other")
    moments = [MOMENT, MOMENT, MOMENT + timedelta(milliseconds=1), None]
    rows = [
        {"timestamp": moment, "metadata": metadata}
        for moment in moments
        for metadata in (None, {"index": 10}, {"index": 9}, {"index": -1}, {"index": 9}, {"index": "x"})
    ]
    random.Random(3).shuffle(rows)
    for number, row in enumerate(rows):
        said = {"session_id": session, "message_role": "user", "content": f"message {number}", **row}
        store.insert_messages([said, {**said, "session_id": other}])
        given = {"session_id": session, "content": f"context {number}", "type": "file", "created_at": row["timestamp"]}
        store.insert_contexts([given, {**given, "session_id": other}])
    for limit in (1, 5, 24):
        messages = walk(lambda after: store.page_messages(session, limit, after))  # noqa: B023
        assert [row for page in messages for row in page] == store.get_messages(session)
        contexts = walk(lambda after: store.page_contexts(session, limit, after))  # noqa: B023
        assert [row for page in contexts for row in page] == store.get_contexts(session)
        assert len(messages) == len(contexts) == -(-24 // limit)


@pytest.mark.parametrize("limit", [1, 8, 9, 40, 41, 100])
def test_a_page_ends_where_it_is_enough(store: ConversationStore, limit: int) -> None:
    store.insert_sessions({"user_id": f"user {number}"} for number in range(50))
    wanted = store.list_sessions()
    for most in (1, 7, 8, 39, 50, 51):
        seen: list[Row] = []

        def enough(row: Row) -> bool:
            seen.append(row)  # noqa: B023
            return len(seen) % most == 0  # noqa: B023

        found = walk(lambda after: store.page_sessions(limit=limit, after=after, enough=enough))
        assert [row for rows in found for row in rows] == seen == wanted
        assert max(map(len, found)) == min(most, limit, 50)


def test_the_next_row_to_come_belongs_to_the_next_page(store: ConversationStore) -> None:
    assert store.page_sessions() == Page([], None)
    session = store.create_session("one")
    assert [row["user_id"] for row in store.page_sessions(limit=1).rows] == ["one"]
    assert store.page_sessions(limit=1).after is None
    store.create_session("two")
    page = store.page_sessions(limit=1)
    assert (users([page.rows]), page.after is None) == (["two"], False)
    store.delete_session(session)
    assert store.page_sessions(limit=1, after=page.after) == Page([], None)


def test_of_many_messages_only_a_page_is_read(store: ConversationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    session = store.create_session("u")
    store.insert_messages(
        {"session_id": session, "message_role": "user", "content": f"message {number}"} for number in range(50)
    )
    counts: list[int] = []
    run = store._database.run

    def noted(text: str, values: Sequence[Any] = (), *, reads: bool = False) -> Done:
        done = run(text, values, reads=reads)
        counts.append(len(done.rows))
        return done

    monkeypatch.setattr(store._database, "run", noted)
    page = store.page_messages(session, 2)
    assert store.page_messages(session, 2, page.after).rows[0]["content"] == "message 2"
    assert store.get_message(page.rows[0]["conversation_id"]) == page.rows[0]
    assert counts == [3, 3, 1]


def test_one_context_and_one_message(store: ConversationStore) -> None:
    session = store.create_session("u")
    contexts = [store.add_context(session, f"context {number}", "file") for number in range(2)]
    messages = [store.add_message(session, "user", f"message {number}") for number in range(2)]
    assert [store.get_context(each) for each in contexts] == store.get_contexts(session)
    assert [store.get_message(each) for each in messages] == store.get_messages(session)
    assert store.get_message(messages[1], ["content"]) == {"content": "message 1"}
    assert store.get_context(NOBODY) is store.get_message(NOBODY) is None


@pytest.mark.parametrize("odd", [[], {}, "\ud800", 2**64])
def test_what_is_no_place_is_refused(store: ConversationStore, odd: Any) -> None:
    store.insert_sessions([{"user_id": "a"}, {"user_id": "b"}])
    after = store.page_sessions(limit=1).after
    assert after is not None
    no_places: list[Any] = [(), after[1:], (*after, "x"), (*after[:-1], odd), 5, "x" * len(after)]
    for place in no_places:
        with pytest.raises(QueryError):
            store.page_sessions(after=place)


def test_limits_of_pages_are_bounded(store: ConversationStore) -> None:
    session = store.create_session("u")
    for page in (store.page_sessions, lambda limit: store.page_messages(session, limit)):
        with pytest.raises(QueryError, match="limit is 0; it may be a whole number from 1 to 10,000"):
            page(limit=0)


def test_an_index_tells_where_to_go_on(store: ConversationStore, engine: Engine) -> None:
    store.insert_sessions({"user_id": f"user {number % 7}", "start_time": MOMENT} for number in range(5_000))
    after = store.page_sessions(limit=1).after
    store._database.run("ANALYZE")
    for user in (None, "user 3"):
        for place in (None, after):
            assert len(store.page_sessions(user, limit=3, after=place).rows) == 3
    statements = [each for key, each in store._rows["sessions"]._known.items() if key[0] == "page" and key[-1] != ()]
    assert len(statements) == 4
    values = {"user_id": "user 3", "number": 4, **{f"place_{at}": each for at, each in enumerate(after or ())}}
    for statement in statements:
        explain = "EXPLAIN QUERY PLAN " if engine == "sqlite" else "EXPLAIN "
        plan = store._database.run(explain + statement.text, statement.values(values), reads=True).rows
        said = "\n".join(str(row[-1]) for row in plan)
        assert "idx_conversation_" in said
        assert "SORT" not in said.upper(), said
        assert "TEMP B-TREE" not in said
