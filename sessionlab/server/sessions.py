"""The sessions of the lab over HTTP: a list to page through, and all of one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from sessionlab.errors import QueryError
from sessionlab.history import Event, History
from sessionlab.metrics.arguments import session_column
from sessionlab.metrics.conditions import conjuncts
from sessionlab.schema import quote
from sessionlab.server.analytics import Desk, Where
from sessionlab.server.answers import Answer, Ask
from sessionlab.server.cursors import Cursor, encoded, number_after
from sessionlab.server.problems import responses
from sessionlab.server.values import as_json

router = APIRouter(prefix="/api/lab", tags=["lab sessions"])

COLUMNS = (
    "source", "kind", "session_id", "goal", "topic", "difficulty", "mode", "status", "success", "attempts", "errors",
    "messages", "agent", "model", "started_at", "duration_s",
)  # fmt: skip
"""What the list tells of each session."""

_GOAL = 300
CLIPPED = 20_000
"""How many characters of a text are given, unless all are asked for."""

MOST_EVENTS = 1000


class SessionPage(BaseModel):
    """Some of the sessions."""

    sessions: list[dict[str, Any]] = Field(
        examples=[[{"source": "codegen", "kind": "codegen", "session_id": "17", "goal": "sort a list", "attempts": 2}]]
    )
    total: int = Field(description="How many there are in all.")
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class WholeSession(BaseModel):
    """A session and what happened in it."""

    session: dict[str, Any] = Field(description="Its row of `sessions`.")
    events: list[dict[str, Any]] = Field(
        description="In order of time: `at`, `what`, `attempt`, `text`, `code`, `diff`, `change`, `facts`.",
        examples=[[{"at": "2026-01-02T03:04:05", "what": "started", "text": "sort a list"}]],
    )
    left_out: int = Field(description=f"How many events beyond {MOST_EVENTS} are not here.")


@router.get("/sessions", response_model=SessionPage, responses=responses(400, 401, 404, 422, 503))
async def sessions(
    desk: Desk,
    request: Request,
    where: Where = None,
    q: Annotated[str | None, Query(max_length=500, description="A text that the goal or the id has.")] = None,
    sort: Annotated[
        str, Query(max_length=50, description="A column of sessions; with - before it, the largest first.")
    ] = "-started_at",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Cursor = None,
) -> Response:
    """List the lab's sessions, the newest first unless said."""
    order = _order(sort)
    skipped = number_after(cursor) or 0

    def make(ask: Ask) -> Answer:
        conditions = ["true"] if where is None else conjuncts(where)
        values = {} if not q else {"q": q}
        if q:
            conditions.append("(contains(lower(goal), lower($q)) OR contains(lower(session_id), lower($q)))")
        kept = f"FROM sessions WHERE {' AND '.join(conditions)}"
        ((total,),) = ask(f"SELECT count(*) {kept}", values).fetchall()
        page = ask(f"SELECT {_selected()} {kept} ORDER BY {order} LIMIT {limit} OFFSET {skipped}", values)
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in page.fetchall()]
        following = None if skipped + len(rows) >= total else encoded((skipped + limit,))
        return Answer(as_json({"sessions": rows, "total": total, "next": following}))

    return (await desk.answer(("sessions", where, q, sort, limit, cursor), make, where)).to(request)


def _order(sort: str) -> str:
    column = session_column(sort.removeprefix("-"))
    if column.long:
        raise QueryError(f"Sessions cannot be sorted by {column.name}.")
    way = "DESC" if sort.startswith("-") else "ASC"
    return f"{quote(column.name)} {way} NULLS LAST, source, kind, session_id"


def _selected() -> str:
    return ", ".join(f"left(goal, {_GOAL}) AS goal" if name == "goal" else quote(name) for name in COLUMNS)


@router.get("/session", response_model=WholeSession, responses=responses(400, 401, 404, 422))
async def session(
    desk: Desk,
    request: Request,
    id: Annotated[str, Query(max_length=2000, description="Its id.", examples=["17"])],  # noqa: A002
    source: Annotated[str | None, Query(max_length=2000, description="Where several sources have that id.")] = None,
    kind: Annotated[str | None, Query(max_length=100, description="Where a source has it in several kinds.")] = None,
    full: Annotated[bool, Query(description=f"Give texts of more than {CLIPPED:,} characters whole.")] = False,
) -> Response:
    """Give all of one session in order of time: attempts with the changes of their code, errors, messages."""

    def make(_: Ask) -> Answer:
        return Answer(as_json(whole(desk.lab.history(id, source, kind), None if full else CLIPPED)))

    return (await desk.answer(("session", id, source, kind, full), make)).to(request)


def whole(history: History, most: int | None) -> dict[str, Any]:
    """Write a history as values of JSON; texts of more than ``most`` characters are clipped, and their length said."""
    shown = history.events[:MOST_EVENTS]
    return {
        "session": {name: _clipped(value, most) for name, value in history.session.items()},
        "events": [_event(event, most) for event in shown],
        "left_out": len(history.events) - len(shown),
    }


def _event(event: Event, most: int | None) -> dict[str, Any]:
    said = {
        "at": event.at,
        "what": event.what,
        "attempt": event.attempt,
        "text": event.text,
        "code": event.code,
        "diff": event.diff,
        "change": None if event.change is None else event.change.summary,
        "facts": {name: _clipped(value, most) for name, value in event.facts.items()} or None,
    }
    return {name: _clipped(value, most) for name, value in said.items() if value is not None}


def _clipped(value: Any, most: int | None) -> Any:
    if most is None or not isinstance(value, str) or len(value) <= most:
        return value
    return f"{value[:most]}\n… ({len(value):,} characters in all)"
