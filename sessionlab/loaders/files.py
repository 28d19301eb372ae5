"""Which files a path, folder or glob stands for, and what each one holds: told by content, never by name."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from glob import glob
from pathlib import Path
from typing import IO, cast

import zstandard

from sessionlab.errors import SourceError

SUFFIXES = (".json", ".jsonl", ".ndjson")
COMPRESSED = ("", ".gz", ".zst")
_PEEK = 1 << 16
_STEM = re.compile(r"\.(json|jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)


class Form(Enum):
    """How a JSON file holds its records; the value is what DuckDB's reader calls it."""

    ARRAY = "array"
    LINES = "newline_delimited"
    OBJECTS = "unstructured"
    EMPTY = "empty"
    """Nothing but white space."""
    FOREIGN = "foreign"
    """Not JSON in UTF-8 by its first bytes."""


@dataclass(frozen=True)
class FileState:
    """A file as it stood when it was listed: what a refresh compares."""

    path: str
    size: int
    mtime_ns: int


def expand(pattern: str) -> tuple[list[str], list[str]]:
    """List the JSON files that a path, a folder (all below it) or a glob stands for.

    Returns:
        Absolute paths of JSON files, sorted, and those of the other files that were passed over.

    Raises:
        SourceError: there is no such path, or nothing matches.
    """
    path = Path(pattern).expanduser()
    if path.is_file():
        return [str(path.absolute())], []
    if path.is_dir():
        found = [str(Path(folder, name).absolute()) for folder, _, names in os.walk(path) for name in names]
    else:
        found = [str(Path(name).absolute()) for name in glob(str(path), recursive=True) if Path(name).is_file()]
    wanted = sorted(name for name in found if is_json_name(name) or not path.is_dir())
    if not wanted:
        raise SourceError(_nothing_at(pattern, path, found))
    return wanted, sorted(set(found) - set(wanted))


def _nothing_at(pattern: str, path: Path, found: list[str]) -> str:
    if path.is_dir():
        others = f", only {', '.join(Path(name).name for name in found[:5])}" if found else ""
        return f"The folder {pattern} has no JSON files ({', '.join(SUFFIXES)}, also .gz and .zst){others}."
    if path.parent.is_dir() and not set(pattern) & set("*?["):
        near = [entry.name for entry in path.parent.iterdir()][:5]
        return f"There is no file {pattern}. Its folder has {', '.join(near) or 'no files'}."
    return f"Nothing matches {pattern}. Give a file, a folder, a glob, a sqlite:/// or a postgresql:// URL."


def is_json_name(name: str) -> bool:
    """Whether a folder's file is one of those that a load of the folder reads."""
    return name.lower().endswith(tuple(suffix + packed for suffix in SUFFIXES for packed in COMPRESSED))


def stem(path: str) -> str:
    """Give a file's name without its JSON endings.

    >>> stem("/logs/0b50d7a2e8b917de.json.gz")
    '0b50d7a2e8b917de'
    """
    return _STEM.sub("", Path(path).name)


STEM_SQL = r"regexp_replace(parse_filename(file), '\.(json|jsonl|ndjson)(\.gz|\.zst)?$', '', 'i')"
"""The same as :func:`stem`, over a column ``file``."""


def states(paths: Iterable[str]) -> Iterator[FileState]:
    """Stat each file; one that has just vanished is left out."""
    for path in paths:
        try:
            found = os.stat(path)  # noqa: PTH116 - ten thousand files: a Path each would cost more than the call
        except OSError:
            continue
        yield FileState(path, found.st_size, found.st_mtime_ns)


def packing_of(path: str) -> str:
    """Tell from a file's first bytes how it is packed, in the words of DuckDB's reader: none, gzip or zstd."""
    with Path(path).open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if magic == b"\x28\xb5\x2f\xfd" else "none"


def open_unpacked(path: str) -> IO[bytes]:
    """Open a file for reading its bytes, unpacked if it is packed."""
    packing = packing_of(path)
    if packing == "gzip":
        return cast("IO[bytes]", gzip.open(path))
    if packing == "zstd":
        return cast("IO[bytes]", zstandard.open(path, "rb"))
    return Path(path).open("rb")


def form_of(path: str) -> Form:
    """Tell from a file's first bytes how it holds its records.

    Raises:
        OSError: it cannot be read.
        zstandard.ZstdError, EOFError, zlib.error: it cannot be unpacked.
    """
    with open_unpacked(path) as file:
        return form_of_text(file.read(_PEEK))


def form_of_text(head: bytes) -> Form:
    """Tell from the first bytes of a JSON text how it holds its records.

    >>> form_of_text(b'{"id": 1}\\n{"id": 2}').name
    'LINES'
    """
    text = head.lstrip()
    if not text:
        return Form.EMPTY
    if text[:1] == b"[":
        return Form.ARRAY
    if text[:1] != b"{":
        return Form.FOREIGN
    first, newline, _ = text.partition(b"\n")
    return Form.LINES if newline and _is_json(first) else Form.OBJECTS


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
