"""A chart that was made light says what it said, and places are those of Altair."""

from __future__ import annotations

import altair as alt

from sessionlab.charts.light import at, light

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
