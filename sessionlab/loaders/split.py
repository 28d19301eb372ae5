"""Cutting a JSON file into its records without trusting it, so that one broken record costs no more than itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

from sessionlab.loaders.files import Form

Bytes = bytes | mmap

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[{}\[\],]', re.DOTALL)
_BLANK = b" \t\r\n"


@dataclass(frozen=True)
class Slice:
    """A record as it stands in its file: its place among the others, its bytes, and how deeply it nests.

    ``trouble`` says what is wrong with the text around it, where something is.
    """

    index: int
    raw: bytes
    depth: int = 0
    trouble: str | None = None


def split(data: Bytes, form: Form) -> Iterator[Slice]:
    """Cut the bytes of a file into records.

    Args:
        data: UTF-8 text without a byte order mark, or what claims to be such.
        form: ``ARRAY``, ``LINES`` or ``OBJECTS``.
    """
    if form is Form.LINES:
        yield from _lines(data)
    elif form is Form.ARRAY:
        yield from _array(data)
    else:
        yield from _objects(data)


def _lines(data: Bytes) -> Iterator[Slice]:
    start = index = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end].strip(_BLANK)
        start = end + 1
        if line:
            yield Slice(index, line, depth_of(line))
            index += 1


def depth_of(text: bytes) -> int:
    """Count how deeply brackets nest in a JSON text."""
    if text.count(b"[") + text.count(b"{") < 100:
        return 0
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif sign in (b"}", b"]"):
            depth -= 1
    return deepest


def _array(data: Bytes) -> Iterator[Slice]:
    depth = deepest = index = 0
    start = 0
    for token in _TOKEN.finditer(data):
        sign = token[0]
        if sign in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
            if depth == 1:
                start = token.end()
        elif sign == b"," and depth == 1:
            yield Slice(index, data[start : token.start()].strip(_BLANK), deepest)
            index, start, deepest = index + 1, token.end(), 1
        elif sign in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                yield from _last(index, data[start : token.start()], deepest, data[token.end() :])
                return
    rest = data[start:].strip(_BLANK)
    yield Slice(index, rest, deepest, "the array is not closed: the file is cut off")


def _last(index: int, raw: bytes, depth: int, tail: bytes) -> Iterator[Slice]:
    raw, tail = raw.strip(_BLANK), tail.strip(_BLANK)
    if raw:
        yield Slice(index, raw, depth)
        index += 1
    elif index:
        yield Slice(index, raw, depth, "a comma with no record after it")
    if tail:
        yield Slice(index, tail, depth_of(tail), "text after the end of the array")


def _objects(data: Bytes) -> Iterator[Slice]:
    """Cut at the first bracket that opens after one record closed; what stands between belongs to the record before it."""
    depth = deepest = index = start = 0
    closed = False
    for token in _TOKEN.finditer(data):
        sign = token[0]
        if sign in (b"{", b"["):
            if depth == 0 and closed:
                yield Slice(index, data[start : token.start()].strip(_BLANK), deepest)
                index, start, deepest, closed = index + 1, token.start(), 0, False
            depth += 1
            deepest = max(deepest, depth)
        elif sign in (b"}", b"]"):
            depth -= 1
            closed = depth == 0
    raw = data[start:].strip(_BLANK)
    if raw:
        yield Slice(index, raw, deepest, None if closed else "the record is not closed: the file is cut off")
