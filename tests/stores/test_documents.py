"""Documents that are read again and again: always what the text says, always new objects, and no more than fit."""

from __future__ import annotations

import json

import pytest

from sessionlab.stores import documents
from sessionlab.stores.documents import DocumentReader
from tests.stores.worktrees import session

ROWS = [(f"session-{number}", json.dumps(session(number, odd=[10**30, "\ud800\0", -0.0]))) for number in range(50)]


def test_each_time_the_same_is_read_and_is_new() -> None:
    reader = DocumentReader()
    for _ in range(4):
        found = reader.read(ROWS)
        assert found == [json.loads(text) for _, text in ROWS]
        for each in found:
            each["instances"][0]["status"] = "spoiled"
            each.clear()


def test_a_new_text_is_read() -> None:
    reader = DocumentReader()
    for _ in range(3):
        reader.read(ROWS)
    changed = [(ROWS[0][0], '{"id": "session-0"}'), *ROWS[1:]]
    for _ in range(3):
        assert reader.read(changed)[0] == {"id": "session-0"}
        assert reader.read(changed[::-1])[-2] == json.loads(ROWS[1][1])
    assert reader.read([]) == []


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    most = sum(len(text) for _, text in ROWS[:10])
    monkeypatch.setattr(documents, "_MOST", most)
    reader = DocumentReader()
    for first in (0, 5, 20, 0, 0, 0):
        assert reader.read(ROWS[first : first + 10]) == [json.loads(text) for _, text in ROWS[first : first + 10]]
        assert 0 < sum(len(text) for text, _ in reader._kept.values()) == reader._size <= most
    assert reader.read(ROWS) == [json.loads(text) for _, text in ROWS]
    assert len(reader._kept) <= 10
