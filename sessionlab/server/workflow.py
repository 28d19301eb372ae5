"""The store of workflow states over HTTP, and an agent that is run for whoever asks for a verified problem."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sessionlab.errors import InvalidRecord, NotFound, SessionlabError
from sessionlab.server.agent import Left, run
from sessionlab.server.crud.resources import TAGGED, shown, store_of
from sessionlab.server.problems import problem, responses
from sessionlab.server.values import as_json
from sessionlab.stores.rows import UNSET
from sessionlab.stores.workflow import WorkflowStore

router = APIRouter(tags=["workflow"])

_log = logging.getLogger(__name__)

_ROW = {
    "id": "7d4f2f6e-5a1c-4a52-9d5c-8a31c2c1b6a0",
    "thread_id": "thread-1",
    "run_id": None,
    "user_prompt": "A problem about sums",
    "topic": "arrays",
    "difficulty": "easy",
    "code": "print(sum(map(int, input().split())))",
    "tests_passed": True,
    "code_attempts": 2,
    "problem_attempts": 1,
    "workflow_status": "completed",
}


class SessionAnswer(BaseModel):
    """The state of one thread."""

    session: dict[str, Any] = Field(examples=[_ROW])


class SessionsAnswer(BaseModel):
    """States, and what was asked for."""

    sessions: list[dict[str, Any]] = Field(examples=[[_ROW]])
    count: int = Field(examples=[1])
    filters: dict[str, Any] = Field(examples=[{"topic": "arrays", "tests_passed": True, "limit": 20}])


class AnalyticsAnswer(BaseModel):
    """The key figures of all threads."""

    sessions: int
    success_rate: dict[str, float | int | None] = Field(
        examples=[{"judged": 10, "passed": 8, "rate": 0.8, "low": 0.49, "high": 0.94}]
    )
    average_attempts: dict[str, float | None] = Field(examples=[{"code": 1.8, "problem": 1.1}])
    topics: dict[str, int] = Field(examples=[{"arrays": 6, "strings": 4}])
    difficulties: dict[str, int] = Field(examples=[{"easy": 7, "hard": 3}])
    workflow_status: dict[str, int] = Field(examples=[{"completed": 8, "failed": 2}])


class ProblemRequest(BaseModel):
    """What a problem is to be about."""

    model_config = ConfigDict(extra="forbid")

    user_prompt: str = Field("", max_length=100_000, examples=["A problem about the largest number of a list"])
    topic: str = Field(min_length=1, max_length=50, examples=["arrays"])
    difficulty: str = Field(min_length=1, max_length=20, examples=["easy"])


class Verified(BaseModel):
    """A problem with tests that its solution passes."""

    id: str = Field(description="The thread's id.")
    title: str
    description: str | None
    constraints: list[str]
    examples: list[dict[str, Any]]
    difficulty: str
    topic: str
    solution: str | None


class ProblemAnswer(BaseModel):
    """What the agent made."""

    response: Verified


@router.get("/api/sessions/analytics", response_model=AnalyticsAnswer, responses=responses(401, 404, 503))
def analytics(request: Request) -> Response:
    """Sum up all states: success rate with its counts and interval, attempts, topics, difficulties, statuses."""
    found = store_of(request, WorkflowStore).get_session_analytics()
    named = {
        key: {name if name is not None else "(unknown)": number for name, number in value.items()}
        if isinstance(value, dict)
        else value
        for key, value in found.items()
    }
    return _json(named)


@router.get(
    "/api/sessions/{thread_id}", response_model=SessionAnswer, responses={200: TAGGED, **responses(401, 404, 503)}
)
def one(thread_id: str, request: Request) -> Response:
    """Give the state of a thread."""
    found = store_of(request, WorkflowStore).get_session_state(thread_id)
    missing = f"There is no session of the thread {thread_id[:200]!r}."
    return shown(None if found is None else {"session": found}, request, missing)


@router.get("/api/sessions", response_model=SessionsAnswer, responses=responses(401, 404, 422, 503))
def several(
    request: Request,
    topic: Annotated[str | None, Query(examples=["arrays"])] = None,
    difficulty: Annotated[str | None, Query(examples=["easy"])] = None,
    workflow_status: Annotated[str | None, Query(examples=["completed"])] = None,
    tests_passed: Annotated[bool | None, Query(examples=[True])] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    """Give the states that have some values, the newest first."""
    filters = {
        "topic": topic,
        "difficulty": difficulty,
        "workflow_status": workflow_status,
        "tests_passed": tests_passed,
    }
    found = store_of(request, WorkflowStore).get_session_states_by_criteria(**filters, limit=limit)  # type: ignore[arg-type]
    return _json({"sessions": found, "count": len(found), "filters": {**filters, "limit": limit}})


@router.post("/api/problems/verified", include_in_schema=False)
@router.post("/problems/verified", response_model=ProblemAnswer, responses=responses(401, 404, 422, 502, 503))
async def verified(asked: ProblemRequest, request: Request) -> Response:
    """Have the agent make a problem with tests and a solution that passes them; its state is saved under a new thread.

    If the agent fails, its solution does not pass, or the server ends, the state says `failed`, and so does the answer.
    """
    store, agent = store_of(request, WorkflowStore), request.app.state.agent
    if agent is None:
        raise NotFound("This server has no agent. Give one to create_app(agent=…).")
    thread_id = str(uuid.uuid4())
    given = asked.model_dump()
    await asyncio.to_thread(store.save_session_state, thread_id, given, workflow_status="running")
    try:
        told = {"prompt": asked.user_prompt, "topic": asked.topic, "difficulty": asked.difficulty}
        state, run_id = await run(agent, told | {"thread_id": thread_id})
        passed = await asyncio.to_thread(_save, store, thread_id, given, state, run_id)
    except asyncio.CancelledError:  # the server ends, and may have no time left to wait for a thread
        _give_up(store, thread_id)
        raise
    except Exception as error:
        await asyncio.to_thread(store.save_session_state, thread_id, {}, workflow_status="failed")
        if isinstance(error, InvalidRecord):  # the caller's own words have been checked
            return problem(502, f"The agent's answer is not to be saved: {error}", thread_id=thread_id)
        if isinstance(error, SessionlabError):
            raise
        _log.error("the agent failed at thread %s", thread_id, exc_info=error)
        name = type(error.__cause__ if isinstance(error, Left) else error).__name__
        return problem(502, f"The agent failed: {name}. The log says more.", thread_id=thread_id)
    if not passed:
        return problem(502, "The agent found no solution that passes its tests.", thread_id=thread_id)
    row = await asyncio.to_thread(store.get_session_state, thread_id)
    return _json({"response": _response(row or {}, thread_id)})


def _save(store: WorkflowStore, thread_id: str, given: Mapping[str, str], state: object, run_id: str | None) -> bool:
    """Save the final state; tell whether its tests passed."""
    passed = state.get("tests_passed") if isinstance(state, Mapping) else getattr(state, "tests_passed", None)
    status = "completed" if passed else "failed"
    with store.transaction():
        store.save_session_state(thread_id, given)
        store.save_session_state(thread_id, state, workflow_status=status, run_id=UNSET if run_id is None else run_id)
    return bool(passed)


def _give_up(store: WorkflowStore, thread_id: str) -> None:
    """Leave no session behind that seems to go on; one that has just come to its end keeps it."""
    row = store.get_session_state(thread_id)
    if row is not None and row["workflow_status"] == "running":
        store.save_session_state(thread_id, {}, workflow_status="failed")


def _response(row: Mapping[str, Any], thread_id: str) -> dict[str, Any]:
    tests = row.get("problem_tests")
    examples = [
        {
            "input": test.get("input"),
            "output": test.get("output", test.get("expected")),
            "explanation": test.get("explanation", "Test case for the problem."),
        }
        for test in (tests if isinstance(tests, list) else [])
        if isinstance(test, Mapping)
    ]
    return {
        "id": thread_id,
        "title": f"Problem: {str(row.get('topic') or '').title()}",
        "description": row.get("problem_description"),
        "constraints": [],
        "examples": examples,
        "difficulty": row.get("difficulty"),
        "topic": row.get("topic"),
        "solution": row.get("code"),
    }


def _json(content: Any) -> Response:
    return Response(as_json(content), media_type="application/json")
