"""The store of worktree sessions over HTTP, in the editor's own JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from unicodedata import category

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from sessionlab.errors import InvalidRecord
from sessionlab.server.crud.resources import (
    NEEDS_MATCH,
    TAGGED,
    IfMatch,
    Limit,
    MayMatch,
    changed,
    listed,
    made,
    paged,
    place,
    removed,
    shown,
    store_of,
)
from sessionlab.server.crud.resources import Body as Fields
from sessionlab.server.cursors import Cursor, decoded
from sessionlab.server.problems import responses
from sessionlab.stores.checks import shown as shown_value
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.workspaces import now
from sessionlab.stores.worktree import WorktreeStore
from sessionlab.stores.worktree_search import ORDERS

router = APIRouter(prefix="/worktree", tags=["worktree"])

_SESSION = {
    "id": "s1",
    "type": "competition",
    "task": "Add a cache",
    "status": "running",
    "createdAt": "2026-01-02T03:04:05Z",
    "updatedAt": "2026-01-02T03:04:05Z",
    "instances": [],
    "chatHistory": [],
}
_MESSAGE = {"id": "m1", "role": "user", "content": "Which cache?", "timestamp": "2026-01-02T03:05:00Z"}


def _one_of(table: str, field: str) -> dict[str, Any]:
    """Say in the documentation what a field may be; it is the store that checks it."""
    declared = next(each for each in schema_of("worktree").tables if each.name == table)
    return {"enum": list(declared.fields[field].one_of)}


Workspace = Annotated[
    str, Query(min_length=1, max_length=4000, description="The workspace's path.", examples=["/home/dev/project"])
]
LONGEST_ID = 1000
Identity = Annotated[str, Path(max_length=LONGEST_ID, examples=["s1"])]
Session = Annotated[dict[str, Any], Body(examples=[_SESSION])]
Change = Annotated[dict[str, Any], Body(examples=[{"status": "completed"}])]
Message = Annotated[dict[str, Any], Body(examples=[_MESSAGE])]
Types = Annotated[list[Annotated[str, Field(json_schema_extra=_one_of("sessions", "type"))]] | None, Query()]
Statuses = Annotated[list[Annotated[str, Field(json_schema_extra=_one_of("sessions", "status"))]] | None, Query()]


class Workspaces(BaseModel):
    """All workspaces, each with its path and the hash that its JSON file is named after."""

    workspaces: list[dict[str, Any]] = Field(examples=[[{"path": "/home/dev/project", "hash": "493e3a3a4aa41149"}]])
    next: str | None


class Sessions(BaseModel):
    """A page of sessions, the one changed last first."""

    sessions: list[dict[str, Any]] = Field(examples=[[_SESSION]])
    next: str | None


class NewStatus(Fields):
    """The status of an instance."""

    status: str = Field(max_length=100, json_schema_extra=_one_of("instances", "status"), examples=["completed"])


def _store(request: Request) -> WorktreeStore:
    return store_of(request, WorktreeStore)


def _missing(workspace: str, identity: str) -> str:
    return f"There is no session {identity[:200]!r} in the workspace {workspace[:200]!r}."


def _place(workspace: str, identity: str) -> str:
    return place("worktree", "sessions", identity, workspace=workspace)


def _check_id(identity: object) -> None:
    """Refuse an id under which nobody could ask for the session; the store refuses what is no text.

    Raises:
        InvalidRecord: it cannot stand in a path.
    """
    if not isinstance(identity, str):
        return
    odd = "/" in identity or identity in {"", ".", ".."} or any(category(c) in {"Cc", "Cs"} for c in identity)
    if odd or len(identity) > LONGEST_ID:
        raise InvalidRecord(
            f"The id {identity[:100]!r} cannot stand in a URL: it may have up to {LONGEST_ID} characters, no slash and"
            " no control character, and be neither . nor .. alone."
        )


def _changes(identity: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a session is changed to: with a change comes its time.

    Raises:
        InvalidRecord: its id would be another one.
    """
    if body.get("id", identity) != identity:
        raise InvalidRecord(f"id is {shown_value(body['id'])}; it may be left out, or {shown_value(identity)}.")
    changes = {**body, "id": identity}
    return {"updatedAt": now(), **changes} if len(changes) > 1 else changes


@router.get("/workspaces", response_model=Workspaces, responses=responses(401, 404, 503))
def workspaces(request: Request) -> Response:
    """List the workspaces."""
    return listed("workspaces", _store(request).get_workspaces())


@router.get("/sessions", response_model=Sessions, responses=responses(400, 401, 404, 422, 503))
def sessions(
    request: Request,
    workspace: Workspace,
    session_type: Types = None,
    status: Statuses = None,
    date_from: Annotated[str | None, Query(max_length=100, examples=["2026-01-01"])] = None,
    date_to: Annotated[str | None, Query(max_length=100, examples=["2026-12-31"])] = None,
    search_query: Annotated[
        str | None, Query(max_length=500, description="Words that the task or a message has, all of them; or the id.")
    ] = None,
    order: Annotated[
        str,
        Query(
            json_schema_extra={"enum": list(ORDERS)},
            description="What comes first: the one `changed` last; or the one `created` last, of which no page to come"
            " loses any that is changed meanwhile.",
        ),
    ] = ORDERS[0],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List a workspace's sessions that meet all filters, the one changed last first."""
    store, after = _store(request), decoded(cursor)
    given = {
        "session_type": session_type,
        "status": status,
        "date_from": date_from,
        "date_to": date_to,
        "search_query": search_query,
        "order": order,
        "limit": limit,
    }
    return paged("sessions", lambda enough: store.page_sessions(workspace, given, after, enough))


@router.post(
    "/sessions",
    status_code=201,
    response_model=dict[str, Any],
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_session(request: Request, workspace: Workspace, body: Session) -> Response:
    """Add a session with its instances and messages, and the workspace if it is new."""
    _check_id(body.get("id"))
    store = _store(request)
    added = store.create_session(workspace, body)
    identity = added["id"]
    return made(store.get_session(workspace, identity) or added, _place(workspace, identity))


@router.get(
    "/sessions/{identity}",
    response_model=dict[str, Any],
    responses={200: TAGGED, **responses(401, 404, 422, 503)},
)
def session(identity: Identity, request: Request, workspace: Workspace) -> Response:
    """Give a session with its instances and messages."""
    return shown(_store(request).get_session(workspace, identity), request, _missing(workspace, identity))


@router.patch(
    "/sessions/{identity}",
    response_model=dict[str, Any],
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 428, 503)},
    openapi_extra=NEEDS_MATCH,
)
def change_session(
    identity: Identity, request: Request, workspace: Workspace, body: Change, if_match: IfMatch = None
) -> Response:
    """Change what is given of a session; `instances` and `chatHistory` replace what was there.

    It is changed now, unless an `updatedAt` is given.
    """
    store, changes = _store(request), _changes(identity, body)
    return changed(
        store,
        if_match,
        lambda: store.get_session(workspace, identity),
        lambda: store.update_session(workspace, changes),
        _missing(workspace, identity),
    )


@router.delete("/sessions/{identity}", status_code=204, responses=responses(401, 404, 412, 422, 503))
def delete_session(identity: Identity, request: Request, workspace: Workspace, if_match: MayMatch = None) -> Response:
    """Delete a session with all that is nested in it."""
    store = _store(request)
    return removed(
        store,
        if_match,
        lambda: store.get_session(workspace, identity),
        lambda: store.delete_session(workspace, identity),
        _missing(workspace, identity),
    )


@router.post(
    "/sessions/{identity}/messages",
    status_code=201,
    response_model=dict[str, Any],
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_message(identity: Identity, request: Request, workspace: Workspace, body: Message) -> Response:
    """Add a message to a session; the answer is the whole session."""
    whole = _store(request).add_chat_message(workspace, identity, body)
    return made(whole, _place(workspace, identity))


@router.patch(
    "/sessions/{identity}/instances/{instance_id}",
    response_model=dict[str, Any],
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 428, 503)},
    openapi_extra=NEEDS_MATCH,
)
def change_instance(
    identity: Identity,
    instance_id: Annotated[int, Path(ge=0, le=2**31 - 1)],
    request: Request,
    workspace: Workspace,
    body: NewStatus,
    if_match: IfMatch = None,
) -> Response:
    """Change the status of one of a session's instances; tag and answer are the whole session's."""
    store = _store(request)
    return changed(
        store,
        if_match,
        lambda: store.get_session(workspace, identity),
        lambda: store.update_instance_status(workspace, identity, instance_id, body.status),
        _missing(workspace, identity),
    )
