"""The linked chart made to fit a page: the figures are the page's own, and on a narrow one the panels are stacked.

How much room labels and counts take depends on the lab. It is read from the chart; bars and plots share what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sessionlab.dashboard.layout import BARS, WIDE, label_words

Spec = dict[str, Any]

WIDE_PAGE = 860
"""From this width on there are two columns, if their bars are not too short then."""

_SPACING = 36
_PADDING = 12
"""What labels take beside their own width."""

_AXIS, _TITLE = 42, 24
"""The room of the axis of a plot: of labels such as "100%", and of its title."""

_EDGE = 16
"""How much of its last label may stand beyond an axis."""

_LEAST_BARS, _LEAST_PLOT, _LEAST_LABELS = 80, 140, 40
_MOST_LABELS = 108
"""How wide labels may be where panels are stacked."""


@dataclass(frozen=True)
class _Sizes:
    """How long the longest bars are, how wide the counts beside them, and plots, and labels at most."""

    bars: int
    counts: int
    plot: int
    labels: int | None = None

    def place(self, x: Any, usual: int) -> Any:
        """Move a place, or change a width, that was made for a panel of the usual width."""
        if isinstance(x, bool) or not isinstance(x, int):
            return x
        if x == usual:
            return self.plot if usual == WIDE else self.bars + self.counts
        if x == BARS:
            return self.bars
        return x if self.labels is None else max(x, -self.labels)


def fitted(spec: Spec, width: int | None) -> Spec:
    """Lay out a dashboard's chart for so many pixels; None stands for enough."""
    if "vconcat" not in spec:
        return spec
    columns = [column["vconcat"] for column in spec["vconcat"][1]["hconcat"]]
    rest = {name: value for name, value in spec.items() if name != "vconcat"}
    sizes = _Sizes(BARS, _counts(columns), WIDE) if width is None else _beside(columns, width)
    if sizes is not None:
        made = [{"vconcat": _panels(column, sizes), "spacing": 26} for column in columns]
        return {**rest, "hconcat": made, "spacing": _SPACING}
    panels = [panel for column in columns for panel in column]
    return {**rest, "vconcat": _panels(panels, _stacked(panels, width or 0)), "spacing": 26}


def _beside(columns: list[list[Spec]], width: int) -> _Sizes | None:
    """Share a width among two columns; None where it is not enough for them."""
    counts = _counts(columns)
    free = width - sum(map(_room, columns)) - counts - _SPACING - _EDGE
    # A column of plots may hold bars too, which with their counts are no longer than a plot.
    bars = min(BARS + (free - BARS - WIDE) // 3, (free - counts) // 2)
    return _Sizes(bars, counts, free - bars) if width >= WIDE_PAGE and bars >= _LEAST_BARS else None


def _stacked(panels: list[Spec], width: int) -> _Sizes:
    """Share a width where the plots of all panels begin at one line, so that the labels of bars take room from all."""
    counts = _counts(panels)
    labels = min(_MOST_LABELS, max(_LEAST_LABELS, width - _PADDING - counts - _LEAST_BARS))
    free = width - _room(panels, labels)
    return _Sizes(max(_LEAST_BARS, free - counts), counts, max(_LEAST_PLOT, free - _EDGE), labels)


def _counts(part: Any) -> int:
    """Find the room that the counts have beside the bars."""
    widths: list[int] = [panel["width"] for panel in _parts(part) if _has_rows(panel)]
    return max(widths, default=BARS) - BARS


def _room(part: Any, most: int | None = None) -> int:
    """Find how much stands left of where plots begin, with labels that are so wide at most."""
    labels: list[int] = [each["labelLimit"] for each in _parts(part) if "labelLimit" in each]
    axes: list[int] = [_AXIS, *(each["minExtent"] for each in _parts(part) if "minExtent" in each)]
    shown = min(max(labels, default=0), most) if most is not None else max(labels, default=0)
    return max(shown + _PADDING, max(axes) + _TITLE)


def _has_rows(panel: Spec) -> bool:
    """Tell bars with labels and counts from a plot of columns or of time; other parts of a chart are neither."""
    return isinstance(panel.get("width"), int) and any("labelLimit" in part for part in _parts(panel))


def _parts(part: Any) -> Iterator[Spec]:
    """Walk through all objects of a spec."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from _parts(each)


def _panels(panels: list[Spec], sizes: _Sizes) -> list[Spec]:
    return [_resized(panel, sizes, panel["width"] if _has_rows(panel) else WIDE) for panel in panels]


def _resized(part: Any, sizes: _Sizes, usual: int) -> Any:
    """Put other sizes in place of the usual ones, and shorten labels."""
    if isinstance(part, list):
        return [_resized(each, sizes, usual) for each in part]
    if not isinstance(part, dict):
        return part
    made = {name: _resized(value, sizes, usual) for name, value in part.items()}
    if "width" in made:
        made["width"] = sizes.place(made["width"], usual)
    for end in ("x", "x2"):
        if isinstance(made.get(end), dict) and "value" in made[end]:
            made[end]["value"] = sizes.place(made[end]["value"], usual)
    if made.get("range") == [0, BARS]:
        made["range"] = [0, sizes.bars]
    if sizes.labels is not None and "labelLimit" in made.get("axis", {}):
        made["axis"] = _narrowed(made["axis"], made["scale"]["domain"], sizes.labels)
    return _in_time(made)


def _narrowed(axis: Spec, labels: list[str], most: int) -> Spec:
    """Shorten labels, still so that no two look alike."""
    limit = min(axis["labelLimit"], most)
    return {**axis, "labelLimit": limit, **label_words(labels, limit)}


def _in_time(made: Spec) -> Spec:
    """Make an axis of time fit for the page; another part of the spec stays as it is."""
    scale = made.get("scale")
    if not isinstance(scale, dict) or scale.get("type") != "utc":
        return made
    # Vega's interpreter of expressions takes the only argument of datetime() for a year.
    domain = [{"expr": str(end)} for end in scale["domain"]]
    axis = {**made["axis"], "labelBound": _EDGE}
    return {**made, "scale": {**scale, "domain": domain}, "axis": axis}
