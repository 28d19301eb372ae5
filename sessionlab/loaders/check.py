"""Holding one decoded record against its kind, and saying in words where it does not fit."""

from __future__ import annotations

import json
import math
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.json_values import Doubled
from sessionlab.kinds import KINDS, Kind, NativeTable, Record, detect
from sessionlab.loaders.times import utc_time
from sessionlab.schema import Column, Type

_LEAST, _MOST = -(2**63), 2**63 - 1
_SHOWN = 60


def kind_of(record: Any, kind: Kind | None) -> Kind:
    """Tell the kind of a record, or take it to be of the kind that is given.

    Raises:
        InvalidRecord: it is no record, or fits no kind; the message says what it has and what each kind needs.
    """
    if not isinstance(record, dict):
        raise InvalidRecord(f"a record is a JSON object, and this is {_shown(record)}")
    told = kind or detect(record, KINDS)
    if told is None:
        needs = "; ".join(kind.needs() for kind in KINDS.values())
        raise InvalidRecord(f"it fits no kind: it has {_keys(record)}; {needs}")
    return told


def check(kind: Kind, record: Record) -> None:
    """Hold a record against the declaration of its kind.

    Raises:
        InvalidRecord: it does not fit; the message names the place, what was found and what is needed.
    """
    _check_row(kind, kind.root, record, "")


def _check_row(kind: Kind, table: NativeTable, row: Record, place: str) -> None:
    if isinstance(row, Doubled):
        raise InvalidRecord(f"{place.rstrip('.') or 'it'} has the key {row.doubled!r} twice")
    for column in table.columns:
        if column.name == table.link:
            continue
        given = False
        for name in column.names:
            value = row.get(name) if "." not in name else _inside(row, name)
            if value is not None:
                given = True
                _check_value(column, value, place)
        if column.required and not given and column.name not in table.stem:
            raise InvalidRecord(f"{place}{column.json_key} is missing; there is {_keys(row)}")
    for child in kind.children(table):
        for name in child.nest:
            _check_rows(kind, child, row.get(name), f"{place}{name}")


def _inside(row: Record, name: str) -> Any:
    """Give the value under a dotted name, which reaches into an object."""
    outer, _, rest = name.partition(".")
    inner = row.get(outer)
    if isinstance(inner, Doubled):
        raise InvalidRecord(f"{outer} has the key {inner.doubled!r} twice")
    if inner is not None and not isinstance(inner, dict):
        raise InvalidRecord(f"{outer} holds {_shown(inner)} where an object is needed")
    return inner.get(rest) if inner else None


def _check_rows(kind: Kind, table: NativeTable, rows: Any, place: str) -> None:
    if rows is None:
        return
    if not isinstance(rows, list):
        raise InvalidRecord(f"{place} holds {_shown(rows)} where a list is needed")
    for number, row in enumerate(rows):
        if row is None:
            continue
        if table.scalar is not None:
            if not isinstance(row, str):
                raise InvalidRecord(f"{place}[{number}] holds {_shown(row)} where a text is needed")
        elif isinstance(row, dict):
            _check_row(kind, table, row, f"{place}[{number}].")
        else:
            raise InvalidRecord(f"{place}[{number}] holds {_shown(row)} where an object is needed")


def _check_value(column: Column, value: Any, place: str) -> None:
    if column.type is not Type.JSON and not _fits(column.type, value):
        raise InvalidRecord(f"{place}{column.json_key} holds {_shown(value)} where {_NEEDED[column.type]} is needed")


_NEEDED = {
    Type.TEXT: "a text",
    Type.INTEGER: "a whole number of at most 64 bits",
    Type.REAL: "a number",
    Type.BOOLEAN: "true or false",
    Type.TIME: "a time (ISO 8601, or seconds or milliseconds since 1970)",
}


def _fits(type_: Type, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if type_ is Type.TEXT:
        return isinstance(value, str)
    if type_ is Type.BOOLEAN:
        return isinstance(value, bool)
    if type_ is Type.INTEGER:
        return number and math.isfinite(value) and value == int(value) and _LEAST <= value <= _MOST
    if type_ is Type.REAL:
        return number
    return (number or isinstance(value, str)) and _is_time(value)


def _is_time(value: str | float) -> bool:
    try:
        utc_time(value)
    except (ValueError, OverflowError):
        return False
    return True


def _keys(record: Record) -> str:
    return ", ".join(list(record)[:10]) or "no key at all"


def _shown(value: Any) -> str:
    words = {
        bool: "",
        int: "the number ",
        float: "the number ",
        str: "the text ",
        dict: "the object ",
        list: "the list ",
    }
    text = "null" if value is None else json.dumps(value, ensure_ascii=False)
    return words.get(type(value), "") + (text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
