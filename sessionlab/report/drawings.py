"""Specs of charts made fit for the page, which has the titles in its own words and the colours in its own variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessionlab.charts.registry import Chart

Spec = dict[str, Any]


def drawing(chart: Chart) -> tuple[str, list[str], Spec]:
    """Take a chart apart into its title, its notes, and a spec of the rest.

    Colours become the page's variables, so that one drawing serves light, dark and paper.
    """
    from sessionlab.charts.theme import config

    spec: Spec = _on_paper(chart.to_dict(validate=False))
    title = spec.pop("title")
    spec |= {"background": "transparent", "padding": {"left": 0, "top": 4, "right": 4, "bottom": 6}}
    spec["config"] = config(**{name: f"var(--{name})" for name in ("ink", "muted", "line", "accent")})
    return title["text"], title["subtitle"], spec


def _on_paper(part: Any) -> Any:
    """Draw white lines between marks in the colour of the page."""
    if isinstance(part, dict):
        return {
            name: "var(--paper)" if (name, value) == ("stroke", "white") else _on_paper(value)
            for name, value in part.items()
        }
    return [_on_paper(item) for item in part] if isinstance(part, list) else part
