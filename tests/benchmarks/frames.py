"""The metrics as somebody would have them with pandas: the rows fetched from a store in SQLite, and grouped."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pandas as pd

Frame = pd.DataFrame
_KEYS = ["source", "kind", "session_id"]

_FOLDS = [
    (re.compile(pattern), token)
    for pattern, token in (
        (r"\s+", " "),
        (r"""\B'[^'\n]*'\B|\B"[^"\n]*"\B|\B`[^`\n]*`\B""", "<name>"),
        (r"""\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'"<>)]+""", "<path>"),
        (r"(\b[A-Za-z]:|\B~|\B\.{1,2}|\B)([/\\]+[\w.@+~%-]*\w)+[/\\]?", "<path>"),
        (r"\b[\w.-]+(/[\w.-]+)+\.[A-Za-z]\w*", "<path>"),
        (r"\b(0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{12,})\b", "<hex>"),
        (r"(\B-)?\b\d+([.,]\d+)*([eE][+-]?\d+)?", "<n>"),
    )
]


def _rates(groups: Any) -> Frame:
    found: Frame = groups["success"].agg(sessions="size", judged="count", passed="sum")
    return found.assign(rate=found["passed"] / found["judged"])


def _values(column: str) -> tuple[str, Callable[[Frame], Frame]]:
    return f"SELECT {column}, success FROM sessions", lambda rows: _rates(rows.groupby(column, dropna=False))


def _summary(rows: Frame) -> Frame:
    figures = rows.agg({"attempts": "mean", "problem_attempts": "mean", "duration_s": "median", "errors": "sum"})
    return figures.to_frame().T.assign(judged=rows["success"].count(), passed=rows["success"].sum())


def _attempts(rows: Frame) -> Frame:
    attempts = rows.groupby("kind")["attempts"]
    return attempts.describe().assign(p90=attempts.quantile(0.9))


def _by_attempt(rows: Frame) -> Frame:
    rows = rows.assign(attempt=rows["attempts"] - rows["success"].isna())
    success = rows[rows["attempt"] >= 1].groupby("attempt")["success"]
    ends = pd.DataFrame({"ended": success.size(), "passed": success.sum()})
    at_risk = ends["ended"][::-1].cumsum()[::-1]
    return ends.assign(rate=1 - (1 - ends["passed"] / at_risk).cumprod())


def _durations(rows: Frame) -> Frame:
    durations = rows.groupby("kind")["duration_s"]
    return pd.DataFrame({share: durations.quantile(share) for share in (0.1, 0.5, 0.9, 0.99)})


def _timeline(rows: Frame) -> Frame:
    weeks = pd.to_datetime(rows["started_at"], format="ISO8601").dt.to_period("W")
    return _rates(rows.groupby(weeks, dropna=False))


def _fold(message: str) -> str:
    for pattern, token in _FOLDS:
        message = pattern.sub(token, message)
    return message.strip()


def _errors(rows: Frame) -> Frame:
    return _by_message(rows.assign(message=rows["message"].map(_fold, na_action="ignore")))


def _errors_folded_once(rows: Frame) -> Frame:
    folded = {message: _fold(message) for message in rows["message"].dropna().unique()}
    return _by_message(rows.assign(message=rows["message"].map(folded)))


def _by_message(rows: Frame) -> Frame:
    kinds = rows.groupby(["error_type", "message"], dropna=False)
    sessions = rows.drop_duplicates(["error_type", "message", *_KEYS]).groupby(["error_type", "message"], dropna=False)
    return kinds.agg(errors=("message", "size"), last_seen=("occurred_at", "max")).assign(sessions=sessions.size())


def _winners(rows: Frame) -> Frame:
    sizes = rows.groupby(_KEYS)["winner"].agg(size="size", won="sum").reset_index()
    entered = rows.merge(sizes[(sizes["size"] > 1) & (sizes["won"] > 0)], on=_KEYS)
    met = entered[entered["winner"] == 1].merge(entered[entered["winner"] == 0], on=_KEYS)
    met.groupby(["agent_x", "agent_y"]).size()
    won = entered.groupby("agent", dropna=False)["winner"]
    return pd.DataFrame({"entered": won.size(), "won": won.sum()})


METRICS: dict[str, tuple[str, Callable[[Frame], Frame]]] = {
    "summary": ("SELECT success, attempts, problem_attempts, duration_s, errors FROM sessions", _summary),
    "success_rate": _values("kind"),
    "attempts": ("SELECT kind, attempts FROM sessions", _attempts),
    "attempts_distribution": _values("attempts"),
    "success_by_attempt": ("SELECT attempts, success FROM sessions", _by_attempt),
    "topics": _values("topic"),
    "difficulties": _values("difficulty"),
    "statuses": _values("status"),
    "modes": _values("mode"),
    "durations": ("SELECT kind, duration_s FROM sessions", _durations),
    "timeline": ("SELECT started_at, success FROM sessions", _timeline),
    "errors": ("SELECT source, kind, session_id, error_type, message, occurred_at FROM errors", _errors),
    "winners": ("SELECT source, kind, session_id, agent, winner FROM attempts WHERE winner IS NOT NULL", _winners),
}
"""For each metric what is fetched, and what is made of it."""


WITH_CARE: dict[str, tuple[str, Callable[[Frame], Frame]]] = {
    "errors": ("SELECT source, kind, session_id, error_type, message, occurred_at FROM errors", _errors_folded_once),
}
"""The same by somebody who has thought about it."""


def measure(store: sqlite3.Connection, name: str, *, with_care: bool = False) -> Frame:
    """Fetch the rows that a metric needs, and no other columns, and group them."""
    query, group = (WITH_CARE if with_care else METRICS)[name]
    return group(pd.read_sql(query, store))
