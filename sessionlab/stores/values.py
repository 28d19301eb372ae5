"""The types of a store's columns: what they are in SQL, which values they take, and how those look in Python.

Both engines take and give the same Python values: ``str``, ``int``, ``bool``, ``datetime`` in UTC, and for JSON what
``json`` makes of it. Nothing is converted in silence: a text is no number, and 1 is not true.
"""

from __future__ import annotations

import json
import operator
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from sessionlab.json_values import MOST_NESTED, is_nested_deeper

Engine = Literal["sqlite", "postgresql"]
Convert = Callable[[Any], Any]

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_JSON_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class ValueType:
    """A type: its SQL, what it ``may_be`` in words, and how values go in (``encode``) and come out (``decode``).

    ``encode`` raises ValueError for a value that the type does not take. ``plain`` are the Python types that go in as
    they are, which a bulk insert checks by the column. An engine without a ``decode`` gives the values as they are.
    """

    sql: TypeEngine[Any]
    may_be: str
    encode: dict[Engine, Convert]
    decode: dict[Engine, Convert] = field(default_factory=dict)
    plain: frozenset[type] = frozenset()


class TooDeep(ValueError):
    """A value for JSON is nested deeper than :data:`MOST_NESTED`."""


def _text(value: Any) -> str:
    """Take a text; one with half a character (a lone surrogate) is none, and cannot be written as UTF-8."""
    if type(value) is str:
        if not value.isascii():
            value.encode()
        return value
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, str):
        return _text(str(value))
    raise ValueError(value)


def _text_without_nul(value: Any) -> str:
    text = _text(value)
    if "\0" in text:
        raise ValueError(value)
    return text


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError(value)
    number = int(value.__index__()) if hasattr(value, "__index__") else None
    if number is None or not _SMALLEST <= number <= _LARGEST:
        raise ValueError(value)
    return number


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(value)


def _moment(value: Any) -> datetime:
    """Give a moment in UTC; one without an offset is taken as UTC."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, datetime):
        raise ValueError(value)
    if found.tzinfo is UTC:
        return found
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _moment_text(value: Any) -> str:
    """Write a moment as SQLite's own functions do, to the millisecond, or finer if it is."""
    moment = _moment(value).replace(tzinfo=None)
    return moment.isoformat(" ", "microseconds" if moment.microsecond % 1000 else "milliseconds")


def _read_moment(value: Any) -> Any:
    """Read a moment; what another program has put there and no datetime can be comes out as it is."""
    try:
        return _moment(value)
    except (ValueError, OverflowError):
        return value


def as_plain(value: Any) -> Any:
    """Give what ``json`` can write instead of a value that the columns take too: an enum's, a mapping's, a number's.

    Raises:
        TypeError: they do not take it.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    return operator.index(value)


def _dumped(value: Any, separators: tuple[str, str] | None = None) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators, default=as_plain)
        # Counting tells most values to be flat enough in no time.
        if text.count("[") + text.count("{") > MOST_NESTED and is_nested_deeper(json.loads(text), MOST_NESTED):
            raise TooDeep(value)
    except RecursionError as error:
        raise TooDeep(value) from error
    except TypeError as error:
        raise ValueError(value) from error
    return text


def _json(value: Any) -> str:
    text = _dumped(value)
    if not text.isascii():
        text.encode()  # a text with surrogates is no JSON
    return text


def _json_without_nul(value: Any) -> str:
    text = _json(value)
    if _JSON_NUL.search(text):
        raise ValueError(value)
    return text


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise ValueError(value)


def _read_json(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):  # another program may have nested it as deeply as it likes
        return value


def _kept(value: Any) -> str:
    """Write JSON as ASCII where UTF-8 cannot hold it: half of a surrogate pair stands in real files."""
    text = _dumped(value, (",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=as_plain)
    return text


def _uuid(value: Any) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    text = _text(value)
    return text if _UUID.fullmatch(text) else str(uuid.UUID(text))


def varchar(length: int) -> ValueType:
    """Give the type of texts of at most so many characters."""

    def short(value: Any) -> str:
        text = _text(value)
        if len(text) > length:
            raise ValueError(value)
        return text

    def short_without_nul(value: Any) -> str:
        return short(_text_without_nul(value))

    return ValueType(
        sa.String(length).with_variant(sa.Text(), "sqlite"),
        f"a text of at most {length} characters",
        {"sqlite": short, "postgresql": short_without_nul},
    )


TEXT = ValueType(
    sa.Text(), "a text", {"sqlite": _text, "postgresql": _text_without_nul}, plain=frozenset({str, type(None)})
)
WHOLE = ValueType(
    sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "a whole number of 64 bits",
    {"sqlite": _whole, "postgresql": _whole},
    plain=frozenset({int, type(None)}),
)
FLAG = ValueType(
    sa.Boolean(), "True or False", {"sqlite": _flag, "postgresql": _flag}, {"sqlite": bool}, frozenset({bool})
)
TIME = ValueType(
    sa.TIMESTAMP(timezone=True),
    "a datetime or a text in ISO 8601",
    {"sqlite": _moment_text, "postgresql": _moment},
    {"sqlite": _read_moment, "postgresql": _read_moment},
)
JSON = ValueType(
    JSONB().with_variant(sa.Text(), "sqlite"),
    "what JSON can hold",
    {"sqlite": _json, "postgresql": _json_without_nul},
    {"sqlite": _read_json},
)
KEPT = ValueType(
    sa.Text(),
    "what JSON can hold",
    {"sqlite": _kept, "postgresql": _kept},
    {"sqlite": _read_json, "postgresql": _read_json},
)
"""JSON that comes out to the letter: as a text on both engines, where ``jsonb`` would change numbers and refuse NUL."""

OBJECT = ValueType(
    JSON.sql,
    "a JSON object",
    {"sqlite": lambda value: _json(_object(value)), "postgresql": lambda value: _json_without_nul(_object(value))},
    JSON.decode,
)
UUID = ValueType(
    sa.Uuid(as_uuid=False).with_variant(sa.Text(), "sqlite"),
    "a UUID",
    {"sqlite": _uuid, "postgresql": _uuid},
    {"postgresql": str},
)
