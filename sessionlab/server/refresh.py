"""Keeping a lab up to date while it is served: what changed at the sources is loaded again, every so often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

from sessionlab.errors import SessionlabError
from sessionlab.lab import Lab
from sessionlab.stores.base import Store

_log = logging.getLogger(__name__)


class Refresher:
    """A thread that refreshes a lab; stores that are served are sources of it as well.

    Attributes:
        last: How the last refresh went: ``at``, and what ``failed``; None before the first.
    """

    def __init__(self, lab: Lab, stores: Sequence[Store], seconds: float) -> None:
        self.last: dict[str, Any] | None = None
        self._lab, self._stores, self._seconds = lab, list(stores), seconds
        self._names: dict[Store, str] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sessionlab-refresh", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a refresh that goes on is waited for, as it is all or nothing."""
        self._end.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while True:
            self.last = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "failed": self._once()}
            if self._end.wait(self._seconds):
                return

    def _once(self) -> list[str]:
        """Refresh, and say what failed; whatever that is, the next time may be better."""
        failed = [*chain.from_iterable(self._tried(partial(self._first, store)) for store in self._stores)]
        failed += self._tried(lambda: self._lab.refresh().failed)
        for said in failed:
            _log.warning("refresh: %s", said)
        return failed

    def _tried(self, what: Callable[[], Iterable[str]]) -> Iterable[str]:
        """Do something, which says what failed of it, or fails as a whole."""
        try:
            return what()
        except SessionlabError as error:
            return [str(error)]
        except Exception:  # a thread that dies in silence would leave the page behind for ever
            _log.exception("a refresh failed")
            return ["The refresh failed; the log says more."]

    def _first(self, store: Store) -> Iterable[str]:
        """Load a store that the lab does not have, or has no more; the refreshes that follow know it."""
        there = {name for (name,) in self._lab.sql("SELECT source FROM sources").fetchall()}
        if self._names.get(store) not in there:
            self._names[store] = self._lab.load(store).source
        return ()
