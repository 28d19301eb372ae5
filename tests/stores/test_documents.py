"""Documents that are read again and again: always what the text says, always new objects, and no more than fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from sessionlab import InvalidRecord, WorktreeStore
from sessionlab.stores import documents
from sessionlab.stores.documents import DocumentReader, digest, document_row
from tests.stores.worktrees import session

TEXTS = [json.dumps(session(number, odd=[10**30, "\ud800\0", -0.0])) for number in range(50)]
ROWS = [(f"session-{number}", digest(json.loads(text)), text) for number, text in enumerate(TEXTS)]


def known(reader: DocumentReader, rows: list[tuple[str, str, str]]) -> list[Any]:
    return [reader.known(session_id, current) for session_id, current, _ in rows]


def test_what_was_read_twice_is_known_and_new_each_time() -> None:
    reader = DocumentReader()
    assert known(reader, ROWS) == [None] * 50
    assert reader.read(ROWS) == list(map(json.loads, TEXTS))
    assert known(reader, ROWS) == [None] * 50
    assert reader.read(ROWS) == list(map(json.loads, TEXTS))
    for _ in range(3):
        found = known(reader, ROWS)
        assert found == list(map(json.loads, TEXTS))
        for each in found:
            each["instances"][0]["status"] = "spoiled"
            each.clear()


def test_what_was_read_among_a_few_is_known_at_once() -> None:
    reader = DocumentReader()
    reader.read(ROWS[:3])
    assert known(reader, ROWS[:4]) == [*map(json.loads, TEXTS[:3]), None]
    assert [reader.knows(session_id, current) for session_id, current, _ in ROWS[:4]] == [True, True, True, False]


def test_what_has_another_digest_is_not_known() -> None:
    reader = DocumentReader()
    for _ in range(2):
        reader.read(ROWS)
    assert reader.known("session-0", "another") is None
    assert reader.known("session-0", None) is None
    assert reader.known("session-99", ROWS[0][1]) is None
    assert reader.read([("session-0", "another", "{}")]) == [{}]
    assert reader.known("session-0", ROWS[0][1]) is None
    assert reader.read([]) == []


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    most = sum(map(len, TEXTS[:10]))
    monkeypatch.setattr(documents, "_MOST", most)
    reader = DocumentReader()
    for first in (0, 5, 20, 0, 0, 0):
        assert reader.read(ROWS[first : first + 10]) == list(map(json.loads, TEXTS[first : first + 10]))
        assert 0 < sum(size for _, _, size in reader._kept.values()) == reader._size <= most
    assert reader.read(ROWS) == list(map(json.loads, TEXTS))
    assert len(reader._kept) <= 10


class Status(Enum):
    RUNNING = "running"


def test_what_the_columns_take_stands_in_the_document_as_they_have_it(tmp_path: Path) -> None:
    given = session(status=Status.RUNNING, other=MappingProxyType({"status": Status.RUNNING}))
    with WorktreeStore(tmp_path / "store.db") as store:
        store.create_session("/here", MappingProxyType(given))
        wanted = {**given, "status": "running", "other": {"status": "running"}}
        assert store.get_session("/here", "session-1") == wanted
        assert store.update_session("/here", {"id": "session-1"}) == wanted
        assert store.verify().problems == ()


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


DEEP = nested(5_000)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"other": object()}, r"sessions\.extra is .*object.*; it may be what JSON can hold"),
        ({"other": DEEP}, r"sessions\.extra is a dict that is nested too deeply; it may be what JSON can hold"),
    ],
)
def test_what_no_document_can_hold(tmp_path: Path, other: dict[str, Any], message: str) -> None:
    with WorktreeStore(tmp_path / "store.db") as store:
        with pytest.raises(InvalidRecord, match=message):
            store.create_session("/here", session(**other))
        assert store.get_all_sessions("/here") == []
    with pytest.raises(InvalidRecord, match=r"^A session is .* it may be what JSON can hold: "):
        document_row("session-1", other)


def test_a_session_that_is_nested_too_deep_is_refused_before_it_makes_a_list_unreadable(store_url: str) -> None:
    """Python reads what is nested 900 deep as long as it is not called from somewhere deep itself."""
    with WorktreeStore(store_url) as store:
        store.create_session("/here", session(1, other=nested(499)))
        for depth in (500, 900):
            wanted = r"sessions\.extra is .* may be what JSON can hold or None, nested 500 deep at most\.$"
            with pytest.raises(InvalidRecord, match=wanted):
                store.create_session("/here", session(2, other=nested(depth)))
            with pytest.raises(InvalidRecord, match=wanted):
                store.update_session("/here", {"id": "session-1", "other": nested(depth)})
        assert from_deep(300, lambda: store.get_all_sessions("/here")) == [session(1, other=nested(499))]


def from_deep(frames: int, work: Callable[[], Any]) -> Any:
    return from_deep(frames - 1, work) if frames else work()


def test_many_brackets_are_not_deep(store_url: str) -> None:
    with WorktreeStore(store_url) as store:
        wide = [[number, "[[[{{{"] for number in range(1_000)]
        store.create_session("/here", session(1, other=wide))
        (found,) = store.get_all_sessions("/here")
        assert found["other"] == wide
