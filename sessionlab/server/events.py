"""Server-sent events: a page hears of it when the lab changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from sessionlab.server.analytics import Desk
from sessionlab.server.problems import Refused, responses

if TYPE_CHECKING:
    from sessionlab.server.refresh import Refresher

router = APIRouter(prefix="/api", tags=["analytics"])

MOST_LISTENERS = 200
_LOOK_SECONDS = 0.5
_RETRY_MS = 2000


class Listeners:
    """Counts who listens, and sends them home when the server ends."""

    def __init__(self) -> None:
        self.count = 0
        self.closing = False


async def listening(request: Request) -> AsyncIterator[Listeners]:
    """Count one more who listens, until that ends.

    Raises:
        Refused: there are too many.
    """
    listeners: Listeners = request.app.state.listeners
    if listeners.count >= MOST_LISTENERS:
        raise Refused(503, f"{MOST_LISTENERS} pages listen already.")
    listeners.count += 1
    try:
        yield listeners
    finally:
        listeners.count -= 1


@router.get("/events", response_class=EventSourceResponse, responses=responses(401, 404, 503))
async def events(
    desk: Desk, request: Request, listeners: Annotated[Listeners, Depends(listening)]
) -> AsyncIterator[ServerSentEvent]:
    """Tell as server-sent events when the lab changes (`lab`) and how a refresh went (`refresh`)."""
    refresher: Refresher | None = request.app.state.refresher
    snapshot, said = None, None
    while not listeners.closing:
        now = desk.lab.snapshot
        if now != snapshot:
            snapshot = now
            yield ServerSentEvent(event="lab", data={"snapshot": now}, retry=_RETRY_MS)
        if refresher is not None and refresher.last is not said:
            said = refresher.last
            yield ServerSentEvent(event="refresh", data=said)
        await asyncio.sleep(_LOOK_SECONDS)
