"""Pages of worktree sessions: whatever changes meanwhile, nothing is doubled, and by creation nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sessionlab import QueryError, WorktreeStore, open_store
from sessionlab.stores import JsonWorktreeStore
from sessionlab.stores.pages import Page, Place
from tests.stores.worktrees import Session, message, small

HERE, THERE = "/home/dev/project", "/home/dev/other"


@pytest.fixture
def store(store_url: str) -> Iterator[WorktreeStore]:
    """A store with twenty sessions here, the later ones with the higher numbers, and one elsewhere."""
    with open_store("worktree", store_url) as store:
        store.batch_create_sessions(HERE, map(small, range(20)))
        store.create_session(THERE, small(40))
        yield store


def walk(
    store: WorktreeStore, between: Callable[[list[Session]], object] = len, limit: int = 6, **filters: Any
) -> list[str]:
    """Give the ids on all pages; something is done between them."""
    ids: list[str] = []
    after: Place | None = None
    while after is not None or not ids:
        page = store.page_sessions(HERE, {**filters, "limit": limit}, after)
        assert page.rows == [store.get_session(HERE, row["id"]) for row in page.rows]
        ids += [row["id"] for row in page.rows]
        between(page.rows)
        after = page.after
    return ids


def named(*numbers: int) -> list[str]:
    return [f"session-{number}" for number in numbers]


ALL = named(*reversed(range(20)))


@pytest.mark.parametrize("order", ["changed", "created"])
def test_who_changes_or_deletes_each_page_meets_all(store: WorktreeStore, order: str) -> None:
    def say(rows: list[Session]) -> None:
        for row in rows:
            store.add_chat_message(HERE, row["id"], message(row["createdAt"], 1))

    def complete(rows: list[Session]) -> None:
        for row in rows:
            store.update_session(HERE, {"id": row["id"], "status": "completed"})

    def delete(rows: list[Session]) -> None:
        for row in rows:
            store.delete_session(HERE, row["id"])

    assert walk(store, say, order=order) == ALL
    assert sorted(walk(store, complete, order=order, status="running")) == sorted(ALL)
    assert sorted(walk(store, delete, order=order)) == sorted(ALL)
    assert store.get_all_sessions(HERE) == []
    assert store.get_all_sessions(THERE) == [small(40)]


def test_a_change_between_pages_doubles_nothing(store: WorktreeStore) -> None:
    numbers = iter([19, 3, 0, 18])

    def say(_: object) -> None:
        number = next(numbers)
        store.add_chat_message(HERE, f"session-{number}", message(number, 1))

    assert walk(store, say) == named(*(number for number in reversed(range(20)) if number not in {3, 0}))
    front = store.page_sessions(HERE, {"limit": 4}).rows
    assert {row["id"] for row in front} == set(named(18, 0, 3, 19))


def test_by_creation_nothing_is_lost_either(store: WorktreeStore) -> None:
    numbers = iter(range(100))

    def say(_: object) -> None:
        number = next(numbers)
        store.add_chat_message(HERE, f"session-{number}", message(number, 1))
        store.create_session(HERE, small(41 + number))

    assert walk(store, say, order="created", limit=5) == ALL
    assert walk(store, order="created") == [*named(*reversed(range(41, 45))), *ALL]


def test_pages_of_what_is_asked_for(store: WorktreeStore) -> None:
    moved = {"id": "session-7", "createdAt": "2025-02-01T10:00:30.5+00:00"}
    store.update_session(HERE, {**moved, "task": "Walk a dog", "updatedAt": "2025-01-31T10:00:00Z"})
    assert walk(store, search_query="debate", limit=2) == [each for each in ALL if each != "session-7"]
    assert walk(store)[-1] == walk(store, order="created")[0] == "session-7"
    assert walk(store, date_from="2025-02-01T10:00:18Z", limit=1) == named(19, 18, 7)
    assert [each["id"] for each in store.search_sessions(HERE, {"order": "created", "limit": 2})] == named(7, 19)
    assert store.page_sessions(HERE, {"status": "failed"}) == Page([], None)
    assert store.page_sessions(THERE, {"limit": 1}) == Page([small(40)], None)


def test_times_however_they_are_written_have_their_place(store: WorktreeStore) -> None:
    times = [
        "2025-03-01T10:00:00Z",
        "2025-03-01T19:00:00.000000001+09:00",
        "2025-03-01 10:00:00",
        "2025-03-01T10:00:00.1Z",
    ]
    store.batch_create_sessions(HERE, [small(50 + n, updatedAt=time, createdAt=time) for n, time in enumerate(times)])
    wanted = [*named(53, 51, 52, 50), *ALL]
    for limit in (1, 2, 3, 24, 25):
        assert walk(store, limit=limit) == walk(store, limit=limit, order="created") == wanted


@pytest.mark.parametrize("most", [1, 3, 8, 20])
def test_a_page_ends_where_it_is_enough(store: WorktreeStore, most: int) -> None:
    seen: list[str] = []

    def enough(row: Session) -> bool:
        seen.append(row["id"])
        return len(seen) % most == 0

    page, sizes = store.page_sessions(HERE, enough=enough), []
    sizes.append(len(page.rows))
    while page.after is not None:
        page = store.page_sessions(HERE, after=page.after, enough=enough)
        sizes.append(len(page.rows))
    assert seen == ALL
    assert sizes[:-1] == [most] * (len(sizes) - 1)


def test_what_has_gone_while_a_page_is_read_is_left_out(store: WorktreeStore) -> None:
    def enough(row: Session) -> bool:
        if row["id"] == "session-19":
            for number in range(1, 12):
                store.delete_session(HERE, f"session-{number}")
        return False

    page = store.page_sessions(HERE, {"limit": 20}, enough=enough)
    # Some are read at once before any is told; what would come then is gone.
    assert [row["id"] for row in page.rows] == named(*reversed(range(8, 20)), 0)
    assert page.after is None


@pytest.mark.parametrize(
    ("filters", "after", "message"),
    [
        ({}, (), r"The list has no place \(\)"),
        ({}, ("2025", 1), r"The list has no place \('2025', 1\); take the one that a page gave"),
        ({}, ("2025", "a", "b"), "The list has no place"),
        ({"offset": 3}, None, "offset is 3; a page goes on after a place, so leave it out"),
        ({"order": "shuffled"}, None, "order is 'shuffled'; it may be 'changed', 'created'"),
        ({"order": []}, None, "order is"),
    ],
)
def test_what_no_page_can_have(store: WorktreeStore, filters: Session, after: Place | None, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        store.page_sessions(HERE, filters, after)


def test_json_files_are_ordered_by_creation_too(tmp_path: Any) -> None:
    with JsonWorktreeStore(tmp_path) as store:
        store.batch_create_sessions(HERE, map(small, range(3)))
        store.update_session(HERE, {"id": "session-0", "updatedAt": "2026-01-01T00:00:00Z"})
        for order, wanted in (("changed", named(0, 2, 1)), ("created", named(2, 1, 0))):
            assert [each["id"] for each in store.search_sessions(HERE, {"order": order})] == wanted
