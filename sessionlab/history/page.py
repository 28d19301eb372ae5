"""A history as HTML: readable on light and dark ground, with long texts folded, and of bounded size."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sessionlab.history.events import Event
from sessionlab.history.plain import TOLD, clipped, shortened, title, when

_PAGE = 300_000
"""About how many characters of text a page holds of each sort: feedback and messages, code, diffs."""

_LEAST, _MOST = 500, 8_000
"""How many characters of one text are shown, at least and at most."""

_CONTEXT = 3
"""How many lines around a change a diff shows."""

_OPEN_LINES, _OPEN = 12, 1_000
"""Texts of no more lines and characters stand open."""

# No colour of letters or ground is set but in part, so that a notebook's own theme shows through. Blue and orange are
# told apart by the colour-blind, and a sign stands beside each.
STYLE = """<style>
.sl-h{font-size:13px;line-height:1.45;max-width:72em}
.sl-h pre{margin:.3em 0;padding:.4em .6em;background:rgba(128,128,128,.12);border-radius:4px;color:inherit;
white-space:pre-wrap;overflow-wrap:anywhere;max-height:34em;overflow:auto;font:12px/1.4 ui-monospace,monospace}
.sl-h-e{border-left:4px solid rgba(128,128,128,.5);padding:.15em 0 .15em .8em;margin:.5em 0}
.sl-h-message{border-left-color:#56b4e9}.sl-h-good{border-left-color:#0072b2}.sl-h-bad{border-left-color:#d55e00}
.sl-h-t{opacity:.75;margin-right:.8em;font-variant-numeric:tabular-nums}
.sl-h-f{opacity:.85;font-size:12px;overflow-wrap:anywhere}.sl-h summary{cursor:pointer}
.sl-h ins{display:block;text-decoration:none;background:rgba(0,114,178,.25);color:inherit}
.sl-h del{display:block;text-decoration:none;background:rgba(213,94,0,.25);color:inherit}
.sl-h i{display:block;opacity:.7}
</style>"""


def history_page(session: Mapping[str, Any], events: Sequence[Event]) -> str:
    """Write a history as HTML.

    Args:
        session: The session's row.
        events: What happened, in order.
    """
    cut = shortened(events)
    shown = len(cut.first) + len(cut.last)
    most = min(max(_PAGE // max(shown, 1), _LEAST), _MOST)
    start = session["started_at"]
    parts = [_event(event, start, most) for event in cut.first]
    if cut.left_out:
        parts.append(f"<p>… {cut.left_out:,} events left out; <code>.events</code> has them all …</p>")
    parts += [_event(event, start, most) for event in cut.last]
    name = f"{session['kind']} session {session['session_id']} of {session['source']}"
    facts = _facts({key: value for key, value in session.items() if key not in _HEAD and value is not None}, most)
    return f'{STYLE}<div class="sl-h"><b>{html.escape(name)}</b>{facts}{"".join(parts)}</div>'


_SKIPPED = TOLD | {"attempt_id"}
"""Facts that say nothing new."""

_HEAD = ("source", "kind", "session_id", "goal")
"""What is told in the heading, or by the first event."""


def diff_block(diff: str | None, most: int = _MOST, name: str = "changes") -> str:
    """Write a unified diff, coloured and folded if it is long; what is beyond ``most`` characters is left out."""
    if not diff:
        return f'<div class="sl-h-f">{html.escape(name)}</div>'
    lines = clipped(diff, most).splitlines()
    marked = "".join(_diff_line(line) for line in lines)
    return _folded(name, f"<pre>{marked}</pre>", diff)


def _diff_line(line: str) -> str:
    tag = {"+": "ins", "-": "del", "@": "i"}.get(line[:1])
    text = html.escape(line, quote=False)
    return f"<{tag}>{text}</{tag}>" if tag else f"{text}\n"


def text_block(text: str, most: int = _MOST, name: str = "") -> str:
    """Write a text, folded if it is long; what is beyond ``most`` characters is left out."""
    shown = html.escape(clipped(text, most), quote=False)
    lines, size = text.count("\n") + 1, len(text)
    first = " ".join(text[:200].split())[:80]
    label = f"{name or first} ({lines:,} line{'s' if lines > 1 else ''}, {size:,} characters)"
    return _folded(label, f"<pre>{shown}</pre>", text, titled=bool(name))


def _folded(label: str, inner: str, text: str, *, titled: bool = True) -> str:
    """Fold what is long; what is short stands open, under its label if it has a name."""
    if text.count("\n") < _OPEN_LINES and len(text) <= _OPEN:
        return (f'<div class="sl-h-f">{html.escape(label)}</div>' if titled else "") + inner
    return f"<details><summary>{html.escape(label)}</summary>{inner}</details>"


def _event(event: Event, start: datetime | None, most: int) -> str:
    parts = [] if event.change is None else [diff_block(event.change.diff, most, f"code, {event.change.summary}")]
    if event.code:
        parts.append(_code(event, most))
    if event.text:
        parts.append(text_block(event.text, most, "feedback" if event.what == "attempt" else ""))
    parts.append(_facts({name: value for name, value in event.facts.items() if name not in _SKIPPED}, most))
    stamp = html.escape(when(event.at) + _elapsed(event.at, start))
    head = f'<span class="sl-h-t">{stamp}</span><b>{html.escape(title(event))}</b>'
    return f'<div class="sl-h-e sl-h-{_look(event)}">{head}{"".join(parts)}</div>'


def _code(event: Event, most: int) -> str:
    """Write the code: folded where changes are shown, and not at all where it is so short that they show all of it."""
    if event.change is None or event.code is None:
        return text_block(event.code or "", most, "code")
    if event.change.diff and event.code.count("\n") < _CONTEXT:
        return ""
    inner = f"<pre>{html.escape(clipped(event.code, most), quote=False)}</pre>"
    return f"<details><summary>whole code ({len(event.code):,} characters)</summary>{inner}</details>"


def _look(event: Event) -> str:
    if event.what == "error":
        return "bad"
    outcome = event.facts.get("success")
    return event.what if outcome is None else "good" if outcome else "bad"


def _elapsed(at: datetime | None, start: datetime | None) -> str:
    """Write how long after the start that is."""
    seconds = round((at - start).total_seconds()) if at and start else 0
    return "" if seconds <= 0 else f" +{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _facts(facts: Mapping[str, Any], most: int) -> str:
    if not facts:
        return ""
    said = [f"{html.escape(name)}: {html.escape(clipped(_written(value), most // 4))}" for name, value in facts.items()]
    return f'<div class="sl-h-f">{" · ".join(said)}</div>'


def _written(value: Any) -> str:
    """Write a value for reading: a whole number of a float, a time to the second, JSON as it is."""
    if isinstance(value, datetime):
        return when(value)
    return (
        f"{value:,.1f}"
        if isinstance(value, float)
        else value
        if isinstance(value, str)
        else json.dumps(value, default=str)
    )
