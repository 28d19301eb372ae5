"""One look for all charts: the Altair theme ``sessionlab``.

It is enabled with the first chart, unless another theme than Altair's own is: who chose one keeps it.
"""

from __future__ import annotations

from typing import Any

from sessionlab.charts import renderer
from sessionlab.charts.altair import alt
from sessionlab.charts.shorten import ROOM

# Okabe & Ito, "Color universal design" (2008): told apart with every common kind of colour blindness. Their
# yellow and black are replaced, as the one is lost on white and the other on dark pages.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#8C6D31"]
"""The colours of series, in order."""

SIZE = {"wide": 460, "narrow": 230, "high": 260}
"""Widths and heights of a plot, in pixels."""

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"


def config(
    ink: str = "#1f2328", muted: str = "#59636e", line: str = "#d8dee4", accent: str = PALETTE[0]
) -> dict[str, Any]:
    """Give Vega-Lite's config: ``ink`` colours what must be read, ``muted`` what explains.

    ``line`` colours the grid, and ``accent`` bars and lines that no series colours. They are any CSS colours; a
    page that draws SVG can hand over its variables.
    """
    return {
        "font": _FONT,
        "view": {"stroke": None, "continuousWidth": SIZE["wide"], "continuousHeight": SIZE["high"]},
        "range": {"category": PALETTE},
        "concat": {"spacing": 24},
        "facet": {"spacing": 28},
        **_words(ink, muted, line),
        **_marks(ink, muted, accent),
    }


def _words(ink: str, muted: str, line: str) -> dict[str, Any]:
    """Give the look of what explains a plot: titles, axes, legends, headers."""
    labels = {"labelColor": ink, "labelFontSize": 12, "titleColor": muted, "titleFontSize": 12}
    axis = {"labelLimit": ROOM["axis"], "labelPadding": 6, "gridColor": line, "domain": False, "ticks": False}
    symbols = {"symbolOpacity": 1, "symbolStrokeWidth": 0, "symbolType": "square"}
    return {
        "title": _title(ink, muted),
        "axis": {**labels, **axis, "titleFontWeight": "normal", "titlePadding": 8},
        "axisYBand": {"grid": False},
        "axisTemporal": {"grid": False},
        "legend": {**labels, **symbols, **_SIDE, "titleFontWeight": "normal", "labelLimit": ROOM["series"]},
        "header": {
            **labels,
            **_START,
            "titleFontWeight": "normal",
            "labelFontWeight": 600,
            "labelLimit": 1.1 * ROOM["panel"],
        },
    }


_SIDE = {"orient": "top", "titleOrient": "left"}
_START = {"titleAnchor": "start", "labelAnchor": "start"}


def _title(ink: str, muted: str) -> dict[str, Any]:
    """Give the look of a title, and of the lines below it."""
    title = {"anchor": "start", "frame": "group", "color": ink, "fontSize": 16, "fontWeight": 600, "offset": 14}
    return {**title, "subtitleColor": muted, "subtitleFontSize": 12, "subtitlePadding": 5}


def _marks(ink: str, muted: str, accent: str) -> dict[str, Any]:
    """Give the look of what is plotted."""
    return {
        "bar": {"color": accent, "cornerRadiusEnd": 2},
        "line": {"color": accent, "strokeWidth": 2, "strokeJoin": "round"},
        "area": {"color": accent},
        "rule": {"color": accent},
        "point": {"color": accent, "filled": True, "size": 45},
        "style": {
            "whisker": {"color": ink, "stroke": ink, "strokeWidth": 1.5},
            "mark": {"color": ink, "fill": ink, "stroke": ink, "filled": True, "opacity": 1},
            "count": {"color": muted, "fill": muted, "fontSize": 11, "align": "left", "baseline": "middle"},
        },
    }


@alt.theme.register("sessionlab", enable=False)
def look() -> alt.theme.ThemeConfig:
    """Give the theme as Altair wants it."""
    return {"background": "white", "padding": 12, "config": config()}  # type: ignore[typeddict-item]


if alt.theme.active == "default":
    alt.theme.enable("sessionlab")
renderer.enable()
