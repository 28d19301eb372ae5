"""What a notebook gets of a chart."""

from __future__ import annotations

import pytest

from sessionlab.charts.altair import alt
from sessionlab.charts.renderer import MIME, rendered


@pytest.mark.parametrize(
    ("meta", "options"),
    [
        ({"cells": 25}, {"theme": ""}),
        ({"embedOptions": {"actions": False}}, {"theme": "", "actions": False}),
        ({"embedOptions": {"theme": "latimes"}}, {"theme": "latimes"}),
    ],
)
def test_no_theme_is_laid_over_a_chart_unless_it_asks_for_one(
    meta: dict[str, object], options: dict[str, object]
) -> None:
    chart = alt.Chart(alt.InlineData(values=[{"a": 1}]), usermeta=meta).mark_bar()
    assert rendered(chart.to_dict())[MIME]["usermeta"] == {**meta, "embedOptions": options}
