"""A chart that was made light says what it said, and Altair checks again what users make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import altair as alt
import pytest
from altair.utils.schemapi import SchemaValidationError

from sessionlab.charts.light import at, light, unchecked

ROWS = alt.InlineData(values=[{"a": 1, "b": "x"}])


def test_a_light_chart_has_the_same_spec() -> None:
    bars = alt.Chart(ROWS).mark_bar(opacity=0.5).encode(x=alt.X("a:Q", title="number"), tooltip=[alt.Tooltip("b:N")])
    chart = bars.transform_calculate(c="datum.a + 1")
    assert light(chart).to_dict() == chart.to_dict()
    assert isinstance(chart.mark, alt.MarkDef)


def test_places_are_those_of_altair() -> None:
    chart = alt.Chart(ROWS).mark_rule()
    given = chart.encode(x=alt.value(3), y2=alt.value("height"))
    assert chart.encode(**at(x=3, y2="height")).to_dict() == given.to_dict()


def test_parts_are_checked_after_drawings_in_threads() -> None:
    def draw(number: int) -> object:
        with unchecked():
            return alt.Axis(tickCount=number, title=3).to_dict(validate=False)  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(draw, range(200))) == [{"tickCount": number, "title": 3} for number in range(200)]
    with pytest.raises(SchemaValidationError, match="title"):
        alt.Axis(title=3)  # type: ignore[arg-type]
