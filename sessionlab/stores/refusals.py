"""Turning what a database says when it refuses a row into what the row's author needs to know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.schema import quote
from sessionlab.stores.checks import shown
from sessionlab.stores.database import Database, Refusal
from sessionlab.stores.declare import Field

_SQLITE_FIELD = re.compile(r"constraint failed: \w+\.(\w+)")
_POSTGRES_KEY = re.compile(r"\(([^()]+)\)=\(")


def explain(
    refusal: Refusal, database: Database, table: str, fields: Mapping[str, Field], rows: Sequence[Mapping[str, Any]]
) -> InvalidRecord:
    """Say which field of which row a database refuses, and what it may be.

    Args:
        refusal: What the database said.
        database: Where to look which row is referred to.
        table: The table written to.
        fields: Its fields.
        rows: The rows written, as far as they are known.
    """
    said = str(refusal)
    name = _field_of(refusal.error)
    if "foreign key" in said.casefold():
        return _no_parent(database, table, fields, rows, name)
    if "unique" in said.casefold():
        value = shown(rows[0].get(name)) if len(rows) == 1 and name in rows[0] else "taken"
        return InvalidRecord(f"{table}.{name or 'key'} is {value}; it may be one that no other row has.")
    if "too big" in said:
        return InvalidRecord(f"A text for {table} is too long: SQLite keeps up to 1,000,000,000 bytes.")
    return InvalidRecord(f"{table}{f'.{name}' if name else ''} was refused: {said.splitlines()[0]}.")


def _field_of(error: Exception) -> str:
    """Name the field that a database complains about, as far as it says."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None:
        found = _SQLITE_FIELD.search(str(error))
    elif diagnosis.column_name:
        return str(diagnosis.column_name)
    else:
        found = _POSTGRES_KEY.search(diagnosis.message_detail or "")
    return found[1] if found else ""


def _no_parent(
    database: Database, table: str, fields: Mapping[str, Field], rows: Sequence[Mapping[str, Any]], name: str
) -> InvalidRecord:
    """Name the row that is referred to and is not there."""
    for field, asked in fields.items():
        if asked.refers is None or (name and name != field and database.engine == "postgresql"):
            continue
        parent, _, column = asked.refers.partition(".")
        for value in dict.fromkeys(row.get(field) for row in rows):
            if value is not None and not _is_there(database, parent, column, value):
                orphan = " or None" if asked.null else ""
                return InvalidRecord(f"{table}.{field} is {shown(value)}; it may be {_one_of(parent, column)}{orphan}.")
    return InvalidRecord(f"{table}: a row that others refer to cannot go, and one that is referred to must be there.")


def _one_of(table: str, column: str) -> str:
    return f"the {column} of {'an' if table[0] in 'aeiou' else 'a'} {table.removesuffix('s')}"


def _is_there(database: Database, table: str, column: str, value: Any) -> bool:
    if database.engine == "postgresql" and database.current() is not None:
        # The transaction is spoiled and answers nothing; what the server named is what lacks.
        return False
    mark = "?" if database.engine == "sqlite" else "%s"
    return bool(database.look(f"SELECT 1 FROM {quote(table)} WHERE {quote(column)} = {mark}", (value,)))
