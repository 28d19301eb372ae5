"""Whether two answers are the same, but for the last digits of real numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any


def alike(found: object, expected: object) -> bool:
    """Compare two values; real numbers up to one part in 10⁹."""
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    return type(found) is type(expected) and found == expected


def _key(row: Sequence[Any]) -> list[tuple[str, str]]:
    """Sort by what is no real number first: those may differ in what they are sorted by."""
    return sorted(("~" if isinstance(value, float) else "", repr(value)) for value in row)


def check_alike(found: Iterable[Sequence[Any]], expected: Iterable[Sequence[Any]]) -> None:
    """Compare two answers, in whatever order their rows are."""
    mine, other = sorted(found, key=_key), sorted(expected, key=_key)
    assert len(mine) == len(other)
    for row, wanted in zip(mine, other, strict=True):
        assert len(row) == len(wanted)
        assert all(map(alike, row, wanted)), f"{row} is not {wanted}"
