"""Decoding one JSON text strictly: what is accepted here, DuckDB's reader accepts, and the other way round."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sessionlab.errors import InvalidRecord
from sessionlab.kinds import Record
from sessionlab.loaders.split import depth_of

MOST_LEVELS = 500
"""Records that nest deeper are set aside: what reads them after us may not come back."""


class Doubled(Record):
    """An object with a key twice. Free-form JSON may have it, and it is written as it was read; a row may not."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]
        """Give all pairs: what writes JSON asks for them."""
        return self._pairs

    @property
    def doubled(self) -> str:
        """The first key that is there twice."""
        keys = [key for key, _ in self._pairs]
        return next(key for place, key in enumerate(keys) if key in keys[:place])


def decode(raw: bytes) -> Any:
    """Decode one JSON value: no NaN, no comma too many, no control character in a text, nothing after the end.

    Raises:
        InvalidRecord: it is not JSON; the message says where and why.
    """
    if raw.count(b"[") + raw.count(b"{") > MOST_LEVELS and (depth := depth_of(raw)) > MOST_LEVELS:
        raise InvalidRecord(f"it nests {depth:,} levels deep; {MOST_LEVELS} is the most")
    try:
        return json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise InvalidRecord(f"it is not UTF-8: byte 0x{raw[error.start]:02x} at {error.start}") from error
    except json.JSONDecodeError as error:
        raise InvalidRecord(f"it is not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise InvalidRecord("it nests too deep") from error
    except ValueError as error:
        raise InvalidRecord(f"it has a number that no machine holds: {error}") from error


def encode(record: Record) -> bytes:
    """Write a decoded record as one line.

    Raises:
        InvalidRecord: it has a text or a number that no JSON in UTF-8 holds.
    """
    try:
        return json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise InvalidRecord("half of a surrogate pair stands alone in a text") from error
    except ValueError as error:
        raise InvalidRecord("it has a number beyond what a machine holds") from error


def _object(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(pairs)


def _refuse(name: str) -> NoReturn:
    raise InvalidRecord(f"it is not JSON: {name} is no JSON value")
