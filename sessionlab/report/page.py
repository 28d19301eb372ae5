"""The page as it grows."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from sessionlab.charts import Charts
from sessionlab.metrics import Metrics
from sessionlab.report.drawings import Spec, drawing
from sessionlab.report.figures import in_words
from sessionlab.report.markup import Row, code, folded, lines, section, table

if TYPE_CHECKING:
    from sessionlab.charts.registry import Chart

_TEMPLATE = Path(__file__).with_name("report.html")


class Page:
    """Pieces of HTML in order, and the charts that the page's script draws into them.

    ``missing`` collects, in sentences, what could not be shown. All metrics are of the sessions that ``where`` leaves.
    """

    def __init__(self, metrics: Metrics, charts: Charts, where: str | None) -> None:
        self.where = where
        self.missing: list[str] = []
        self._metrics, self._charts = metrics, charts
        self._pieces: list[str] = []
        self._specs: dict[str, Spec] = {}

    def add(self, piece: str) -> None:
        """Add HTML as it is."""
        self._pieces.append(piece)

    def compare(self, name: str, **arguments: Any) -> None:
        """Add a chart of a metric, its rows as a table, and its SQL."""
        rows = self.rows(name, **arguments)
        shown = table(list(map(in_words, rows)) if name == "durations" else rows)
        chart = getattr(self._charts, name)(where=self.where, **arguments)
        self.draw(chart, folded("Table", shown, "table") + self.sql(name, **arguments))

    def draw(self, chart: Chart, rest: str, kind: str = "chart") -> None:
        """Add a chart below its title and its notes, and HTML below it."""
        heading, notes, spec = drawing(chart)
        identity = f"chart-{len(self._specs) + 1}"
        self._specs[identity] = spec
        self.add(section(heading, f'{lines(notes)}<div class="{kind}" id="{identity}"></div>{rest}'))

    def unless_empty(self, name: str, sentence: str, **arguments: Any) -> None:
        """Add a metric, or say that there is nothing of it."""
        if self.rows(name, **arguments):
            self.compare(name, **arguments)
        else:
            self.missing.append(sentence)

    def sql(self, name: str, **arguments: Any) -> str:
        """Give the SQL of a metric behind a fold."""
        return code(self._metrics.sql(name, where=self.where, **arguments))

    def rows(self, name: str, **arguments: Any) -> list[Row]:
        """Give the rows of a metric."""
        rows: list[Row] = getattr(self._metrics, name)(where=self.where, **arguments).to_dicts()
        return rows

    def has_sessions(self) -> bool:
        """Tell whether there is anything to compare."""
        return bool(self.rows("summary")[0]["sessions"])

    def is_known(self, column: str) -> bool:
        """Tell whether any session has a value of a column."""
        return any(row[column] is not None for row in self.rows("success_rate", by=column))

    def html(self, title: str) -> str:
        """Give the whole page."""
        from sessionlab.charts.bundle import javascript
        from sessionlab.charts.files import script_json

        made = f"sessionlab · {datetime.now(UTC):%-d %B %Y, %H:%M} UTC"
        limits = f" · only sessions where {self.where}" if self.where else ""
        return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
            title=escape(title),
            made=escape(made + limits),
            body="\n".join(self._pieces),
            javascript=javascript() if self._specs else "",
            charts=script_json(self._specs),
        )
