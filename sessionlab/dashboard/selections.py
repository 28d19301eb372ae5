"""What a reader picks in a dashboard: bars, and a span of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessionlab.charts.altair import alt

TIME = "middle"
"""The field of a bucket's middle: a span of time takes the buckets of which it covers that."""

SHOWN, DIMMED = 0.9, 0.25
"""How opaque marks are that are picked, or not."""

BESIDE = "pointerdown[!event.item || event.item.mark.marktype !== 'rect']"
"""A click on no bar, which takes all picks back. All that can be picked is a rectangle. It is told by where the pointer
goes down, as a click also ends a drag, and that goes anywhere."""

_TWICE = "dblclick[!event.item || !event.item.datum || !event.item.datum.label]"
"""A double click on the timeline, which takes the span of time back."""


@dataclass(frozen=True)
class Selections:
    """All selections of a dashboard, by the field of the cells that they select."""

    params: dict[str, alt.Parameter]

    @classmethod
    def of(cls, fields: Sequence[str], *, timeline: bool) -> Selections:
        """Make one for each field of codes, and one for the timeline if there is one."""
        picks = {
            field: alt.selection_point(name=f"pick_{field}", fields=[field], on="click", clear=BESIDE)
            for field in fields
        }
        span = (
            {TIME: alt.selection_interval(name="span", encodings=["x"], clear=f"{BESIDE}, {_TWICE}")}
            if timeline
            else {}
        )
        return cls({**picks, **span})

    def others(self, own: str) -> list[alt.FilterTransform]:
        """Keep the cells that all selections leave but a panel's own."""
        picked = [alt.FilterTransform(filter=self._picked(field)) for field in self.params if field != own]
        return [alt.FilterTransform(filter="datum.sessions > 0"), *picked]

    def all(self) -> list[alt.FilterTransform]:
        """Keep the cells that all selections leave, and the empty one: so that what is left always has a sum."""
        picked = {"and": [self._picked(field) for field in self.params]}
        return [alt.FilterTransform(filter={"or": ["datum.sessions == 0", picked]})]

    def highlight(self, field: str) -> alt.OpacityValue:
        """Show what is picked, and dim the others."""
        return alt.OpacityValue(DIMMED, condition={**self._picked(field), "value": SHOWN})

    def _picked(self, field: str) -> dict[str, str]:
        return {"param": str(self.params[field].name)}
