"""The text of a JSON file: read strictly, with the text of each record where that is wanted, and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from sessionlab.errors import InvalidRecord, StoreError
from sessionlab.json_values import complaint, pairs_kept


def decoded(raw: bytes, path: Path, *, keep_doubled: bool = False) -> list[Any]:
    """Read a JSON array strictly: no NaN, nothing after its end, and only UTF-8.

    ``keep_doubled`` keeps both values of a key that an object has twice, for which reading takes twice as long.

    Raises:
        StoreError: it is none; the message says where and why.
    """
    hook = pairs_kept if keep_doubled else None
    with _explained(path):
        return _array(json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=hook))


def split(raw: bytes, path: Path) -> list[tuple[Any, str]]:
    """Read a JSON array as strictly, and give each record with its text.

    Raises:
        StoreError: it is none; the message says where and why.
    """
    with _explained(path):
        text = raw.decode("utf-8-sig")
        at = _after_space(text, 0)
        if text[at : at + 1] != "[":
            _array(json.loads(text))
        pieces, end = _pieces(text, at + 1)
        if _after_space(text, end) != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
        return pieces


def _pieces(text: str, at: int) -> tuple[list[tuple[Any, str]], int]:
    """Read the records of an array that begins before a place; give them with their texts, and where it ends."""
    at = _after_space(text, at)
    if text[at : at + 1] == "]":
        return [], at + 1
    pieces: list[tuple[Any, str]] = []
    while True:
        record, end = _DECODER.raw_decode(text, at)
        pieces.append((record, text[at:end]))
        at = _after_space(text, end)
        if text[at : at + 1] == "]":
            return pieces, at + 1
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what is wrong with a file."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise _unread(path, f"it is not UTF-8: byte 0x{error.object[error.start]:02x} at {error.start}") from error
    except json.JSONDecodeError as error:
        place = f"character {error.pos:,} of {len(error.doc):,}"
        raise _unread(path, f"it is not JSON: {complaint(error)} at {place}") from error
    except RecursionError as error:
        raise _unread(path, "it nests too deep") from error
    except _NoArray as error:
        raise _unread(path, "it is no array of sessions") from error
    except ValueError as error:
        raise _unread(path, f"it is not JSON: {error}") from error


class _NoArray(ValueError):
    """A file holds JSON, but no array."""


def _array(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise _NoArray
    return found


def joined(texts: Iterable[str]) -> bytes:
    """Put the texts of records together as an array, as the editor writes it."""
    inner = ",\n  ".join(texts)
    return f"[\n  {inner}\n]".encode() if inner else b"[]"


def written(record: Any) -> str:
    """Write a record as the editor does, within an array, with escapes where UTF-8 cannot hold it.

    Raises:
        InvalidRecord: it is nothing that JSON can hold.
    """
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecord(f"A session is nothing that JSON can hold: {error}.") from error
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(record, indent=2)
    return text.replace("\n", "\n  ")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
_SPACE = re.compile(r"[ \t\n\r]*")


def _unread(path: Path, reason: str) -> StoreError:
    return StoreError(f"{path} cannot be read: {reason}. It was left as it is; put a sound copy in its place.")
