"""Telling IPython how relations are shown: DuckDB's own way shows texts whole, however long they are."""

from __future__ import annotations

from typing import Any

import duckdb

from sessionlab.display.relation import bundle
from sessionlab.display.shell import running_shell


def show_relations(shell: Any = None) -> None:
    """Let IPython show DuckDB's relations in our way; unless it runs, or has been told another way, do nothing.

    Args:
        shell: The IPython shell; None for the one that runs. Nothing is imported to find it.
    """
    shell = shell or running_shell()
    formatter = getattr(getattr(shell, "display_formatter", None), "mimebundle_formatter", None)
    if formatter is not None and duckdb.DuckDBPyRelation not in formatter.type_printers:
        formatter.for_type(duckdb.DuckDBPyRelation, _shown)


def _shown(relation: duckdb.DuckDBPyRelation, **_: Any) -> dict[str, str]:
    return bundle(relation)
