"""The dashboard's charts fit their card, whatever the numbers beside the bars are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vl_convert

from sessionlab import Lab
from sessionlab.dashboard import draw, read_cube
from sessionlab.dashboard.layout import BARS, WIDE, counts_width
from sessionlab.report.drawings import drawing
from sessionlab.server import Running
from sessionlab.server.layout import fitted
from tests.dashboard.browser import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SESSIONS = 5_200


def states() -> Iterator[dict[str, Any]]:
    """Write sessions of many topics with long names, most of them in one, over nine months."""
    for number in range(SESSIONS):
        begun = datetime(2026, 1, 2) + timedelta(hours=number * 1.25)
        yield {
            "thread_id": f"session {number}",
            "user_prompt": f"goal {number}",
            "topic": f"a topic with a long name, number {number % 30}" if number % 4 == 0 else "sorting",
            "difficulty": ("easy", "hard")[number % 2],
            "model": f"a model with a long name, number {min(number % 4, 1)}",
            "workflow_status": ("completed", "failed", "running")[number % 3],
            "tests_passed": (True, False, None)[number % 3],
            "code_attempts": 1 + number % 14,
            "created_at": begun.isoformat(),
            "updated_at": (begun + timedelta(minutes=1 + number % 50)).isoformat(),
        }


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("layout")
    (folder / "many.json").write_text(json.dumps(list(states())))
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "many.json")
        yield lab


_WIDTHS = """() => {
  const card = document.querySelector(".chart"), svg = card.querySelector("svg");
  const ends = [...svg.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
  const box = card.getBoundingClientRect();
  return {
    card: card.clientWidth, content: card.scrollWidth, svg: svg.getBoundingClientRect().width,
    left: Math.min(...ends.map((end) => end.left)) - box.left,
    right: box.right - Math.max(...ends.map((end) => end.right)),
  };
}"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page in")
@pytest.mark.parametrize(
    ("width", "by"),
    [*((width, "topic") for width in (320, 390, 768, 900, 960, 1280, 1920)), (390, "model"), (1280, "model")],
)
def test_no_chart_is_wider_than_its_card(browser: Browser, served: Running, width: int, by: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{served.url}/#/?by={by}")
    page.wait_for_selector(".chart svg")
    found = page.evaluate(_WIDTHS)
    texts = page.locator(".chart svg text").all_text_contents()
    context.close()
    assert found["svg"] <= found["card"]
    assert found["content"] == found["card"]
    assert found["left"] >= 0
    assert found["right"] >= 0
    assert "1,300 of 2,600" in texts
    assert {"10+", "started, by week"} <= set(texts)


@pytest.mark.parametrize("factor", [1, 1_000, 10_000])
def test_counts_have_their_room_however_long_they_are(lab: Lab, factor: int) -> None:
    cube = read_cube(lab.sql)
    cells = [(*cell[:-3], *(factor * (count or 0) for count in cell[-3:])) for cell in cube.cells]
    spec = drawing(draw(replace(cube, cells=cells)))[2]
    left, right = fitted(spec, 1154)["hconcat"]
    counts = counts_width(factor * SESSIONS * 3 // 4)
    bars, plot = left["vconcat"][0]["width"] - counts, right["vconcat"][1]["width"]
    assert 80 <= bars < plot
    assert {panel["width"] for panel in right["vconcat"][1:]} == {bars + counts, plot}
    assert bars + counts <= plot <= 1154 - 142 - counts - bars - 66


def test_a_phone_has_shorter_labels_rather_than_a_wider_chart(lab: Lab) -> None:
    spec = drawing(draw(read_cube(lab.sql)))[2]
    for width, least in ((334, 100), (264, 60)):
        panels = fitted(spec, width)["vconcat"]
        assert all("vconcat" in panel or panel["width"] + least <= width for panel in panels)


@pytest.mark.parametrize("width", [None, 1154, 700, 334, 264])
def test_labels_are_told_apart_at_any_width(lab: Lab, width: int | None) -> None:
    spec = fitted(drawing(draw(read_cube(lab.sql, by="topic")))[2], width)
    shown = re.findall(r">(a?[ …][^<]*)</text>", vl_convert.vegalite_to_svg({**spec, "config": {}}))
    assert len(set(shown)) == len(shown) == 15 + 2, "topics and models"
    assert all(text[-1].isdigit() for text in shown)


def test_without_a_width_the_sizes_are_the_usual_ones(lab: Lab) -> None:
    spec = drawing(draw(read_cube(lab.sql)))[2]
    left, right = fitted(spec, None)["hconcat"]
    assert left["vconcat"][0]["width"] == BARS + counts_width(SESSIONS * 3 // 4)
    assert right["vconcat"][1]["width"] == WIDE
