"""The store of conversations over HTTP: sessions of a user, the contexts given to them, and their messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from sessionlab.errors import InvalidRecord
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
    NEEDS_MATCH,
    TAGGED,
    IfMatch,
    Limit,
    MayMatch,
    changed,
    made,
    paged,
    place,
    removed,
    shown,
    store_of,
    there,
)
from sessionlab.server.cursors import Cursor, decoded
from sessionlab.server.problems import responses
from sessionlab.stores.conversation import ConversationStore
from sessionlab.stores.statements import Row

router = APIRouter(prefix="/conversations", tags=["conversations"])

Identity = Annotated[str, Path(max_length=1000, json_schema_extra={"format": "uuid"}, examples=[EXAMPLE_ID])]


def _store(request: Request) -> ConversationStore:
    return store_of(request, ConversationStore)


def _missing(identity: str) -> str:
    return f"There is no session {identity[:200]!r}."


def _known(store: ConversationStore, identity: str) -> None:
    there(store.get_session(identity, ["session_id"]), _missing(identity))


def _added(store: ConversationStore, identity: str, add: Callable[[], str], get: Callable[[str], Row | None]) -> Row:
    """Add something to a session, and read it.

    Raises:
        NotFound: there is no such session, or no longer.
    """
    _known(store, identity)
    try:
        added = add()
    except InvalidRecord:
        _known(store, identity)
        raise
    return there(get(added), _missing(identity))


@router.get("", response_model=Conversations, responses=responses(400, 401, 404, 422, 503))
def conversations(
    request: Request,
    user_id: Annotated[str | None, Query(max_length=1000, examples=["user-1"])] = None,
    active: Annotated[bool | None, Query(description="Those that go on; or, if false, those that have ended.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List sessions, the newest first."""
    store, after = _store(request), decoded(cursor)
    return paged("conversations", lambda enough: store.page_sessions(user_id, active, limit, after, enough))


@router.post(
    "", status_code=201, response_model=Conversation, responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)}
)
def begin(body: NewConversation, request: Request) -> Response:
    """Begin a session."""
    store = _store(request)
    identity = store.create_session(body.user_id, body.metadata)
    row = there(store.get_session(identity), _missing(identity))  # somebody may have deleted it just now
    return made(row, place("conversations", identity))


@router.get("/{identity}", response_model=Conversation, responses={200: TAGGED, **responses(401, 404, 422, 503)})
def conversation(identity: Identity, request: Request) -> Response:
    """Give a session."""
    return shown(_store(request).get_session(identity), request, _missing(identity))


@router.patch(
    "/{identity}",
    response_model=Conversation,
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 428, 503)},
    openapi_extra=NEEDS_MATCH,
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
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 503)},
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
    after = decoded(cursor)
    return paged("contexts", lambda enough: store.page_contexts(identity, limit, after, enough))


@router.post(
    "/{identity}/contexts",
    status_code=201,
    response_model=Context,
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_context(identity: Identity, body: NewContext, request: Request) -> Response:
    """Give a context to a session."""
    store = _store(request)
    add = partial(store.add_context, identity, body.content, body.type)
    row = _added(store, identity, add, store.get_context)
    return made(row, place("conversations", identity, "contexts"))


@router.get("/{identity}/messages", response_model=Messages, responses=responses(400, 401, 404, 422, 503))
def messages(identity: Identity, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List a session's messages, in order."""
    store = _store(request)
    _known(store, identity)
    after = decoded(cursor)
    return paged("messages", lambda enough: store.page_messages(identity, limit, after, enough))


@router.post(
    "/{identity}/messages",
    status_code=201,
    response_model=Message,
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_message(identity: Identity, body: NewMessage, request: Request) -> Response:
    """Add a message to a session."""
    store = _store(request)
    add = partial(store.add_message, identity, body.message_role, body.content, body.metadata)
    row = _added(store, identity, add, store.get_message)
    return made(row, place("conversations", identity, "messages"))
