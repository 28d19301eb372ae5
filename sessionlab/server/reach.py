"""What a query may read: tables by their names, and table functions of a list, which see only their arguments.

DuckDB lets a query read every file that it has open, and the lab's own holds more than its tables say: what was
forgotten stands in its free blocks until they are written over. So nothing that takes a path is let through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_LISTED = {
    "values": "unnest range generate_series repeat repeat_row summary histogram histogram_values json_each json_tree",
    "what there is": "duckdb_columns duckdb_constraints duckdb_functions duckdb_keywords duckdb_schemas duckdb_settings"
    " duckdb_tables duckdb_types duckdb_views icu_calendar_names pg_timezone_names pragma_collations pragma_platform"
    " pragma_show pragma_table_info pragma_version",
}
FUNCTIONS = frozenset(" ".join(_LISTED.values()).split())
"""The table functions that a query may call. Views of DuckDB's own with such a name stand for the same."""

_OWN = ("duckdb_", "pragma_")
_PATH = frozenset("/\\.:*?")
"""What a path has, and the name of a table of ours has not: DuckDB reads a file where it finds no such table."""


def objection(tree: Any) -> str | None:
    """Say why a statement is not run; None where it may be.

    Args:
        tree: The statement as ``json_serialize_sql`` writes it.

    >>> objection({"type": "TABLE_FUNCTION", "function": {"function_name": "glob"}})
    'The table function glob is not for queries here.'
    """
    return next((reason for node in _nodes(tree) if (reason := _refused(node))), None)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _refused(node: dict[str, Any]) -> str | None:
    if node.get("type") == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name"))
        return None if name.lower() in FUNCTIONS else f"The table function {name[:100]} is not for queries here."
    # Every name of a table, wherever it stands: also what DESCRIBE and SUMMARIZE are of.
    names = [str(node[part]) for part in ("table_name", "schema_name", "catalog_name") if node.get(part)]
    if any(_PATH.intersection(name) for name in names):
        return f"There is no table {'.'.join(names)[:200]!r}, and files are not for queries here."
    own = next((name for name in names if name.lower().startswith(_OWN) and name.lower() not in FUNCTIONS), None)
    return None if own is None else f"The view {own[:100]} is not for queries here."
