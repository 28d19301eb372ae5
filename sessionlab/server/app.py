"""The app: its parts put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from sessionlab import __version__
from sessionlab.errors import SessionlabError
from sessionlab.lab import Lab
from sessionlab.server import analytics, assets, crud, dashboard, events, login, problems, sessions, sql, workflow
from sessionlab.server.access import AccessLog
from sessionlab.server.agent import Agent
from sessionlab.server.answers import LabDesk
from sessionlab.server.bodies import shallow
from sessionlab.server.events import Listeners
from sessionlab.server.refresh import Refresher
from sessionlab.server.sandbox import Limits
from sessionlab.server.security import Guard, Keys
from sessionlab.stores.base import Store

# The guard in front of the app asks for the token, and refuses other sites and names; this only says so.
_TOKEN = HTTPBearer(scheme_name="token", description="The server's token, where it has one.", auto_error=False)

BODY_BYTES = 16_000_000

_DESCRIPTION = """What coding agents' sessions tell, and the stores that they are written to.

Errors are problem documents (RFC 9457). A single resource has an `ETag`; changing it needs `If-Match`. Lists come in
pages: `next` is the `cursor` of the next one; only that of workflow states gives its newest, and no `next`. Times are
UTC."""

_TAGS = [
    {"name": "analytics", "description": "Metrics, charts and SQL over the lab, cached until it changes."},
    {"name": "lab sessions", "description": "The sessions of all kinds that the lab holds."},
    {"name": "workflow", "description": "The store of workflow states."},
    {"name": "codegen", "description": "The store of design goals, iterations and errors."},
    {"name": "conversations", "description": "The store of conversations."},
    {"name": "worktree", "description": "The store of worktree sessions."},
    {"name": "server", "description": "The server itself."},
]


class Health(BaseModel):
    """How the server is."""

    status: str = Field(examples=["ok"])
    version: str = Field(examples=[__version__])


class App:
    """The server as an ASGI app: any ASGI server runs it.

    Attributes:
        fastapi: The app behind the access log and the guard; its ``state`` holds what is served.
    """

    def __init__(self, fastapi: FastAPI, hosts: Iterable[str], body_bytes: int) -> None:
        self.fastapi = fastapi
        self._asgi = AccessLog(Guard(fastapi, fastapi.state.keys, hosts, body_bytes))

    @property
    def has_token(self) -> bool:
        """Tell whether a caller must know a token."""
        return self.fastapi.state.keys is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._asgi(scope, receive, send)


def create_app(
    lab: Lab | None = None,
    stores: Sequence[Store] | None = None,
    agent: Agent | None = None,
    *,
    token: str | None = None,
    hosts: Iterable[str] = (),
    refresh: float | None = None,
    limits: Limits | None = None,
    body_bytes: int = BODY_BYTES,
) -> App:
    """Make the app of the REST API and the dashboard.

    Args:
        lab: The lab to show; None for the stores alone.
        stores: Stores that are open, one a kind.
        agent: What answers ``POST /problems/verified``: a callable or a coroutine that takes ``prompt``, ``topic``,
            ``difficulty`` and ``thread_id`` by name and returns a state, as ``save_session_state`` takes it.
        token: What a caller must know; without one, only callers on this machine are answered.
        hosts: Names under which the server is asked for, beside addresses and ``localhost``.
        refresh: Load again what changed at the lab's sources, every so many seconds; the stores are sources too.
        limits: What a query of ``POST /api/sql`` may take.
        body_bytes: The largest body of a request.

    Returns:
        An ASGI app. It closes neither the lab nor the stores.

    Raises:
        SessionlabError: two stores of one kind are given, or an empty token.
    """
    if token is not None and not token.strip():
        raise SessionlabError("The token is empty. Give one that is hard to guess.")
    app = FastAPI(
        title="sessionlab",
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(shallow)],
        max_body_size=body_bytes,
    )
    app.state.keys = None if token is None else Keys(token)
    app.state.stores = _by_kind(stores or ())
    app.state.agent = agent
    app.state.prepare = partial(_prepare, app, lab, limits, refresh)
    app.state.prepare()
    problems.install(app)
    for open_part in (assets, login):
        app.include_router(open_part.router)
    for part in (dashboard, analytics, sql, sessions, events, workflow, crud):
        app.include_router(part.router, dependencies=[Security(_TOKEN)], responses=problems.responses(403, 421))
    app.add_api_route("/healthz", _health, response_model=Health, tags=["server"])
    return App(app, hosts, body_bytes)


def _prepare(app: FastAPI, lab: Lab | None, limits: Limits | None, refresh: float | None) -> None:
    """Make what begins and ends with the server."""
    state = app.state
    state.listeners = Listeners()
    state.desk = None if lab is None else LabDesk(lab, limits)
    state.refresher = None if lab is None or refresh is None else Refresher(lab, [*state.stores.values()], refresh)


def _by_kind(stores: Sequence[Store]) -> dict[str, Store]:
    found = {store.kind: store for store in stores}
    if len(found) < len(stores):
        raise SessionlabError("Two stores of one kind are given. Serve one of each kind.")
    return found


async def _health() -> Health:
    """Say that the server answers."""
    return Health(status="ok", version=__version__)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    refresher: Refresher | None = app.state.refresher
    if refresher is not None:
        refresher.start()
    yield
    if refresher is not None:
        refresher.stop()
    if app.state.desk is not None:
        app.state.desk.close()
    app.state.prepare()  # it may be started again
