"""Telling URLs from paths."""

from __future__ import annotations

import re

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def scheme_of(place: str) -> str | None:
    """Give the scheme of a URL; None for a path.

    >>> scheme_of("s3://bucket/lake"), scheme_of("lake")
    ('s3', None)
    """
    found = _URL.match(place)
    return found["scheme"].lower() if found else None
