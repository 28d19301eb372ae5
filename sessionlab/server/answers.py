"""Answers about a lab that are made once for each of its states."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from sessionlab.errors import NotFound
from sessionlab.lab import Lab
from sessionlab.server.sandbox import Limits, Sandbox

T = TypeVar("T")

KEPT_BYTES = 64_000_000
"""How many bytes of answers are kept."""

_THREADS = 4


@dataclass(frozen=True)
class Answer:
    """A body and what it is."""

    body: bytes
    media_type: str = "application/json"
    name: str | None = None

    @cached_property
    def etag(self) -> str:
        """Give the tag that tells this body from others."""
        return f'"{hashlib.blake2b(self.body, digest_size=12).hexdigest()}"'

    def to(self, request: Request) -> Response:
        """Answer a request: with the body, or by saying that it is as before."""
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        if self.name is not None:
            headers["Content-Disposition"] = f'attachment; filename="{self.name}"'
        return Response(self.body, headers=headers, media_type=self.media_type)


class LabDesk:
    """A lab that is served: its questions are worked on in threads of its own, and its answers kept.

    An answer is kept until the lab changes, or others need the room. Who asks what is being worked on waits for that.
    """

    def __init__(self, lab: Lab, limits: Limits | None = None) -> None:
        self.lab = lab
        self.sandbox = Sandbox(lab, limits)
        self._threads = ThreadPoolExecutor(_THREADS, "sessionlab-desk")
        self._sql = ThreadPoolExecutor(self.sandbox.limits.processes + 2, "sessionlab-sql")
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._size = 0
        self._running: dict[Hashable, asyncio.Task[Answer]] = {}

    async def answer(self, question: Hashable, make: Callable[[], Answer]) -> Answer:
        """Give the answer to a question, made by ``make`` unless it is known.

        Args:
            question: What tells the question from others.
            make: Called in a thread.
        """
        key = (self.lab.snapshot, question)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._made(key, make))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _made(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        made = await self.work(make)
        self._kept[key] = made
        self._size += len(made.body)
        while self._size > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.body)
        return made

    async def work(self, make: Callable[[], T]) -> T:
        """Do something in a thread of the lab's."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, make)

    async def ask(self, make: Callable[[], T]) -> T:
        """Do something in a thread of those that wait for SQL."""
        return await asyncio.get_running_loop().run_in_executor(self._sql, make)

    def close(self) -> None:
        """End threads and processes; the lab stays open."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._sql.shutdown(wait=False, cancel_futures=True)
        self.sandbox.close()


async def desk(request: Request) -> LabDesk:
    """Give the lab that is served.

    Raises:
        NotFound: there is none.
    """
    found: LabDesk | None = request.app.state.desk
    if found is None:
        raise NotFound("No lab is served here. Start the server with --lab, or create_app(lab).")
    return found
