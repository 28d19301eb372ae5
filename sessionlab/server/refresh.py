"""Keeping a lab up to date while it is served: what changed at the sources is loaded again, every so often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
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
        failed = [said for store in list(self._stores) if (said := self._first(store))]
        try:
            failed += self._lab.refresh().failed
        except SessionlabError as error:
            failed.append(str(error))
        except Exception:  # a thread that dies in silence would leave the page behind for ever
            _log.exception("a refresh failed")
            failed.append("The refresh failed; the log says more.")
        for said in failed:
            _log.warning("refresh: %s", said)
        return failed

    def _first(self, store: Store) -> str | None:
        """Load a store for the first time; the refreshes that follow know it."""
        try:
            self._lab.load(store)
        except SessionlabError as error:
            return str(error)
        self._stores.remove(store)
        return None
