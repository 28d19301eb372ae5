"""Times: read alike by SQL and by Python, in every way that sessions have been seen to write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sessionlab.loaders.times import MACROS, is_no_time, utc_time
from tests.loaders.records import codegen, loaded, write

AT = datetime(2025, 11, 13, 3, 46, 40, 123456)
AT_MS = AT.replace(microsecond=123000)
AT_S = AT.replace(microsecond=0)
SEEN: dict[str | float, datetime] = {
    "2025-11-13T03:46:40.123456789+00:00": AT,
    "2025-11-13T03:46:40.123456Z": AT,
    "2025-11-13T03:46:40.123Z": AT_MS,
    "2025-11-13T03:46:40Z": AT_S,
    "2025-11-13T03:46:40": AT_S,
    "2025-11-13 03:46:40": AT_S,
    "2025-11-13 03:46:40.123": AT_MS,
    "2025-11-13T05:46:40.123+02:00": AT_MS,
    "2025-11-13 05:46:40+02": AT_S,
    "2025-11-12T22:16:40-05:30": AT_S,
    "2025-11-13 03:46:40 UTC": AT_S,
    "2025-11-13": datetime(2025, 11, 13),
    1763005600: AT_S,
    1763005600.123: AT_MS,
    1763005600123: AT_MS,
    1763005600123456: AT,
    1763005600123456000: AT,
    "1763005600": AT_S,
    "1763005600123": AT_MS,
    "1763005600.123": AT_MS,
    0: datetime(1970, 1, 1),
    -1.5: datetime(1969, 12, 31, 23, 59, 58, 500000),
    "1969-07-20T20:17:40Z": datetime(1969, 7, 20, 20, 17, 40),
}
NONE = [
    "",
    "yesterday",
    "infinity",
    "-infinity",
    "nan",
    "2025-13-01",
    "2025-02-30T00:00:00",
    "300000-01-01",
    1e30,
    "{}",
]


def in_sql() -> Callable[[Any], datetime | None]:
    connection = duckdb.connect().execute("SET TimeZone = 'UTC'").execute(MACROS)
    query = f"SELECT CASE WHEN NOT ({is_no_time('t')}) THEN t END FROM (SELECT utc_time(?::VARCHAR) AS t)"

    def read(value: Any) -> datetime | None:
        ((found,),) = connection.execute(query, [str(value)]).fetchall()
        return found if found is None or isinstance(found, datetime) else None

    return read


SQL = in_sql()


@pytest.mark.parametrize(("value", "moment"), SEEN.items(), ids=map(str, SEEN))
def test_seen(value: str | float, moment: datetime) -> None:
    assert utc_time(value) == moment
    assert SQL(value) == moment


@pytest.mark.parametrize("value", NONE)
def test_none(value: str | float) -> None:
    with pytest.raises(ValueError, match=r"is no time|is too far"):
        utc_time(value)
    assert SQL(value) is None


@settings(deadline=None)
@given(st.floats(-1e20, 1e20) | st.integers(-(10**19), 10**19) | st.integers(0, 3 * 10**9))
@example(0.0000005)
@example(-0.0000005)
def test_numbers_alike(number: float) -> None:
    try:
        found = utc_time(number)
    except ValueError:
        assert SQL(number) is None
    else:
        assert SQL(number) == found


@settings(deadline=None)
@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),
    st.sampled_from(["T", " "]),
    st.sampled_from(["", "Z", "+00:00", "+05:30", "-11:00", "+02"]),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_texts_alike(moment: datetime, between: str, offset: str, precision: str) -> None:
    text = moment.isoformat(sep=between, timespec=precision) + offset
    assert SQL(text) == utc_time(text)


@pytest.mark.parametrize("more", [[], [5]], ids=["straight", "closer"])
def test_loaded(tmp_path: Path, more: list[int]) -> None:
    records = [codegen(number, created_at=value) for number, value in enumerate(SEEN)]
    with loaded(write(tmp_path / "some.json", records + more)) as found:
        rows = found.rows("SELECT id, created_at FROM codegen.session ORDER BY id")
        assert rows == list(enumerate(SEEN.values()))


@pytest.mark.parametrize("value", [value for value in NONE if value != ""])
def test_rejected(tmp_path: Path, value: str | float) -> None:
    records = [codegen(1), codegen(2, created_at=value)]
    with loaded(write(tmp_path / "some.json", records)) as found:
        assert found.ids == ["1"]
        ((_, place, why, raw),) = found.rejects
        assert place == 1
        assert why.startswith("created_at holds the ")
        assert why.endswith(" where a time (ISO 8601, or seconds or milliseconds since 1970) is needed")
        assert json.loads(raw) == records[1]
