"""Running the agent that a server is given."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

_log = logging.getLogger(__name__)

Agent = Callable[..., object] | Callable[..., Awaitable[object]]
"""Takes ``prompt``, ``topic``, ``difficulty`` and ``thread_id`` by name, and returns a state."""


class Left(Exception):
    """An agent was left in a way that would end the server with it, or that no thread can tell another of."""


@contextmanager
def _kept_apart() -> Iterator[None]:
    try:
        yield
    except (StopIteration, SystemExit, KeyboardInterrupt) as error:
        raise Left from error


async def run(agent: Agent, given: Mapping[str, str]) -> tuple[object, str | None]:
    """Run an agent: a coroutine here, anything else in a thread, as it takes its time.

    Gives its state and the id of the run that is active then, which MLflow tells only in the thread that began it.
    Raises what the agent raises, and ``Left`` for what would not stay with it.
    """

    def call() -> tuple[object, str | None]:
        with _kept_apart():
            return agent(**given), _run_id()

    waits = inspect.iscoroutinefunction(agent) or inspect.iscoroutinefunction(getattr(agent, "__call__", None))  # noqa: B004
    made, run_id = (agent(**given), None) if waits else await asyncio.to_thread(call)
    with _kept_apart():
        return (await made, _run_id()) if inspect.isawaitable(made) else (made, run_id)


def _run_id() -> str | None:
    """Give the id of MLflow's active run; nobody has one who has not imported MLflow."""
    mlflow = sys.modules.get("mlflow")
    try:
        run = None if mlflow is None else mlflow.active_run()
        return None if run is None else str(run.info.run_id)
    except Exception:  # its trouble must not cost the session
        _log.exception("MLflow does not say which run is active")
        return None
