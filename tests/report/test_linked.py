"""The dashboard on the report: what it holds and says, and that it works there as it does alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import duckdb
import pytest

from sessionlab.dashboard import read_cube
from sessionlab.dashboard.layout import WIDE
from tests.dashboard.browser import CHROMIUM, Dashboard, chromium
from tests.metrics.bench import filled_lab, full_lab, metrics_of
from tests.report.pages import text_of, write

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page in")

WHERE = "attempts < 9 OR attempts IS NULL"

# Of the views of a page with many charts, the one that the helper waits for and works with is the dashboard's.
_ONLY_LINKED = """
let linked;
Object.defineProperty(window, "view", {
  set(view) { if (view.container().matches(".linked")) linked = view },
  get() { return linked },
});
"""


@pytest.fixture(scope="module")
def lab() -> duckdb.DuckDBPyConnection:
    return full_lab()


@pytest.fixture(scope="module")
def path(lab: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(lab, tmp_path_factory.mktemp("report") / "report.html", where=WHERE)


def test_it_is_the_first_chart_and_its_sql_is_shown(path: Path, lab: duckdb.DuckDBPyConnection) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r'<div class="(chart[^"]*)"', text)[:2] == ["chart linked", "chart"]
    assert text.index('class="tiles"') < text.index('class="chart linked"')
    shown = unescape(text[text.index('class="chart linked"') :].split("<pre>")[1].split("</pre>")[0])
    assert shown == read_cube(lab.sql, where=WHERE).sql
    (summary,) = metrics_of(lab).summary(where=WHERE).to_dicts()
    assert lab.sql(f"SELECT sum(sessions) FROM ({shown})").fetchall() == [(summary["sessions"],)]


def test_the_page_stays_small(path: Path) -> None:
    assert path.stat().st_size < 3_000_000


def test_what_was_cut_is_said(tmp_path: Path) -> None:
    rows = "SELECT 'x' AS source, 'topic ' || i % 80 AS topic FROM range(400) AS numbers (i)"
    assert "gathered: topic: the 24 largest of 80 values" in text_of(filled_lab(rows), tmp_path)


@pytest.mark.parametrize(
    ("by", "heading"),
    [
        (["difficulty", "kind", "run_id"], "Sessions by difficulty"),
        (["kind", "model"], "Sessions by topic"),
        (
            ["topic", "difficulty", "errors", "messages", "source", "goal"],
            "Sessions by topic and difficulty and errors",
        ),
    ],
)
def test_it_compares_by_what_is_asked_for_and_known(
    lab: duckdb.DuckDBPyConnection, tmp_path: Path, by: list[str], heading: str
) -> None:
    text = text_of(lab, tmp_path, by=by)
    assert f"{heading}click a bar" in text or f"{heading} and messagesclick a bar" in text
    assert ("The linked chart has no room for source, goal." in text) == (len(by) > 4)


@pytest.fixture(scope="module")
def opened(path: Path) -> Iterator[Dashboard]:
    pytest.importorskip("playwright", reason="no playwright to drive Chromium with")
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1100, "height": 1400}, offline=True).new_page()
        page.add_init_script(_ONLY_LINKED)
        yield Dashboard(page, path)


@needs_chromium
def test_a_click_changes_the_totals(opened: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    for label, where in ((None, WHERE), ("topic 3", f"({WHERE}) AND topic = 'topic 3'")):
        if label:
            opened.click(label)
        (row,) = metrics_of(lab).success_rate(where=where).to_dicts()
        figures = opened.figures()
        assert {name: figures[name] for name in ("sessions", "judged", "passed")} == {
            name: f"{row[name]:,}" for name in ("sessions", "judged", "passed")
        }
        assert figures["success rate"] == f"{row['rate']:.1%}"


@needs_chromium
def test_a_drag_over_time_picks_what_is_under_it(opened: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    """On a screen that is too narrow for the chart, were it scaled to fit, a drag would pick something else."""
    opened.page.set_viewport_size({"width": 700, "height": 1400})
    box = opened.box("Over time, by week")
    opened.drag((box["x"] + 20, box["y"] + 60), (box["x"] + 160, box["y"] + 60))
    first, last = opened.page.evaluate("view.signal('span').middle")
    days = read_cube(lab.sql, where=WHERE).days
    assert WIDE * (last - first) / 86_400_000 / (days[-1] + 7 - days[0]) == pytest.approx(140, abs=2)


@needs_chromium
def test_a_narrow_screen_scrolls_the_chart_and_not_the_page(opened: Dashboard) -> None:
    width = "document.documentElement.scrollWidth"
    opened.page.set_viewport_size({"width": 400, "height": 800})
    opened.page.wait_for_function("!document.querySelector('.chart:not(:has(svg))')")
    assert opened.page.evaluate(width) == 400
    linked = "document.querySelector('.linked')"
    assert opened.page.evaluate(f"{linked}.scrollWidth > {linked}.clientWidth + 300")
    opened.page.set_viewport_size({"width": 1100, "height": 1400})
    assert opened.page.evaluate(f"{linked}.scrollWidth == {linked}.clientWidth")


@needs_chromium
def test_print_fits_the_paper(opened: Dashboard) -> None:
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 700, "height": 1000})
    assert opened.page.evaluate("document.querySelector('.linked svg').getBoundingClientRect().right") <= 700
    opened.page.emulate_media(media="screen")


@needs_chromium
def test_the_page_is_quiet_and_asks_for_nothing(opened: Dashboard) -> None:
    assert not [line for line in opened.said if not line.startswith("warning: WARN Infinite extent")]
    assert len(opened.asked) == 1
