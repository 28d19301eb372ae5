"""Turning what a database says when it refuses a row into what the row's author needs to know."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.schema import quote
from sessionlab.stores.checks import shown
from sessionlab.stores.database import Database
from sessionlab.stores.declare import Field
from sessionlab.stores.driver import Refusal

_SQLITE_FIELD = re.compile(r"constraint failed: \w+\.(\w+)")
_POSTGRES_KEY = re.compile(r"\((\w+)\)=\((.*)\)", re.DOTALL)
_FOREIGN_KEY, _UNIQUE = "23503", "23505"
_CAUSES = {"FOREIGN KEY constraint": _FOREIGN_KEY, "UNIQUE constraint": _UNIQUE}
"""What SQLite's messages begin with, and the code that Postgres has for it, whatever its language."""


def explain(
    refusal: Refusal, database: Database, table: str, fields: Mapping[str, Field], rows: Sequence[Mapping[str, Any]]
) -> InvalidRecord:
    """Say which field of which row a database refuses, and what it may be.

    Args:
        refusal: What the database said.
        database: Where to look which row is referred to.
        table: The table written to.
        fields: Its fields.
        rows: The rows written, as far as they are known, with the values that the driver got.
    """
    said = str(refusal)
    cause, name, value = _complaint(refusal.error)
    if cause == _FOREIGN_KEY:
        return _no_parent(database, table, fields, _named(rows, name, value))
    if cause == _UNIQUE:
        value = shown(rows[0].get(name)) if len(rows) == 1 and name in rows[0] else "taken"
        return InvalidRecord(f"{table}.{name or 'key'} is {value}; it may be one that no other row has.")
    if "too big" in said:
        return InvalidRecord(f"A text for {table} is too long: SQLite keeps up to 1,000,000,000 bytes.")
    return InvalidRecord(f"{table}{f'.{name}' if name else ''} was refused: {said.splitlines()[0]}.")


def _complaint(error: Exception) -> tuple[str, str, str]:
    """Read what a database complains about: the cause, the field and its value, as far as it says."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None:
        said = str(error)
        field = _SQLITE_FIELD.search(said)
        cause = next((code for begins, code in _CAUSES.items() if said.startswith(begins)), "")
        return cause, field[1] if field else "", ""
    key = _POSTGRES_KEY.search(diagnosis.message_detail or "")
    named = (key[1], key[2]) if key else (diagnosis.column_name or "", "")
    return str(diagnosis.sqlstate), *named


def _named(rows: Sequence[Mapping[str, Any]], name: str, value: str) -> Sequence[Mapping[str, Any]]:
    """Leave of the rows only the field that the database names, and only with the value that it names."""
    if not name:
        return rows
    return [{name: row[name]} for row in rows if name in row and str(row[name]) == value]


def _no_parent(
    database: Database, table: str, fields: Mapping[str, Field], rows: Sequence[Mapping[str, Any]]
) -> InvalidRecord:
    """Name the row that is referred to and is not there."""
    for field, asked in fields.items():
        if asked.refers is None:
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
        # The transaction is spoiled and answers nothing; what the server has named is what lacks.
        return False
    mark = "?" if database.engine == "sqlite" else "%s"
    return bool(database.look(f"SELECT 1 FROM {quote(table)} WHERE {quote(column)} = {mark}", (value,)))
