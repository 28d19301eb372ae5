"""The quickstart as a first-time user sees it: in JupyterLab, in a browser, without a network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.dashboard.browser import CHROMIUM
from tests.jupyter.lab_browser import Lab, jupyterlab

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open JupyterLab in")

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"
INKED = """(canvas) => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, 30);
  return data.filter((value, place) => place % 4 === 1 && value < 100).length;
}"""
"""Counts the dark points of where a chart has its title, on white: in JupyterLab's own dark colours there are none."""

LABEL = ".sl-explorer svg text >> text=/^sorting$/"


def picture(lab: Lab, name: str) -> None:
    """Keep a picture of the page for whoever wants to look at it: SCREENSHOTS=DIR pytest tests/jupyter."""
    if folder := os.environ.get("SCREENSHOTS"):
        lab.page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_the_quickstart_in_jupyterlab(tmp_path: Path) -> None:
    pytest.importorskip("playwright", reason="no playwright to drive Chromium with")
    with jupyterlab(QUICKSTART, tmp_path) as lab:
        lab.theme("Dark")
        lab.run_all()
        check_charts(lab)
        check_the_explorer(lab)
        check_both_themes(lab)
        assert lab.errors == []
        assert not [url for url in lab.asked if not url.startswith(("http://localhost:", "data:", "blob:"))]


def check_charts(lab: Lab) -> None:
    charts = lab.page.locator(".jp-OutputArea-output canvas.marks")
    charts.nth(1).wait_for()
    assert charts.count() == 2
    for number in range(2):
        box = charts.nth(number).bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 100
        charts.nth(number).scroll_into_view_if_needed()
        picture(lab, f"chart-{number}")
        assert charts.nth(number).evaluate(INKED) > 200


def check_the_explorer(lab: Lab) -> None:
    """Pick a bar in the chart, and set the condition in Python."""
    page = lab.page
    bar = page.locator(LABEL).first
    bar.wait_for()
    bar.scroll_into_view_if_needed()
    assert lab.ask("explorer.condition") == "'true'"
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] + 12, box["y"] + box["height"] / 2)
    page.wait_for_selector("text=/^21 sessions picked$/")
    assert lab.ask("explorer.selection.aggregate('topic, count(*)').fetchall()") == "[('sorting', 21)]"
    picture(lab, "picked")
    lab.execute("explorer.where = \"kind = 'workflow'\"")
    page.wait_for_selector("text=/^100 sessions picked$/")
    page.wait_for_selector(".sl-explorer p >> text=where kind = 'workflow'")
    assert lab.ask("explorer.selection.aggregate('kind, count(*)').fetchall()") == "[('workflow', 100)]"
    assert page.locator(".sl-explorer tbody tr").count() == 100


def check_both_themes(lab: Lab) -> None:
    """Letters stand out from their ground by as much as WCAG asks for."""
    for theme in ("Light", "Dark"):
        lab.theme(theme)
        for part in (".sl td", ".sl thead th", ".sl-h pre", ".sl-explorer td", ".sl-explorer p"):
            assert lab.contrast(part) > 4.5, (theme, part)
        for number, part in enumerate((".sl td", "canvas.marks", ".sl-h", ".sl-explorer")):
            lab.page.locator(part).first.scroll_into_view_if_needed()
            picture(lab, f"{theme.lower()}-{number}")
