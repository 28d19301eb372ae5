"""What makes drawing quick: Altair copies every part of a chart again at each level of it."""

from __future__ import annotations

from typing import Any, Self

from sessionlab.charts.altair import alt


def at(**places: Any) -> dict[str, Any]:
    """Give channels places that no data move: ``at(x=0)``. Altair's own way looks through all it has for each."""
    return {name: getattr(alt, f"{name[0].upper()}{name[1:]}Value")(place) for name, place in places.items()}


class Rows(alt.InlineData):
    """Data that all parts of a chart share: Altair copies other rows with every part that it copies."""

    def __deepcopy__(self, memo: Any) -> Self:
        return self


def light(chart: alt.Chart) -> alt.Chart:
    """Give a chart in which only what is said is left, as Altair copies all options of its parts at every level above.

    For a chart that is ready to be laid over others.
    """
    chart = chart.copy(deep=False)
    chart.mark = _written(chart.mark)
    chart.encoding = alt.FacetedEncoding(**_written(chart.encoding))
    chart.transform = _written(chart.transform)
    return chart


def _written(part: Any) -> Any:
    if isinstance(part, list):
        return [_written(each) for each in part]
    return part.to_dict(validate=False) if isinstance(part, alt.SchemaBase) else part
