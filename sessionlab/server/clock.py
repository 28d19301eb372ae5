"""A clock that stops what a connection does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AGAIN_SECONDS = 0.05


@contextmanager
def stopping(connection: DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    """Interrupt whatever a connection does after so many seconds, again and again until the block ends.

    Gives what is set once the time is over.
    """
    over, ended = threading.Event(), threading.Event()

    def watch() -> None:
        if ended.wait(seconds):
            return
        over.set()
        while not ended.wait(_AGAIN_SECONDS):
            connection.interrupt()

    watcher = threading.Thread(target=watch, name="sessionlab-clock", daemon=True)
    watcher.start()
    try:
        yield over
    finally:
        ended.set()
        watcher.join()  # what the connection does next is not to be interrupted
