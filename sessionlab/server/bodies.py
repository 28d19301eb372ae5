"""Bodies of JSON that are nested too deeply: refused before anything is stored that nobody could read again."""

from __future__ import annotations

from fastapi import Request

from sessionlab.json_values import is_nested_deeper
from sessionlab.server.problems import Refused

DEEPEST = 64
"""How many lists and objects of a body may stand one in the other."""


async def shallow(request: Request) -> None:
    """Look at a request's body before it is used.

    Raises:
        Refused: it is nested too deeply.
    """
    if request.method not in {"POST", "PATCH"} or "json" not in request.headers.get("content-type", ""):
        return
    try:
        body = await request.json()
    except ValueError:  # the endpoint says what is wrong with it, if it takes one
        return
    if is_nested_deeper(body, DEEPEST):
        raise Refused(422, f"The body is nested too deeply: {DEEPEST} lists and objects may stand one in the other.")
