"""The dashboard: one chart of linked panels, in which a click filters the rest.

It holds a cube of counted cells, never sessions: DuckDB counts them by a few columns, kind, model, status, attempts
and time, in so many cells at most that the chart stays small however large the lab is. Sums over the cells are exact
for whatever is picked; what had to be gathered or coarsened for it is said in the chart's subtitle.

``plan`` decides how finely to count, ``cube`` writes the SQL, ``read`` runs it, ``cells`` names what came out;
the other modules draw, and are imported with the first chart, as Altair is slow to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessionlab.dashboard.cells import Cube
from sessionlab.dashboard.read import Run, read_cube

if TYPE_CHECKING:
    from sessionlab.charts.registry import Chart

__all__ = ["Cube", "Run", "dashboard", "draw", "read_cube"]


def dashboard(run: Run, *, by: str | Sequence[str] | None = None, where: str | None = None) -> Chart:
    """Draw success by topic, kind and model, over time, and by attempts and status, as one linked chart.

    A click on a bar filters all other panels, a click with shift adds a bar, dragging over time picks a span of it,
    and a click beside the bars takes it all back. The figures on top are of what is picked. Rates have their 95 %
    Wilson intervals, calculated in the page from the counts.

    ``run`` takes SQL over the canonical tables and gives its relation. ``by`` are the columns to compare success by,
    four at most; unless said, the first of topic, difficulty, mode, agent and some others that is known. ``where``
    limits the sessions. What was cut stands in the subtitle, and in the chart's ``usermeta["cut"]``.

    Raises ``QueryError`` as the metrics do.
    """
    return draw(read_cube(run, by=by, where=where))


def draw(cube: Cube) -> Chart:
    """Draw a cube that was read before, as a page does that also shows its SQL."""
    from sessionlab.dashboard.chart import draw

    return draw(cube)
