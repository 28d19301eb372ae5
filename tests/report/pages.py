"""Pages written for tests, and what stands on them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb

from sessionlab.charts import Charts
from sessionlab.report import write_report
from tests.metrics.bench import metrics_of


class Page(HTMLParser):
    """A page's elements and its text, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def write(lab: duckdb.DuckDBPyConnection, path: Path, **arguments: Any) -> Path:
    """Write the report of a database as a lab does."""
    metrics = metrics_of(lab)
    rest = {"title": "Lab", "sources": [], "rejects": [], **arguments}
    return write_report(path, run=lab.sql, metrics=metrics, charts=Charts(metrics), **rest)


def text_of(lab: duckdb.DuckDBPyConnection, folder: Path, **arguments: Any) -> str:
    """Write the report of a database, and give the text on it."""
    return Page(write(lab, folder / "a.html", **arguments).read_text(encoding="utf-8")).text
