"""The dashboard in a real Chromium that reaches nothing but this server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab import Lab
from sessionlab.server import Running, create_app, start
from tests.dashboard.browser import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page in")

EVIL = "</script><script>document.title = 'pwned'</script><img src=x onerror=\"document.title='pwned'\">"
ARABIC = "\u202eمرحبا\u202c abc"
PHONE = {"width": 390, "height": 844}


def hostile(folder: Path) -> Path:
    """Write a session that is made of traps."""
    state = {
        "thread_id": EVIL,
        "user_prompt": f"{EVIL} {ARABIC}",
        "topic": EVIL[:50],
        "difficulty": "hard",
        "problem_description": "x" * 1_000_000,
        "problem_tests": [{"input": EVIL, "output": ARABIC}],
        "code": f"print('{EVIL}')\n" + "y" * 1_000_000,
        "tests_passed": False,
        "code_attempts": 2,
        "problem_attempts": 1,
        "workflow_status": "failed",
        "created_at": "2026-01-05T10:00:00Z",
        "updated_at": "2026-01-05T10:30:00Z",
    }
    path = folder / "hostile.json"
    path.write_text(json.dumps([state]))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Lab]:
    with Lab(folder / "lab.duckdb") as lab:
        for source in ("workflow.json", "codegen.db"):
            lab.load(f"data/{source}")
        yield lab


@pytest.fixture(scope="module")
def served(lab: Lab) -> Iterator[Running]:
    with start(create_app(lab)) as running:
        yield running


class Visit:
    """A page that was opened, and all that it complained of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, address: str = "#/", wait: str = ".chart svg") -> None:
        self.page.goto(f"{self.url}/{address}")
        self.page.wait_for_selector(wait)

    def sessions(self) -> int:
        """Read the first figure."""
        return int((self.page.text_content(".tile b") or "").replace(",", ""))

    def until(self, sessions: int) -> None:
        """Wait until the figure and the table tell of so many sessions."""
        from playwright.sync_api import expect

        expect(self.page.locator(".tile b").first).to_have_text(str(sessions))
        expect(self.page.locator(".head [role=status]")).to_have_text(f"{sessions} session{'s' * (sessions != 1)}")

    def filter(self, name: str) -> Locator:
        """Find a filter by its label."""
        return self.page.locator(".filters").get_by_label(name)

    def click_bar(self, label: str) -> None:
        """Click a bar of the chart, somewhat right of its label."""
        box = self.page.locator(".chart svg text", has_text=re.compile(f"^{re.escape(label)}$")).first.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] + 14, box["y"] + box["height"] / 2)


@pytest.fixture
def visit(browser: Browser, served: Running) -> Iterator[Visit]:
    """A page that must not have complained, nor asked anybody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    visit = Visit(context.new_page(), served.url)
    yield visit
    assert [line for line in visit.said if "WARN Infinite extent" not in line] == []
    assert all(url.startswith((served.url, "blob:", "data:")) for url in visit.asked)
    context.close()


def count(lab: Lab, where: str) -> int:
    return int(lab.sql(f"SELECT count(*) FROM sessions WHERE {where}").fetchall()[0][0])


def test_filters_filter(visit: Visit, lab: Lab) -> None:
    visit.open()
    visit.until(count(lab, "true"))
    visit.filter("kind").select_option("workflow")
    visit.until(count(lab, "kind = 'workflow'"))
    assert "kind=workflow" in visit.page.url
    visit.filter("condition (SQL)").fill("attempts > 1 AND topic <> 'arrays'")
    visit.page.keyboard.press("Enter")
    visit.until(count(lab, "kind = 'workflow' AND topic <> 'arrays' AND attempts > 1"))
    visit.page.go_back()
    visit.until(count(lab, "kind = 'workflow'"))
    visit.page.get_by_role("button", name="Clear").click()
    visit.until(count(lab, "true"))


def test_a_condition_that_does_not_hold_is_said(visit: Visit) -> None:
    visit.open("#/?where=topc%20%3D%201", wait=".error:not(:empty)")
    assert "Did you mean 'topic'" in (visit.page.text_content(".error") or "")
    visit.said = [line for line in visit.said if "400 (Bad Request)" not in line]


def test_a_click_filters_all_the_rest(visit: Visit, lab: Lab) -> None:
    visit.open()
    visit.until(count(lab, "true"))
    visit.click_bar("sorting")
    visit.until(count(lab, "topic = 'sorting'"))
    assert visit.page.text_content(".chip") == "sorting"
    visit.click_bar("workflow")
    visit.until(count(lab, "topic = 'sorting' AND kind = 'workflow'"))
    visit.page.keyboard.press("Escape")
    visit.until(count(lab, "true"))


def test_the_timeline_can_be_dragged_over(visit: Visit, lab: Lab) -> None:
    from playwright.sync_api import expect

    visit.open()
    visit.until(count(lab, "true"))
    box = visit.page.locator(".chart svg text", has_text=re.compile("^started, by week$")).bounding_box()
    assert box is not None
    y = box["y"] - 45
    visit.page.mouse.move(box["x"], y)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 120, y, steps=5)
    visit.page.mouse.up()
    visit.page.wait_for_selector(".chip")
    first, last = (visit.page.text_content(".chip") or "").split(" – ")
    expect(visit.page.locator(".tile b").first).not_to_have_text(str(count(lab, "true")))
    found = visit.sessions()
    low = count(lab, f"started_at BETWEEN DATE '{first}' + INTERVAL 8 DAY AND DATE '{last}' - INTERVAL 8 DAY")
    high = count(lab, f"started_at BETWEEN DATE '{first}' - INTERVAL 8 DAY AND DATE '{last}' + INTERVAL 8 DAY")
    assert 0 < low <= found <= high < count(lab, "true")


def test_sessions_are_sorted_searched_and_lengthened(visit: Visit, lab: Lab) -> None:
    from playwright.sync_api import expect

    visit.open(wait="tbody a")
    visit.until(count(lab, "true"))
    visit.page.get_by_role("button", name="attempts").click()
    visit.page.wait_for_selector("th[aria-sort=descending] >> text=attempts")
    most = lab.sql("SELECT max(attempts) FROM sessions").fetchall()[0][0]
    expect(visit.page.locator("tbody td.n").first).to_have_text(str(most))
    visit.page.get_by_role("button", name="Show more").click()
    expect(visit.page.locator("tbody tr")).to_have_count(125)
    visit.page.get_by_label("Search goals and ids").fill("no such words")
    visit.page.wait_for_selector("text=No session fits.")


def test_a_session_has_a_page(visit: Visit, lab: Lab) -> None:
    visit.open("#/?kind=codegen", wait="tbody a")
    visit.until(100)
    visit.page.locator("tbody a").first.click()
    visit.page.wait_for_selector(".event")
    identity = re.search(r"id=(\w+)", visit.page.url)
    assert identity is not None
    history = lab.history(identity[1], "codegen")
    assert visit.page.locator(".event").count() == len(history)
    assert visit.page.text_content("h1") == history.session["goal"]
    for event in history:
        if event.code:
            assert event.code.splitlines()[0] in (visit.page.text_content(".events") or "")
    visit.page.get_by_text("← all sessions").click()
    visit.until(100)


MARKDOWN = (
    "## Make `PersonName3` **iterable**: 2**3, f(**a, **b), `` ` `` and __init__\n\n```python\nfrom x\n```\n**after**"
)


def test_a_session_is_told_in_plain_words(visit: Visit, lab: Lab, folder: Path) -> None:
    state = {
        **{"thread_id": "told", "user_prompt": MARKDOWN, "workflow_status": "completed", "tests_passed": True},
        **{"code_attempts": 1, "created_at": "2026-03-05T10:00:00Z", "updated_at": "2026-03-05T10:06:48Z"},
    }
    (folder / "told.json").write_text(json.dumps([state]))
    lab.load(folder / "told.json")
    plain = "Make PersonName3 iterable: 2**3, f(**a, **b), `` ` `` and __init__"
    visit.open("#/?source=told", wait="td.goal")
    assert visit.page.text_content("td.goal") == plain
    visit.open("#/session?id=told&source=told", wait=".event")
    assert visit.page.text_content("h1") == plain
    assert MARKDOWN in (visit.page.text_content(".events") or "")
    shown = visit.page.locator("dl.facts div").all_inner_texts()
    assert {"took\n6.8 min", "started (UTC)\n2026-03-05 10:00:00"} <= set(shown)
    assert "took: 6.8 min" in visit.page.locator(".event .facts-line").last.inner_text()
    assert "duration s" not in (visit.page.text_content("main") or "")
    lab.forget("told")


def test_sql_gives_rows_and_a_chart(visit: Visit) -> None:
    visit.open("#/sql", wait="textarea")
    visit.page.locator("textarea").fill("SELECT kind, count(*) AS n FROM sessions GROUP BY ALL ORDER BY ALL")
    visit.page.keyboard.press("Control+Enter")
    visit.page.wait_for_selector(".chart svg")
    assert visit.page.locator(".result tbody tr").first.inner_text().split() == ["codegen", "100"]
    assert visit.page.locator(".chart svg text", has_text="codegen").count() == 1
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Download CSV").click()
    assert Path(download.value.path()).read_bytes().startswith(b"kind,n\r\ncodegen,100")
    visit.page.locator("textarea").fill("DROP TABLE sessions")
    visit.page.keyboard.press("Control+Enter")
    visit.page.wait_for_selector("text=Only a SELECT is run here")
    visit.said = [line for line in visit.said if "400 (Bad Request)" not in line]


WCAG = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}"
CONTRAST = "{runOnly: {type: 'rule', values: ['color-contrast']}}"


@pytest.mark.parametrize(("scheme", "rules"), [("light", WCAG), ("dark", CONTRAST)])
def test_no_serious_flaw_for_people_with_other_senses(
    browser: Browser, served: Running, scheme: Any, rules: str
) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text()
    # The page's own policy lets no foreign script in, as it should.
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme=scheme, bypass_csp=True)
    visit = Visit(context.new_page(), served.url)
    pages = [("#/?kind=codegen", ".chart svg"), ("#/session?id=1&source=codegen", ".event"), ("#/sql", "textarea")]
    for address, wait in pages:
        visit.open(address, wait)
        if address == "#/sql":
            visit.page.get_by_role("button", name="Run").click()
            visit.page.wait_for_selector(".chart svg")
        visit.page.evaluate(axe)
        found: dict[str, Any] = visit.page.evaluate(f"axe.run({rules})")
        serious = [
            (flaw["id"], [node["html"][:200] for node in flaw["nodes"][:3]])
            for flaw in found["violations"]
            if flaw["impact"] in ("serious", "critical")
        ]
        assert serious == [], address
        assert len(found["passes"]) >= (10 if rules == WCAG else 1)
    context.close()


def test_on_a_phone_nothing_is_wider_than_it(browser: Browser, served: Running) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    visit = Visit(context.new_page(), served.url)
    for address, wait in (("#/", ".chart svg"), ("#/session?id=1&source=codegen", ".event"), ("#/sql", "textarea")):
        visit.open(address, wait)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        if wait == ".chart svg":
            box = visit.page.locator(wait).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE["width"]
    context.close()


def test_with_a_keyboard_alone(visit: Visit, lab: Lab) -> None:
    visit.open(wait="tbody a")
    visit.until(count(lab, "true"))
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    visit.filter("kind").focus()
    visit.page.keyboard.type("codegen")
    visit.until(count(lab, "kind = 'codegen'"))
    visit.page.locator("tbody a").first.focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(".event")


def test_colours_are_chosen_and_kept(visit: Visit) -> None:
    visit.open("#/sql", wait="textarea")
    visit.page.get_by_role("button", name="Colours").click()
    visit.page.get_by_role("button", name="Colours: light").click()
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = visit.page.evaluate(paper)
    assert dark == "rgb(13, 17, 23)"
    visit.page.reload()
    assert visit.page.evaluate(paper) == dark


def test_the_form_lets_in_who_knows_the_token(browser: Browser, lab: Lab) -> None:
    with start(create_app(lab, token="swordfish")) as running:
        context = browser.new_context()
        visit = Visit(context.new_page(), running.url)
        visit.open("", wait="input[type=password]")
        visit.page.get_by_label("Token").fill("guess")
        visit.page.get_by_role("button", name="Log in").click()
        visit.page.wait_for_selector("text=That is not the token.")
        visit.page.get_by_label("Token").fill("swordfish")
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_selector("tbody a")
        assert visit.page.evaluate("document.cookie") == ""
        context.close()


def test_a_new_load_appears_and_the_pick_stays(visit: Visit, lab: Lab, folder: Path) -> None:
    visit.open()
    visit.page.wait_for_selector(".live.on")
    visit.click_bar("sorting")
    visit.until(count(lab, "topic = 'sorting'"))
    one = {"thread_id": "new", "topic": "sorting", "workflow_status": "running", "created_at": "2026-02-01T00:00:00Z"}
    (folder / "more.json").write_text(json.dumps([one]))
    lab.load(folder / "more.json")
    visit.until(count(lab, "topic = 'sorting'"))
    assert visit.page.text_content(".chip") == "sorting"
    visit.page.get_by_role("button", name="show all").click()
    visit.until(count(lab, "true"))
    lab.forget("more")


def test_a_hostile_session_is_shown_as_text(visit: Visit, lab: Lab, folder: Path) -> None:
    lab.load(hostile(folder))
    visit.open("#/?source=hostile", wait="tbody a")
    visit.until(1)
    assert "<script>" in (visit.page.text_content("td.goal") or "")
    visit.page.locator("tbody a").first.click()
    visit.page.wait_for_selector(".event")
    text = visit.page.text_content("main") or ""
    assert EVIL in text
    assert ARABIC in text
    assert "characters in all)" in text
    assert visit.page.locator("main script, main img").count() == 0
    assert visit.page.title() != "pwned"
    visit.open("#/sql", wait="textarea")
    visit.page.locator("textarea").fill(
        "SELECT topic, topic AS \"<img src=x>\", 1 AS n FROM sessions WHERE source = 'hostile'"
        " UNION ALL SELECT 'b', 'b', 2"
    )
    visit.page.keyboard.press("Control+Enter")
    visit.page.wait_for_selector(".chart svg")
    assert visit.page.locator("main script, main img").count() == 0
    assert visit.page.title() != "pwned"
    lab.forget("hostile")
