"""Where JSON values end in a text too large to decode at once."""

from __future__ import annotations

import json
from mmap import mmap

Bytes = bytes | mmap

_WINDOW = 1 << 20
_LONGEST_WORD = len("-Infinity")
# Numbers and objects are counted, not made: all that is asked is where a value ends.
_SCANNER = json.JSONDecoder(strict=False, parse_int=len, parse_float=len, parse_constant=len, object_pairs_hook=len)


class Ends:
    """Finds where JSON values end, in a window of the text that is decoded once."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._window = ""
        self._base = 0
        self._known: tuple[int, int | None] = (-1, None)

    def of_value(self, place: int) -> int | None:
        """Give the place behind the JSON value that begins here; None if what begins here is none."""
        if self._known[0] != place:
            self._known = place, self._find(place)
        return self._known[1]

    def _find(self, place: int) -> int | None:
        size = _WINDOW
        if not self._base <= place < self._base + len(self._window):
            self._read(place, size)
        while True:
            try:
                end = _SCANNER.raw_decode(self._window, place - self._base)[1]
                cut = end == len(self._window)
            except json.JSONDecodeError as error:
                end = None
                cut = error.msg.startswith("Unterminated") or error.pos > len(self._window) - _LONGEST_WORD
            except RecursionError:
                return None
            if not cut or self._base + len(self._window) >= len(self._data):
                return None if end is None else self._base + end
            if self._base == place:
                size *= 4
            self._read(place, size)

    def _read(self, place: int, size: int) -> None:
        # One character a byte: places in the window are places in the file, and what is looked for is ASCII.
        self._window = self._data[place : place + size].decode("latin-1")
        self._base = place
