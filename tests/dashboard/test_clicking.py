"""What a reader does with a dashboard: in a real browser, on the page as it is saved, with the network cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from sessionlab.charts import save
from sessionlab.dashboard import dashboard
from tests.dashboard.browser import CHROMIUM, Dashboard, chromium
from tests.dashboard.conftest import EVIL
from tests.metrics.bench import metrics_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page in")

ALL = "true"


@pytest.fixture(scope="module")
def opened(lab: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    pytest.importorskip("playwright", reason="no playwright to drive Chromium with")
    path = save(dashboard(lab.sql), tmp_path_factory.mktemp("page") / "dashboard.html")
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1100, "height": 1000}, offline=True)
        yield Dashboard(context.new_page(), path)


@pytest.fixture
def page(opened: Dashboard) -> Iterator[Dashboard]:
    """The page as it is when it opens; and as quiet when the test is over."""
    opened.reset()
    yield opened
    assert not [line for line in opened.said if not line.startswith("warning: WARN Infinite extent")]
    assert len(opened.asked) == 1
    assert opened.page.title() == "Chart"


def expected(lab: duckdb.DuckDBPyConnection, where: str) -> dict[str, str]:
    (row,) = metrics_of(lab).success_rate(where=where).to_dicts()
    failed, unjudged = row["judged"] - row["passed"], row["sessions"] - row["judged"]
    counts = {"sessions": row["sessions"], "judged": row["judged"], "passed": row["passed"], "failed": failed}
    return {name: f"{count:,}" for name, count in {**counts, "not judged": unjudged}.items()} | {
        "success rate": f"{row['rate']:.1%}" if row["judged"] else "–"
    }


def assert_rates(page: Dashboard, lab: duckdb.DuckDBPyConnection, column: str, where: str) -> None:
    """Compare a panel's counts, rates and intervals with the metric's."""
    shown = page.rates(column)
    rows: list[dict[str, Any]] = metrics_of(lab).success_rate(by=column, where=where).to_dicts()
    assert len(shown) == len(rows)
    for row in rows:
        value = row.pop(column)
        label = '"(unknown)"' if value == "(unknown)" else value or "(unknown)"
        drawn = {name: shown[label][name] for name in row}
        assert drawn == pytest.approx(row, abs=1e-9), label


def test_it_opens_on_the_whole(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    assert page.figures() == expected(lab, ALL)
    for column in ("topic", "kind", "model"):
        assert_rates(page, lab, column, ALL)


def test_a_click_on_a_bar_filters_the_rest(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("topic 3")
    assert page.figures() == expected(lab, "topic = 'topic 3'")
    for column in ("kind", "model"):
        assert_rates(page, lab, column, "topic = 'topic 3'")


def test_the_picked_bar_stands_out_among_all(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("topic 3")
    assert_rates(page, lab, "topic", ALL)
    opacity = {label: row["opacity"] for label, row in page.rates("topic").items()}
    assert opacity.pop("topic 3") > 3 * max(opacity.values())


def test_shift_adds_a_bar_and_takes_it_back(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("topic 3")
    page.click("topic 5", shift=True)
    assert page.figures() == expected(lab, "topic IN ('topic 3', 'topic 5')")
    page.click("topic 3", shift=True)
    assert page.figures() == expected(lab, "topic = 'topic 5'")


def test_picks_in_several_panels_all_hold(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("topic 4")
    page.click("workflow")
    page.click("completed")
    assert page.figures() == expected(lab, "topic = 'topic 4' AND kind = 'workflow' AND status = 'completed'")
    assert_rates(page, lab, "topic", "kind = 'workflow' AND status = 'completed'")


def test_what_is_unknown_can_be_picked(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("(unknown)")
    assert page.figures() == expected(lab, "topic IS NULL")
    page.click('"(unknown)"')
    assert page.figures() == expected(lab, "topic = '(unknown)'")


def test_attempts_can_be_picked_up_to_the_cap(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    box = page.box("10+")
    page.page.mouse.click(box["x"] + box["width"] / 2, box["y"] - 30)
    assert page.figures() == expected(lab, "attempts >= 10")


@pytest.mark.parametrize("below", [60, 190], ids=["in the rates", "in the sessions"])
def test_a_span_of_time_filters_the_rest(page: Dashboard, lab: duckdb.DuckDBPyConnection, below: int) -> None:
    box = page.box("Over time, by week")
    page.drag((box["x"] + 60, box["y"] + below), (box["x"] + 200, box["y"] + below))
    first, last = page.page.evaluate("view.signal('span').middle")
    middle = "date_trunc('week', started_at) + INTERVAL 84 HOUR"
    span = f"epoch_ms({middle}) BETWEEN {first} AND {last}"
    picked = lab.sql(f"SELECT count(*), count(success), count(*) FILTER (success) FROM sessions WHERE {span}")
    figures = page.figures()
    assert tuple(int(figures[name]) for name in ("sessions", "judged", "passed")) == picked.fetchall()[0]
    assert 0 < int(figures["sessions"]) < 500


def test_a_span_stays_while_bars_are_picked_and_goes_with_a_double_click(
    page: Dashboard, lab: duckdb.DuckDBPyConnection
) -> None:
    box = page.box("Over time, by week")
    page.drag((box["x"] + 60, box["y"] + 60), (box["x"] + 200, box["y"] + 60))
    within = int(page.figures()["sessions"])
    page.click("topic 3")
    assert 0 < int(page.figures()["sessions"]) < within
    page.page.mouse.dblclick(box["x"] + 20, box["y"] + 60)
    assert page.figures() == expected(lab, "topic = 'topic 3'")


def test_a_click_beside_the_bars_takes_all_back(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("topic 3")
    page.click("model 1")
    box = page.box("Over time, by week")
    page.drag((box["x"] + 60, box["y"] + 60), (box["x"] + 200, box["y"] + 60))
    assert page.figures() != expected(lab, ALL)
    page.reset()
    assert page.figures() == expected(lab, ALL)


def test_picks_that_nothing_fits_leave_zero(page: Dashboard) -> None:
    page.click("topic 3")
    page.click("running")
    box = page.box("Over time, by week")
    page.drag((box["x"] + 1, box["y"] + 60), (box["x"] + 3, box["y"] + 60))
    assert page.figures()["sessions"] == "0"
    assert page.figures()["success rate"] == "–"


def test_the_interval_is_wilsons(page: Dashboard, lab: duckdb.DuckDBPyConnection) -> None:
    page.click("topic 6")
    (row,) = metrics_of(lab).success_rate(where="topic = 'topic 6'").to_dicts()
    assert page.interval() == f"success rate · 95 %: {row['low']:.1%} to {row['high']:.1%}"


def test_texts_from_sessions_are_inert_under_the_pointer_too(page: Dashboard) -> None:
    box = page.box("</script><img", start=True)
    page.page.mouse.move(box["x"] + box["width"] + 12, box["y"] + 5)
    tooltip = page.page.wait_for_selector(".vg-tooltip.visible")
    assert tooltip is not None
    assert EVIL in tooltip.inner_text()
    assert page.page.query_selector("img") is None
