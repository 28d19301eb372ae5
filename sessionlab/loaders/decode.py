"""Decoding one JSON text strictly: what is accepted here, DuckDB's reader accepts, and the other way round."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sessionlab.errors import InvalidRecord
from sessionlab.json_values import MOST_NESTED, complaint, pairs_kept
from sessionlab.kinds import Record
from sessionlab.loaders.split import depth_of


def decode(raw: bytes) -> Any:
    """Decode one JSON value: no NaN, no comma too many, no control character in a text, nothing after the end.

    Raises:
        InvalidRecord: it is not JSON; the message says where and why.
    """
    if raw.count(b"[") + raw.count(b"{") > MOST_NESTED and (depth := depth_of(raw)) > MOST_NESTED:
        raise InvalidRecord(f"it nests {depth:,} levels deep; {MOST_NESTED} is the most")
    try:
        return json.loads(raw.decode(), object_pairs_hook=pairs_kept, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise InvalidRecord(f"it is not UTF-8: byte 0x{raw[error.start]:02x} at {error.start}") from error
    except json.JSONDecodeError as error:
        raise InvalidRecord(f"it is not JSON: {complaint(error)} at character {error.pos}") from error
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


def _refuse(name: str) -> NoReturn:
    raise InvalidRecord(f"it is not JSON: {name} is no JSON value")
