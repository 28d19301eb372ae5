"""The bytes of a JSON file, unpacked and mapped, so that a large one takes no memory."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sessionlab.loaders.ends import Bytes
from sessionlab.loaders.forms import Form, form_of
from sessionlab.loaders.packing import BROKEN, open_unpacked, packing_of, zstd_is_whole

_BOM = b"\xef\xbb\xbf"
_ALTERED = ("CRC check", "length of data", "checksum")
"""Words by which the unpackers say that what came out is not what went in."""
_CHUNK = 1 << 20
_PEEK = 1 << 16


@dataclass(frozen=True)
class Unpacked:
    """A file's bytes, where in them its text begins (behind a byte order mark), and how it holds its records.

    ``trouble`` says what is wrong with its packing, where what could be unpacked is worth reading still.
    """

    data: Bytes
    start: int
    form: Form
    trouble: str | None = None


@contextmanager
def unpacked(path: str, folder: Path) -> Iterator[Unpacked]:
    """Map a file's bytes, unpacked into a scratch file under ``folder`` if it is packed.

    Raises:
        OSError: it cannot be read, or what it unpacks to is not what was packed.
    """
    with Path(path).open("rb") as file, tempfile.TemporaryFile(dir=folder) as scratch:
        packing = packing_of(file.read(4))
        trouble = None if packing == "none" else _unpack(path, packing, scratch)
        source: IO[bytes] = file if packing == "none" else scratch
        if source.seek(0, 2) == 0:
            yield Unpacked(b"", 0, Form.EMPTY, trouble)
            return
        with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
            start = len(_BOM) if data[: len(_BOM)] == _BOM else 0
            yield Unpacked(data, start, form_of(data[start : start + _PEEK]), trouble)


def _unpack(path: str, packing: str, scratch: IO[bytes]) -> str | None:
    """Unpack as much of a file as there is; say what is wrong with the rest, if there is one."""
    with open_unpacked(path) as packed:
        while True:
            try:
                chunk = packed.read1(_CHUNK)  # read() would lose what comes before a cut
            except EOFError:
                return f"the {packing} file is cut off"
            except BROKEN as error:
                if any(sign in str(error) for sign in _ALTERED):
                    raise OSError(f"the {packing} file is damaged: {error}") from error
                return f"the {packing} file is damaged: {error}"
            if not chunk:
                return None if packing == "gzip" or zstd_is_whole(path) else f"the {packing} file is cut off"
            scratch.write(chunk)
            scratch.flush()
