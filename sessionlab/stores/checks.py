"""Checking values against the declaration, and saying what is wrong with one: the field, the value, what it may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from sessionlab.errors import InvalidRecord
from sessionlab.json_values import MOST_NESTED
from sessionlab.stores.declare import Field
from sessionlab.stores.values import KEPT, Engine, TooDeep, ValueType

Encode = Callable[[Any], Any]

_SHOWN = 80
_NUL, _HALF = (re.compile(rf"(?<!\\)(?:\\\\)*\\{code}") for code in ("x00", "ud[89a-f]"))
"""How Python writes them; behind two backslashes, it is a text that looks so."""


def encoder(table: str, name: str, asked: Field, type_: ValueType, engine: Engine) -> Encode:
    """Make the function that checks a value of a field and turns it into what the driver takes.

    The function raises InvalidRecord for a value that the field does not take.
    """
    convert, allowed = type_.encode[engine], frozenset(asked.one_of)

    def refused(value: Any, error: Exception | None = None) -> InvalidRecord:
        deep = f", nested {MOST_NESTED} deep at most" if isinstance(error, TooDeep) else ""
        wanted = may_be(value, asked, type_, engine)
        return InvalidRecord(f"{table}.{name} is {shown(value)}; it may be {wanted}{deep}.")

    def encode(value: Any) -> Any:
        if value is None:
            if asked.null:
                return None
            raise refused(value)
        try:
            encoded = convert(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise refused(value, error) from None
        if (allowed and encoded not in allowed) or (asked.not_empty and encoded == "") or _out_of_range(encoded, asked):
            raise refused(value)
        return encoded

    return encode


def _out_of_range(value: Any, asked: Field) -> bool:
    too_small = asked.at_least is not None and value < asked.at_least
    return too_small or (asked.at_most is not None and value > asked.at_most)


def may_be(value: Any, asked: Field, type_: ValueType, engine: Engine) -> str:
    """Say what a field may be."""
    words = [*map(repr, asked.one_of)] or [type_.may_be]
    if asked.not_empty:
        words[-1] += " that is not empty"
    if asked.at_least is not None:
        words[-1] += f", {asked.at_least} or more"
    if asked.at_most is not None:
        words[-1] += f", {asked.at_most} or less"
    if not asked.one_of:
        without = _without(value, type_, engine)
        words[-1] += f", {without}" if without and asked.not_empty else f" {without}".rstrip()
    if asked.null:
        words.append("None")
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _without(value: Any, type_: ValueType, engine: Engine) -> str:
    """Say what keeps a value from being one that its type takes, where that does not meet the eye."""
    if type_ is KEPT or not isinstance(type_.sql, sa.String | JSONB):
        return ""
    text = _written(value)
    if engine == "postgresql" and _NUL.search(text):
        return "without NUL characters, which Postgres cannot keep"
    return "without half characters (lone surrogates)" if _HALF.search(text) else ""


def shown(value: Any) -> str:
    """Show a value, or as much of it as a message can bear."""
    text = _written(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _written(value: Any) -> str:
    try:
        return repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply"


def is_plain(values: Sequence[Any], asked: Field, type_: ValueType) -> bool:
    """Whether a whole column of values goes to the driver as it is, told at the speed of the interpreter's own loops.

    A False says nothing: the values are then to be encoded one by one.
    """
    if asked.not_empty or asked.at_least is not None or asked.at_most is not None:
        return False
    takes = type_.plain if asked.null else type_.plain - {type(None)}
    if not set(map(type, values)) <= takes:
        return False
    return not asked.one_of or set(values) <= {*asked.one_of, None}
