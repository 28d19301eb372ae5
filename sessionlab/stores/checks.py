"""Checking values against the declaration, and saying what is wrong with one: the field, the value, what it may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.stores.declare import Field
from sessionlab.stores.values import Engine, ValueType

Encode = Callable[[Any], Any]

_SHOWN = 80


def encoder(table: str, name: str, asked: Field, type_: ValueType, engine: Engine) -> Encode:
    """Make the function that checks a value of a field and turns it into what the driver takes.

    The function raises InvalidRecord for a value that the field does not take.
    """
    convert, allowed = type_.encode[engine], frozenset(asked.one_of)

    def refused(value: Any) -> InvalidRecord:
        return InvalidRecord(f"{table}.{name} is {shown(value)}; it may be {may_be(value, asked, type_, engine)}.")

    def encode(value: Any) -> Any:
        if value is None:
            if asked.null:
                return None
            raise refused(value)
        try:
            encoded = convert(value)
        except (ValueError, TypeError, OverflowError):
            raise refused(value) from None
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
    if engine == "postgresql" and r"\x00" in repr(value):
        words[-1] += " without NUL characters, which Postgres cannot keep"
    if asked.null:
        words.append("None")
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def shown(value: Any) -> str:
    """Show a value, or as much of it as a message can bear."""
    try:
        text = repr(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deeply"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


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
