"""A data frame (pandas, Polars, Arrow, a DuckDB relation) as a source: sessions under canonical column names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import duckdb

from sessionlab import entrants
from sessionlab.errors import SourceError
from sessionlab.loaders.target import Outcome, Target
from sessionlab.loaders.times import is_no_time
from sessionlab.model import SESSIONS
from sessionlab.schema import Column, Type, literal, quote

_COUNTED = ("source", entrants.COLUMN)
"""Columns of ``sessions`` that a frame's own cannot fill: where it came from, and what is counted from attempts."""
_OWN = (*_COUNTED, "kind", "extra")
_ID = next(column for column in SESSIONS if column.name == "session_id")
_TIMES = ("TIMESTAMP", "DATE")
_REALS = ("FLOAT", "DOUBLE")
_NUMBERS = (
    *_REALS,
    "DECIMAL",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
)
_FRAME = "sessionlab_frame"
_NEEDED = {
    Type.TEXT: "a text",
    Type.INTEGER: "a whole number of at most 64 bits",
    Type.REAL: "a number",
    Type.BOOLEAN: "true or false",
    Type.TIME: "a time",
}


def is_frame(candidate: object) -> bool:
    """Whether something is a data frame: what speaks Arrow's stream protocol, or is a pandas frame."""
    return hasattr(candidate, "__arrow_c_stream__") or type(candidate).__module__.split(".")[0] == "pandas"


class FrameSource:
    """A data frame with a column ``session_id`` and any other columns of the canonical ``sessions``.

    Columns of other names go into ``extra``. ``kind`` is the frame's own where it has the column, else what is given,
    else ``frame``. Not-a-number stands for nothing known, as pandas has it.
    """

    def __init__(self, frame: Any, name: str | None, kind: str | None = None) -> None:
        if not name:
            raise SourceError("A data frame has no name of its own. Give it one: load(frame, name='runs').")
        self.frame = frame
        self.name = name
        self.uri = f"frame:{name}"
        self.kind_name = kind

    def ahead(self) -> AbstractContextManager[None]:
        """Begin nothing: there is nothing to wait for."""
        return nullcontext()

    def fingerprint(self) -> str | None:
        """Give none: a frame lives in its program only, and there is nothing to look at again."""
        return None

    def load(self, target: Target) -> Outcome:
        """Write the frame's rows into ``main.sessions``.

        Raises:
            SourceError: it has no column ``session_id``, or cannot be read as a table.
        """
        connection = target.connection
        try:
            connection.register(_FRAME, self.frame)
            columns = {name: str(type_) for name, type_, *_ in connection.execute(f"DESCRIBE {_FRAME}").fetchall()}
        except duckdb.Error as error:
            raise SourceError(f"This {type(self.frame).__name__} cannot be read as a table: {error}") from error
        try:
            if "session_id" not in columns:
                raise SourceError(
                    f"The frame has no column session_id; it has {', '.join(columns)}."
                    f" The canonical columns are {', '.join(SESSIONS.names)}."
                )
            return self._copy(columns, target)
        finally:
            connection.unregister(_FRAME)

    def _copy(self, columns: dict[str, str], target: Target) -> Outcome:
        read = [column for column in SESSIONS if column.name in columns and column.name not in _OWN]
        target.execute(f"CREATE OR REPLACE TEMP TABLE frame_rows AS\n{self._rows(columns, read)}")
        try:
            for place, reason, raw in target.execute(
                "SELECT place, reason, raw FROM frame_rows WHERE reason IS NOT NULL ORDER BY place"
            ).fetchall():
                target.reject(None, place, reason, raw)
            return _insert([column.name for column in read], target)
        finally:
            target.execute("DROP TABLE temp.frame_rows")

    def _rows(self, columns: dict[str, str], read: list[Column]) -> str:
        """Give the SELECT of the frame's rows in the types of ``sessions``, with what is wrong with them."""
        values = [(column, _read(column, columns[column.name])) for column in read]
        named = [f"{value} AS {quote(column.name)}" for column, value in values]
        wrong = [
            f"WHEN {_given(column, columns[column.name])} AND {value} IS NULL"
            f" THEN {literal(f'{column.name} holds ')} || f.{quote(column.name)}::VARCHAR"
            f" || {literal(f' where {_NEEDED[column.type]} is needed')}"
            for column, value in values
        ]
        missing = f"WHEN {_read(_ID, columns['session_id'])} IS NULL THEN 'session_id is missing'"
        reason = f"CASE {missing} {' '.join(wrong)} END"
        return (
            f"SELECT row_number() OVER () - 1 AS place, {reason} AS reason,\n"
            f"    CASE WHEN ({reason}) IS NOT NULL THEN to_json(f)::VARCHAR END AS raw,\n"
            f"    {', '.join(named)},\n    {self._kind(columns)} AS kind, {_extra(columns)} AS extra\n"
            f"FROM {_FRAME} AS f"
        )

    def _kind(self, columns: dict[str, str]) -> str:
        default = literal(self.kind_name or "frame")
        return f"coalesce(f.kind::VARCHAR, {default})" if "kind" in columns else default


def _insert(names: list[str], target: Target) -> Outcome:
    times = [name for name in ("ended_at", "started_at") if name in names]
    order = ", ".join([*(f"{name} DESC NULLS LAST" for name in times), "place DESC"])
    listed = ", ".join(map(quote, [*names, "kind", "extra"]))
    written = target.count(
        f"INSERT INTO main.sessions BY NAME SELECT {literal(target.source)} AS source, {listed}{_duration(names)}\n"
        "FROM frame_rows WHERE reason IS NULL\n"
        f"QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY {order}) = 1"
    )
    return Outcome(superseded=target.count("SELECT count(*) FROM frame_rows WHERE reason IS NULL") - written)


def _given(column: Column, type_: str) -> str:
    """Give the condition that a row has a value here: a missing one is NULL, or not a number."""
    name = f"f.{quote(column.name)}"
    return f"{name} IS NOT NULL" + (f" AND NOT isnan({name})" if type_ in _REALS else "")


def _read(column: Column, type_: str) -> str:
    """Give the value in the column's type; NULL where there is none, and where it does not fit."""
    name = f"f.{quote(column.name)}"
    if column.type is Type.TIME:
        value = f"TRY_CAST({name} AS TIMESTAMP)" if type_.startswith(_TIMES) else f"utc_time({name}::VARCHAR)"
        return f"CASE WHEN NOT ({is_no_time(value)}) THEN {value} END"
    value = f"TRY_CAST({name} AS {column.type.value})"
    if type_ in _REALS:
        value = f"CASE WHEN NOT isnan({name}) THEN {value} END"
    if type_.startswith(_NUMBERS) and column.type in (Type.INTEGER, Type.BOOLEAN):
        return f"CASE WHEN {value}::{type_} = {name} THEN {value} END"
    return value


def _extra(columns: dict[str, str]) -> str:
    """Give the other columns as one JSON object; what the frame has under ``extra`` itself goes into it too."""
    unknown = [name for name in columns if name not in SESSIONS.names or name in _COUNTED]
    parts: Iterator[str] = (
        f"CASE WHEN f.{quote(name)} IS NOT NULL"
        f" THEN to_json({literal(name)})::VARCHAR || ':' || to_json(f.{quote(name)})::VARCHAR END"
        for name in unknown
    )
    own = [_own_extra(columns["extra"])] if "extra" in columns else []
    inner = ", ".join([*parts, *own])
    return f"nullif('{{' || concat_ws(',', {inner}) || '}}', '{{}}')::JSON" if inner else "NULL::JSON"


def _own_extra(type_: str) -> str:
    """Give the inside of the frame's ``extra`` if it is an object, or a text that is one; else all of it."""
    text = "f.extra" if type_ in ("VARCHAR", "JSON") else "to_json(f.extra)"
    whole = f"CASE WHEN json_valid({text}) AND json_type({text}) = 'OBJECT' THEN json({text})::VARCHAR"
    whole = f"{whole} WHEN f.extra IS NOT NULL THEN json_object('extra', f.extra)::VARCHAR END"
    return f"nullif(({whole})[2:-2], '')"


def _duration(names: list[str]) -> str:
    if "duration_s" in names or not {"started_at", "ended_at"} <= set(names):
        return ""
    return ", epoch(ended_at - started_at) AS duration_s"
