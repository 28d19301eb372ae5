"""The dashboard: one chart of linked panels over a cube that DuckDB counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessionlab.dashboard.cells import Cube, Dimension
from sessionlab.dashboard.read import Run, read_cube

if TYPE_CHECKING:
    from sessionlab.charts.registry import Chart

__all__ = ["Cube", "Dimension", "Run", "dashboard", "draw", "read_cube"]


def dashboard(run: Run, *, by: str | Sequence[str] | None = None, where: str | None = None) -> Chart:
    """Draw the dashboard."""
    return draw(read_cube(run, by=by, where=where))


def draw(cube: Cube) -> Chart:
    """Draw a cube."""
    from sessionlab.dashboard.chart import draw

    return draw(cube)
