"""Groups as words: what a chart calls them, in which order it shows them, and how SQL finds the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessionlab.metrics.arguments import BUCKETS, session_column
from sessionlab.metrics.query import constant
from sessionlab.schema import Type, quote

UNKNOWN = "(unknown)"
"""The label of NULL."""

_OWN_LABEL = re.compile(r"\(unknown\)|other \([\d,]+\)|\s*")
# What every object of JavaScript has: Vega finds that where it looks for a group, and draws nothing at all.
_NO_KEY = re.compile(
    "constructor|to(Locale)?String|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|"
    "__proto__|__(define|lookup)[GS]etter__"
)


@dataclass(frozen=True)
class Other:
    """The group of all groups that are too small to be shown, and how many they are."""

    groups: int


def label(value: object) -> str:
    """Say a value in words; a text that looks like a label of ours or like nothing, or that Vega trips over, is quoted.

    >>> [label(value) for value in ("io", None, True, Other(41), "(unknown)", "")]
    ['io', '(unknown)', 'true', 'other (41)', '"(unknown)"', '""']
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, Other):
        return f"other ({value.groups:,})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    text = str(value)
    return f'"{text}"' if _OWN_LABEL.fullmatch(text) or _NO_KEY.fullmatch(text) else text


def ordered(column: str, sizes: Mapping[Any, int]) -> list[Any]:
    """Sort a column's values to be shown: texts by size, the largest first; numbers and times as such.

    ``column`` may be a bucket. ``sizes`` are the sessions of each value. NULL comes last among numbers, and what is
    gathered always does.
    """
    values = sorted(sizes, key=lambda value: -sizes[value])
    if column in BUCKETS or session_column(column).type not in {Type.TEXT, Type.JSON}:
        known = [value for value in sizes if value is not None and not isinstance(value, Other)]
        values = sorted(known) + [value for value in values if value not in known]
    return sorted(values, key=lambda value: isinstance(value, Other))


def outside(column: str, values: Iterable[object]) -> str:
    r"""Write the condition that a column has none of these values; NULL is one like the others.

    >>> outside("topic", ["io", None])
    '"topic" NOT IN (\'io\')'
    >>> outside("attempts", [1])
    '("attempts" NOT IN (CAST(\'1\' AS BIGINT)) OR "attempts" IS NULL)'
    """
    known = list(values)
    texts = ", ".join(constant(value, session_column(column).type) for value in known if value is not None)
    condition = f"{quote(column)} NOT IN ({texts})"
    return condition if None in known else f"({condition} OR {quote(column)} IS NULL)"


def duration(seconds: float | None) -> str:
    """Say a duration in its two largest units.

    >>> [duration(seconds) for seconds in (None, 1.5, 61, 7_200, 90_000)]
    ['–', '1.5 s', '1 min 1 s', '2 h 0 min', '1 d 1 h']
    """
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86_400)
    if days:
        return f"{days:,} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds % 60)} s"
