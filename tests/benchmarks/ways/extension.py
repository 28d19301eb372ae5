"""Where pip has put an extension of DuckDB."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path


def extension(name: str) -> Path:
    """Give the file of an extension whose package is installed."""
    (folder,) = import_module(f"duckdb_extension_{name}").__path__
    (file,) = Path(folder).rglob("*.duckdb_extension")
    return file
