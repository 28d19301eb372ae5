"""The server: a REST API over a lab and its stores, and the live dashboard.

``app`` puts the parts together, ``runner`` runs them over ``protocol``, ``security`` stands in front of all,
``problems`` says what is wrong. ``analytics``, ``dashboard``, ``sessions`` and ``events`` serve the lab; for ``sql``,
processes answer that can only read (``sandbox``, ``worker``). ``workflow`` and ``crud`` serve the stores, and ``page``
is what the browser gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.errors import MissingExtra

if TYPE_CHECKING:
    from sessionlab.server.app import create_app
    from sessionlab.server.runner import Running, start

_LAZY = {
    "Running": "sessionlab.server.runner",
    "create_app": "sessionlab.server.app",
    "start": "sessionlab.server.runner",
}

__all__ = ["Running", "create_app", "start"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: FastAPI is an optional part, and slow to import."""
    if name not in _LAZY:
        raise AttributeError(f"module 'sessionlab.server' has no attribute {name!r}")
    import importlib

    try:
        return getattr(importlib.import_module(_LAZY[name]), name)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"The server needs {error.name}, which is not installed. Try: pip install 'sessionlab[server]'"
        ) from error
