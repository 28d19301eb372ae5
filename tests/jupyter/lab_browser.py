"""A real JupyterLab with a notebook open in a headless Chromium that reaches nothing but it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.dashboard.browser import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Page

_QUIET = {"fetchNews": "false", "checkForUpdates": False}
_OPTIONS = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--ServerApp.port=0"]
_LOCAL = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"

_OPENED = "window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')"
_READY = "jupyterapp.restored.then(() => jupyterapp.shell.currentWidget.context.sessionContext.ready).then(() => null)"
_ASK = """async (code) => {
  const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const answer = await kernel.requestExecute({code: "", user_expressions: {it: code}}, true).done;
  const it = answer.content.user_expressions.it;
  return it.status === "ok" ? it.data["text/plain"] : it.evalue;
}"""
_RUN = """async (code) => {
  const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  return (await kernel.requestExecute({code}).done).content.status;
}"""
_COLORS = """(selector) => {
  const part = document.querySelector(selector);
  const ground = getComputedStyle(document.querySelector(".jp-Notebook")).backgroundColor;
  return [getComputedStyle(part).color, ground].map((color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number));
}"""


class Lab:
    """A notebook that is open, and all that its page said and asked for."""

    def __init__(self, page: Page, url: str, notebook: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(f"{url}lab/tree/{notebook}?token=tests")
        page.wait_for_function(_OPENED, timeout=60_000)
        page.evaluate(_READY)

    def run_all(self) -> None:
        """Run all cells, to the end."""
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)")

    def ask(self, expression: str) -> str:
        """Evaluate Python in the notebook's kernel, and give what it prints as."""
        return str(self.page.evaluate(_ASK, expression))

    def execute(self, code: str) -> None:
        """Run Python in the notebook's kernel."""
        assert self.page.evaluate(_RUN, code) == "ok"

    def theme(self, name: str) -> None:
        """Turn the page ``Light`` or ``Dark``."""
        self.page.evaluate(f"jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {name}'}})")
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{str(name == 'Light').lower()}'")

    def contrast(self, selector: str) -> float:
        """Give how much an element's letters stand out from the notebook's ground, as WCAG counts it: 1 to 21."""
        letters, ground = (_luminance(color) for color in self.page.evaluate(_COLORS, selector))
        return (max(letters, ground) + 0.05) / (min(letters, ground) + 0.05)


def _luminance(color: list[float]) -> float:
    parts = [part / 255 for part in color]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@contextmanager
def jupyterlab(notebook: Path, folder: Path) -> Iterator[Lab]:
    """Open a copy of a notebook; all files of JupyterLab's own are in the folder too."""
    from playwright.sync_api import sync_playwright

    (folder / "work").mkdir()
    shutil.copy(notebook, folder / "work")
    with _server(folder) as url, sync_playwright() as playwright:
        flags = [flag for flag in FLAGS if not flag.startswith("--host-resolver")]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, _LOCAL])
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        yield Lab(page, url, notebook.name)
        browser.close()


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(_QUIET))
    places = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "runtime"}
    own = {f"JUPYTER_{name}": str(folder / place) for name, place in places.items()}
    lab = {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    command = [sys.executable, "-m", "jupyterlab", *_OPTIONS, "--IdentityProvider.token=tests"]
    environment = {**os.environ, **own, **lab, "IPYTHONDIR": str(folder / "ipython")}
    log = (folder / "log").open("w")
    server = subprocess.Popen(
        [*command, f"--ServerApp.root_dir={folder / 'work'}"], env=environment, stdout=log, stderr=log
    )
    try:
        yield _address(folder, server)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def _address(folder: Path, server: subprocess.Popen[Any]) -> str:
    """Wait until the server tells its address."""
    for _ in range(600):
        assert server.poll() is None, (folder / "log").read_text()
        for info in (folder / "runtime").glob("jpserver-*.json"):
            if text := info.read_text():
                return str(json.loads(text)["url"])
        time.sleep(0.1)
    raise TimeoutError((folder / "log").read_text())
