"""What the charts hold, how they set it out, and that Vega draws them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import vl_convert

from sessionlab.charts import Charts
from sessionlab.charts.frames import frame
from sessionlab.errors import QueryError
from sessionlab.metrics import METRICS, Metrics
from tests.metrics.bench import empty_lab, filled_lab, full_lab, metrics_of, rows

NAMES = [name for name in METRICS if name != "summary"]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "whole": {},
    "one": {"by": "topic"},
    "two": {"by": ["kind", "difficulty"]},
    "three": {"by": ["kind", "topic", "difficulty"]},
    "many": {"by": ["topic", "messages"]},
    "condition": {"by": "model", "where": "attempts > 1"},
    "weeks": {"bucket": "week"},
    "months": {"by": ["topic", "kind"], "bucket": "month"},
    "lone": {"by": "kind", "bucket": "month", "where": "started_at < '2026-01-20'"},
}
CASES = {
    "success_rate": ARGUMENTS.keys(),
    "attempts": ["whole", "two", "months"],
    "topics": ["one", "two", "months"],
    "statuses": ["condition"],
    "timeline": ["months", "lone"],
    "attempts_distribution": ["two"],
    "success_by_attempt": ["months"],
    "durations": ["two", "months"],
    "errors": ["two"],
    "winners": ["two"],
}
WORDS = {
    "attempts": "attempts a session",
    "attempts_distribution": ">passed<",
    "durations": "duration of a session",
    "errors": ">lost<",
}
"""What stands on the charts that have no axis of success."""
DRAWN = {"two", "months", "lone"}
"""Those that are drawn in full; the others are only compiled, which is four times as fast."""

EIGHTY_TOPICS = """
SELECT 'x' AS source, CASE WHEN i % 81 > 0 THEN 'a topic with a long name, number ' || i % 81 END AS topic,
  i % 3 > 0 AS success, i % 10 AS attempts, ['a', 'b'][1 + i % 2] AS kind,
  i % 90 AS errors, TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR AS started_at
FROM range(2000) AS numbers (i) WHERE i % 81 < 40 OR i % 7 > 0
"""


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return metrics_of(full_lab())


@pytest.fixture(scope="module")
def many() -> Metrics:
    return metrics_of(filled_lab(EIGHTY_TOPICS))


@pytest.fixture(scope="module")
def nothing_measured() -> Metrics:
    return metrics_of(empty_lab())


def held(chart: Any) -> list[dict[str, Any]]:
    """Collect the rows that a chart holds."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


@pytest.mark.parametrize(("name", "arguments"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_every_chart_is_drawn(metrics: Metrics, name: str, arguments: str) -> None:
    spec = getattr(Charts(metrics), name)(**ARGUMENTS[arguments]).to_dict()
    assert len(json.dumps(spec)) < 300_000
    if arguments in DRAWN:
        picture = vl_convert.vegalite_to_svg(spec)
        assert WORDS.get(name, ">100%<") in picture
    else:
        assert vl_convert.vegalite_to_vega(spec)["marks"]


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_of_an_empty_lab_says_so(nothing_measured: Metrics, name: str) -> None:
    nothing = {"errors": "no errors", "winners": "no competitions"}.get(name, "no sessions")
    for arguments in ({}, {"by": "topic"}, {"bucket": "week"}):
        spec = getattr(Charts(nothing_measured), name)(**arguments).to_dict()
        assert nothing in spec["title"]["subtitle"]
    assert vl_convert.vegalite_to_vega(spec)


@pytest.mark.parametrize("name", ["success_rate", "attempts", "durations"])
def test_a_chart_holds_the_rows_of_its_metric(metrics: Metrics, name: str) -> None:
    expected = rows(getattr(metrics, name)(by="kind"))
    chart = getattr(Charts(metrics), name)(by="kind")
    for row, wanted in zip(held(chart), expected, strict=True):
        assert row.items() >= ({"axis": wanted.pop("kind")} | wanted).items()


def test_topics_hold_the_rows_of_their_metric(metrics: Metrics) -> None:
    expected = {row.pop("value") or "(unknown)": row for row in rows(metrics.topics())}
    assert {row.pop("axis"): row for row in held(Charts(metrics).topics())} == expected


def test_topics_share_within_each_panel(metrics: Metrics) -> None:
    expected = {(row["kind"], row["value"] or "(unknown)"): row["share"] for row in rows(metrics.topics(by="kind"))}
    chart = Charts(metrics).topics(by="kind")
    assert {(row["panel"], row["axis"]): row["share"] for row in held(chart)} == expected


def test_of_eighty_topics_the_largest_stand_alone(many: Metrics) -> None:
    whole = rows(many.success_rate())[0]
    shown = held(Charts(many).success_rate(by="topic"))
    assert len(shown) == 40
    assert shown[-1]["axis"] == "other (42)"
    for column in ("sessions", "judged", "passed"):
        assert sum(row[column] for row in shown) == whole[column]
    spec = Charts(many).success_rate(by="topic").to_dict()
    assert "the 39 largest of 81 values of topic, the rest as other (42)" in spec["title"]["subtitle"]
    order = spec["layer"][0]["encoding"]["y"]["sort"]
    sizes = {row["axis"]: row["sessions"] for row in shown}
    assert [sizes[name] for name in order[:-1]] == sorted((sizes[name] for name in order[:-1]), reverse=True)


def test_what_is_gathered_is_measured_not_averaged(many: Metrics) -> None:
    shown = held(Charts(many).attempts(by="topic", where="attempts > 1"))
    names = ", ".join(f"'{row['axis']}'" for row in shown if row["axis"] != "(unknown)")
    unknown = "AND topic IS NOT NULL" if "(unknown)" in {row["axis"] for row in shown} else ""
    condition = f"attempts > 1 AND (topic IS NULL OR topic NOT IN ({names})) {unknown}"
    assert shown[-1] == {"axis": "other (42)"} | rows(many.attempts(where=condition))[0]


@pytest.mark.parametrize(
    ("by", "bucket", "groups"), [("errors", None, 40), ("started_at", None, 40), ("topic", "month", 8)]
)
def test_any_type_of_group_can_be_gathered(many: Metrics, by: str, bucket: str | None, groups: int) -> None:
    data = frame(many, "success_rate", by=by, where=None, bucket=bucket)
    (place,) = data.places.values()
    assert len(place.labels) == groups
    assert sum(row["sessions"] for row in data.rows) == rows(many.success_rate())[0]["sessions"]


def test_numbers_stand_in_their_own_order(metrics: Metrics) -> None:
    data = frame(metrics, "success_rate", by="attempts", where=None, bucket=None)
    assert data.places["axis"].labels == (*map(str, range(1, 10)), "(unknown)")


def test_labels_of_ours_are_not_mistaken_for_values() -> None:
    lab = filled_lab("SELECT 'x' AS source, unnest(['(unknown)', NULL, '', 'other (3)', 'io']) AS topic")
    labels = frame(metrics_of(lab), "success_rate", by="topic", where=None, bucket=None).places["axis"].labels
    assert set(labels) == {'"(unknown)"', "(unknown)", '""', '"other (3)"', "io"}


def test_columns_become_axis_colours_and_panels(metrics: Metrics) -> None:
    def places(by: list[str], bucket: str | None = None) -> dict[str, tuple[str, ...]]:
        data = frame(metrics, "success_rate", by=by, where=None, bucket=bucket)
        return {name: place.columns for name, place in data.places.items()}

    assert places([]) == {}
    assert places(["kind", "model"]) == {"axis": ("kind",), "series": ("model",)}
    assert places(["kind", "model", "topic", "difficulty"])["panel"] == ("topic", "difficulty")
    assert places(["kind", "messages"]) == {"axis": ("kind",), "panel": ("messages",)}
    assert places(["kind", "model"], "week") == {"series": ("kind",), "panel": ("model",)}


def test_of_many_panels_the_largest_are_shown(metrics: Metrics) -> None:
    data = frame(metrics, "success_rate", by=["kind", "messages"], where=None, bucket=None)
    assert len({row["panel"] for row in data.rows}) == 12
    assert any("the 12 largest of" in note for note in data.notes)


def test_time_is_text_and_its_lack_is_told(metrics: Metrics) -> None:
    chart = Charts(metrics).success_rate(bucket="week", where="kind <> 'x'")
    assert held(chart)[0]["bucket"] == "2025-12-29T00:00:00"
    assert all(row["bucket"] for row in held(chart))
    assert chart.to_dict()["title"]["subtitle"][1:] == ["where kind <> 'x'", "31 sessions without a start left out"]


def test_the_success_axis_is_always_whole(metrics: Metrics) -> None:
    bars = Charts(metrics).success_rate(by="kind").to_dict()["layer"][0]["encoding"]["x"]
    line = Charts(metrics).success_rate(bucket="week").to_dict()["layer"][-1]["encoding"]["y"]
    assert bars["scale"] == line["scale"] == {"domain": [0, 1]}
    assert bars["axis"]["format"] == line["axis"]["format"] == ".0%"


def test_a_chart_refuses_what_its_metric_refuses(metrics: Metrics) -> None:
    with pytest.raises(QueryError, match="no column"):
        Charts(metrics).success_rate(by="topik")
    with pytest.raises(QueryError, match="does not hold up"):
        Charts(metrics).success_rate(by="topic", where="true) OR (true")


def test_charts_are_listed_and_helped(metrics: Metrics) -> None:
    import inspect

    charts = Charts(metrics)
    assert set(NAMES) <= set(dir(charts))
    assert list(inspect.signature(charts.topics).parameters) == ["by", "where", "bucket"]
    assert "share of the sessions" in str(charts.topics.__doc__)
    with pytest.raises(AttributeError, match=r"no chart 'topic'. Did you mean 'topics'\?"):
        charts.topic()
    assert set(NAMES) <= METRICS.keys()
    shown = re.fullmatch("<charts: (.*)>", repr(charts))
    assert shown is not None
    assert set(shown[1].split(", ")) == METRICS.keys() & set(dir(charts))


def run(code: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_altair_is_imported_by_the_first_chart_only_and_pandas_never() -> None:
    run(
        "import sys, duckdb; from sessionlab.charts import Charts, save; from sessionlab.metrics import Metrics; "
        "from sessionlab.model import SESSIONS; assert not {'altair', 'vl_convert', 'sqlglot'} & sys.modules.keys(); "
        "lab = duckdb.connect(); lab.execute(SESSIONS.ddl('main')); "
        "Charts(Metrics(lab.sql)).topics(by='kind').to_json(); assert not {'pandas', 'pyarrow'} & sys.modules.keys()"
    )


def test_a_theme_of_the_users_own_is_kept() -> None:
    altair = "from sessionlab.charts.altair import alt; "
    run(f"{altair} import sessionlab.charts.theme; assert alt.theme.active == 'sessionlab'")
    run(f"{altair} alt.theme.enable('dark'); import sessionlab.charts.theme; assert alt.theme.active == 'dark'")
