"""Texts made to fit: cut at the end, or where that would make several look alike, before what tells them apart.

Nobody knows the fonts of a page that is to come, so widths are guessed, and rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, pairwise
from unicodedata import east_asian_width

ROOM = {"axis": 280, "series": 240, "panel": 360}
"""The most pixels of the label of a group, by where the group stands."""

_ELLIPSIS = "…"
_NARROW, _WIDE = frozenset("fijlrt .,:;'|!/()[]-·"), frozenset("mwMW@%&#+=<>~")


def shortened(text: str, most: int) -> str:
    """Put a text on one line of so many characters, in which an ellipsis stands for the rest.

    >>> shortened("one two  three", 10), shortened("one_two_three", 10)
    ('one two t…', 'one_two_t…')
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + _ELLIPSIS


def width(text: str) -> float:
    """Guess how many pixels a text of the size of labels, 12, takes in a wide font."""
    return sum(map(_width, text))


def told_apart(texts: Iterable[str], room: float) -> dict[str, str]:
    """Give what to show of each text where all have so many pixels, and the end of a longer one is cut.

    Only those that would look alike then are made shorter here: they keep how they begin, and from where they differ.

    >>> list(told_apart(["maze-explorer-algorithm.easy", "maze-explorer-algorithm.hard", "sorting"], 100).values())
    ['maze…m.easy', 'maze…m.hard', 'sorting']
    """
    shown = {text: text for text in texts}
    cut = {text: _head(text, room) for text in shown}
    for group in _same(cut):
        shown |= _from_difference(group, room)
    used = {text for text, given in shown.items() if text == given}
    return {text: text if text == given else _numbered(given, room, used) for text, given in shown.items()}


def distinct(texts: Iterable[str], room: float) -> list[str]:
    r"""Put texts on one line each of so many pixels; those that are still the same then are numbered.

    >>> distinct(["connection lost", "connection\nlost", "lost"], 200)
    ['connection lost', 'connection lost (2)', 'lost']
    """
    lines = [" ".join(text.split()) for text in texts]
    shown, used = told_apart(lines, room), set[str]()
    return [_numbered(shown[line], room, used) for line in lines]


def _numbered(text: str, room: float, used: set[str]) -> str:
    """Cut a text to fit, and give it a number if it is used; now it is."""
    shown, number = _head(text, room), 1
    while shown in used:
        number += 1
        shown = _head(text, room - width(f" ({number})")) + f" ({number})"
    used.add(shown)
    return shown


def _from_difference(texts: Sequence[str], room: float) -> dict[str, str]:
    """Show of each text how it begins, and the end by which it differs from the one that is most like it."""
    alike = _alike(texts)
    longest = max(width(text[end : end + int(room)]) for text, end in alike.items())
    free = min(room / 2, max(room / 3, room - longest))  # the same for all, so that what is alike stays so
    shown = {text: _bridged(text, end, free, room) for text, end in alike.items()}
    for group in _same(shown):
        if len(group) < len(texts):  # they differ from each other before they do from the ones most like them
            shown |= _from_difference(group, room)
    return shown


def _alike(texts: Sequence[str]) -> dict[str, int]:
    """Count of each text how many characters it begins with as another one does: in order one that it stands beside."""
    order = sorted(texts)
    shared = [0, *(_shared(*pair) for pair in pairwise(order)), 0]
    return {text: max(shared[place : place + 2]) for place, text in enumerate(order)}


def _shared(one: str, other: str) -> int:
    """Count how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _bridged(text: str, alike: int, free: float, room: float) -> str:
    """Leave out what stands between how a text begins and where it differs, or so much of it as has no room."""
    start = _head(text[:alike], free)
    left = room - width(start)
    while alike > len(start) and width(text[alike - 1 : alike + int(room)]) <= left:
        alike -= 1
    return start + _head(text[alike:], left)


def _head(text: str, room: float) -> str:
    """Cut the end off a text that has no room."""
    near = text[: max(0, int(room))]  # no character takes less than a pixel
    if near == text and width(text) <= room:
        return text
    free = room - _width(_ELLIPSIS)
    fitting = sum(taken <= free for taken in accumulate(map(_width, near)))
    return text[:fitting].rstrip() + _ELLIPSIS


def _same(shown: dict[str, str]) -> list[list[str]]:
    """Give the texts of which the same is shown as of others."""
    groups: dict[str, list[str]] = {}
    for text, given in shown.items():
        groups.setdefault(given, []).append(text)
    return [group for group in groups.values() if len(group) > 1]


@cache
def _width(character: str) -> float:
    if east_asian_width(character) in "FWA":
        return 13
    if character in _WIDE:
        return 12
    if character in _NARROW:
        return 5
    return 9.3 if character.isupper() else 7.7
