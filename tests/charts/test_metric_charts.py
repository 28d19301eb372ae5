"""What the charts with an axis of their own hold: distributions, curves, durations, errors, winners, timelines."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
import vl_convert

from sessionlab.charts import Charts
from sessionlab.errors import QueryError
from sessionlab.metrics import Metrics
from tests.charts.test_charts import held
from tests.metrics.bench import filled_lab, full_lab, metrics_of, note_entrants, rows

PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return metrics_of(full_lab())


def attempts_of(*counts: int | None, many: int = 1) -> Metrics:
    """Make sessions that took so many attempts; every third failed, and one in seven is not judged."""
    values = ", ".join("NULL" if count is None else str(count) for count in counts)
    return metrics_of(
        filled_lab(
            f"SELECT 'x' AS source, CASE WHEN i % 7 > 0 THEN i % 3 > 0 END AS success, attempts "
            f"FROM (SELECT unnest([{values}]) AS attempts), range({many}) AS numbers (i)"
        )
    )


def subtitle(chart: Any) -> list[str]:
    lines: list[str] = chart.to_dict()["title"]["subtitle"]
    return lines


def domain(chart: Any) -> list[str]:
    found: list[str] = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"]
    return found


@pytest.mark.parametrize(
    "name", ["attempts_distribution", "success_by_attempt", "durations", "errors", "winners", "timeline", "modes"]
)
def test_the_charts_become_pictures(metrics: Metrics, name: str) -> None:
    assert vl_convert.vegalite_to_png(getattr(Charts(metrics), name)().to_dict()).startswith(PNG)


def test_a_distribution_holds_every_session_by_its_outcome(metrics: Metrics) -> None:
    whole = rows(metrics.success_rate())[0]
    shown: Counter[str] = Counter()
    for row in held(Charts(metrics).attempts_distribution(by="kind")):
        shown[row["outcome"]] += row["sessions"]
    assert shown["passed"] == whole["passed"]
    assert shown["failed"] == whole["judged"] - whole["passed"]
    assert shown["not judged"] == whole["sessions"] - whole["judged"]


def test_a_distribution_shows_the_numbers_that_nobody_took() -> None:
    chart = Charts(attempts_of(1, 4, None)).attempts_distribution()
    assert domain(chart) == ["1", "2", "3", "4", "(unknown)"]


def test_many_numbers_share_bars_and_few_far_ones_the_last() -> None:
    metrics = attempts_of(*range(1, 200), 5_000, many=3)
    chart = Charts(metrics).attempts_distribution()
    bars = domain(chart)
    assert bars[:2] == ["0–9", "10–19"]
    assert bars[-2:] == ["190–199", "200+"]
    assert "10 numbers of attempts share a bar" in subtitle(chart)
    assert sum(row["sessions"] for row in held(chart) if row["attempts"] == "0–9") == 27
    assert sum(row["sessions"] for row in held(chart)) == 600


def test_a_distribution_has_an_own_axis_of_attempts(metrics: Metrics) -> None:
    with pytest.raises(QueryError, match="has a column 'attempts' of its own"):
        Charts(metrics).attempts_distribution(by="attempts")


def test_curves_hold_the_rows_of_their_metric_between_a_start_and_an_end(metrics: Metrics) -> None:
    expected = rows(metrics.success_by_attempt(by="kind"))
    shown = held(Charts(metrics).success_by_attempt(by="kind"))
    assert [row for row in shown if "at_risk" in row] == [{"series": row.pop("kind")} | row for row in expected]
    ends = [row for row in shown if "at_risk" not in row]
    assert Counter(row["series"] for row in ends) == dict.fromkeys({row["series"] for row in shown}, 2)
    assert [row["rate"] for row in ends if row["attempt"] == 0] == [0, 0, 0]


def test_the_smallest_curves_are_estimated_as_one(metrics: Metrics) -> None:
    chart = Charts(metrics).success_by_attempt(by="messages")
    known = {row["series"] for row in held(chart)} - {"other (43)"}
    assert len(known) == 7
    others = f"messages NOT IN ({', '.join(known)})"
    shown = [row for row in held(chart) if row["series"] == "other (43)" and "at_risk" in row]
    assert shown == [{"series": "other (43)"} | row for row in rows(metrics.success_by_attempt(where=others))]


LAST = [
    ([*range(1, 91)], {}, "90–94"),
    ([*range(1, 91), *[1] * 900, 700], {}, "85+"),
    ([*range(1, 91), *[1] * 900, 700], {"by": "kind"}, "85+"),
    ([*range(1, 91), *[1] * 900, 700, None], {"by": "kind"}, "85+"),
    ([*range(1, 40), None], {}, "39"),
    ([*range(1, 40), *[1] * 7_000, 5_000_000], {"by": "kind"}, "2+"),
    ([1_000_000, 5_000_000, None], {"by": "kind"}, "5,000,000–5,199,999"),
    ([3, 3, 4, None], {}, "4"),
    ([None, 7], {}, "7"),
    ([5], {}, "5"),
]


@pytest.mark.parametrize(("counts", "grouped", "last"), LAST)
def test_the_last_bar_is_labelled_and_no_labels_meet(
    counts: list[int | None], grouped: dict[str, Any], last: str
) -> None:
    spec = Charts(attempts_of(*counts)).attempts_distribution(**grouped).to_dict()
    plot = spec.get("spec", spec)["layer"][0]
    x, width = plot["encoding"]["x"], spec.get("spec", spec)["width"]
    bars, labelled = x["scale"]["domain"], x["axis"]["values"]
    known = [bar for bar in bars if bar.strip() and bar != "(unknown)"]
    assert (known[0], known[-1]) == (labelled[0], last)
    assert {last, *["(unknown)"] * (None in counts)} <= set(labelled)
    assert ("?" in x["title"]) == (None in counts)
    shown = [(bars.index(bar) * width / len(bars), 6 * len("?" if bar == "(unknown)" else bar)) for bar in labelled]
    for (one, its), (other, others) in pairwise(shown):
        assert other - one >= (its + others) / 2


def test_buckets_stand_in_panels_in_order_of_time(metrics: Metrics) -> None:
    for name in ("success_by_attempt", "attempts_distribution"):
        spec = getattr(Charts(metrics), name)(bucket="month").to_dict()
        panels = spec["facet"]["sort"]
        assert panels[:2] == ["2026-01-01", "2026-02-01"]
        assert panels[-1] == "(unknown)"
        assert spec["title"]["text"].endswith(" by month")


def test_durations_are_said_in_words_on_whole_ticks(metrics: Metrics) -> None:
    chart = Charts(metrics).durations()
    (row,) = held(chart)
    assert row["p50_text"].endswith(" s")
    axis = chart.to_dict()["layer"][0]["encoding"]["x"]["axis"]
    assert axis["values"] == [300, 600, 1200]
    assert "'5 min'" in axis["labelExpr"]


PARTLY = """
SELECT 'x' AS source, kind, {column}
FROM (VALUES ('all', 4), ('all', 5), ('some', 6), ('some', NULL), ('none', NULL)) AS of_kind (kind, {column})
"""


@pytest.mark.parametrize(("name", "column"), [("durations", "duration_s"), ("attempts", "attempts")])
def test_figures_of_some_sessions_say_of_how_many(name: str, column: str) -> None:
    charts = Charts(metrics_of(filled_lab(PARTLY.format(column=column))))
    chart = getattr(charts, name)(by="kind")
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    for words in ("2 sessions", "1 of 2 sessions", "0 of 1 session"):
        assert f">{words}</text>" in svg
    assert subtitle(chart)[1].startswith("right: of how many of the sessions")
    known = getattr(charts, name)(by="kind", where="kind = 'all'")
    assert subtitle(known)[1:] == ["where kind = 'all'"]
    over_time = getattr(charts, name)(by="kind", bucket="month").to_dict()
    assert "known" in [tip["field"] for tip in over_time["layer"][0]["encoding"]["tooltip"]]


def test_no_duration_and_one_of_nothing_have_a_place_too() -> None:
    lab = filled_lab("SELECT 'x' AS source, unnest(['a', 'b']) AS kind, unnest([0, NULL]) AS duration_s")
    spec = Charts(metrics_of(lab)).durations(by="kind").to_dict()
    assert vl_convert.vegalite_to_svg(spec)


def test_the_most_frequent_errors_are_shown(metrics: Metrics) -> None:
    found = rows(metrics.errors())
    shown = held(Charts(metrics).errors())
    assert [row["errors"] for row in shown] == [row["errors"] for row in found[:20]]
    assert {"(unknown)", "lost", "line <n>"} <= {row["label"].removesuffix(" (2)") for row in shown}
    assert len({row["label"] for row in shown}) == len(shown)


def test_errors_of_many_messages_and_types_stay_few() -> None:
    lab = filled_lab("SELECT 'x' AS source, 'k' AS kind, '1' AS session_id")
    lab.execute(
        "INSERT INTO errors BY NAME SELECT source, kind, session_id, 't' || chr(CAST(65 + i % 20 AS INTEGER)) AS "
        "error_type, repeat('long ', 20) || chr(CAST(65 + i % 26 AS INTEGER)) AS message "
        "FROM sessions, range(1000) AS numbers (i)"
    )
    chart = Charts(metrics_of(lab)).errors()
    assert "the 20 most frequent of 260" in subtitle(chart)
    assert len({row["color"] for row in held(chart)}) <= 8
    assert all(len(row["label"]) < 70 for row in held(chart))


def test_errors_of_each_group_have_their_own_axis(metrics: Metrics) -> None:
    spec = Charts(metrics).errors(by="difficulty").to_dict()
    assert {part["title"]["text"] for part in spec["vconcat"]} == {"easy", "hard"}


def test_winners_hold_the_rows_of_their_metric(metrics: Metrics) -> None:
    for of in ("agent", "model", "runtime"):
        shown = held(Charts(metrics).winners(of=of))
        assert [row["entrant"] for row in shown] == [row[of] or "(unknown)" for row in rows(metrics.winners(of=of))]
    assert "of" in Charts(metrics).winners.__annotations__


def test_of_many_entrants_those_that_entered_most_are_shown() -> None:
    lab = filled_lab(
        "SELECT 'x' AS source, 'k' AS kind, CAST(i AS VARCHAR) AS session_id FROM range(400) AS numbers (i)"
    )
    lab.execute(
        "INSERT INTO attempts BY NAME SELECT source, kind, session_id, n AS attempt, n = 1 AS winner, "
        "'agent ' || (7 * CAST(session_id AS BIGINT) + n * n) % 80 AS agent FROM sessions, range(4) AS tries (n)"
    )
    note_entrants(lab)
    chart = Charts(metrics_of(lab)).winners()
    assert len(held(chart)) == 40
    assert "the 40 of 80 that entered most" in subtitle(chart)


def test_a_timeline_has_the_rate_over_the_sessions(metrics: Metrics) -> None:
    spec = Charts(metrics).timeline(by="kind").to_dict()
    rates, sessions = spec["vconcat"]
    assert rates["layer"][-1]["encoding"]["y"]["scale"] == {"domain": [0, 1]}
    assert sessions["layer"][0]["encoding"]["y"]["field"] == "sessions"
    expected = [row for row in rows(metrics.timeline(by="kind")) if row["bucket"]]
    datasets = list(spec["datasets"].values())
    assert all(len(rows) == len(expected) for rows in datasets)
    assert "facet" in Charts(metrics).timeline(by=["kind", "difficulty"]).to_dict()
