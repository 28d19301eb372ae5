"""Cutting a JSON file into its records without trusting it, so that one broken record costs no more than itself.

Where a value is sound JSON, C code finds its end. Where it is not, brackets are counted up to where it seems to end; if
the text up to there looks out of step (a bracket or a quote too many), the next sound record is where it goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import accumulate

from sessionlab.loaders.ends import Bytes, Ends
from sessionlab.loaders.forms import Form

_BLANK = b" \t\r\n"
_FARTHEST = 1 << 20
"""How far to count brackets for the end of a broken record."""
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[{}\[\],\n]', re.DOTALL)
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_IN_STEP = re.compile(rb"(?:[\s{}\[\],:0-9.eE+-]|true|false|null|NaN|-?Infinity)*")
_MAYBE_RECORD = re.compile(rb'[^:\s](?=\s*(\{)\s*")')
_ON_ITS_LINE = re.compile(rb"[^ \t\r]")
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


@dataclass(frozen=True)
class Piece:
    """A stretch of a file that is a record, or should be one: its place among the others, and its bytes.

    ``index`` is None for what is wrong with the file rather than with a record. ``trouble`` says what is wrong with the
    text around it, where something is.
    """

    index: int | None
    raw: bytes
    trouble: str | None = None


def split(data: Bytes, start: int, form: Form, sound: Callable[[bytes], bool]) -> Iterator[Piece]:
    """Cut the bytes of a file into pieces.

    Args:
        data: UTF-8 text, or what claims to be such.
        start: Where in it to begin, as after a byte order mark.
        form: How it holds its records.
        sound: Whether a text is a record: asked only where the cutting has gone out of step.
    """
    splitter = _Splitter(data, form, sound)
    return splitter.array(start) if form is Form.ARRAY else splitter.sequence(start)


def depth_of(text: bytes) -> int:
    """Count how deeply brackets nest in a JSON text.

    >>> depth_of(b'{"a": [[], {"b": "[[["}]}')
    3
    """
    brackets = _TEXT.sub(b"", text).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


class _Splitter:
    def __init__(self, data: Bytes, form: Form, sound: Callable[[bytes], bool]) -> None:
        self._data = data
        self._form = form
        self._sound = sound
        self._index = -1
        self._ends = Ends(data)

    def array(self, place: int) -> Iterator[Piece]:
        """Cut the elements of an array, and of what else stands behind it."""
        place, opened = self._skip(place) + 1, True
        while place < len(self._data) or opened:
            place = self._skip((yield from self._elements(place, opened)))
            opened = self._at(place) == b"["
            if opened:
                place += 1
            elif self._at(place) not in (b"{", b""):
                first = self._next_record(place, len(self._data))
                first = len(self._data) if first is None else first
                yield self._piece(place, first, "text after the end of the array")
                place = first

    def _elements(self, place: int, opened: bool) -> Generator[Piece, None, int]:
        """Cut elements up to the closing bracket; return the place behind it."""
        piece, comma = None, False
        while self._at(place := self._skip(place)) not in (b"]", b""):
            end, after = self._element(place)
            piece = self._piece(place, end, "a comma with no record before it" if end == place else None)
            yield piece
            comma = self._at(after) == b","
            place = after + 1 if comma else after
        if self._at(place) == b"" and opened and not (piece and piece.trouble):
            yield Piece(None, b"", "the array is not closed: the file is cut off")
        elif comma and self._at(place):
            yield Piece(None, b",", "a comma with no record after it")
        return place + 1

    def _element(self, place: int) -> tuple[int, int]:
        """Give where the element ends that begins here, and the place of what follows."""
        end = self._ends.of_value(place)
        if end is None or self._at(self._skip(end)) not in (b",", b"]", b"{", b""):
            end = self._resync(place)
        return end, self._skip(end)

    def sequence(self, place: int) -> Iterator[Piece]:
        """Cut values that stand one after the other, each on lines of its own or not."""
        place = self._skip(place)
        if self._form is Form.FOREIGN and self._well_ended(place) is None:
            first = self._next_record(place, len(self._data))
            if first is None:
                yield Piece(None, self._data[place:], "it holds no record")
                return
            yield self._piece(place, first, "text before the first record")
            place = first
        while place < len(self._data):
            end = self._well_ended(place)
            end = self._resync(place) if end is None else end
            yield self._piece(place, end)
            place = self._skip(end)

    def _well_ended(self, place: int) -> int | None:
        """Give where the value ends that begins here, if nothing is behind it on its line but for another one."""
        end = self._ends.of_value(place)
        behind = None if end is None else _ON_ITS_LINE.search(self._data, end)
        return end if behind is None or behind[0] in (b"\n", b"{", b"[") else None

    def _piece(self, place: int, end: int, trouble: str | None = None) -> Piece:
        self._index += 1
        if trouble is None and end == len(self._data) and self._ends.of_value(place) is None:
            trouble = "the file ends within the record"
        return Piece(self._index, self._data[place:end].strip(_BLANK), trouble)

    def _skip(self, place: int) -> int:
        found = _NOT_BLANK.search(self._data, place)
        return found.start() if found else len(self._data)

    def _at(self, place: int) -> bytes:
        return self._data[place : place + 1]

    def _resync(self, place: int) -> int:
        """Find where a broken record ends: where its brackets say if they are in step, else where the next begins."""
        end, in_step = self._seeming_end(place)
        if in_step:
            return end
        found = self._next_record(place, end)
        return end if found is None else found

    def _seeming_end(self, place: int) -> tuple[int, bool]:
        if self._form is Form.LINES:
            end = self._data.find(b"\n", place)
            return (len(self._data) if end < 0 else end), False
        limit = min(len(self._data), place + _FARTHEST)
        in_step, opened = True, b""
        for token in _TOKEN.finditer(self._data, place, limit):
            sign = token[0]
            if sign in (b"{", b"["):
                opened += sign
            elif not opened and sign in ((b",", b"]") if self._form is Form.ARRAY else (b"\n",)):
                rest = _TEXT.sub(b"", self._data[place : token.start()])
                return token.start(), in_step and _IN_STEP.fullmatch(rest) is not None
            elif sign in (b"}", b"]"):
                in_step &= bool(opened) and opened[-1:] + sign in (b"{}", b"[]")
                opened = opened[:-1]
        return len(self._data), False

    def _next_record(self, start: int, stop: int) -> int | None:
        behind = start
        for found in _MAYBE_RECORD.finditer(self._data, start, stop):
            place = found.start(1)
            end = self._ends.of_value(place) if place >= behind else None
            if end is not None:
                if self._sound(self._data[place:end]):
                    return place
                behind = end
        return None
