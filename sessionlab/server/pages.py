"""Cursors: where in a list the next page begins, in a form that nobody is tempted to calculate with."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated

from fastapi import Query

from sessionlab.errors import QueryError

Cursor = Annotated[
    str | None, Query(max_length=200, description="Where to go on: `next` of the page before.", examples=[None])
]

_MOST = 2**62


def encoded(place: int) -> str:
    """Write a place as a cursor.

    >>> decoded(encoded(50))
    50
    """
    return base64.urlsafe_b64encode(json.dumps({"at": place}).encode()).decode().rstrip("=")


def decoded(cursor: str | None) -> int:
    """Read a cursor; None is the beginning.

    Raises:
        QueryError: it is none.
    """
    if cursor is None:
        return 0
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        place = found["at"]
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError) as error:
        raise QueryError("The cursor is none that a page gave as its next.") from error
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place <= _MOST:
        raise QueryError("The cursor is none that a page gave as its next.")
    return place
