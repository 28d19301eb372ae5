"""Times of worktree sessions: kept as whoever wrote them, and refused where they are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionlab import InvalidRecord, Lab, WorktreeStore, open_store
from sessionlab.stores import export_to_json, migrate_from_json
from tests.stores.worktrees import Session, session, small

HERE, NAME = "/nowhere/project", "7a029fd580dc2159.json"
TIMES = [
    "2025-07-11T19:11:52.380Z",
    "2025-07-11T19:11:52.380589123+00:00",
    "2025-07-11T19:11:52.380589123456789Z",
    "2025-07-12 08:00:00",
    "2025-07-12T17:30:00+09:00",
    "2025-07-12T17:30+0900",
    "2025-07-12",
    "20250712T100000Z",
    "2025-W28-6",
    "2025-07-12T04:30:00,5-05:30",
    " 2025-07-12T08:00:00Z\n",
    "2025-07-12T08:00:00 Z",
    "2025-7-2 8:05:06 UTC",
    "2025-07-12T24:00:00Z",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59Z",
    "1752300000",
    "1752300000.5",
    "1752300000123",
]
ODD = [
    "yesterday",
    "",
    " ",
    "now",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2025-02-30T00:00:00Z",
    "2025-13-01",
    "2025-07-12T25:00:00Z",
    "2025-07-12T08:00:60Z",
    "2025-07-12T08:00:00Z or so",
    "12:00",
]


@pytest.fixture
def store(store_url: str) -> Iterator[WorktreeStore]:
    with open_store("worktree", store_url) as store:
        yield store


def timed(number: int, text: str) -> Session:
    return session(number, createdAt=text, updatedAt=text, completedAt=text)


def write(folder: Path, records: list[Session]) -> Path:
    folder.mkdir()
    (folder / NAME).write_text(json.dumps(records), encoding="utf-8")
    return folder


def test_times_are_kept_as_they_are_written(store: WorktreeStore, tmp_path: Path) -> None:
    given = [timed(number, text) for number, text in enumerate(TIMES)]
    report = migrate_from_json(write(tmp_path / "files", given), store, [HERE])
    assert (report.migrated, report.failed) == (len(TIMES), 0)
    for wanted in given:
        assert store.get_session(HERE, wanted["id"]) == wanted
        assert store.update_session(HERE, wanted) == wanted
    with Lab() as lab:
        assert lab.load(tmp_path / "files" / NAME).rejected == 0


def test_what_is_no_time_is_refused(store: WorktreeStore) -> None:
    store.create_session(HERE, small(1))
    for text in ODD:
        for key, column in (("createdAt", "created_at"), ("updatedAt", "updated_at"), ("completedAt", "completed_at")):
            may_be = "a time in ISO 8601 or None." if key == "completedAt" else "a time in ISO 8601."
            for call in (
                lambda: store.create_session(HERE, small(2, **{key: text})),  # noqa: B023
                lambda: store.batch_create_sessions(HERE, [small(3), small(2, **{key: text})]),  # noqa: B023
                lambda: store.update_session(HERE, {"id": "session-1", "task": "x", key: text}),  # noqa: B023
            ):
                with pytest.raises(InvalidRecord) as caught:
                    call()
                assert str(caught.value) == f"sessions.{column} is {text!r}; it may be {may_be}"
    assert store.get_all_sessions(HERE) == [small(1)]


def test_what_is_no_time_is_set_aside_whole(store: WorktreeStore, tmp_path: Path) -> None:
    odd = [timed(number, text) for number, text in enumerate(ODD, 1)]
    files = write(tmp_path / "files", [session(0), *odd])
    for _ in range(2):
        report = migrate_from_json(files, store, [HERE])
        assert report.failed == len(ODD)
    assert store.get_all_sessions(HERE) == [session(0)]
    assert [note.place for note in report.errors] == list(range(1, len(ODD) + 1))
    assert report.errors[0].reason == "sessions.created_at is 'yesterday'; it may be a time in ISO 8601."
    export_to_json(store, tmp_path / "back")
    assert json.loads((tmp_path / "back" / NAME).read_text(encoding="utf-8")) == [session(0), *odd]
    with Lab() as lab:
        assert lab.load(files / NAME).rejected == len(ODD)


def test_a_session_that_has_none_already_can_be_changed(store: WorktreeStore) -> None:
    store.create_session(HERE, small(1))
    store._database.run("UPDATE sessions SET completed_at = 'soon'")
    found = store.update_session(HERE, {"id": "session-1", "task": "Another one"})
    assert (found["task"], found["completedAt"]) == ("Another one", "soon")
