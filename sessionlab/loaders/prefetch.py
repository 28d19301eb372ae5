"""Doing two things at once: making the next item in a thread, while the one before is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def prefetched(items: Iterator[T], stop: Callable[[], None]) -> Iterator[Iterator[T]]:
    """Give items, none of them None, the next of which is made in a thread meanwhile.

    Args:
        items: Where they come from. Only the thread touches it.
        stop: Breaks off the making of an item that nobody wants any more, as something has failed.

    >>> with prefetched(iter("abc"), stop=lambda: None) as letters:
    ...     "".join(letters)
    'abc'
    """
    with ThreadPoolExecutor(1, thread_name_prefix="sessionlab-prefetch") as pool:
        try:
            yield _one_ahead(items, pool)
        except BaseException:
            stop()
            raise


def _one_ahead(items: Iterator[T], pool: ThreadPoolExecutor) -> Iterator[T]:
    coming = pool.submit(next, items, None)
    while (item := coming.result()) is not None:
        coming = pool.submit(next, items, None)
        yield item
