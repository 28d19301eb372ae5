"""Vega as one script that needs no network: packed once, which takes two seconds, and kept."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import vl_convert
from platformdirs import user_cache_path

from sessionlab.charts.renderer import VERSION


def javascript() -> str:
    """Give Vega, Vega-Lite and Vega-Embed as one script of 0.9 MB that defines ``vegaEmbed``."""
    return module("window.vegaEmbed = vegaEmbed;")


@cache
def module(source: str) -> str:
    """Pack Vega, Vega-Lite and Vega-Embed with a script, which finds them without importing.

    It is kept in the user's folder for caches (that of ``platformdirs``), and packed anew for another version.
    """
    kept = user_cache_path("sessionlab") / f"{_name(source)}.js"
    with suppress(OSError):
        return kept.read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle(source, VERSION)
    with suppress(OSError):  # nobody is worse off without
        _keep(bundle, kept)
    return bundle


def _name(source: str) -> str:
    """Give a name that tells apart whatever makes a difference to what is packed."""
    return f"vega-{VERSION}-{version('vl-convert-python')}-{sha256(source.encode()).hexdigest()[:16]}"


def _keep(text: str, path: Path) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
