"""The report: one HTML page with a lab's figures, charts, tables and sources, which opens with no network.

``page`` is the page as it grows, ``sections`` says what stands on it, ``figures`` and ``origins`` make ready what the
sections show, ``drawings`` makes specs of charts fit for the page, and ``markup`` writes HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from sessionlab.charts import Charts
from sessionlab.dashboard import Run
from sessionlab.errors import LabError
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named
from sessionlab.report.markup import Row
from sessionlab.report.page import Page
from sessionlab.report.sections import comparisons, dashboard, efforts, figures, left_out, origins

__all__ = ["Row", "write_report"]


def write_report(
    path: str | Path,
    *,
    title: str,
    run: Run,
    metrics: Metrics,
    charts: Charts,
    sources: Sequence[Row],
    rejects: Sequence[Row],
    where: str | None = None,
    by: str | Sequence[str] = ("topic", "kind", "model"),
) -> Path:
    """Write the report of a lab, and give its absolute path; a file that is there is replaced whole or not at all.

    ``run`` takes SQL over the canonical tables and gives its relation. ``sources`` and ``rejects`` are rows of the
    tables of these names, the rejects not necessarily all. ``where`` limits the sessions. ``by`` are the columns to
    compare success by; one that is NULL everywhere is left out, and the page says so.

    Raises ``QueryError`` as the metrics do, and ``LabError`` where the file cannot be written.
    """
    path = Path(path)
    if not path.name:
        raise LabError(f"{str(path)!r} is no name of a file for the report. Try 'report.html'.")
    page = Page(metrics, charts, where)
    figures(page)
    if page.has_sessions():
        columns = columns_named(by)
        dashboard(page, run, columns)
        comparisons(page, columns)
        efforts(page)
        left_out(page)
    origins(page, sources, rejects)
    try:
        return _replace(path, page.html(title))
    except OSError as error:
        raise LabError(f"Cannot write the report to {path}: {error.strerror or error}.") from error


def _replace(path: Path, text: str) -> Path:
    """Write a file beside the path, and move it there when it is whole."""
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        draft.write_text(text, encoding="utf-8")
        return draft.replace(path).absolute()
    finally:
        draft.unlink(missing_ok=True)
