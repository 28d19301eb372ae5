"""What stands in a JSON file and how it is packed: told by its first bytes, never by its name."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from enum import Enum
from pathlib import Path
from typing import IO, cast

import zstandard

BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError, struct.error)
"""What reading a file, packed or not, may raise."""

_PEEK = 1 << 16
_CHUNK = 1 << 20
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_REPEATED = 1
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


def form_of(path: str) -> Form:
    """Tell from a file's first bytes how it holds its records.

    Raises:
        OSError and others of ``BROKEN``: it cannot be read or unpacked.
    """
    with open_unpacked(path) as file:
        return form_of_text(file.read(_PEEK))


def form_of_text(head: bytes) -> Form:
    r"""Tell from the first bytes of a JSON text how it holds its records.

    >>> form_of_text(b'{"id": 1}\n{"id": 2}').name
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


def packing_of(path: str) -> str:
    """Tell from a file's first bytes how it is packed, in the words of DuckDB's reader: none, gzip or zstd."""
    with Path(path).open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if magic == _ZSTD_MAGIC else "none"


def open_unpacked(path: str) -> IO[bytes]:
    """Open a file for reading its bytes, unpacked if it is packed."""
    packing = packing_of(path)
    if packing == "gzip":
        return cast("IO[bytes]", gzip.open(path))
    if packing == "zstd":
        reader = zstandard.ZstdDecompressor().stream_reader(
            Path(path).open("rb"),  # noqa: SIM115 - the reader closes it
            read_across_frames=True,
            closefd=True,
        )
        return cast("IO[bytes]", reader)
    return Path(path).open("rb")


def damage_of(path: str, packing: str) -> str | None:
    """Look for damage in a packed file that DuckDB's reader would say nothing of; None if it is sound.

    The reader does not hold gzip's checksums against what it read, and takes a zstd file that is cut off for a shorter
    one.
    """
    try:
        if packing == "gzip":
            _read_through(path)
        elif packing == "zstd" and not _zstd_is_whole(path):
            return "the zstd file is cut off"
    except EOFError:
        return "the gzip file is cut off"
    except BROKEN as error:
        return f"the {packing} file is damaged: {error}"
    return None


def _read_through(path: str) -> None:
    with gzip.open(path) as file:
        while file.read(_CHUNK):
            pass


def _zstd_is_whole(path: str) -> bool:
    """Walk from block to block by their headers, unpacking nothing."""
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        place = 0
        while place < size:
            file.seek(place)
            place = _after_frame(file, place)
    return place == size


def _after_frame(file: IO[bytes], place: int) -> int:
    """Give the place where a zstd frame ends, or should."""
    head = file.read(18)
    if int.from_bytes(head[:4], "little") in _SKIPPABLE:
        return place + 8 + int.from_bytes(head[4:8], "little")
    place += zstandard.frame_header_size(head)
    last = False
    while not last:
        file.seek(place)
        header = file.read(3)
        if len(header) < 3:
            return place + 3
        block = int.from_bytes(header, "little")
        last, kind, length = bool(block & 1), block >> 1 & 3, block >> 3
        place += 3 + (1 if kind == _REPEATED else length)
    return place + 4 * zstandard.get_frame_parameters(head).has_checksum
