"""Files packed with gzip or zstd: told by their first bytes, whatever their name."""

from __future__ import annotations

import gzip
import zlib
from io import BufferedIOBase
from pathlib import Path
from typing import IO, cast

import zstandard

BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What reading a file, packed or not, may raise."""

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_LONGEST_HEADER = 18
_REPEATED = 1


def packing_of(head: bytes) -> str:
    """Tell from a file's first bytes how it is packed, in the words of DuckDB's reader: none, gzip or zstd."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if head[:4] == _ZSTD_MAGIC else "none"


def open_unpacked(path: str) -> BufferedIOBase:
    """Open a file for reading its bytes, unpacked if it is packed."""
    file = Path(path).open("rb")  # noqa: SIM115 - what is given back closes it
    packing = packing_of(file.read(4))
    file.seek(0)
    if packing == "gzip":
        file.close()
        return gzip.open(path)
    if packing == "zstd":
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=True)
        return cast("BufferedIOBase", reader)
    return file


def zstd_is_whole(path: str) -> bool:
    """Whether a zstd file ends where its last frame does, going by the headers of the blocks and unpacking nothing."""
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        place = 0
        while place < size:
            file.seek(place)
            try:
                place = _after_frame(file, place)
            except zstandard.ZstdError:
                return False
    return place == size


def _after_frame(file: IO[bytes], place: int) -> int:
    """Give the place where a frame ends, or should."""
    head = file.read(_LONGEST_HEADER)
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
