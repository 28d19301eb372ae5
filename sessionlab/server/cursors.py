"""Cursors: where in a list the next page begins, in a form that nobody is tempted to change.

It is the place of the last row given, as lists of stores change; of a lab's sessions it is how many have been given.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from fastapi import Query

from sessionlab.errors import QueryError
from sessionlab.stores.pages import Place

Cursor = Annotated[
    str | None, Query(max_length=20_000, description="Where to go on: `next` of the page before.", examples=[None])
]
"""The ids of other programs may be long."""


def encoded(place: Place) -> str:
    """Write a place as a cursor.

    >>> decoded(encoded(("2026-01-02", 5, None)))
    ('2026-01-02', 5, None)
    """
    text = json.dumps({"after": place}, default=_as_object, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(cursor: str | None) -> Place | None:
    """Read a cursor; None is the beginning. The list says what is no place in it.

    Raises:
        QueryError: it is none.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = json.loads(raw, object_hook=_as_bytes)["after"]
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise _refused() from error
    if not isinstance(place, list) or not all(isinstance(each, str | int | float | bytes | None) for each in place):
        raise _refused()
    return tuple(place)


def number_after(cursor: str | None) -> int | None:
    """Read a cursor that is a number; None is the beginning.

    Raises:
        QueryError: it is none.
    """
    place = decoded(cursor)
    if place is None:
        return None
    if len(place) != 1 or type(place[0]) is not int or not 0 <= place[0] < 2**63:
        raise _refused()
    return place[0]


def _refused() -> QueryError:
    return QueryError("The cursor is none that a page gave as its next.")


def _as_object(value: Any) -> dict[str, str]:
    """Write bytes, as other programs may have put them where SQLite keeps a time."""
    return {"bytes": value.hex()}


def _as_bytes(found: dict[str, Any]) -> Any:
    return bytes.fromhex(found["bytes"]) if isinstance(found.get("bytes"), str) else found
