"""The store of workflow: the state of each thread in which an agent makes a problem, its tests, and code for them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import sqlalchemy as sa

from sessionlab.stores.base import Store, bounded
from sessionlab.stores.checks import shown
from sessionlab.stores.ids import new_id
from sessionlab.stores.moments import newest_first, now
from sessionlab.stores.rows import UNSET, Unset, mappings
from sessionlab.stores.statements import Row
from sessionlab.stores.states import STATE, columns_of
from sessionlab.stores.workflow_analytics import Analytics, analytics_of, counted_states

_log = logging.getLogger(__name__)

_FIRST = {"code_attempts": 0, "problem_attempts": 0, "workflow_status": "running"}
_OWN = ("id", "thread_id", "created_at", "updated_at")


class WorkflowStore(Store):
    """The states of workflow threads, in SQLite or Postgres.

    Rows come out as dictionaries of the columns of ``session_states``: ``id``, ``created_at``, ``updated_at`` (times as
    ``datetime`` in UTC), ``thread_id``, ``run_id``, ``user_prompt``, ``topic``, ``difficulty``,
    ``problem_description``, ``problem_tests`` (as JSON has it), ``code``, ``tests_passed``, ``code_attempts``,
    ``problem_attempts`` and ``workflow_status``. The view ``session_states_summary`` has those without the long texts,
    and ``test_count``.

    With ``DEBUG_SESSION_STATES=1`` in the environment, the logger ``sessionlab.stores.workflow`` says what is written
    and read: threads and names of columns, not what is in them.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, WorkflowStore(f"{folder}/workflow.db") as store:
        ...     state = {"topic": "arrays", "code_attempts": 1, "problem": {"description": "Sum it up.", "tests": []}}
        ...     first = store.save_session_state("thread-1", state)
        ...     last = store.save_session_state("thread-1", {"tests_passed": True}, workflow_status="completed")
        ...     store.get_session_state("thread-1", ["topic", "tests_passed", "workflow_status"])
        {'topic': 'arrays', 'tests_passed': True, 'workflow_status': 'completed'}
    """

    kind: ClassVar[str] = "workflow"

    def __init__(self, url: str | os.PathLike[str] | None = None) -> None:
        super().__init__(url)
        if os.environ.get("DEBUG_SESSION_STATES", "").casefold() in ("1", "true", "yes", "on"):
            _show_log()
        self._states = self._rows["session_states"]

    def save_session_state(
        self,
        thread_id: str,
        state: object,
        run_id: str | Unset | None = UNSET,
        workflow_status: str | Unset | None = UNSET,
    ) -> str:
        """Insert the state of a thread, or update it; give the row's id.

        Args:
            thread_id: The thread: one row each.
            state: A mapping or any object with attributes (a dataclass, a pydantic model): ``user_prompt``, ``topic``,
                ``difficulty``, ``code``, ``tests_passed``, ``code_attempts``, ``problem_attempts``, and ``problem``, a
                mapping or an object with ``description`` and ``tests`` (or both by the names of their columns). Enums
                stand for their values. What it does not have stays as it was; None clears. What else it has is not
                kept.
            run_id: The run that the thread belongs to; if not given, that of the state, or as it was.
            workflow_status: ``"running"``, ``"completed"`` or ``"failed"``; if not given, that of the state, or as it
                was: ``"running"`` at first.

        Raises:
            InvalidRecord: a value is refused; nothing is changed.
        """
        arguments = {"run_id": run_id, "workflow_status": workflow_status}
        columns = columns_of(state) | {name: value for name, value in arguments.items() if value is not UNSET}
        id_ = str(self._states.save({"id": new_id(), "thread_id": thread_id, **columns}, "thread_id", once=("id",)))
        _log.debug("saved %s as %s: %s", shown(thread_id), id_, ", ".join(columns) or "nothing new")
        return id_

    def insert_session_states(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Add the states of many new threads in one transaction, all or none; give their ids in order.

        Args:
            rows: Mappings with ``thread_id`` and what a state may have; perhaps with ``id``, ``created_at`` and
                ``updated_at``. What a row has not is None, but for the attempts (0), the status (``"running"``), the id
                (a new one) and the times (now).

        Raises:
            InvalidRecord: a value is refused, or a thread is there already; the message says of which row.
        """
        moment = now(self._database)
        first = {**_FIRST, "created_at": moment, "updated_at": moment}
        made = [
            {"id": new_id(), **first, **{name: row[name] for name in _OWN if name in row}, **columns_of(row)}
            for row in mappings(rows)
        ]
        self._states.insert_many(made, (*_OWN, *STATE))
        _log.debug("inserted %d states", len(made))
        return [str(row["id"]) for row in made]

    def get_session_state(self, thread_id: str, fields: Iterable[str] | None = None) -> Row | None:
        """Give the state of a thread; None if there is none. ``fields`` names the columns wanted."""
        found = self._states.get({"thread_id": thread_id}, fields)
        _log.debug("%s %s", "found" if found else "there is no", shown(thread_id))
        return found

    def get_session_states_by_criteria(
        self,
        topic: str | None = None,
        difficulty: str | None = None,
        workflow_status: str | None = None,
        tests_passed: bool | None = None,
        limit: int = 100,
    ) -> list[Row]:
        """Give the states that have some values, the newest first. What is None does not matter.

        Raises:
            InvalidRecord: a value is none that the column may have.
            QueryError: ``limit`` is no number from 1 to 10,000.
        """
        criteria = {
            "topic": topic,
            "difficulty": difficulty,
            "workflow_status": workflow_status,
            "tests_passed": tests_passed,
        }
        wanted = self._states.encode({name: value for name, value in criteria.items() if value is not None})
        columns = self._states.table.c
        found = self._newest([columns[name] == value for name, value in wanted.items()], limit)
        _log.debug("%d states by %s", len(found), ", ".join(wanted) or "nothing")
        return found

    def search_session_states(self, text: str, limit: int = 100) -> list[Row]:
        """Give the states whose prompt, topic and problem have all words of a text, the newest first.

        Raises:
            QueryError: ``limit`` is no number from 1 to 10,000.
        """
        return self._newest([self._matching("session_states", text)], limit)

    def _newest(self, conditions: Sequence[sa.ColumnElement[bool]], limit: int) -> list[Row]:
        table = self._states.table
        order = [*newest_first(table.c.created_at, self._database.engine), table.c.id.desc()]
        return self._states.find(sa.select(table).where(*conditions).order_by(*order).limit(bounded(limit)))

    def delete_session_state(self, thread_id: str) -> None:
        """Delete the state of a thread.

        Raises:
            NotFound: there is none.
        """
        if not self._states.delete({"thread_id": thread_id}):
            raise self._states.missing({"thread_id": thread_id})
        _log.debug("deleted %s", shown(thread_id))

    def get_session_analytics(self) -> Analytics:
        """Sum up all states: success rate, attempts, topics, difficulties, statuses.

        Returns:
            A dictionary of

            - ``sessions``: how many there are
            - ``success_rate``: ``passed`` of ``judged`` sessions (those that do not run and have ``tests_passed``) and
              their ``rate`` from 0 to 1, with a 95 % interval from ``low`` to ``high``; None if none is judged
            - ``average_attempts``: the means of ``code`` and ``problem`` attempts; None if there are none
            - ``topics``, ``difficulties``, ``workflow_status``: how many sessions have each, the most frequent first;
              those without one are under None
        """
        statement = self._states.statement(("analytics",), lambda: counted_states(self._states.table))
        return analytics_of(self._states.read(statement, {}))


def _show_log() -> None:
    """Let the log be seen, also in a program that has not set up any."""
    _log.setLevel(logging.DEBUG)
    if not _log.hasHandlers():
        _log.addHandler(logging.StreamHandler())
