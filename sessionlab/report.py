"""The report: one HTML page with a lab's figures, charts, tables and sources, which opens with no network."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from secrets import token_hex
from string import Template
from typing import Any

from sessionlab.charts import Charts
from sessionlab.charts.labels import duration
from sessionlab.errors import SessionlabError
from sessionlab.metrics import Metrics
from sessionlab.metrics.arguments import columns_named
from sessionlab.model import SESSIONS

Row = Mapping[str, Any]

TABLE_ROWS = 200
"""How many rows of a table are shown."""

_SHARES = {"rate", "low", "high", "share"}
_GROUPS = {*SESSIONS.names, "bucket", "value", "error_type", "message", "runtime"}
_VALUES = {"topic": "topics", "difficulty": "difficulties", "mode": "modes", "status": "statuses"}
"""The metrics that also tell the share of each value of a column."""

_LONG = 104
"""From how many weeks on success over time is shown by month."""


def write_report(
    path: str | Path,
    *,
    title: str,
    metrics: Metrics,
    charts: Charts,
    sources: Sequence[Row],
    rejects: Sequence[Row],
    where: str | None = None,
    by: str | Sequence[str] = ("topic", "kind", "model"),
) -> Path:
    """Write the report of a lab, and give its absolute path; a file that is there is replaced whole or not at all.

    ``sources`` and ``rejects`` are rows of the tables of these names, the rejects not necessarily all. ``where``
    limits the sessions. ``by`` are the columns to compare success by; one that is NULL everywhere is left out, and
    the page says so.

    Raises ``QueryError`` as the metrics do, and ``SessionlabError`` where the file cannot be written.
    """
    page = _Page(metrics, charts, where)
    page.figures()
    if page.has_sessions():
        page.comparisons(columns_named(by))
        page.efforts()
        page.left_out()
    page.origins(sources, rejects)
    try:
        return _replace(Path(path), page.html(title))
    except OSError as error:
        raise SessionlabError(f"Cannot write the report to {path}: {error.strerror or error}.") from error


class _Page:
    """The page as it grows: pieces of HTML in order, and the charts that its script draws into them."""

    def __init__(self, metrics: Metrics, charts: Charts, where: str | None) -> None:
        self._metrics, self._charts, self._where = metrics, charts, where
        self._pieces: list[str] = []
        self._specs: dict[str, dict[str, Any]] = {}
        self._left_out: list[str] = []

    def figures(self) -> None:
        """Add the tiles, and a word where there is nothing to count."""
        row = self._rows("summary")[0]
        tiles = "".join(_tile(*tile) for tile in _tiles(row))
        empty = "" if row["sessions"] else f"<p>No sessions {'fit' if self._where else 'yet'}.</p>"
        self._pieces.append(f'<section>{empty}<div class="tiles">{tiles}</div>{self._sql("summary")}</section>')

    def has_sessions(self) -> bool:
        """Tell whether there is anything to compare."""
        return bool(self._rows("summary")[0]["sessions"])

    def comparisons(self, columns: Sequence[str]) -> None:
        """Add success by each column, by status and over time, as far as they are known."""
        for column in dict.fromkeys((*columns, "difficulty", "mode", "status")):
            if not self._is_known(column):
                self._left_out.append(f"No session has a known {column}.")
            elif column in _VALUES:
                self._compare(_VALUES[column])
            else:
                self._compare("success_rate", by=column)
        if bucket := self._bucket():
            self._compare("timeline", bucket=bucket)
        else:
            self._left_out.append("No session has a known start.")

    def efforts(self) -> None:
        """Add attempts, durations, errors and winners, as far as there are any."""
        summary = self._rows("summary")[0]
        if summary["attempts_mean"] is None:
            self._left_out.append("No session has a known number of attempts.")
        else:
            self._compare("attempts", by="kind")
            self._compare("attempts_distribution")
            self._unless_empty("success_by_attempt", "No session made an attempt of known outcome.", by="kind")
        if summary["duration_median_s"] is None:
            self._left_out.append("No session has a known duration.")
        else:
            self._compare("durations", by="kind")
        self._unless_empty("errors", "No session has a recorded error.")
        self._unless_empty("winners", "No session is a competition with a winner.", of="agent")
        if any(row["model"] is not None for row in self._rows("winners", of="model")):
            self._compare("winners", of="model")

    def left_out(self) -> None:
        """Say what could not be shown."""
        if self._left_out:
            lines = "<br>".join(map(escape, self._left_out))
            self._pieces.append(_section("Not shown", f'<p class="muted">{lines}</p>'))

    def origins(self, sources: Sequence[Row], rejects: Sequence[Row]) -> None:
        """Add where the sessions come from, and what could not be loaded, by reason."""
        counts = {row["source"]: row["sessions"] for row in self._rows("success_rate", by="source")}
        table = [_source(row, counts) for row in sources]
        self._pieces.append(_section("Sources", _table(table) or "<p>Nothing was loaded yet.</p>"))
        if rejects:
            rejected = max(len(rejects), sum(row.get("rejected") or 0 for row in sources))
            known = "" if rejected == len(rejects) else f'<p class="muted">the reasons of {len(rejects):,}</p>'
            heading = f"{rejected:,} records could not be loaded"
            self._pieces.append(_section(heading, known + _table(_reasons(rejects))))

    def html(self, title: str) -> str:
        """Give the whole page."""
        from sessionlab.charts.files import javascript, script_json

        made = f"sessionlab · {datetime.now(UTC):%-d %B %Y, %H:%M} UTC"
        limits = f" · only sessions where {self._where}" if self._where else ""
        return Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8")).substitute(
            title=escape(title),
            made=escape(made + limits),
            body="\n".join(self._pieces),
            javascript=javascript() if self._specs else "",
            charts=script_json(self._specs),
        )

    def _compare(self, name: str, **arguments: Any) -> None:
        """Add a chart of a metric, its rows as a table, and its SQL."""
        heading, notes, place = self._drawn(name, **arguments)
        rows = self._rows(name, **arguments)
        table = _folded("Table", _table(list(map(_in_words, rows)) if name == "durations" else rows), "table")
        content = f'<p class="muted">{"<br>".join(map(escape, notes))}</p>{place}{table}'
        self._pieces.append(_section(heading, content + self._sql(name, **arguments)))

    def _drawn(self, name: str, **arguments: Any) -> tuple[str, list[str], str]:
        """Keep a chart for the script; give its title, its notes, and the element that it will be drawn into.

        Colours become the page's variables, so that one drawing serves light, dark and paper.
        """
        from sessionlab.charts.theme import config

        spec = getattr(self._charts, name)(where=self._where, **arguments).to_dict()
        title = spec.pop("title")
        spec |= {"background": "transparent", "padding": {"left": 0, "top": 4, "right": 4, "bottom": 6}}
        spec["config"] = config(**{name: f"var(--{name})" for name in ("ink", "muted", "line", "accent")})
        identity = f"chart-{len(self._specs) + 1}"
        self._specs[identity] = spec
        return title["text"], title["subtitle"], f'<div class="chart" id="{identity}"></div>'

    def _unless_empty(self, name: str, sentence: str, **arguments: Any) -> None:
        """Add a metric, or say that there is nothing of it."""
        if self._rows(name, **arguments):
            self._compare(name, **arguments)
        else:
            self._left_out.append(sentence)

    def _sql(self, name: str, **arguments: Any) -> str:
        query = self._metrics.sql(name, where=self._where, **arguments)
        return _folded("SQL", f"<pre>{escape(query)}</pre>", "sql")

    def _rows(self, name: str, **arguments: Any) -> list[Row]:
        rows: list[Row] = getattr(self._metrics, name)(where=self._where, **arguments).to_dicts()
        return rows

    def _is_known(self, column: str) -> bool:
        return any(row[column] is not None for row in self._rows("success_rate", by=column))

    def _bucket(self) -> str | None:
        """Choose the bucket that gives a readable number of points; None where no start is known."""
        weeks = [row["bucket"] for row in self._rows("success_rate", bucket="week") if row["bucket"]]
        if not weeks:
            return None
        span = (weeks[-1] - weeks[0]).days // 7
        return "day" if span < 4 else "week" if span < _LONG else "month"


def _tiles(row: Row) -> Iterable[tuple[str, str, str]]:
    """Give the summary's figures as value, name and explanation."""
    interval = f"{_text('low', row['low'])} to {_text('high', row['high'])} · " if row["judged"] else ""
    yield _text("sessions", row["sessions"]), "sessions", f"{row['judged']:,} judged"
    yield _text("rate", row["rate"]), "success rate", f"{interval}{row['passed']:,} of {row['judged']:,}"
    yield _text("", row["attempts_median"]), "median attempts", f"mean {_text('', row['attempts_mean'])}"
    yield duration(row["duration_median_s"]), "median duration", "from start to end"
    yield _text("", row["errors"]), "errors", "over all sessions"


def _tile(value: str, name: str, explanation: str) -> str:
    return (
        f'<div class="tile">{escape(name)}<b>{escape(value)}</b><span class="muted">{escape(explanation)}</span></div>'
    )


def _in_words(row: Row) -> Row:
    """Say the durations in a row."""
    return {name: duration(value) if isinstance(value, float) else value for name, value in row.items()}


def _source(row: Row, sessions: Mapping[str, int]) -> Row:
    """Give what a reader wants to know about a source."""
    rows = row.get("rows")
    tables = json.loads(rows) if isinstance(rows, str) else rows or {}
    return {
        "source": row.get("source"),
        "kind": row.get("kind"),
        "from": row.get("uri"),
        "loaded": row.get("loaded_at"),
        "sessions": sessions.get(str(row.get("source")), 0),
        "rows": ", ".join(f"{name} {count:,}" for name, count in tables.items()),
        "rejected": row.get("rejected"),
        "superseded": row.get("superseded"),
    }


def _reasons(rejects: Sequence[Row]) -> list[Row]:
    """Count the rejects of each source by their reason, the most frequent first."""
    counts = Counter((str(row.get("source")), str(row.get("reason"))) for row in rejects)
    return [{"source": source, "reason": reason, "records": count} for (source, reason), count in counts.most_common()]


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{content}</section>"


def _folded(label: str, content: str, kind: str) -> str:
    return f'<details class="{kind}"><summary>{label}</summary>{content}</details>'


def _table(rows: Sequence[Row]) -> str:
    """Lay out rows with the columns of the first; empty where there are none."""
    if not rows:
        return ""
    numbers = {name for name in rows[0] if any(isinstance(row[name], int | float) for row in rows)}
    head = "".join(_cell("th", name, name in numbers) for name in rows[0])
    body = "".join(
        f"<tr>{''.join(_cell('td', _text(*item), item[0] in numbers) for item in row.items())}</tr>"
        for row in rows[:TABLE_ROWS]
    )
    cut = f'<p class="muted">the first {TABLE_ROWS} of {len(rows):,} rows</p>' if len(rows) > TABLE_ROWS else ""
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>{cut}'


def _cell(tag: str, text: str, number: bool) -> str:
    kind = ' class="number"' if number else ' class="long"' if len(text) > 30 else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"


def _text(name: str, value: object) -> str:
    """Say a value of a column: shares in percent, counts with separators; NULL is a group, or no number at all."""
    if value is None:
        return "(unknown)" if name in _GROUPS else "–"
    if name in _SHARES and isinstance(value, int | float):
        return f"{value:.1%}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _replace(path: Path, text: str) -> Path:
    """Write a file beside the path, and move it there when it is whole."""
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        draft.write_text(text, encoding="utf-8")
        return draft.replace(path).absolute()
    finally:
        draft.unlink(missing_ok=True)
