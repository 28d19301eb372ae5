"""The store of conversations over HTTP: sessions of a user, the contexts given to them, and their messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from sessionlab.errors import NotFound
from sessionlab.server.crud.conversation_models import (
    EXAMPLE_ID,
    Context,
    Contexts,
    Conversation,
    ConversationChange,
    Conversations,
    End,
    Message,
    Messages,
    NewContext,
    NewConversation,
    NewMessage,
)
from sessionlab.server.crud.resources import (
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
from sessionlab.server.pages import Cursor, decoded, encoded
from sessionlab.server.problems import responses
from sessionlab.stores.conversation import ConversationStore

router = APIRouter(prefix="/conversations", tags=["conversations"])

Identity = Annotated[str, Path(max_length=1000, examples=[EXAMPLE_ID])]


def _store(request: Request) -> ConversationStore:
    return store_of(request, ConversationStore)


def _missing(identity: str) -> str:
    return f"There is no session {identity[:200]!r}."


def _known(store: ConversationStore, identity: str) -> None:
    if store.get_session(identity, ["session_id"]) is None:
        raise NotFound(_missing(identity))


@router.get("", response_model=Conversations, responses=responses(400, 401, 404, 422, 503))
def conversations(
    request: Request,
    user_id: Annotated[str | None, Query(max_length=1000, examples=["user-1"])] = None,
    active: Annotated[bool | None, Query(description="Those that go on; or, if false, those that have ended.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List sessions, the newest first."""
    skipped = decoded(cursor)
    rows = _store(request).list_sessions(user_id, active, limit, skipped)
    return listed("conversations", rows, encoded(skipped + limit) if len(rows) == limit else None)


@router.post("", status_code=201, response_model=Conversation, responses={201: TAGGED, **responses(401, 404, 422, 503)})
def begin(body: NewConversation, request: Request) -> Response:
    """Begin a session."""
    store = _store(request)
    identity = store.create_session(body.user_id, body.metadata)
    return made(store.get_session(identity) or {}, place("conversations", identity))


@router.get("/{identity}", response_model=Conversation, responses={200: TAGGED, **responses(401, 404, 422, 503)})
def conversation(identity: Identity, request: Request) -> Response:
    """Give a session."""
    return shown(_store(request).get_session(identity), request, _missing(identity))


@router.patch(
    "/{identity}",
    response_model=Conversation,
    responses={200: TAGGED, **responses(401, 404, 412, 422, 428, 503)},
)
def change(identity: Identity, body: ConversationChange, request: Request, if_match: IfMatch = None) -> Response:
    """Change a session's user, or put other metadata in place of what it has."""
    store = _store(request)
    return changed(
        store,
        if_match,
        lambda: store.get_session(identity),
        lambda: store.update_session(identity, **body.given()),
        _missing(identity),
    )


@router.post(
    "/{identity}/end",
    response_model=Conversation,
    responses={200: TAGGED, **responses(401, 404, 412, 422, 503)},
)
def end(identity: Identity, request: Request, body: End | None = None, if_match: MayMatch = None) -> Response:
    """End a session now; one that has ended keeps its time."""
    store = _store(request)
    metadata = None if body is None else body.metadata
    return changed(
        store,
        if_match or "*",
        lambda: store.get_session(identity),
        lambda: store.end_session(identity, metadata),
        _missing(identity),
    )


@router.delete("/{identity}", status_code=204, responses=responses(401, 404, 412, 422, 503))
def delete(identity: Identity, request: Request, if_match: MayMatch = None) -> Response:
    """Delete a session with its contexts and messages."""
    store = _store(request)
    return removed(
        store,
        if_match,
        lambda: store.get_session(identity),
        lambda: store.delete_session(identity),
        _missing(identity),
    )


@router.get("/{identity}/contexts", response_model=Contexts, responses=responses(400, 401, 404, 422, 503))
def contexts(identity: Identity, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List a session's contexts, in order."""
    store = _store(request)
    _known(store, identity)
    return paged("contexts", store.get_contexts(identity), limit, cursor)


@router.post(
    "/{identity}/contexts",
    status_code=201,
    response_model=Context,
    responses={201: TAGGED, **responses(401, 404, 422, 503)},
)
def add_context(identity: Identity, body: NewContext, request: Request) -> Response:
    """Give a context to a session."""
    store = _store(request)
    _known(store, identity)
    added = store.add_context(identity, body.content, body.type)
    row = next(row for row in store.get_contexts(identity) if row["context_id"] == added)
    return made(row, place("conversations", identity, "contexts"))


@router.get("/{identity}/messages", response_model=Messages, responses=responses(400, 401, 404, 422, 503))
def messages(identity: Identity, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List a session's messages, in order."""
    store = _store(request)
    _known(store, identity)
    return paged("messages", store.get_messages(identity), limit, cursor)


@router.post(
    "/{identity}/messages",
    status_code=201,
    response_model=Message,
    responses={201: TAGGED, **responses(401, 404, 422, 503)},
)
def add_message(identity: Identity, body: NewMessage, request: Request) -> Response:
    """Add a message to a session."""
    store = _store(request)
    _known(store, identity)
    added = store.add_message(identity, body.message_role, body.content, body.metadata)
    row = next(row for row in store.get_messages(identity) if row["conversation_id"] == added)
    return made(row, place("conversations", identity, "messages"))
