"""A dashboard's page in a headless Chromium without network: what it shows, and clicks as a reader makes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = [
    *["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    *["--disable-component-update", "--disable-sync"],
    "--host-resolver-rules=MAP * ~NOTFOUND",
]

# The page keeps its view to itself; this hands it out, and nothing else.
_HAND_OUT = """
Object.defineProperty(window, "vegaEmbed", {
  set(embed) {
    this.drawn = (...all) => {
      const drawing = embed(...all);
      drawing.then(({view}) => { window.view = view }, (error) => { window.failure = String(error) });
      return drawing;
    };
  },
  get() { return this.drawn },
});
"""

# The data of all whiskers, one for each label of each panel of rates.
_WHISKERS = """() => {
  const found = [];
  const walk = (mark) => mark.items.forEach((item) => {
    if (mark.marktype === "group") item.items.forEach(walk);
    else if (mark.marktype === "rule" && item.datum.label) found.push({...item.datum, opacity: item.opacity});
  });
  walk(view.scenegraph().root);
  return found;
}"""

_BOXES = """() => [...document.querySelectorAll("svg text")].map((text) => {
  const box = text.getBoundingClientRect();
  return {text: text.textContent, x: box.x, y: box.y, width: box.width, height: box.height};
})"""

_FIGURES = ("sessions", "judged", "passed", "failed", "not judged", "success rate")


class Dashboard:
    """A page that was opened, with all that it said and asked for."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))
        page.add_init_script(_HAND_OUT)
        page.goto(path.as_uri())
        page.wait_for_function("window.view || window.failure")
        assert page.evaluate("window.failure") is None

    def figures(self) -> dict[str, str]:
        """Read the figures on top, each above its name."""
        texts = self._boxes()
        return {name: self._above(texts, name) for name in _FIGURES}

    def interval(self) -> str:
        """Read the interval beside the success rate."""
        return next(str(box["text"]) for box in self._boxes() if box["text"].startswith("success rate · "))

    def rates(self, column: str) -> dict[str, dict[str, Any]]:
        """Read the data of a panel of rates, by label."""
        self.settle()
        return {row["label"]: row for row in self.page.evaluate(_WHISKERS) if column in row}

    def click(self, label: str, *, shift: bool = False) -> None:
        """Click a bar, somewhat right of its label."""
        box = self.box(label)
        self.page.mouse.move(box["x"] + box["width"] + 12, box["y"] + box["height"] / 2)
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.down()
        self.page.mouse.up()
        if shift:
            self.page.keyboard.up("Shift")

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the mouse, move it and let it go."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=4)
        self.page.mouse.up()

    def reset(self) -> None:
        """Click where nothing is: beside the title."""
        box = self.box("Sessions by ", start=True)
        self.page.mouse.click(box["x"] + box["width"] + 40, box["y"] + 4)

    def box(self, text: str, *, start: bool = False) -> dict[str, Any]:
        """Find where a text stands."""
        texts = self._boxes()
        return next(box for box in texts if box["text"] == text or (start and box["text"].startswith(text)))

    def settle(self) -> None:
        """Wait until all is drawn."""
        self.page.evaluate("view.runAsync().then(() => null)")

    def _boxes(self) -> list[dict[str, Any]]:
        self.settle()
        boxes: list[dict[str, Any]] = self.page.evaluate(_BOXES)
        return boxes

    def _above(self, texts: list[dict[str, Any]], name: str) -> str:
        caption = next(box for box in texts if box["text"].startswith(name))
        over = [box for box in texts if abs(box["x"] - caption["x"]) < 3 and box["y"] < caption["y"]]
        return str(max(over, key=lambda box: box["y"])["text"])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, and end it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
