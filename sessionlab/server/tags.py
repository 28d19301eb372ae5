"""Tags that tell one state of what is given from others."""

from __future__ import annotations

import hashlib

from starlette.requests import Request


def tag_of(body: bytes) -> str:
    """Give the tag that tells a body from others."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def listed_tags(header: str | None) -> list[str]:
    """Take a list of tags apart."""
    return [tag.strip() for tag in (header or "").split(",")]


def is_known(request: Request, tag: str) -> bool:
    """Tell whether the caller has what a tag stands for; a proxy that has packed it calls the tag a weak one."""
    return tag in (each.removeprefix("W/") for each in listed_tags(request.headers.get("if-none-match")))
