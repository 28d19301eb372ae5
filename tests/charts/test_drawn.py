"""What a reader sees of a chart as it is drawn: every group under a name of its own, and bars above their own axis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import vl_convert

from sessionlab.charts import Charts
from sessionlab.dashboard import dashboard
from tests.charts.test_charts import held
from tests.metrics.bench import filled_lab, metrics_of, note_entrants

PAGE = "https://github.com/organisation/repository-of-many/blob/main/packages/core/src/very/deep/module_"
PAGES = f"""
SELECT '{PAGE}' || ['alpha', 'beta'][1 + i % 2] || '.py' AS topic, 'x' AS source, 'k' || i % 3 % 2 AS kind,
  i % 5 > i % 2 AS success FROM range(60) AS numbers (i)
"""
GROUPS = """
SELECT 'x' AS source, ['a', 'orchestrator', 'an agent with a long name', 'b'][1 + i % 4] AS agent,
  'model ' || (i % 4 + i % 40 // 4) AS model, i % 3 > 0 AS success, 1 + i AS duration_s FROM range(400) AS numbers (i)
"""
GOALS = """
SELECT 'x' AS source, 'k' AS kind, i::VARCHAR AS session_id, 'agent ' || i % 4 AS agent, 'completed' AS status,
  'Fix what is broken ' || repeat('and then some more ', 90) || i % 4 AS goal FROM range(40) AS numbers (i)
"""


def charts(rows: str) -> Charts:
    return Charts(metrics_of(filled_lab(rows)))


def drawn(chart: Any) -> list[str]:
    """Give all texts of a picture."""
    return [unescape(text) for text in re.findall(r">([^<>]+)</text>", vl_convert.vegalite_to_svg(chart.to_dict()))]


def wide(chart: Any) -> float:
    found = re.search(r'<svg[^>]* width="([\d.]+)"', vl_convert.vegalite_to_svg(chart.to_dict()))
    assert found is not None
    return float(found[1])


@pytest.mark.parametrize(
    "by", ["topic", ["kind", "topic"], ["source", "kind", "topic"]], ids=["axis", "series", "panel"]
)
def test_groups_whose_names_begin_alike_are_told_apart(by: str | list[str]) -> None:
    chart = charts(PAGES).success_rate(by=by)
    shown = {text for text in drawn(chart) if text.startswith("https")}
    assert len(shown) == 2
    assert {re.sub(r".*?(alpha|beta)", r"\1", text) for text in shown} == {"alpha.py", "beta.py"}
    (tip,) = (tip for tip in chart.to_dict().get("spec", chart.to_dict())["layer"][0]["encoding"]["tooltip"][:3]
              if tip["title"] == "topic")  # fmt: skip
    assert {row[tip["field"]] for row in held(chart)} == {f"{PAGE}alpha.py", f"{PAGE}beta.py"}


def test_a_distribution_tells_panels_apart_too() -> None:
    lab = filled_lab(PAGES.replace("AS success", "AS success, 1 + i % 4 AS attempts"))
    chart = Charts(metrics_of(lab)).attempts_distribution(by="topic")
    assert {text[-8:] for text in drawn(chart) if text.startswith("https")} == {"alpha.py", "_beta.py"}
    assert {row["panel_whole"] for row in held(chart)} == {f"{PAGE}alpha.py", f"{PAGE}beta.py"}


def test_winners_whose_names_begin_alike_are_told_apart() -> None:
    lab = filled_lab("SELECT 'x' AS source, 'k' AS kind, i::VARCHAR AS session_id FROM range(9) AS numbers (i)")
    lab.execute(
        f"INSERT INTO attempts BY NAME SELECT source, kind, session_id, n AS attempt, n = 1 AS winner, "
        f"'{PAGE}' || n AS agent FROM sessions, range(3) AS tries (n)"
    )
    note_entrants(lab)
    shown = {text for text in drawn(Charts(metrics_of(lab)).winners()) if text.startswith("https")}
    assert {text[-1] for text in shown} == {"0", "1", "2"}


@pytest.mark.parametrize("name", ["success_rate", "durations"])
def test_bars_of_all_panels_begin_where_the_axis_at_the_foot_does(name: str) -> None:
    spec = getattr(charts(GROUPS), name)(by=["agent", "model"]).to_dict()
    places = {
        mark: list(_places(vl_convert.vegalite_to_scenegraph(spec)["scenegraph"], mark))
        for mark in ("cell", "column_footer")
    }
    assert len(places["cell"]) > 8
    assert len(places["column_footer"]) == 2
    assert set(places["cell"]) == set(places["column_footer"])


def _places(mark: dict[str, Any], name: str) -> Iterator[float]:
    """Give from where on the groups of this name are drawn."""
    for item in mark.get("items", []):
        if mark.get("name") == name:
            yield item.get("x", 0)
        for inner in item.get("items", []):
            yield from _places(inner, name)


def test_panels_with_long_names_are_no_wider_than_their_plots() -> None:
    lab = filled_lab(GOALS)
    lab.execute(
        "INSERT INTO errors BY NAME SELECT source, kind, session_id, 'runtime' AS error_type, agent AS message "
        "FROM sessions"
    )
    for chart in (
        Charts(metrics_of(lab)).errors(by="goal"),
        Charts(metrics_of(lab)).statuses(by="goal"),
        Charts(metrics_of(lab)).attempts_distribution(by="goal"),
    ):
        assert wide(chart) < 1000
        assert {text[-1] for text in drawn(chart) if text.startswith("Fix")} == set("0123")


def test_errors_in_one_long_word_are_legible() -> None:
    lab = filled_lab("SELECT 'x' AS source, 'k' AS kind, '1' AS session_id")
    lab.execute(
        "INSERT INTO errors BY NAME SELECT source, kind, session_id, 'runtime' AS error_type, "
        "unnest(['org.apache.' || repeat('InvalidResourceRequest', 4), repeat('とても長い', 30)]) AS message "
        "FROM sessions"
    )
    chart = Charts(metrics_of(lab)).errors(where=f"topic IS NULL OR topic = '{'x' * 200}'")
    assert sum(text.startswith(("org.apache.Invalid", "とても長いとても")) for text in drawn(chart)) == 2
    assert f"where topic IS NULL OR topic = '{'x' * 83}…" in chart.to_dict()["title"]["subtitle"]


WEEKS = """
SELECT 'x' AS source, agent, DATE '2026-01-05' + CAST(7 * week AS INTEGER) AS started_at, i % 3 > 0 AS success,
  60 * (1 + i) AS duration_s
FROM range(6) AS n (i),
  (VALUES ('steady', 0), ('steady', 1), ('steady', 2), ('once', 1), ('again', 3)) AS weeks (agent, week)
UNION ALL BY NAME
SELECT 'x' AS source, 'gaps' AS agent, DATE '2026-01-05' + CAST(7 * i AS INTEGER) AS started_at,
  CASE WHEN i % 2 = 0 THEN true END AS success, CASE WHEN i % 2 = 0 THEN 60 END AS duration_s FROM range(4) AS n (i)
"""


@pytest.mark.parametrize("name", ["success_rate", "timeline", "durations"])
def test_a_bucket_that_stands_alone_shows_its_interval(name: str) -> None:
    chart = getattr(charts(WEEKS), name)(by="agent", bucket="week")
    assert {(row["series"], row["bucket"][8:10]) for row in held(chart) if row.get("alone")} == {
        ("once", "12"),
        ("again", "26"),
        ("gaps", "05"),
        ("gaps", "19"),
    }
    strokes = list(marks(vl_convert.vegalite_to_scenegraph(chart.to_dict())["scenegraph"], "rule"))
    assert sum(abs(stroke["y2"] - stroke["y"]) > 3 for stroke in strokes if stroke.get("opacity") == 0.5) >= 2
    assert sum(stroke.get("opacity") == 0.5 for stroke in strokes) == 4


def test_bands_alone_have_no_strokes() -> None:
    chart = charts(WEEKS).success_rate(by="agent", bucket="week", where="agent = 'steady'")
    assert [layer["mark"]["type"] for layer in chart.to_dict()["layer"]] == ["area", "line"]


def marks(mark: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Give all that is drawn of a kind."""
    for item in mark.get("items", []):
        if mark["marktype"] == kind:
            yield item
        for inner in item.get("items", []):
            yield from marks(inner, kind)


OBJECTS = [
    "constructor",
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "__proto__",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
]
"""What every object of JavaScript has."""


def test_groups_called_like_parts_of_objects_are_drawn() -> None:
    lab = filled_lab(f"SELECT 'x' AS source, unnest({OBJECTS}) AS topic, true AS success")
    wanted = {f'"{name}"' for name in OBJECTS}
    assert wanted <= set(drawn(Charts(metrics_of(lab)).success_rate(by="topic")))
    assert wanted <= set(drawn(Charts(metrics_of(lab)).success_rate(by=["source", "success", "topic"])))
    assert len([text for text in drawn(dashboard(lab.sql, by="topic")) if text in wanted]) == len(wanted)
