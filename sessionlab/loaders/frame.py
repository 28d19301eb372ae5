"""A data frame (pandas, Polars, Arrow, a DuckDB relation) as a source: rows of sessions under canonical column names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from sessionlab.errors import SourceError
from sessionlab.loaders.target import Outcome, Target
from sessionlab.model import SESSIONS
from sessionlab.schema import Column, Type, literal, quote

_OWN = ("source", "kind", "extra")
_TIMES = ("TIMESTAMP", "DATE")
_FRAME = "sessionlab_frame"
_BAD = " is bad"


def is_frame(candidate: object) -> bool:
    """Whether something is a data frame: what speaks Arrow's stream protocol, or is a pandas frame."""
    return hasattr(candidate, "__arrow_c_stream__") or type(candidate).__module__.split(".")[0] == "pandas"


class FrameSource:
    """A data frame with a column ``session_id`` and any other columns of the canonical ``sessions``.

    Columns of other names go into ``extra``. ``kind`` is the frame's own where it has the column, else what is given, else
    ``frame``.
    """

    def __init__(self, frame: Any, name: str | None, kind: str | None = None) -> None:
        if not name:
            raise SourceError("A data frame has no name of its own. Give it one: load(frame, name='runs').")
        self.frame = frame
        self.name = name
        self.uri = f"frame:{name}"
        self.kind_name = kind

    def fingerprint(self) -> str | None:
        """A frame lives in its program only: there is nothing to look at again."""
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
        if "session_id" not in columns:
            known = ", ".join(SESSIONS.names)
            raise SourceError(
                f"The frame has no column session_id; it has {', '.join(columns)}. The canonical columns are {known}."
            )
        try:
            return self._copy(columns, target)
        finally:
            connection.unregister(_FRAME)

    def _copy(self, columns: dict[str, str], target: Target) -> Outcome:
        read = [column for column in SESSIONS if column.name in columns and column.name not in _OWN]
        values = [(column, _read(column, columns[column.name])) for column in read]
        named = [f"{value} AS {quote(column.name)}" for column, value in values]
        failed = [
            f"f.{quote(column.name)} IS NOT NULL AND {value} IS NULL AS {quote(column.name + _BAD)}"
            for column, value in values
        ]
        target.execute(
            "CREATE OR REPLACE TEMP TABLE frame_rows AS\n"
            f"SELECT *, {_reasons(read)} AS reason FROM (\n"
            f"    SELECT row_number() OVER () - 1 AS place, to_json(f)::VARCHAR AS raw, {', '.join([*named, *failed])},\n"
            f"        {self._kind(columns)} AS kind, {_extra(columns)} AS extra\n"
            f"    FROM {_FRAME} AS f)"
        )
        for place, reason, raw in target.execute(
            "SELECT place, reason, raw FROM frame_rows WHERE reason IS NOT NULL ORDER BY place"
        ).fetchall():
            target.reject(None, place, reason, raw)
        return self._insert([column.name for column in read], target)

    def _insert(self, names: list[str], target: Target) -> Outcome:
        times = [name for name in ("ended_at", "started_at") if name in names]
        order = ", ".join([*(f"{name} DESC NULLS LAST" for name in times), "place DESC"])
        kept = "reason IS NULL"
        listed = ", ".join(map(quote, [*names, "kind", "extra"]))
        written = target.count(
            f"INSERT INTO main.sessions BY NAME SELECT {literal(target.source)} AS source, {listed}{_duration(names)}\n"
            f"FROM frame_rows WHERE {kept}\n"
            f"QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY {order}) = 1"
        )
        return Outcome(superseded=target.count(f"SELECT count(*) FROM frame_rows WHERE {kept}") - written)

    def _kind(self, columns: dict[str, str]) -> str:
        default = literal(self.kind_name or "frame")
        return f"coalesce(kind::VARCHAR, {default})" if "kind" in columns else default


def _read(column: Column, type_: str) -> str:
    name = f"f.{quote(column.name)}"
    if column.type is Type.TIME:
        is_time = type_.startswith(_TIMES)
        return f"CAST({name} AS TIMESTAMP)" if is_time else f"nullif(utc_time({name}::VARCHAR), '-infinity'::TIMESTAMP)"
    return f"TRY_CAST({name} AS {column.type.value})"


def _reasons(read: list[Column]) -> str:
    cases = [
        f"WHEN {quote(column.name + _BAD)} THEN {literal(column.name + ' is no ' + column.type.name.lower())}"
        for column in read
    ]
    return f"CASE WHEN session_id IS NULL THEN 'session_id is missing' {' '.join(cases)} END"


def _extra(columns: dict[str, str]) -> str:
    unknown = [name for name in columns if name not in SESSIONS.names or name == "source"]
    parts: Iterator[str] = (
        f"CASE WHEN {quote(name)} IS NOT NULL THEN to_json({literal(name)})::VARCHAR || ':' || to_json({quote(name)})::VARCHAR END"
        for name in unknown
    )
    own = ["nullif(substr(extra::VARCHAR, 2, length(extra::VARCHAR) - 2), '')"] if "extra" in columns else []
    inner = ", ".join([*parts, *own])
    return f"nullif('{{' || concat_ws(',', {inner}) || '}}', '{{}}')::JSON" if inner else "NULL::JSON"


def _duration(names: list[str]) -> str:
    if "duration_s" in names or not {"started_at", "ended_at"} <= set(names):
        return ""
    return ", epoch(ended_at - started_at) AS duration_s"
