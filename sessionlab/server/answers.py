"""Answers about a lab that are made once for each of its states."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
from starlette.requests import Request
from starlette.responses import Response

from sessionlab.errors import NotFound, QueryError
from sessionlab.lab import Lab
from sessionlab.server.clock import stopping
from sessionlab.server.problems import Refused
from sessionlab.server.process import LOOK_SECONDS
from sessionlab.server.sandbox import Busy, Limits, Result, Sandbox, Stopped
from sessionlab.server.tags import is_known, tag_of
from sessionlab.server.where import is_cheap, moment

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

Ask = Callable[..., "DuckDBPyRelation"]
"""Runs SQL in the lab, as ``Lab.sql`` does, with values for its ``$name`` by name."""

T = TypeVar("T")

KEPT_BYTES = 64_000_000
"""How many bytes of answers are kept."""

_THREADS = 4
_WAITING = 16
"""How many questions may wait for a process; for each of them waits a thread."""


@dataclass(frozen=True)
class Answer:
    """A body and what it is."""

    body: bytes
    media_type: str = "application/json"
    name: str | None = None

    @cached_property
    def etag(self) -> str:
        """Give the tag that tells this body from others."""
        return tag_of(self.body)

    def to(self, request: Request) -> Response:
        """Answer a request: with the body, or by saying that it is as before."""
        headers = {"ETag": self.etag, "Cache-Control": "no-cache"}
        if is_known(request, self.etag):
            return Response(status_code=304, headers=headers)
        if self.name is not None:
            headers["Content-Disposition"] = f'attachment; filename="{self.name}"'
        return Response(self.body, headers=headers, media_type=self.media_type)


class LabDesk:
    """A lab that is served: its questions are worked on in threads of its own, and its answers kept.

    An answer is kept until the lab changes, or others need the room. Who asks what is being worked on waits for that.
    A caller's condition is run with the limits of any SQL: here, if DuckDB can be stopped at it, else in the sandbox.
    """

    def __init__(self, lab: Lab, limits: Limits | None = None) -> None:
        self.lab = lab
        self.sandbox = Sandbox(lab, limits)
        self._threads = ThreadPoolExecutor(_THREADS, "sessionlab-desk")
        self._sql = ThreadPoolExecutor(self.sandbox.limits.processes + _WAITING, "sessionlab-sql")
        self._asked = 0
        self._tables = duckdb.connect().cursor()
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._size = 0
        self._running: dict[Hashable, asyncio.Task[Answer]] = {}

    async def answer(self, question: Hashable, make: Callable[[Ask], Answer], where: str | None = None) -> Answer:
        """Give the answer to a question, made by ``make`` unless it is known.

        Args:
            question: What tells the question from others.
            make: Called in a thread with what runs SQL for it.
            where: The caller's condition that is in the SQL.

        Raises:
            QueryError: the condition does not hold.
            Refused: with that condition, it takes too much time or memory.
        """
        key = (self.lab.snapshot, question, moment(where))
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._made(key, make, where))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _made(self, key: Hashable, make: Callable[[Ask], Answer], where: str | None) -> Answer:
        if where is None:
            made = await self.work(lambda: make(self.lab.sql))
        elif await self.work(lambda: is_cheap(where)):
            made = await self.work(lambda: self._stopped_in_time(make))
        else:
            made = await self.ask(lambda: self._apart(make))
        self._kept[key] = made
        self._size += len(made.body)
        while self._size > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.body)
        return made

    def _stopped_in_time(self, make: Callable[[Ask], T]) -> T:
        """Make an answer here, until its time is over."""
        seconds = self.sandbox.limits.seconds
        with stopping(self.lab._storage.reader(), seconds) as over:
            try:
                return make(self.lab.sql)
            except (duckdb.Error, QueryError, RuntimeError) as error:
                if not over.is_set():
                    raise
                raise Refused(422, f"This was stopped: it took more than {seconds:g} seconds. Ask for less.") from error

    def _apart(self, make: Callable[[Ask], T]) -> T:
        """Make an answer of what a process gives that can be killed."""
        try:
            return make(self._fetched)
        except Stopped as error:
            raise Refused(422, str(error)) from error

    def _fetched(self, query: str, values: dict[str, Any] | None = None) -> DuckDBPyRelation:
        tables = self._tables.cursor()
        tables.execute("SET TimeZone = 'UTC'")
        return tables.from_arrow(self.sandbox.table(query, values))

    async def work(self, make: Callable[[], T]) -> T:
        """Do something in a thread of the lab's."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, make)

    async def ask(self, make: Callable[[], T]) -> T:
        """Do something in a thread of those that wait for SQL.

        Raises:
            Busy: as many as may are waiting.
        """
        if self._asked >= self.sandbox.limits.processes + _WAITING:
            raise Busy("Too many questions wait for an answer. Try again in a moment.")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._sql, make)
        finally:
            self._asked -= 1

    async def run(self, request: Request, query: str, rows: int | None, form: str) -> Result:
        """Run a caller's query, for as long as the caller is there.

        Raises:
            QueryError: it is refused, stopped, or abandoned; Busy: as many as may are waiting.
        """
        left = Event()
        answer = asyncio.ensure_future(self.ask(lambda: self.sandbox.run(query, rows=rows, form=form, left=left)))
        try:
            while not (await asyncio.wait([answer], timeout=LOOK_SECONDS))[0]:
                if await request.is_disconnected():
                    left.set()
        finally:
            left.set()
        return await answer

    def close(self) -> None:
        """End threads and processes; the lab stays open."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._sql.shutdown(wait=False, cancel_futures=True)
        self.sandbox.close()
        self._tables.close()


async def desk(request: Request) -> LabDesk:
    """Give the lab that is served.

    Raises:
        NotFound: there is none.
    """
    found: LabDesk | None = request.app.state.desk
    if found is None:
        raise NotFound("No lab is served here. Start the server with --lab, or create_app(lab).")
    return found
