"""SQL over HTTP: one SELECT, answered by a process that can only read."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from sessionlab.server.analytics import TYPES, Column, Desk, Format
from sessionlab.server.problems import responses
from sessionlab.server.values import as_json

router = APIRouter(prefix="/api", tags=["analytics"])


class Question(BaseModel):
    """A query in DuckDB's SQL."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        min_length=1,
        max_length=100_000,
        description="One SELECT over the lab's tables: sessions, attempts, messages, errors, sources, …",
        examples=["SELECT topic, count(*) AS sessions FROM sessions GROUP BY ALL ORDER BY ALL"],
    )
    format: Format = Field("json", description="`json`, `csv`, or `arrow` (an IPC stream).")
    limit: int | None = Field(
        None, ge=1, le=1_000_000, description="The most rows; never more than the server's limit."
    )


class Rows(BaseModel):
    """What a query gave."""

    columns: list[Column]
    rows: list[list[Any]] = Field(examples=[[["arrays", 10], ["sorting", 9]]])
    truncated: bool = Field(description="Whether there were more rows than the limit.")
    seconds: float = Field(examples=[0.004])


@router.post(
    "/sql",
    response_model=Rows,
    responses={
        200: {"content": {TYPES["csv"]: {}, TYPES["arrow"]: {}}, "description": "The rows."},
        **responses(400, 401, 404, 413, 422, 503),
    },
)
async def sql(question: Question, desk: Desk, request: Request) -> Response:
    """Run one SELECT: read-only, with a limit of time, rows and memory, and no file or network in reach."""
    form = question.format
    result = await desk.run(request, question.query, question.limit, form)
    if form != "json":
        headers = {
            "Content-Disposition": f'attachment; filename="rows.{form}"',
            "X-Truncated": str(result.truncated).lower(),
        }
        return Response(result.body, headers=headers, media_type=TYPES[form])
    head = {
        "columns": [{"name": name, "type": type_} for name, type_ in result.columns],
        "truncated": result.truncated,
        "seconds": result.seconds,
    }
    return Response(as_json(head)[:-1] + b',"rows":' + result.body + b"}", media_type="application/json")
