"""One value as a cell of a table: short, rounded for reading, and escaped."""

from __future__ import annotations

import html
import math
from datetime import datetime
from decimal import Decimal

LONGEST = 160
"""How many characters of a text a cell shows."""


def cell(value: object) -> str:
    """Write a value as ``<td>``.

    >>> cell("<b>"), cell(0.123456), cell(None)
    ('<td>&lt;b&gt;</td>', '<td class="n">0.1235</td>', '<td><i>NULL</i></td>')
    """
    if value is None:
        return "<td><i>NULL</i></td>"
    look = ' class="n"' if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) else ""
    return f"<td{look}>{html.escape(words(value))}</td>"


def words(value: object) -> str:
    """Say a value for reading.

    >>> [words(value) for value in (True, 12345.6789, 0.00001234, 7, datetime(2026, 1, 2, 3, 4, 5, 600))]
    ['true', '12345.6789', '1.23e-05', '7', '2026-01-02 03:04:05']
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _rounded(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return short(str(value))


def short(text: str, most: int = LONGEST) -> str:
    """Cut a text that is too long for a cell, and say how long it is.

    >>> short("abcdef", 3)
    'abc… (6 characters)'
    """
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def _rounded(number: float) -> str:
    if not math.isfinite(number) or 0 < abs(number) < 1e-4 or abs(number) >= 1e15:
        return f"{number:.3g}"
    return f"{number:.4f}".rstrip("0").rstrip(".")
