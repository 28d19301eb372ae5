"""Making the next item while the one before is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sessionlab.loaders.prefetch import prefetched


def nothing() -> None:
    """Stop nothing."""


def test_the_next_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    with prefetched(items(), nothing) as found:
        assert next(found) == 1
        assert made.wait(30)
        assert list(found) == [2]


def test_what_goes_wrong_in_the_making_is_raised_where_the_item_is_wanted() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    with prefetched(items(), nothing) as found:
        assert next(found) == 1
        with pytest.raises(OSError, match="gone"):
            next(found)


def test_a_failure_stops_the_making() -> None:
    """Else nobody would come out before the next item was made."""
    stopped = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        stopped.wait(30)

    def use() -> None:
        with prefetched(items(), stopped.set) as found:
            assert next(found) == 1
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        use()
    assert stopped.is_set()


def test_the_making_is_told_to_stop_until_it_does() -> None:
    """As a query that is just about to begin does not notice the first time."""
    told: list[None] = []
    stopped = threading.Event()

    def stop() -> None:
        told.append(None)
        if len(told) == 3:
            stopped.set()

    def items() -> Iterator[int]:
        yield 1
        stopped.wait(30)

    def use() -> None:
        with prefetched(items(), stop) as found:
            assert next(found) == 1
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        use()
    assert len(told) == 3
