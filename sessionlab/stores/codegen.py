"""The store of codegen sessions: a design goal, the iterations of code for it, and the errors of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from sessionlab.errors import QueryError
from sessionlab.stores.base import Store, bounded
from sessionlab.stores.checks import shown
from sessionlab.stores.rows import UNSET, Unset
from sessionlab.stores.statements import Row


class CodegenStore(Store):
    """Sessions with a design goal, iterations of code, and their errors, in SQLite or Postgres.

    Rows come out as dictionaries of the table's columns, times as ``datetime`` in UTC. A missing row is None on get and
    NotFound on update; a refused value is InvalidRecord, which names the field and what it may be. ``fields`` names the
    columns wanted. In updates, what is left out stays as it is, and None clears a field that may be None.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, CodegenStore(f"{folder}/codegen.db") as store:
        ...     session = store.insert_session("reverse a list")
        ...     first = store.insert_iteration(session, "return x[::1]")
        ...     error = store.insert_error(first, "runtime", "not reversed", 1)
        ...     store.get_errors(first, fields=["error_type", "error_line"])
        [{'error_type': 'runtime', 'error_line': 1}]
    """

    kind: ClassVar[str] = "codegen"

    def get_session(self, session_id: int, fields: Iterable[str] | None = None) -> Row | None:
        """Give a session: ``id, design_goal, parent_session_id, created_at``; None if there is none."""
        return self._rows["session"].get({"id": session_id}, fields)

    def list_sessions(self, limit: int = 100, before: int | None = None) -> list[Row]:
        """Give sessions, the newest first; ``before`` goes on from the id of the last one that was given.

        Raises:
            QueryError: ``limit`` is no number from 1 to 10,000, or ``before`` no whole number.
        """
        session = self._rows["session"]
        newest = sa.select(session.table).where(*_older(session.table.c.id, before)).order_by(session.table.c.id.desc())
        return session.find(newest.limit(bounded(limit)))

    def insert_session(self, design_goal: str, parent_session_id: int | None = None) -> int:
        """Add a session, perhaps one that goes on from another; give its id.

        Raises:
            InvalidRecord: a value is refused, or there is no such parent.
        """
        values = {"design_goal": design_goal, "parent_session_id": parent_session_id}
        return int(self._rows["session"].insert(values))

    def update_session(self, session_id: int, design_goal: str) -> None:
        """Change a session's design goal.

        Raises:
            NotFound: there is no such session.
            InvalidRecord: a value is refused.
        """
        self._rows["session"].change({"id": session_id}, {"design_goal": design_goal})

    def get_iteration(self, iteration_id: int, fields: Iterable[str] | None = None) -> Row | None:
        """Give an iteration: ``id, session_id, code, feedback, created_at``; None if there is none."""
        return self._rows["iteration"].get({"id": iteration_id}, fields)

    def get_iterations(self, session_id: int, fields: Iterable[str] | None = None) -> list[Row]:
        """Give a session's iterations, in the order in which they were made."""
        return self._rows["iteration"].all({"session_id": session_id}, fields, order=("id",))

    def insert_iteration(self, session_id: int, code: str, feedback: str | None = None) -> int:
        """Add an iteration to a session; give its id.

        Raises:
            InvalidRecord: a value is refused, or there is no such session.
        """
        values = {"session_id": session_id, "code": code, "feedback": feedback}
        return int(self._rows["iteration"].insert(values))

    def update_iteration(
        self, iteration_id: int, code: str | Unset = UNSET, feedback: str | Unset | None = UNSET
    ) -> None:
        """Change an iteration's code or feedback. What is left out stays; ``feedback=None`` clears it.

        Raises:
            NotFound: there is no such iteration.
            InvalidRecord: a value is refused.
        """
        self._rows["iteration"].change({"id": iteration_id}, {"code": code, "feedback": feedback})

    def get_errors(self, iteration_id: int, fields: Iterable[str] | None = None) -> list[Row]:
        """Give an iteration's errors, in order.

        Each has ``id, iteration_id, error_type, error_message, error_line, created_at``.
        """
        return self._rows["error"].all({"iteration_id": iteration_id}, fields, order=("id",))

    def get_error(self, error_id: int, fields: Iterable[str] | None = None) -> Row | None:
        """Give an error; None if there is none."""
        return self._rows["error"].get({"id": error_id}, fields)

    def insert_error(
        self, iteration_id: int, error_type: str | None, error_message: str | None, error_line: int | None = None
    ) -> int:
        """Add an error to an iteration; give its id. The type is ``"syntax"``, ``"runtime"`` or None.

        Raises:
            InvalidRecord: a value is refused, or there is no such iteration.
        """
        values = {
            "iteration_id": iteration_id,
            "error_type": error_type,
            "error_message": error_message,
            "error_line": error_line,
        }
        return int(self._rows["error"].insert(values))

    def update_error(self, error_id: int, error_message: str | None, error_line: int | Unset | None = UNSET) -> None:
        """Change an error's message, and its line if one is given; ``error_line=None`` clears it.

        Raises:
            NotFound: there is no such error.
            InvalidRecord: a value is refused.
        """
        self._rows["error"].change({"id": error_id}, {"error_message": error_message, "error_line": error_line})

    def get_session_history(self, session_id: int) -> Row | None:
        """Give a session with its ``iterations``, each with its ``errors``, all in order and of one moment.

        None if there is no such session. In a transaction on Postgres, it is of one moment if that is ``alone``.
        """
        return self._database.glance(lambda: self._history(session_id))

    def _history(self, session_id: int) -> Row | None:
        session = self.get_session(session_id)
        if session is None:
            return None
        iterations = {row["id"]: {**row, "errors": []} for row in self.get_iterations(session_id)}
        error, iteration = self._rows["error"], self._rows["iteration"].table
        own = sa.select(iteration.c.id).where(iteration.c.session_id == session_id)
        for row in error.find(sa.select(error.table).where(error.table.c.iteration_id.in_(own)).order_by("id")):
            # In a transaction, an iteration may have come since with its errors.
            if row["iteration_id"] in iterations:
                iterations[row["iteration_id"]]["errors"].append(row)
        return {**session, "iterations": list(iterations.values())}

    def get_session_chain(self, session_id: int) -> list[Row]:
        """Give the sessions from the first ancestor to this one; none if there is no such session.

        Where parents go round in a circle, each session is given once.
        """
        key = self._rows["session"].encode({"id": session_id}, as_key=True)["id"]
        session = self._rows["session"].table
        this = sa.select(session.c.id, session.c.parent_session_id).where(session.c.id == key)
        line = this.cte("line", recursive=True)
        parents = sa.select(session.c.id, session.c.parent_session_id).join(
            line, session.c.id == line.c.parent_session_id
        )
        ids = sa.select(line.union(parents).c.id)
        found = {row["id"]: row for row in self._rows["session"].find(sa.select(session).where(session.c.id.in_(ids)))}
        chain = []
        at: int | None = key
        while at in found:
            chain.append(found.pop(at))
            at = chain[-1]["parent_session_id"]
        return chain[::-1]

    def search_sessions(self, text: str, limit: int = 100, before: int | None = None) -> list[Row]:
        """Give the sessions whose design goal has all words of a text, the newest first.

        ``before`` goes on from the id of the last one that was given.

        Raises:
            QueryError: ``limit`` is no number from 1 to 10,000, or ``before`` no whole number.
        """
        session = self._rows["session"]
        older = _older(session.table.c.id, before)
        found = sa.select(session.table).where(self._matching("session", text), *older)
        return session.find(found.order_by(session.table.c.id.desc()).limit(bounded(limit)))

    def insert_sessions(self, rows: Iterable[Mapping[str, Any]]) -> Sequence[int]:
        """Add many sessions in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``design_goal``, and perhaps ``parent_session_id``.

        Raises:
            InvalidRecord: a value is refused; the message says of which row.
        """
        return self._rows["session"].insert_many(rows, ("design_goal", "parent_session_id"))

    def insert_iterations(self, rows: Iterable[Mapping[str, Any]]) -> Sequence[int]:
        """Add many iterations in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``session_id`` and ``code``, and perhaps ``feedback``.

        Raises:
            InvalidRecord: a value is refused; the message says of which row.
        """
        return self._rows["iteration"].insert_many(rows, ("session_id", "code", "feedback"))

    def insert_errors(self, rows: Iterable[Mapping[str, Any]]) -> Sequence[int]:
        """Add many errors in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``iteration_id``, and perhaps ``error_type``, ``error_message`` and ``error_line``.

        Raises:
            InvalidRecord: a value is refused; the message says of which row.
        """
        allowed = ("iteration_id", "error_type", "error_message", "error_line")
        return self._rows["error"].insert_many(rows, allowed)


def _older(column: sa.ColumnElement[int], before: Any) -> list[sa.ColumnElement[bool]]:
    if before is None:
        return []
    if isinstance(before, bool) or not isinstance(before, int):
        raise QueryError(f"before is {shown(before)}; it may be the id of a session, a whole number.")
    return [column < before]
