"""What a dashboard holds, how large it is and how long it takes, and what stands on it."""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb
import pytest
import vl_convert

from sessionlab.dashboard import dashboard
from sessionlab.dashboard.plan import LIMIT
from tests.charts.test_drawn import marks
from tests.dashboard.test_cube import SCATTERED
from tests.metrics.bench import empty_lab, filled_lab


def texts(value: Any) -> list[str]:
    """Collect the titles of all panels."""
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    if not isinstance(value, dict):
        return []
    title = value.get("title")
    own = [title["text"]] if isinstance(title, dict) and "text" in title else []
    return own + [text for key in ("vconcat", "hconcat") for text in texts(value.get(key))]


@pytest.fixture(scope="module")
def spec(lab: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    drawn: dict[str, Any] = dashboard(lab.sql).to_dict()
    return drawn


def test_it_is_drawn(spec: dict[str, Any]) -> None:
    picture = vl_convert.vegalite_to_svg(spec)
    for words in ("Success by topic", "Over time, by week", "600", "not judged", ">100%<", "(unknown)", "10+"):
        assert words in picture


def test_the_panels_are_those_that_have_something_to_show(spec: dict[str, Any]) -> None:
    assert texts(spec) == [
        "Sessions by topic",
        "Success by topic",
        "Success by kind",
        "Success by model",
        "Over time, by week",
        "Sessions by attempts",
        "Sessions by status",
    ]
    bare = dashboard(filled_lab("SELECT 'x' AS source, 'codegen' AS kind, true AS success").sql).to_dict()
    assert texts(bare) == ["Sessions by source", "Success by source"]
    assert "1 of 1" in vl_convert.vegalite_to_svg(bare)


def test_each_column_asked_for_has_its_panel_once(lab: duckdb.DuckDBPyConnection) -> None:
    titles = texts(dashboard(lab.sql, by=["kind", "difficulty", "status", "attempts"]).to_dict())
    assert titles[:5] == ["Sessions by kind and difficulty and status and attempts", *(
        f"Success by {column}" for column in ("kind", "difficulty", "status", "attempts")
    )]  # fmt: skip
    assert len(set(titles)) == len(titles) == 8


def test_what_was_cut_is_said_and_kept() -> None:
    rows = "SELECT 'x' AS source, 'topic ' || i % 80 AS topic, 'a' AS kind FROM range(2000) AS numbers (i)"
    chart = dashboard(filled_lab(rows).sql, where="kind = 'a'")
    cut = "topic: the 24 largest of 80 values, the rest as other"
    assert chart.usermeta == {"cells": 25, "cut": [cut]}
    subtitle = chart.to_dict()["title"]["subtitle"]
    assert "where kind = 'a'" in subtitle
    assert f"gathered: {cut}" in subtitle
    assert "not known of any session: model, status" in subtitle


@pytest.mark.parametrize(("where", "words"), [(None, "There are no sessions yet."), ("kind = 'x'", "No session fits.")])
def test_an_empty_lab_is_said_to_be(where: str | None, words: str) -> None:
    assert words in vl_convert.vegalite_to_svg(dashboard(empty_lab().sql, where=where).to_dict())


def test_the_success_axis_is_always_whole(spec: dict[str, Any]) -> None:
    written = json.dumps(spec)
    assert written.count('"field": "rate", "scale": {"domain": [0, 1]') == 4
    assert written.count('"format": ".0%"') >= 4


def test_many_sessions_stay_small() -> None:
    lab = filled_lab(SCATTERED.format(count=200_000))
    chart = dashboard(lab.sql)
    assert chart.usermeta["cells"] <= LIMIT
    assert len(json.dumps(chart.to_dict())) < 1_000_000


MAZES = {f"blind-maze-explorer-{end}" for end in ("5x5", "algorithm", "algorithm.easy", "algorithm.hard")}


def labels_drawn(spec: dict[str, Any], start: str) -> list[str]:
    """Give the texts of a picture that begin so."""
    return re.findall(f">((?:{start})[^<]*)</text>", vl_convert.vegalite_to_svg(spec))


def test_labels_that_begin_alike_are_told_apart() -> None:
    names = ", ".join(map(repr, sorted(MAZES)))
    spec = dashboard(
        filled_lab(f"SELECT 'x' AS source, unnest([{names}]) AS topic, i % 3 > 0 AS success FROM range(9) AS n (i)").sql
    ).to_dict()
    shown = ["blind-m…algorithm", "blind-m…ithm.easy", "blind-m…ithm.hard", "blind-m…plorer-5x5"]
    assert sorted(labels_drawn(spec, "blind")) == shown
    written = json.dumps(spec)
    assert all(f'"label": "{name}"' in written for name in MAZES)  # what a tooltip shows


def test_notes_and_labels_in_one_long_word_are_legible() -> None:
    lab = filled_lab("SELECT 'x' AS source, unnest([repeat('seite', 90), repeat('site', 90)]) AS topic")
    spec = dashboard(lab.sql, where=f"topic <> '{'x' * 200}'").to_dict()
    assert f"where topic <> '{'x' * 99}…" in spec["title"]["subtitle"]
    assert [text[:8] for text in labels_drawn(spec, "sei|sit")] == ["seitesei", "sitesite"]


@pytest.mark.parametrize(("judged", "alone"), [("i <> 2", 1), ("true", 0), ("i = 1", 1), ("i % 2 = 0", 2)])
def test_a_bucket_without_neighbours_shows_its_interval(judged: str, alone: int) -> None:
    rows = f"SELECT DATE '2026-01-05' + CAST(i AS INTEGER) AS started_at, CASE WHEN {judged} THEN i > 1 END AS success"
    spec = dashboard(filled_lab(f"{rows}, 'x' AS source FROM range(4) AS days (i)").sql).to_dict()
    drawn = marks(vl_convert.vegalite_to_scenegraph(spec)["scenegraph"], "rule")
    lengths = [abs(stroke["y2"] - stroke["y"]) for stroke in drawn if stroke.get("opacity") == 0.5]
    assert len(lengths) == alone
    assert all(length > 50 for length in lengths)


def test_labels_of_any_characters_are_told_apart() -> None:
    start = "".join(["'\"\\n\\", "\u2028", "</script>${x}é日", " and so on " * 3])
    values = ", ".join("'" + f"{start}{end}".replace("'", "''") + "'" for end in ("one", "two", "constructor"))
    spec = dashboard(filled_lab(f"SELECT 'x' AS source, unnest([{values}]) AS topic").sql).to_dict()
    picture = vl_convert.vegalite_to_svg(spec)
    assert {text[-4:] for text in re.findall(r">([^>]*…[^<]*)</text>", picture)} == {" one", " two", "ctor"}
