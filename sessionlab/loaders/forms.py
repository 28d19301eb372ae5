"""How a JSON file holds its records: told by what is in it, never by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from sessionlab.loaders.packing import BROKEN, open_unpacked, packing_of, zstd_is_whole

_PEEK = 1 << 16
_TAIL = 1 << 8
_CHUNK = 1 << 20
_BLANK = b" \t\r\n"


class Form(Enum):
    """How a JSON file holds its records; the value is what DuckDB's reader calls it."""

    ARRAY = "array"
    LINES = "newline_delimited"
    OBJECTS = "unstructured"
    EMPTY = "empty"
    """Nothing but white space."""
    FOREIGN = "foreign"
    """Something else than records comes first, or it is no UTF-8."""


def form_of(head: bytes) -> Form:
    r"""Tell from the first bytes of a JSON text how it holds its records.

    >>> form_of(b'{"id": 1}\n{"id": 2}').name
    'LINES'
    """
    text = head.lstrip(_BLANK)
    if not text:
        return Form.EMPTY
    if text[:1] not in (b"[", b"{") or b"\x00" in text[:4]:
        return Form.FOREIGN
    if text[:1] == b"[":
        return Form.ARRAY
    first, newline, _ = text.partition(b"\n")
    return Form.LINES if newline and _is_json(first) else Form.OBJECTS


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def how_to_read(path: str, go_on: Callable[[], None] = lambda: None) -> tuple[Form, str] | None:
    """Tell how DuckDB's reader should read a file: its form and its packing.

    None if that reader could not, or would not tell what is wrong: it takes an array that is cut off behind a comma for
    a whole one and a zstd file that is cut off for a shorter one, and does not look at gzip's checksums.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_PEEK)
            packing = packing_of(head)
            if packing == "none":
                file.seek(-min(_TAIL, file.seek(0, 2)), 2)
                tail = file.read()
            else:
                head, tail = _ends_unpacked(path, go_on)
        form = form_of(head)
        whole = (packing != "zstd" or zstd_is_whole(path)) and (
            form is not Form.ARRAY or tail.rstrip(_BLANK)[-1:] == b"]"
        )
    except BROKEN:
        return None
    return (form, packing) if whole and form not in (Form.EMPTY, Form.FOREIGN) else None


def _ends_unpacked(path: str, go_on: Callable[[], None]) -> tuple[bytes, bytes]:
    """Read a packed file through, which checks it, and give how it begins and how it ends."""
    with open_unpacked(path) as file:
        head = tail = file.read(_PEEK)
        while chunk := file.read(_CHUNK):
            go_on()
            tail = tail[-_TAIL:] + chunk
    return head, tail[-_TAIL:]
