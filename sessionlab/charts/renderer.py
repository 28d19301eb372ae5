"""How a notebook shows a chart: with what is installed, and not from a network.

Altair's own way has the page fetch Vega from a server. JupyterLab brings a Vega along, whose Vega-Lite is too old for
the dashboard; so the chart is compiled to Vega here.
"""

from __future__ import annotations

import sys
from typing import Any

import vl_convert

from sessionlab.charts.altair import alt

VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
"""The Vega-Lite that Altair writes for, as vl-convert counts."""

MIME = "application/vnd.vega.v5+json"
_SCHEMA = "https://vega.github.io/schema/vega/v5.json"

_ELSEWHERE = "Where no chart is to be seen, altair.renderers.enable('png') shows it as a picture."


def rendered(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give what a notebook shows of a chart, by MIME type."""
    title = spec.get("title", "chart")
    return {
        MIME: _in_own_colors({**vl_convert.vegalite_to_vega(spec, vl_version=VERSION), "$schema": _SCHEMA}),
        "text/plain": f"<{title.get('text') if isinstance(title, dict) else title}> {_ELSEWHERE}",
    }


def _in_own_colors(vega: dict[str, Any]) -> dict[str, Any]:
    """Keep a dark page from laying its colours over those of the chart: its white letters, on the chart's white."""
    meta = vega.get("usermeta", {})
    return {**vega, "usermeta": {**meta, "embedOptions": {"theme": "", **meta.get("embedOptions", {})}}}


def enable() -> None:
    """Show charts so, unless somebody chose another way; Colab has no Vega of its own, and a network in any case."""
    alt.renderers.register("sessionlab", rendered)
    if alt.renderers.active == "default" and "google.colab" not in sys.modules:
        alt.renderers.enable("sessionlab")
