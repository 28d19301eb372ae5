"""Charts as files, and as HTML that opens with no network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import vl_convert

from sessionlab.charts.bundle import javascript
from sessionlab.charts.registry import Chart
from sessionlab.charts.renderer import VERSION
from sessionlab.errors import LabError

Spec = dict[str, Any]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Chart</title></head>
<body><div id="chart"></div>
<script>{javascript}</script>
<script>vegaEmbed("#chart", {spec}, {{actions: false}});</script>
</body>
</html>
"""


def write(chart: Chart, path: Path) -> Path:
    """Write a chart in the format of the path's suffix; see ``sessionlab.charts.save``."""
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise LabError(f"The suffix of {path.name!r} names no format. It must be one of {known}.")
    try:
        path.write_bytes(_FORMATS[suffix](chart.to_dict()))
    except OSError as error:
        todo = "" if path.parent.is_dir() else f" Make the folder {path.parent} first."
        raise LabError(f"Cannot write the chart to {path}: {error.strerror}.{todo}") from error
    return path


def script_json(value: object) -> str:
    r"""Write JSON that is safe inside of ``<script>``: no text in it can end that script or open another.

    >>> script_json("</script>")
    '"\\u003c/script>"'
    """
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _png(spec: Spec) -> bytes:
    picture: bytes = vl_convert.vegalite_to_png(spec, vl_version=VERSION, scale=2)
    return picture


def _svg(spec: Spec) -> bytes:
    picture: str = vl_convert.vegalite_to_svg(spec, vl_version=VERSION)
    return picture.encode()


def _html(spec: Spec) -> bytes:
    # Not Altair's own page: it writes texts into the script as they are, so that a topic could hold code.
    return _PAGE.format(javascript=javascript(), spec=script_json(spec)).encode()


def _json(spec: Spec) -> bytes:
    return json.dumps(spec, indent=2, allow_nan=False).encode()


_FORMATS: dict[str, Callable[[Spec], bytes]] = {".png": _png, ".svg": _svg, ".html": _html, ".json": _json}
