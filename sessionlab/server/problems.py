"""What goes wrong, as RFC 9457 has it: every error is a problem document of the media type for that."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import duckdb
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sessionlab.errors import (
    InvalidRecord,
    LabError,
    MissingExtra,
    NotFound,
    QueryError,
    SessionlabError,
    SourceError,
    StoreError,
)
from sessionlab.server.values import as_json

MEDIA_TYPE = "application/problem+json"

DEFECT = "The server failed at this, which is a defect. Its log says more."

_log = logging.getLogger(__name__)

_STATUS: Sequence[tuple[type[SessionlabError], int]] = (
    (NotFound, 404),
    (InvalidRecord, 422),
    (QueryError, 400),
    (MissingExtra, 501),
    (SourceError, 502),
    (LabError, 503),
    (StoreError, 503),
)
_AGAIN_SECONDS = "2"


class Flaw(BaseModel):
    """What is wrong with one value of a request."""

    where: str = Field(description="The value, as `query.limit` or `body.design_goal`.")
    what: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field("about:blank", description="There is no page about each sort of problem.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What failed, what was found, what to try.")
    error: str | None = Field(None, description="The name of the error in the Python API.")
    errors: list[Flaw] | None = Field(None, description="The values that were refused.")


class Refused(Exception):
    """A request that is refused for a reason that HTTP has a status for."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the problems that an endpoint may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Write a problem document."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    extra = {"Retry-After": _AGAIN_SECONDS} if status == 503 else {}
    return Response(as_json(content), status, {**extra, **(headers or {})}, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have an app answer all errors with problem documents."""
    app.add_exception_handler(SessionlabError, _sessionlab)
    app.add_exception_handler(duckdb.Error, _duckdb)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)


async def _sessionlab(_: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    return problem(status, str(error), error=_public_name(error))


def _public_name(error: Exception) -> str:
    """Name the class of an error that the Python API knows."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "sessionlab.errors")


async def _duckdb(_: Request, error: Exception) -> Response:
    """Answer for a condition that fails only when it is run, as a text that is no number does."""
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.FatalException | duckdb.InternalException):
        return problem(503, "The lab has not enough memory for this. Ask for less.", error="LabError")
    return problem(400, str(error).splitlines()[0], error="QueryError")


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    return problem(error.status, error.detail, error.headers)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    words = {404: f"There is nothing at {request.url.path}.", 405: f"{request.method} is not for {request.url.path}."}
    generic = error.detail == HTTPStatus(error.status_code).phrase
    detail = words.get(error.status_code, error.detail) if generic else error.detail
    return problem(error.status_code, str(detail), error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    flaws = [{"where": ".".join(map(str, each["loc"])), "what": str(each["msg"])} for each in error.errors()]
    said = "; ".join(f"{each['where']}: {each['what']}" for each in flaws[:3])
    return problem(422, f"The request does not fit: {said}.", errors=flaws)


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(500, DEFECT)
