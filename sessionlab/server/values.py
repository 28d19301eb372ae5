"""Values of DuckDB as JSON. Imports nothing of weight, as the processes that answer SQL start with it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

DEEPEST = 100
"""How many lists and objects may stand one in the other in what is given out: more than in what is taken in."""

TOO_DEEP = "…"
"""Stands for what is nested deeper than that, as other programs may have written it."""


def plain(value: Any, room: int = DEEPEST) -> Any:
    r"""Make a value of JSON out of one of DuckDB's.

    Times are in ISO 8601, durations in seconds, bytes in hexadecimal; what JSON has no number for is None. Where lists
    and objects are nested deeper than there is room for, a text stands for the rest.

    >>> plain({"at": datetime(2026, 1, 2, 3, 4), "share": float("nan"), "parts": [b"\x01", Decimal("1.50")]})
    {'at': '2026-01-02T03:04:00', 'share': None, 'parts': ['01', 1.5]}
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping | list | tuple | set):
        return _nested(value, room - 1) if room else TOO_DEEP
    return _scalar(value)


def _nested(value: Any, room: int) -> Any:
    if isinstance(value, Mapping):
        return {str(key): plain(each, room) for key, each in value.items()}
    return [plain(each, room) for each in value]


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return plain(float(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def as_json(value: Any) -> bytes:
    """Write a value as JSON; a text that is no Unicode, as a lone surrogate is none, is escaped."""
    try:
        return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(plain(value), separators=(",", ":")).encode()
