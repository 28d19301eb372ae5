"""Bodies of JSON that are nested too deeply: refused before anything is stored that nobody could read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request

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
    if is_deep(body):
        raise Refused(422, f"The body is nested too deeply: {DEEPEST} lists and objects may stand one in the other.")


def is_deep(value: Any, most: int = DEEPEST) -> bool:
    """Tell whether more than so many lists and objects stand one in the other.

    >>> is_deep({"a": [1, []]}, 2), is_deep({"a": [1, []]}, 3)
    (True, False)
    """
    level = [value]
    for _ in range(most + 1):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return False
    return True


def _parts(value: Any) -> list[Any]:
    """Give what stands in a list or object, and a place that is taken even where it is empty."""
    if isinstance(value, Mapping):
        return [*value.values(), None]
    return [*value, None] if isinstance(value, list) else []
