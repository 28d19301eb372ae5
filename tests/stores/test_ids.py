"""Ids sort in the order in which they were made, and no two are the same."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from sessionlab.stores.ids import new_id


def test_they_are_uuids_of_the_moment() -> None:
    before = time.time()
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before - 0.002 <= (made.int >> 80) / 1000 <= time.time() + 0.002
    assert str(made) == new_id()[:0] + str(uuid.UUID(str(made)))


def test_they_rise() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_they_rise_though_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    assert first < new_id() < new_id()


def test_threads_make_different_ones() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [each for ids in pool.map(lambda _: [new_id() for _ in range(2_000)], range(4)) for each in ids]
    assert len(set(made)) == 8_000
