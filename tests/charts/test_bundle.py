"""Vega's script: packed once, kept for other programs, and never in the way where it cannot be kept."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from sessionlab.charts.bundle import javascript, module


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Keep what is kept in a folder of the test's own, and nothing of it for the tests that follow."""
    folder = tmp_path / "caches"
    monkeypatch.setattr("sessionlab.charts.bundle.user_cache_path", lambda name: folder / name)
    module.cache_clear()
    yield folder
    module.cache_clear()


def test_it_is_kept_for_the_next_program(cache: Path) -> None:
    cache.write_text("in the way of the folder")
    packed = javascript()
    assert "vegaEmbed" in packed

    cache.unlink()
    module.cache_clear()
    assert javascript() == packed
    (kept,) = (cache / "sessionlab").iterdir()
    assert kept.read_text(encoding="utf-8") == packed
    assert version("vl-convert-python") in kept.name

    kept.write_text("as kept")
    assert javascript() == packed  # this program has read it
    module.cache_clear()
    assert javascript() == "as kept"
