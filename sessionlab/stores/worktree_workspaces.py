"""The rows of workspaces: found by their path or by the hash of it, made when something is first put there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sessionlab.stores.rows import Rows
from sessionlab.stores.statements import Statement
from sessionlab.stores.values import Engine
from sessionlab.stores.workspaces import workspace_hash


class Workspaces:
    """The table of workspaces, for those that write below it."""

    def __init__(self, rows: Rows, engine: Engine) -> None:
        self._rows = rows
        statements = (_access(rows.table), _make(rows.table, engine), _access_by_hash(rows.table))
        self._access, self._make, self._access_by_hash = (Statement(each, engine, {}) for each in statements)

    def accessed(self, path: str, at: str) -> int:
        """Give the id of a workspace that is accessed now, at a time; make it if it is new.

        One that is known by its hash alone gets its path.
        """
        values = {
            "path": self._rows.encoders["workspace_path"](path),
            "hash": workspace_hash(path),
            "at": at,
        }
        found = (
            self._rows.write(self._access, values, values).rows
            or self._rows.write(self._make, values, values).rows
            or self._rows.write(self._access_by_hash, values, values).rows
        )
        return int(found[0][0])


def _access(table: sa.Table) -> Any:
    by_path = table.c.workspace_path == sa.bindparam("path")
    return sa.update(table).values(last_accessed_at=sa.bindparam("at")).where(by_path).returning(table.c.id)


def _make(table: sa.Table, engine: Engine) -> Any:
    insert: Any = (sqlite if engine == "sqlite" else postgresql).insert(table)
    values: dict[str, Any] = {
        "workspace_path": sa.bindparam("path"),
        "workspace_hash": sa.bindparam("hash"),
        "last_accessed_at": sa.bindparam("at"),
    }
    return insert.values(values).on_conflict_do_nothing().returning(table.c.id)


def _access_by_hash(table: sa.Table) -> Any:
    unknown = table.c.workspace_path == table.c.workspace_hash
    path = sa.case((unknown, sa.bindparam("path", type_=sa.Text())), else_=table.c.workspace_path)
    changes: dict[str, Any] = {"workspace_path": path, "last_accessed_at": sa.bindparam("at")}
    by_hash = table.c.workspace_hash == sa.bindparam("hash")
    return sa.update(table).values(changes).where(by_hash).returning(table.c.id)
