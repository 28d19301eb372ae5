"""Reading worktree sessions with all that is nested in them: four statements, however many sessions there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from sessionlab.stores.database import Database
from sessionlab.stores.statements import Row, Statement
from sessionlab.stores.worktree_rows import INSTANCE, MESSAGE, SESSION, Session, Shape, assembled

Tables = Mapping[str, sa.Table]


def in_workspace(tables: Tables) -> sa.ColumnElement[bool]:
    """Give the condition that a session is in a workspace, told by its ``path`` or its ``hash``."""
    return tables["sessions"].c.workspace_id.in_(workspace_ids(tables))


def workspace_ids(tables: Tables) -> sa.Select[Any]:
    """Select the id of a workspace by its ``path`` or its ``hash``."""
    workspaces = tables["workspaces"].c
    by_path = workspaces.workspace_path == sa.bindparam("path", type_=sa.Text())
    return sa.select(workspaces.id).where(
        by_path | (workspaces.workspace_hash == sa.bindparam("hash", type_=sa.Text()))
    )


class SessionReader:
    """The statements that read sessions: one of a workspace, all of them, or some by their ids."""

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        sessions = tables["sessions"].c
        one = sessions.id == sa.bindparam("id", type_=sa.Text())
        whole = sa.select(sessions.id).where(in_workspace(tables))
        ids = _listed(database)
        self._one = _Scope(database, tables, one & in_workspace(tables), lambda of: of == sa.bindparam("id"))
        self._all = _Scope(database, tables, in_workspace(tables), lambda of: of.in_(whole))
        self._some = _Scope(database, tables, ids(sessions.id), ids)

    def one(self, values: Mapping[str, Any]) -> Session | None:
        """Give the session with an ``id`` in the workspace with a ``path`` or ``hash``."""
        found = self._read(self._one, values)
        return found[0] if found else None

    def all(self, values: Mapping[str, Any]) -> list[Session]:
        """Give all sessions of the workspace with a ``path`` or ``hash``, in no order."""
        return self._read(self._all, values)

    def some(self, ids: Sequence[str]) -> list[Session]:
        """Give the sessions with some ids, in their order."""
        import json

        listed = json.dumps(ids) if self._database.engine == "sqlite" else list(ids)
        found = {session["id"]: session for session in self._read(self._some, {"ids": listed})}
        return [found[each] for each in ids if each in found]

    def _read(self, scope: _Scope, values: Mapping[str, Any]) -> list[Session]:
        return self._database.glance(lambda: scope.read(values))


class _Scope:
    """The four statements that read the sessions that meet a condition."""

    def __init__(self, database: Database, tables: Tables, own: sa.ColumnElement[bool], of_session: Any) -> None:
        self._database = database
        mix = tables["session_runtime_mix"].c
        instances, messages = tables["instances"], tables["chat_messages"]
        selects = (
            _columns(tables["sessions"], SESSION).where(own),
            sa.select(mix.session_id, mix.runtime).where(of_session(mix.session_id)).order_by(mix.id),
            _columns(instances, INSTANCE, "session_id", "id").where(of_session(instances.c.session_id)),
            _columns(messages, MESSAGE, "session_id", "seq").where(of_session(messages.c.session_id)),
        )
        self._statements = [Statement(select, database.engine, {}) for select in selects]

    def read(self, values: Mapping[str, Any]) -> list[Session]:
        """Read the sessions."""
        sessions = self._rows(0, values)
        if not sessions:
            return []
        mixes: dict[str, list[str]] = defaultdict(list)
        for session_id, runtime in self._rows(1, values):
            mixes[session_id].append(runtime)
        instances = _grouped(INSTANCE, sorted(self._rows(2, values), key=_last))
        messages = _grouped(MESSAGE, _in_order(self._rows(3, values)))
        return [assembled(row, mixes.get(row[0]), instances.get(row[0]), messages.get(row[0])) for row in sessions]

    def _rows(self, place: int, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        statement = self._statements[place]
        return self._database.run(statement.text, statement.values(values), reads=True).rows


def _columns(table: sa.Table, shape: Shape, *more: str) -> sa.Select[Any]:
    return sa.select(*(table.c[name] for name in (*shape.columns, "absent", "extra", *more)))


def _grouped(shape: Shape, rows: Sequence[Sequence[Any]]) -> dict[str, list[Row]]:
    """Turn rows into objects, by the session that they are of: their last column but one."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[-2]].append(shape.whole(row))
    return found


_last = itemgetter(-1)


def _in_order(messages: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Order messages as they were put in; those of another program, which have no place, by their times before."""
    if None in map(_last, messages):
        return sorted(messages, key=lambda row: (row[-1] is not None, row[-1], row[_TIMESTAMP], row[0]))
    return sorted(messages, key=_last)


_TIMESTAMP = MESSAGE.columns.index("timestamp")


def _listed(database: Database) -> Any:
    """Give what makes the condition that a column is one of the ``ids``, of which there may be any number."""
    if database.engine == "postgresql":
        return lambda column: column == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Text())))
    each = sa.func.json_each(sa.bindparam("ids", type_=sa.Text())).table_valued("value")
    return lambda column: column.in_(sa.select(each.c.value))
