"""Reading times, in SQL for batches and in Python for single records: the same rules in both.

ISO 8601 with ``T`` or a blank, any number of decimals (cut at microseconds), ``Z``, an offset, or neither (taken as
UTC); or a number since 1970, told by its size: seconds, milliseconds, microseconds, nanoseconds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock

import duckdb

MACROS = """
CREATE OR REPLACE TEMP MACRO epoch_time(number) AS make_timestamp(CAST(round(number * CASE
    WHEN abs(number) < 1e11 THEN 1000000
    WHEN abs(number) < 1e14 THEN 1000
    WHEN abs(number) < 1e17 THEN 1
    ELSE 0.001
END) AS BIGINT));
CREATE OR REPLACE TEMP MACRO utc_time(text) AS CASE WHEN text IS NULL THEN NULL ELSE coalesce(
    try_cast(text AS TIMESTAMPTZ)::TIMESTAMP,
    TRY(epoch_time(try_cast(text AS DOUBLE))),
    '-infinity'::TIMESTAMP
) END;
"""
"""``utc_time(text)`` over a session whose time zone is UTC. What was given and cannot be read is minus infinity."""

_EPOCH = datetime(1970, 1, 1)


def is_no_time(column: str) -> str:
    """Give the SQL condition that tells a time that could not be read, or that no calendar of four-digit years has.

    Args:
        column: An SQL expression, already quoted.
    """
    return f"{column} NOT BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"


def utc_time(value: str | float) -> datetime:
    """Read a time as the macro of that name does.

    Raises:
        ValueError: it is none.

    >>> utc_time("2025-11-13T05:46:40.123456789+02:00")
    datetime.datetime(2025, 11, 13, 3, 46, 40, 123456)
    >>> utc_time(1763005600123)
    datetime.datetime(2025, 11, 13, 3, 46, 40, 123000)
    """
    try:
        number = float(value)
    except ValueError:
        return _from_text(str(value))
    size = abs(number)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no time")
    try:
        return _EPOCH + timedelta(
            microseconds=_rounded(number * (1e6 if size < 1e11 else 1e3 if size < 1e14 else 1 if size < 1e17 else 1e-3))
        )
    except OverflowError as error:
        raise ValueError(f"{value!r} is too far from now") from error


def _rounded(number: float) -> int:
    """Round halves away from zero, as SQL does."""
    whole = math.trunc(number)
    return whole + int(math.copysign(abs(number - whole) >= 0.5, number))


def _from_text(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return _asked(text)


def _asked(text: str) -> datetime:
    """Have the macro read what Python does not, as ``2025-1-3 4:05:06 UTC``."""
    query = f"SELECT CASE WHEN NOT ({is_no_time('time')}) THEN time END FROM (SELECT utc_time(?) AS time)"
    with _LOCK:
        ((moment,),) = _reader().execute(query, [text]).fetchall()
    if not isinstance(moment, datetime):
        raise ValueError(f"{text!r} is no time")
    return moment


_LOCK = Lock()


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    return duckdb.connect().execute("SET TimeZone = 'UTC'").execute(MACROS)
