"""The linked chart made to fit a page: the figures are the page's own, and on a narrow one the panels are stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sessionlab.dashboard.layout import BARS, WIDE

Spec = dict[str, Any]

WIDE_PAGE = 860
"""From this width on, there are two columns."""

_LABELS, _COUNTS = 116, 88
"""How wide labels may be, and counts are, where there is little room."""

_USUAL = 152 + BARS + _COUNTS + 54 + WIDE + 60
"""How wide the chart is by itself."""

_BESIDE = 150
"""What is so much right of the bars at most is placed by where they end."""


@dataclass(frozen=True)
class _Sizes:
    """How long the longest bars are, how wide plots, and labels at most."""

    bars: int
    plot: int
    labels: int | None = None

    def place(self, x: Any) -> Any:
        """Move a place, or change a width, that was made for the usual sizes."""
        if isinstance(x, bool) or not isinstance(x, int):
            return x
        if x == WIDE:
            return self.plot
        if BARS <= x <= BARS + _BESIDE:
            return x - BARS + self.bars
        return max(x, -self.labels) if x < 0 and self.labels is not None else x


def fitted(spec: Spec, width: int | None) -> Spec:
    """Lay out a dashboard's chart for so many pixels; None stands for enough."""
    if "vconcat" not in spec:
        return spec
    columns = spec["vconcat"][1]["hconcat"]
    rest = {name: value for name, value in spec.items() if name != "vconcat"}
    if width is None or width >= WIDE_PAGE:
        more = max(0, (width or 0) - _USUAL)
        sizes = _Sizes(BARS + more // 3, WIDE + more - more // 3)
        return {**rest, "hconcat": _resized(columns, sizes), "spacing": 36}
    panels = [panel for column in columns for panel in column["vconcat"]]
    # The plots of all panels begin at one line, so that the labels of bars take room from all.
    sizes = _Sizes(max(80, width - _LABELS - _COUNTS), max(140, width - _LABELS - 14), _LABELS - 8)
    return {**rest, "vconcat": _resized(panels, sizes), "spacing": 26}


def _resized(part: Any, sizes: _Sizes) -> Any:
    """Put other sizes in place of the usual ones, and shorten labels."""
    if isinstance(part, list):
        return [_resized(each, sizes) for each in part]
    if not isinstance(part, dict):
        return part
    made = {name: _resized(value, sizes) for name, value in part.items()}
    if "width" in made:
        made["width"] = sizes.place(made["width"])
    for end in ("x", "x2"):
        if isinstance(made.get(end), dict) and "value" in made[end]:
            made[end]["value"] = sizes.place(made[end]["value"])
    if made.get("range") == [0, BARS]:
        made["range"] = [0, sizes.bars]
    if made.get("type") == "utc" and "domain" in made:
        # Vega's interpreter of expressions takes the only argument of datetime() for a year.
        made["domain"] = [{"expr": str(end)} for end in made["domain"]]
    if sizes.labels is not None and isinstance(made.get("labelLimit"), int):
        made["labelLimit"] = min(made["labelLimit"], sizes.labels)
    return made
