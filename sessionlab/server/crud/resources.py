"""What all resources share: the stores, tags, and changes that nobody makes over another's head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sessionlab.errors import NotFound
from sessionlab.server.answers import Answer
from sessionlab.server.cursors import encoded, number_after
from sessionlab.server.problems import Refused
from sessionlab.server.tags import listed_tags, tag_of
from sessionlab.server.values import as_json
from sessionlab.stores.base import Store
from sessionlab.stores.pages import Enough, Page, Place, page_of
from sessionlab.stores.statements import Row

AnyStore = TypeVar("AnyStore", bound=Store)

PAGE_BYTES = 8_000_000
"""A page ends with the row with which it has so many bytes: the next one goes on after it."""

IfMatch = Annotated[str | None, Header(include_in_schema=False)]
NEEDS_MATCH = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "The `ETag` of what was read; `*` for whatever is there. Without it, nothing is changed.",
        }
    ]
}
"""What the documentation says of it: who leaves it out is told so by a status of its own."""

MayMatch = Annotated[str | None, Header(alias="If-Match", description="The `ETag` of what was read, to be sure of it.")]
Text = Annotated[str, Field(max_length=10_000_000)]
Limit = Annotated[int, Query(ge=1, le=500, description="The most on a page.")]

TAGGED = {"headers": {"ETag": {"description": "The tag of this state.", "schema": {"type": "string"}}}}
"""What the documentation says of an answer with a tag."""


class Body(BaseModel):
    """A body that has the fields that are known, and no others."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Give the fields that the caller has set."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def store_of(request: Request, kind: type[AnyStore]) -> AnyStore:
    """Give the store of a kind.

    Raises:
        NotFound: none is served.
    """
    found = request.app.state.stores.get(kind.kind)
    if not isinstance(found, kind):
        raise NotFound(f"No {kind.kind} store is served here. Start the server with --store {kind.kind}=URL.")
    return found


def there(row: Row | None, missing: str) -> Row:
    """Give a row, unless it is none.

    Raises:
        NotFound: it is.
    """
    if row is None:
        raise NotFound(missing)
    return row


def shown(row: Row | None, request: Request, missing: str) -> Response:
    """Answer with a resource and its tag, or that it is as it was.

    Raises:
        NotFound: there is none.
    """
    return Answer(as_json(there(row, missing))).to(request)


def place(*parts: object, **query: str) -> str:
    """Write where in the API something is found, whatever its id is made of.

    >>> place("worktree", "sessions", "a/b", workspace="/home/é")
    '/api/worktree/sessions/a%2Fb?workspace=%2Fhome%2F%C3%A9'
    """
    path = "/".join(quote(str(part), safe="", errors="replace") for part in parts)
    return f"/api/{path}{'?' if query else ''}{urlencode(query, errors='replace', quote_via=quote, safe='')}"


def made(row: Row, found: str) -> Response:
    """Answer with a new resource and the ``place`` where it is found."""
    body = as_json(row)
    return Response(body, 201, {"ETag": tag_of(body), "Location": found}, "application/json")


def listed(name: str, rows: Iterable[Row]) -> Response:
    """Answer with a list that is given as a whole."""
    return _list(name, map(as_json, rows), None)


def paged(name: str, read: Callable[[Enough], Page]) -> Response:
    """Answer with a page of a list; it ends before its limit where it has many bytes.

    Args:
        name: What the rows are called.
        read: Reads the page, and stops where it is told that it is enough.
    """
    parts: list[bytes] = []
    size = 0

    def enough(row: Row) -> bool:
        nonlocal size
        parts.append(as_json(row))
        size += len(parts[-1])
        return size >= PAGE_BYTES

    page = read(enough)
    return _list(name, parts, page.after)


def numbered(name: str, read: Callable[[int | None, int], Sequence[Row]], limit: int, cursor: str | None) -> Response:
    """Answer with a page of a list that is sorted by ``id``; ``read`` gives so many rows after the one with an id."""
    first = number_after(cursor)

    def some(after: Place | None, number: int) -> list[tuple[Place, Row]]:
        return [((row["id"],), row) for row in read(after[0] if after else None, number)]

    return paged(name, lambda enough: page_of(some, limit, None if first is None else (first,), enough))


def in_order(rows: Sequence[Row]) -> Callable[[int | None, int], Sequence[Row]]:
    """Give what reads a list that is there as a whole, as :func:`numbered` asks for it."""
    return lambda after, number: [row for row in rows if after is None or row["id"] > after][:number]


def _list(name: str, parts: Iterable[bytes], after: Place | None) -> Response:
    following = as_json(None if after is None else encoded(after))
    body = b'{%s:[%s],"next":%s}' % (as_json(name), b",".join(parts), following)
    return Response(body, media_type="application/json")


def changed(
    store: Store, match: str | None, read: Callable[[], Row | None], change: Callable[[], object], missing: str
) -> Response:
    """Change a resource if it is as the caller has read it, and answer with what it is then.

    Raises:
        NotFound: there is none.
        Refused: the caller does not say what was read, or somebody has changed it since.
    """
    if match is None:
        raise Refused(428, "Say what you have read: If-Match with its ETag, or * for whatever is there.")

    def work() -> Row:
        _checked(read(), match, missing)
        change()
        return there(read(), missing)

    body = as_json(store.alone(work))
    return Response(body, headers={"ETag": tag_of(body)}, media_type="application/json")


def removed(
    store: Store, match: str | None, read: Callable[[], Row | None], remove: Callable[[], object], missing: str
) -> Response:
    """Delete a resource; if the caller says what was read, only as that.

    Raises:
        NotFound: there is none.
        Refused: somebody has changed it since.
    """

    def work() -> None:
        if match is not None:
            _checked(read(), match, missing)
        remove()

    store.alone(work)
    return Response(status_code=204)


def _checked(row: Row | None, match: str, missing: str) -> None:
    tag = tag_of(as_json(there(row, missing)))
    if match.strip() != "*" and tag not in listed_tags(match):
        raise Refused(412, "Somebody has changed this since you have read it. Read it again.", {"ETag": tag})
