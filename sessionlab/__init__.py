"""A lab bench for the session records that AI coding agents leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessionlab.errors import (
    InvalidRecord,
    LabBusy,
    LabError,
    MissingExtra,
    NotFound,
    QueryError,
    SessionlabError,
    SourceError,
    StoreError,
    UnknownKind,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from sessionlab.lab import Lab
    from sessionlab.reports import LoadReport, RefreshReport
    from sessionlab.stores import UNSET, CodegenStore, ConversationStore, WorkflowStore, WorktreeStore, open_store

__version__ = "0.1.0"

__all__ = [
    "UNSET",
    "CodegenStore",
    "ConversationStore",
    "InvalidRecord",
    "Lab",
    "LabBusy",
    "LabError",
    "LoadReport",
    "MissingExtra",
    "NotFound",
    "QueryError",
    "RefreshReport",
    "SessionlabError",
    "SourceError",
    "StoreError",
    "UnknownKind",
    "WorkflowStore",
    "WorktreeStore",
    "__version__",
    "open_store",
]

_LAZY = {
    "CodegenStore": "sessionlab.stores",
    "ConversationStore": "sessionlab.stores",
    "Lab": "sessionlab.lab",
    "LoadReport": "sessionlab.reports",
    "RefreshReport": "sessionlab.reports",
    "UNSET": "sessionlab.stores",
    "WorkflowStore": "sessionlab.stores",
    "WorktreeStore": "sessionlab.stores",
    "open_store": "sessionlab.stores",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: DuckDB takes long to import for who only looks up an error."""
    if name not in _LAZY:
        raise AttributeError(f"module 'sessionlab' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return list(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Do what ``%load_ext sessionlab`` asks for: magics, completion, short errors."""
    from sessionlab.jupyter import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Do what ``%unload_ext sessionlab`` asks for."""
    from sessionlab.jupyter import unload

    unload(shell)
