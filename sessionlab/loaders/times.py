"""Reading times, in SQL for batches and in Python for single records: the same rules in both.

ISO 8601 with ``T`` or a blank, any number of decimals (cut at microseconds), ``Z``, an offset, or neither (taken as UTC); or a
number since 1970, told by its size: seconds, milliseconds, microseconds, nanoseconds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

UNREADABLE = "'-infinity'::TIMESTAMP"
"""What stands in a batch for a time that was given and cannot be read, so that a look at the column's minimum finds it."""

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
"""``utc_time(text)`` over a session whose time zone is UTC."""

_EPOCH = datetime(1970, 1, 1)


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
        moment = datetime.fromisoformat(str(value).strip())
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no time")
    size = abs(number)
    scale = 1e6 if size < 1e11 else 1e3 if size < 1e14 else 1 if size < 1e17 else 1e-3
    try:
        return _EPOCH + timedelta(microseconds=round(number * scale))
    except OverflowError as error:
        raise ValueError(f"{value!r} is too far from now") from error
