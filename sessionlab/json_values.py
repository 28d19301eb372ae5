"""JSON values as they are read: how deep they nest, and objects that have a key twice."""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any

MOST_NESTED = 500
"""How deep objects and lists may stand in each other: Python reads and writes about 1,000, less what else it is in."""

_NESTS = (dict, list)


def complaint(error: JSONDecodeError) -> str:
    """Give what a decoder has against a text, for a place to follow; some of Python's own words end in "at" already."""
    return error.msg.removesuffix(" at")


class Doubled(dict[str, Any]):
    """An object with a key twice. Free-form JSON may have it, and it is written as it was read; a row may not."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]
        """Give all pairs: what writes JSON asks for them."""
        return self._pairs

    @property
    def doubled(self) -> str:
        """The first key that is there twice."""
        keys = [key for key, _ in self._pairs]
        return next(key for place, key in enumerate(keys) if key in keys[:place])


def pairs_kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of pairs, for ``json.loads``; one with a key twice keeps both.

    >>> pairs_kept([("a", 1), ("b", 2), ("a", 3)]).items()
    [('a', 1), ('b', 2), ('a', 3)]
    """
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(pairs)


def levels(value: Any) -> Iterator[list[Any]]:
    """Give the objects and lists of a value, level by level: a function that calls itself would not get to the end.

    >>> list(levels({"a": [1, []], "b": {}}))
    [[{'a': [1, []], 'b': {}}], [[1, []], {}], [[]]]
    """
    level = [value]
    while level := [each for each in level if isinstance(each, _NESTS)]:
        yield level
        level = [part for each in level for part in _parts(each)]


def _parts(value: Any) -> list[Any]:
    return [part for _, part in value.items()] if isinstance(value, dict) else value


def is_nested_deeper(value: Any, most: int) -> bool:
    """Whether more than so many lists and objects stand one in the other.

    >>> is_nested_deeper({"a": [1, []]}, 2), is_nested_deeper({"a": [1, []]}, 3)
    (True, False)
    """
    return isinstance(value, _NESTS) and any(depth > most for depth, _ in enumerate(levels(value), 1))


def is_doubled(value: Any) -> bool:
    """Whether a key is there twice, at any depth."""
    return any(isinstance(each, Doubled) for level in levels(value) for each in level)
