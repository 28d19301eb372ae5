"""The IPython shell that runs, if one does."""

from __future__ import annotations

import sys
from typing import Any


def running_shell() -> Any:
    """Give the shell, or None. Nothing is imported to find it.

    Another thread may be importing IPython just now: then there is nothing in it yet, and nobody has a shell.
    """
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython() if get_ipython else None


def in_notebook() -> bool:
    """Tell whether this is a Jupyter kernel."""
    return hasattr(running_shell(), "kernel")
