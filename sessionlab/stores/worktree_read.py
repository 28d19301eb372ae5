"""Reading worktree sessions with all that is nested in them: a fixed number of statements, however many there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from sessionlab.stores.database import Database
from sessionlab.stores.documents import DocumentReader
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
    """The statements that read sessions: one of a workspace, all of them, or some by their ids.

    A session is read from its document if it has one, else from its rows.
    """

    def __init__(self, database: Database, tables: Tables) -> None:
        self._database = database
        sessions = tables["sessions"].c
        one = sessions.id == sa.bindparam("id", type_=sa.Text())
        self._documents = DocumentReader()
        self._listed = _listed(database)
        some = self._listed(sessions.id)
        self._one = _documents(database, tables, one & in_workspace(tables), "digest", "document")
        self._all = _documents(database, tables, in_workspace(tables), "digest")
        self._some = _documents(database, tables, some, "digest")
        self._texts = _documents(database, tables, some, "digest", "document")
        self._rows_of_one = _Scope(database, tables, one & in_workspace(tables), lambda of: of == sa.bindparam("id"))
        self._rows_of_some = _Scope(database, tables, some, self._listed)

    def one(self, values: Mapping[str, Any]) -> Session | None:
        """Give the session with an ``id`` in the workspace with a ``path`` or ``hash``."""
        found = self._find(self._one, values)
        if found and found[0][2] is not None:
            session: Session = json.loads(found[0][2])
            return session
        return self.one_from_rows(values) if found else None

    def one_from_rows(self, values: Mapping[str, Any]) -> Session | None:
        """Give the same session as its rows tell it."""
        found = self._database.glance(lambda: self._rows_of_one.read(values))
        return found[0] if found else None

    def all(self, values: Mapping[str, Any]) -> list[Session]:
        """Give all sessions of the workspace with a ``path`` or ``hash``, in no order."""
        return self._read(self._all, values)

    def some(self, ids: Sequence[str]) -> list[Session]:
        """Give the sessions with some ids, in their order."""
        found = {session["id"]: session for session in self._read(self._some, self._ids(ids))}
        return [found[each] for each in ids if each in found]

    def _ids(self, ids: Sequence[str]) -> dict[str, Any]:
        return {"ids": json.dumps([_escaped(each) for each in ids]) if self._database.engine == "sqlite" else list(ids)}

    def _read(self, digests: Statement, values: Mapping[str, Any]) -> list[Session]:
        """Give sessions by the digests of their documents, all of them of one moment."""
        found = self._find(digests, values)
        if not all(self._documents.knows(*row) for row in found):
            return self._database.glance(lambda: self._read_anew(self._find(digests, values)))
        known = [self._documents.known(*row) for row in found]
        # Another thread may have let go of one between the two.
        return self._database.glance(lambda: self._read_anew(found)) if None in known else known

    def _read_anew(self, digests: Sequence[Sequence[Any]]) -> list[Session]:
        """Give sessions of which not all are known."""
        known = {row[0]: self._documents.known(*row) for row in digests}
        lacking = [session_id for session_id, session in known.items() if session is None]
        found = self._find(self._texts, self._ids(lacking))
        texts = [row for row in found if row[0] in known and row[2] is not None]
        for row, session in zip(texts, self._documents.read(texts), strict=True):
            known[row[0]] = session
        without = [session_id for session_id in lacking if known[session_id] is None]
        rows = self._rows_of_some.read(self._ids(without)) if without else []
        return [*(session for session in known.values() if session is not None), *rows]

    def _find(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        return self._database.run(statement.text, statement.values(values), reads=True).rows


def _documents(database: Database, tables: Tables, own: sa.ColumnElement[bool], *columns: str) -> Statement:
    """Select the id of the sessions that meet a condition, and columns of their documents, NULL where there is none."""
    sessions, documents = tables["sessions"], tables["session_documents"]
    joined = sessions.outerjoin(documents, documents.c.session_id == sessions.c.id)
    select = sa.select(sessions.c.id, *(documents.c[name] for name in columns)).select_from(joined).where(own)
    return Statement(select, database.engine, {})


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
    with_nul = sa.func.replace(each.c.value, sa.text("char(1) || '0'"), sa.text("char(0)"))
    whole = sa.func.replace(with_nul, sa.text("char(1) || '1'"), sa.text("char(1)"))
    return lambda column: column.in_(sa.select(whole))


def _escaped(session_id: str) -> str:
    """Write an id without NUL characters, at which SQLite's JSON functions would end it."""
    return session_id.replace("\x01", "\x011").replace("\0", "\x010")
