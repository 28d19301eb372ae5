"""What comes out of a lab, in the types that pandas, Polars and Arrow have for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sessionlab import Lab

DATA = Path(__file__).parents[1] / "data"

RECORDS = [
    {
        "thread_id": f"t{number}",
        "user_prompt": f"prompt {number}",
        "workflow_status": status,
        "tests_passed": passed,
        "code_attempts": attempts,
        "created_at": "2026-03-01T12:00:00.250+02:00",
        "updated_at": "2026-03-01T12:01:30.250+02:00",
        "model": "quill",
        "extra_key": {"deep": [number]},
    }
    for number, status, passed, attempts in (
        (1, "completed", True, 4),
        (2, "failed", False, 5),
        (3, "running", None, 6),
    )
]
QUERY = """
SELECT session_id, success, attempts, errors, started_at, duration_s, extra
FROM sessions ORDER BY session_id
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    path = tmp_path_factory.mktemp("source") / "states.json"
    path.write_text(json.dumps(RECORDS))
    lab = Lab()
    lab.load(path)
    return lab


def test_pandas(lab: Lab) -> None:
    frame = lab.sql(QUERY).df()
    assert dict(frame.dtypes.astype(str)) == {
        "session_id": "str",
        "success": "boolean",
        "attempts": "int64",
        "errors": "Int64",
        "started_at": "datetime64[us]",
        "duration_s": "float64",
        "extra": "str",
    }
    assert frame.success.tolist() == [True, False, pd.NA]
    assert frame.errors.isna().all()
    assert frame.started_at.dt.tz_localize("UTC")[0] == pd.Timestamp("2026-03-01 10:00:00.250", tz="UTC")
    assert frame.duration_s.tolist()[:2] == [90, 90]
    assert pd.isna(frame.duration_s[2])
    assert json.loads(frame.extra[1])["extra_key"] == {"deep": [2]}


def test_polars(lab: Lab) -> None:
    frame = lab.sql(QUERY).pl()
    assert dict(frame.schema) == {
        "session_id": pl.String,
        "success": pl.Boolean,
        "attempts": pl.Int64,
        "errors": pl.Int64,
        "started_at": pl.Datetime("us"),
        "duration_s": pl.Float64,
        "extra": pl.String,
    }
    assert frame["success"].to_list() == [True, False, None]
    assert frame["started_at"].dt.replace_time_zone("UTC")[0] == datetime(2026, 3, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    assert frame["extra"].str.json_path_match("$.extra_key.deep[0]").to_list() == ["1", "2", "3"]


def test_arrow(lab: Lab) -> None:
    table = lab.sql(QUERY).to_arrow_table()
    assert {field.name: str(field.type) for field in table.schema} == {
        "session_id": "string",
        "success": "bool",
        "attempts": "int64",
        "errors": "int64",
        "started_at": "timestamp[us]",
        "duration_s": "double",
        "extra": "string",
    }
    assert table["success"].to_pylist() == [True, False, None]
    assert table["attempts"].to_pylist() == [4, 5, 6]
    assert isinstance(pa.table(lab.sql(QUERY)), pa.Table)  # by the protocol that other libraries speak too


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # DuckDB uses it for times with a zone
def test_times_with_a_zone_on_request(lab: Lab) -> None:
    zoned = lab.sql("SELECT started_at AT TIME ZONE 'UTC' AS at FROM sessions WHERE session_id = 't1'")
    at = datetime(2026, 3, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    assert str(zoned.df()["at"].dtype) == "datetime64[us, UTC]"
    assert zoned.df()["at"][0] == at
    assert zoned.pl()["at"].to_list() == [at]
    assert zoned.to_arrow_table()["at"].to_pylist() == [at]
    assert zoned.fetchall() == [(at,)]


def test_metrics_have_the_types_too(lab: Lab) -> None:
    frame = lab.metrics.success_rate(by="status").df()
    assert [str(kind) for kind in frame.dtypes] == ["str", "int64", "int64", "int64", "float64", "float64", "float64"]
    assert lab.metrics.timeline(bucket="day").pl()["bucket"].to_list() == [datetime(2026, 3, 1)]


def test_a_frame_goes_back_in_as_it_came_out(lab: Lab) -> None:
    columns = "session_id, goal, status, success, attempts, model, started_at, ended_at"
    query = f"SELECT {columns} FROM sessions ORDER BY session_id"
    for frame in (lab.sql(query).df(), lab.sql(query).pl(), lab.sql(query).to_arrow_table()):
        again = Lab()
        again.load(frame, name="again")
        assert again.sql(query).fetchall() == lab.sql(query).fetchall()


@pytest.mark.parametrize("name", [name for name in dir(Lab().charts) if not name.startswith("_")])
def test_a_chart_can_be_changed_after(name: str) -> None:
    chart: Any = getattr(SAMPLES.charts, name)(by="kind")
    spec = chart.properties(title="mine").configure_axis(labelFontSize=17).configure_view(fill="#eee").to_dict()
    assert spec["title"] == "mine"
    assert spec["config"]["axis"]["labelFontSize"] == 17
    assert spec["config"]["view"]["fill"] == "#eee"
    assert spec["config"]["range"]["category"][0] == "#0072B2"
    assert chart.to_dict()["title"] != "mine"


def test_charts_stand_beside_each_other() -> None:
    pair = SAMPLES.charts.success_rate(by="kind") | SAMPLES.charts.success_by_attempt()
    assert isinstance(pair, alt.HConcatChart)
    assert len(pair.to_dict()["hconcat"]) == 2


SAMPLES = Lab()
SAMPLES.load(DATA / "worktree")
