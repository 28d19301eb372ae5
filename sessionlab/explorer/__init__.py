"""The explorer: a dashboard in a notebook that hands what is picked in it back to Python, with a table of sessions.

``widget`` is what a notebook shows, ``picks`` makes SQL of what is picked, ``rows`` fills the table; ``explorer.js``
draws, with Vega packed into it, so that it needs no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sessionlab.dashboard import Run
from sessionlab.errors import MissingExtra

if TYPE_CHECKING:
    from sessionlab.explorer.widget import Explorer

__all__ = ["explore"]


def explore(run: Run, *, by: str | Sequence[str] | None = None, where: str | None = None) -> Explorer:
    """Make an explorer.

    Args:
        run: Takes SQL over the canonical tables and gives its relation.
        by: The columns to compare success by, as for a dashboard.
        where: An SQL condition on ``sessions``.

    Raises:
        MissingExtra: anywidget is not installed.
        QueryError: the condition or a column does not hold.
    """
    try:
        from sessionlab.explorer.widget import Explorer
    except ImportError as error:
        raise MissingExtra(
            f"The explorer needs {error.name}, which is not installed. Try: pip install 'sessionlab[notebook]'"
        ) from error
    return Explorer(run, by=by, where=where)
