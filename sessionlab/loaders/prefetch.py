"""Doing two things at once: making the next item in a thread, while the one before is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_PATIENCE = 0.1
"""Seconds after which the making is told to stop once more."""


@contextmanager
def prefetched(items: Iterator[T], stop: Callable[[], None]) -> Iterator[Iterator[T]]:
    """Give items, none of them None, the next of which is made in a thread meanwhile.

    Args:
        items: Where they come from. Only the thread touches it.
        stop: Breaks off the making of an item that nobody wants any more, as something has failed; said until it ends.

    >>> with prefetched(iter("abc"), stop=lambda: None) as letters:
    ...     "".join(letters)
    'abc'
    """
    coming: list[Future[T | None]] = []
    with ThreadPoolExecutor(1, thread_name_prefix="sessionlab-prefetch") as pool:
        try:
            yield _one_ahead(items, pool, coming)
        except BaseException:
            stop()
            while wait(coming, _PATIENCE).not_done:
                stop()
            raise


def _one_ahead(items: Iterator[T], pool: ThreadPoolExecutor, coming: list[Future[T | None]]) -> Iterator[T]:
    """Give the items; the one that is being made stands in ``coming``."""
    coming[:] = [pool.submit(next, items, None)]
    while (item := coming[0].result()) is not None:
        coming[:] = [pool.submit(next, items, None)]
        yield item
