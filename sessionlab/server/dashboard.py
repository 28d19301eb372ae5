"""What the page draws: the linked chart over a cube of counted cells, what was picked in it, and what can be chosen.

Altair is imported when the first page is drawn: it takes longer than all the rest of the server.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sessionlab.dashboard import Cube, draw, read_cube
from sessionlab.errors import QueryError
from sessionlab.schema import quote
from sessionlab.server.analytics import By, Desk, Where
from sessionlab.server.answers import Answer, Ask, LabDesk
from sessionlab.server.values import as_json
from sessionlab.server.where import moment

router = APIRouter(prefix="/api/dashboard", include_in_schema=False)

CHOICES = ("kind", "source", "topic", "model")
"""The columns that the page has a filter for."""

_MOST_CHOICES = 200
_MOST_CUBES = 32

_cubes: WeakKeyDictionary[LabDesk, OrderedDict[Hashable, Cube]] = WeakKeyDictionary()

Width = Annotated[int | None, Query(ge=240, le=10_000)]
Picks = Annotated[str, Query(max_length=20_000)]


@router.get("")
async def dashboard(
    desk: Desk,
    request: Request,
    by: By = [],  # noqa: B006 - FastAPI copies it
    where: Where = None,
    width: Width = None,
) -> Response:
    """Give the linked chart, made to fit a width, and what the codes of its picks stand for."""
    columns = tuple(by)

    def make(ask: Ask) -> Answer:
        from sessionlab.explorer.picks import fields
        from sessionlab.report.drawings import drawing
        from sessionlab.server.layout import fitted

        cube = _cube(desk, ask, columns, where)
        title, notes, spec = drawing(draw(cube))
        stands = {field: list(dimension.conditions) for field, dimension in cube.dimensions.items()}
        labels = {field: list(dimension.labels) for field, dimension in cube.dimensions.items()}
        return Answer(
            as_json(
                {
                    "title": title,
                    "notes": notes[1:],  # the first is a hint, which the page gives in its own words
                    "spec": fitted(spec, width),
                    "fields": fields(cube),
                    "conditions": stands,
                    "labels": labels,
                    "sessions": cube.sessions,
                }
            )
        )

    return (await desk.answer(("dashboard", columns, where, width), make, where)).to(request)


@router.get("/picked")
async def picked(
    desk: Desk,
    request: Request,
    picks: Picks,
    by: By = [],  # noqa: B006 - FastAPI copies it
    where: Where = None,
) -> Response:
    """Give the condition on sessions that stands for what is picked in the chart."""
    chosen, columns = _picks(picks), tuple(by)

    def make(ask: Ask) -> Answer:
        from sessionlab.explorer.picks import condition

        cube = _cube(desk, ask, columns, where)
        return Answer(as_json({"where": condition(cube, where, chosen) or None}))

    return (await desk.answer(("picked", columns, where, picks), make, where)).to(request)


def _picks(text: str) -> Mapping[str, Sequence[float]]:
    try:
        found = json.loads(text)
        return {str(field): [float(code) for code in codes] for field, codes in found.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise QueryError("picks is no JSON object of lists of numbers.") from error


def _cube(desk: LabDesk, ask: Ask, by: tuple[str, ...], where: str | None) -> Cube:
    """Give a cube of the lab as it is now; those that were asked for last are kept."""
    kept, key = _cubes.setdefault(desk, OrderedDict()), (desk.lab.snapshot, moment(where), by, where)
    cube = kept.pop(key, None) or read_cube(ask, by=by or None, where=where)
    kept[key] = cube
    while len(kept) > _MOST_CUBES:
        kept.popitem(last=False)
    return cube


@router.get("/choices")
async def choices(desk: Desk, request: Request) -> Response:
    """Give the values to filter by, each with its sessions, the most frequent first; and the first and last day."""

    def make(ask: Ask) -> Answer:
        found = {column: _values(ask, column) for column in CHOICES}
        ((first, last, count),) = ask(
            "SELECT min(started_at)::DATE, max(started_at)::DATE, count(*) FROM sessions"
        ).fetchall()
        name = "a lab in memory" if desk.lab.path is None else desk.lab.path.name
        return Answer(as_json({"lab": name, "values": found, "first": first, "last": last, "sessions": count}))

    return (await desk.answer("choices", make)).to(request)


def _values(ask: Ask, column: str) -> list[tuple[Any, ...]]:
    name = quote(column)
    query = f"SELECT {name}, count(*) AS n FROM sessions GROUP BY 1 ORDER BY n DESC, 1 LIMIT {_MOST_CHOICES}"
    return ask(query).fetchall()
