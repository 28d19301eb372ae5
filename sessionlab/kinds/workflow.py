"""workflow: the state of one thread in which an agent makes a problem, its tests, and code that passes them."""

from __future__ import annotations

from typing import Any

from sessionlab.kinds.declare import Kind, NativeTable, Record
from sessionlab.schema import Column, Type

_STATE = (
    Column("user_prompt", long=True),
    Column("topic"),
    Column("difficulty"),
    Column("problem_description", aliases=("problem.description",), long=True),
    Column("problem_tests", Type.JSON, aliases=("problem.tests",), long=True),
    Column("code", long=True),
    Column("tests_passed", Type.BOOLEAN),
    Column("code_attempts", Type.INTEGER),
    Column("problem_attempts", Type.INTEGER),
)
_IDS = ("thread_id", "id")


def adopt_states(records: list[Any], stem: str) -> list[Record] | None:
    """Give ids to the states of a document that has none, or return None where the records name themselves.

    A state history is the snapshots of one thread, newest first, ending in the empty one from before it began: it
    becomes one record, whose id is the file's stem and whose ``history`` holds the snapshots, oldest first. Any other
    list of states becomes as many records, named by the stem and their place.
    """
    states = [record for record in records if isinstance(record, dict)]
    if len(states) != len(records) or not any(states) or any(key in state for state in states for key in _IDS):
        return None
    if states[-1]:
        names = [stem] if len(states) == 1 else [f"{stem}-{place}" for place in range(len(states))]
        return [{**state, "thread_id": name} for state, name in zip(states, names, strict=True)]
    snapshots = [{**state, "snapshot": place} for place, state in enumerate(reversed(states)) if state]
    return [{**states[0], "thread_id": stem, "history": snapshots}]


WORKFLOW = Kind(
    name="workflow",
    tables=(
        NativeTable(
            "session_states",
            (
                Column("id", random=True),
                Column("created_at", Type.TIME),
                Column("updated_at", Type.TIME),
                Column("thread_id", required=True, random=True),
                Column("run_id"),
                *_STATE,
                Column("workflow_status"),
            ),
            key=("thread_id",),
        ),
        NativeTable(
            "state_history",
            (Column("thread_id", required=True), Column("snapshot", Type.INTEGER, required=True), *_STATE),
            key=("thread_id", "snapshot"),
            parent="session_states",
            nest=("history",),
            link="thread_id",
        ),
    ),
    hallmarks=frozenset(
        {
            "user_prompt",
            "problem_description",
            "code_attempts",
            "problem_attempts",
            "tests_passed",
            "workflow_status",
        }
    ),
    recency=("updated_at", "created_at"),
    adopt=adopt_states,
)
