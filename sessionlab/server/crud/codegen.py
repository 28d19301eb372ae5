"""The store of codegen sessions over HTTP: design goals, iterations of code, and their errors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from sessionlab.errors import NotFound
from sessionlab.server.crud.codegen_models import (
    Error,
    ErrorChange,
    Errors,
    History,
    Iteration,
    IterationChange,
    Iterations,
    NewError,
    NewIteration,
    NewSession,
    Session,
    SessionChange,
    Sessions,
)
from sessionlab.server.crud.resources import (
    NEEDS_MATCH,
    TAGGED,
    IfMatch,
    Limit,
    changed,
    in_order,
    listed,
    made,
    numbered,
    place,
    shown,
    store_of,
    there,
)
from sessionlab.server.cursors import Cursor
from sessionlab.server.problems import responses
from sessionlab.stores.codegen import CodegenStore
from sessionlab.stores.statements import Row

router = APIRouter(prefix="/codegen", tags=["codegen"])

Number = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]


def _store(request: Request) -> CodegenStore:
    return store_of(request, CodegenStore)


def _missing(what: str, number: int) -> str:
    return f"There is no {what} {number}."


def _made(row: Row | None, what: str, number: int) -> Response:
    return made(row or {}, place("codegen", what, number))


@router.get("/sessions", response_model=Sessions, responses=responses(400, 401, 404, 422, 503))
def sessions(
    request: Request,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Annotated[str | None, Query(max_length=500, description="Words that the goal has, all of them.")] = None,
) -> Response:
    """List sessions, the newest first; with `q`, those that have its words."""
    store = _store(request)

    def read(before: int | None, number: int) -> list[Row]:
        return store.list_sessions(number, before) if q is None else store.search_sessions(q, number, before)

    return numbered("sessions", read, limit, cursor)


@router.post(
    "/sessions",
    status_code=201,
    response_model=Session,
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_session(body: NewSession, request: Request) -> Response:
    """Add a session, perhaps one that goes on from another."""
    store = _store(request)
    number = store.insert_session(body.design_goal, body.parent_session_id)
    return _made(store.get_session(number), "sessions", number)


@router.get("/sessions/{number}", response_model=Session, responses={200: TAGGED, **responses(401, 404, 422, 503)})
def session(number: Number, request: Request) -> Response:
    """Give a session."""
    return shown(_store(request).get_session(number), request, _missing("session", number))


@router.patch(
    "/sessions/{number}",
    response_model=Session,
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 428, 503)},
    openapi_extra=NEEDS_MATCH,
)
def change_session(number: Number, body: SessionChange, request: Request, if_match: IfMatch = None) -> Response:
    """Change a session's design goal."""
    store = _store(request)
    return changed(
        store,
        if_match,
        lambda: store.get_session(number),
        lambda: store.update_session(number, body.design_goal),
        _missing("session", number),
    )


@router.get(
    "/sessions/{number}/history", response_model=History, responses={200: TAGGED, **responses(401, 404, 422, 503)}
)
def history(number: Number, request: Request) -> Response:
    """Give a session with its iterations, each with its errors, all of one moment."""
    return shown(_store(request).get_session_history(number), request, _missing("session", number))


@router.get("/sessions/{number}/chain", response_model=Sessions, responses=responses(401, 404, 422, 503))
def chain(number: Number, request: Request) -> Response:
    """Give the sessions from the first ancestor to this one."""
    rows = _store(request).get_session_chain(number)
    if not rows:
        raise NotFound(_missing("session", number))
    return listed("sessions", rows)


@router.get("/sessions/{number}/iterations", response_model=Iterations, responses=responses(400, 401, 404, 422, 503))
def iterations(number: Number, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List a session's iterations, in order."""
    store = _store(request)
    there(store.get_session(number, ["id"]), _missing("session", number))
    return numbered("iterations", in_order(store.get_iterations(number)), limit, cursor)


@router.post(
    "/sessions/{number}/iterations",
    status_code=201,
    response_model=Iteration,
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_iteration(number: Number, body: NewIteration, request: Request) -> Response:
    """Add an iteration to a session."""
    store = _store(request)
    there(store.get_session(number, ["id"]), _missing("session", number))
    added = store.insert_iteration(number, body.code, body.feedback)
    return _made(store.get_iteration(added), "iterations", added)


@router.get("/iterations/{number}", response_model=Iteration, responses={200: TAGGED, **responses(401, 404, 422, 503)})
def iteration(number: Number, request: Request) -> Response:
    """Give an iteration."""
    return shown(_store(request).get_iteration(number), request, _missing("iteration", number))


@router.patch(
    "/iterations/{number}",
    response_model=Iteration,
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 428, 503)},
    openapi_extra=NEEDS_MATCH,
)
def change_iteration(number: Number, body: IterationChange, request: Request, if_match: IfMatch = None) -> Response:
    """Change an iteration's code or feedback."""
    store = _store(request)
    return changed(
        store,
        if_match,
        lambda: store.get_iteration(number),
        lambda: store.update_iteration(number, **body.given()),
        _missing("iteration", number),
    )


@router.get("/iterations/{number}/errors", response_model=Errors, responses=responses(400, 401, 404, 422, 503))
def errors(number: Number, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List an iteration's errors, in order."""
    store = _store(request)
    there(store.get_iteration(number, ["id"]), _missing("iteration", number))
    return numbered("errors", in_order(store.get_errors(number)), limit, cursor)


@router.post(
    "/iterations/{number}/errors",
    status_code=201,
    response_model=Error,
    responses={201: TAGGED, **responses(400, 401, 404, 413, 422, 503)},
)
def add_error(number: Number, body: NewError, request: Request) -> Response:
    """Add an error to an iteration."""
    store = _store(request)
    there(store.get_iteration(number, ["id"]), _missing("iteration", number))
    added = store.insert_error(number, body.error_type, body.error_message, body.error_line)
    return _made(store.get_error(added), "errors", added)


@router.get("/errors/{number}", response_model=Error, responses={200: TAGGED, **responses(401, 404, 422, 503)})
def error(number: Number, request: Request) -> Response:
    """Give an error."""
    return shown(_store(request).get_error(number), request, _missing("error", number))


@router.patch(
    "/errors/{number}",
    response_model=Error,
    responses={200: TAGGED, **responses(400, 401, 404, 412, 413, 422, 428, 503)},
    openapi_extra=NEEDS_MATCH,
)
def change_error(number: Number, body: ErrorChange, request: Request, if_match: IfMatch = None) -> Response:
    """Change an error's message, and its line if one is given."""
    store = _store(request)
    return changed(
        store,
        if_match,
        lambda: store.get_error(number),
        lambda: store.update_error(number, **body.given()),
        _missing("error", number),
    )
