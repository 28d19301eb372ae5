"""workflow from JSON to the canonical tables: rows, states with a nested problem, histories, a single state."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.loaders.records import loaded, workflow, write

ROW = {
    "id": "uuid-1",
    "created_at": "2025-01-01T00:00:00Z",
    "updated_at": "2025-01-01T00:05:00Z",
    "thread_id": "t-1",
    "run_id": "run-1",
    "user_prompt": "practise arrays",
    "topic": "arrays",
    "difficulty": "easy",
    "problem_description": "reverse an array",
    "problem_tests": ["assert True"],
    "code": "print()",
    "tests_passed": True,
    "code_attempts": 2,
    "problem_attempts": 4,
    "workflow_status": "completed",
    "agent": "ait42",
    "model": "m-1",
    "failure_mode": "unset",
}


def test_canonical(tmp_path: Path) -> None:
    with loaded(write(tmp_path / "some.json", [ROW]), strict=True) as found:
        ((extra, *row),) = found.rows("SELECT extra, * EXCLUDE (extra) FROM sessions")
        assert json.loads(extra) == {"agent": "ait42", "model": "m-1", "failure_mode": "unset"}
        started, ended = datetime(2025, 1, 1), datetime(2025, 1, 1, 0, 5)
        assert row == [
            *("some", "workflow", "t-1", None, "practise arrays", "arrays", "easy", None, "completed", True),
            *(2, 4, None, None, None, "ait42", "m-1", "run-1", None, started, ended, 300.0, None),
        ]
        columns = "session_id, attempt, status, success, agent, model, code"
        assert found.rows(f"SELECT {columns} FROM attempts ORDER BY attempt") == [
            ("t-1", 1, None, None, "ait42", "m-1", None),
            ("t-1", 2, "completed", True, "ait42", "m-1", "print()"),
        ]


def test_running(tmp_path: Path) -> None:
    records = [{**ROW, "thread_id": status, "workflow_status": status} for status in ("running", "failed")]
    with loaded(write(tmp_path / "some.json", records), strict=True) as found:
        assert found.rows("SELECT session_id, status, success, ended_at, duration_s FROM sessions ORDER BY 1") == [
            ("failed", "failed", True, datetime(2025, 1, 1, 0, 5), 300.0),
            ("running", "running", None, None, None),
        ]


def state(number: int, tries: int, passed: bool | None = None, **more: Any) -> dict[str, Any]:
    return {
        "user_prompt": f"prompt {number}",
        "topic": "arrays",
        "difficulty": "easy",
        "problem": {"description": f"problem {number}", "tests": [f"test {number}"]},
        "code": f"code {number}.{tries}",
        "tests_passed": passed,
        "code_attempts": tries,
        "problem_attempts": number,
        **more,
    }


HISTORY = [
    state(2, 2, True, workflow_status="completed"),
    state(2, 2),
    state(2, 1, False),
    state(2, 0),
    state(1, 1, False),
    state(1, 1),
    state(1, 0),
    {"user_prompt": "prompt 0"},
    {},
]


@pytest.mark.parametrize("indent", [None, 2])
def test_history_of_two_problems(tmp_path: Path, indent: int | None) -> None:
    """The file's stem names the thread, the newest snapshot is its state, each try at each problem an attempt."""
    path = write(tmp_path / "thread-9.json", json.dumps(HISTORY, indent=indent))
    with loaded(path, strict=True) as found:
        columns = "session_id, goal, status, success, attempts, problem_attempts"
        assert found.rows(f"SELECT {columns} FROM sessions") == [("thread-9", "prompt 2", "completed", True, 3, 2)]
        assert found.rows("SELECT attempt, code, success FROM attempts ORDER BY attempt") == [
            (1, "code 1.1", False),
            (2, "code 2.1", False),
            (3, "code 2.2", True),
        ]
        assert found.rows("SELECT problem_description, problem_tests FROM workflow.session_states") == [
            ("problem 2", '["test 2"]')
        ]
        snapshots = found.rows(
            "SELECT snapshot, user_prompt, problem_description FROM workflow.state_history ORDER BY 1"
        )
        assert len(snapshots) == 8
        assert snapshots[0] == (1, "prompt 0", None)
        assert snapshots[-1] == (8, "prompt 2", "problem 2")


def test_bad_history_is_rejected_whole(tmp_path: Path) -> None:
    bad = [*HISTORY[:2], state(2, 1, tests_passed="no"), *HISTORY[3:]]
    write(tmp_path / "bad.json", bad)
    write(tmp_path / "good.json", HISTORY)
    with loaded(tmp_path) as found:
        assert found.ids == ["good"]
        ((file, place, why, raw),) = found.rejects
        assert (file, place) == ("bad.json", 0)
        assert why == 'history[5].tests_passed holds the text "no" where true or false is needed'
        assert json.loads(raw) == bad


@pytest.mark.parametrize("content", ["{}\n", "[{}]", "[{}, {}]"])
def test_history_of_nothing(tmp_path: Path, content: str) -> None:
    write(tmp_path / "good.json", ROW)
    write(tmp_path / "empty.json", content)
    with loaded(tmp_path) as found:
        assert found.ids == ["t-1"]
        assert {reject[2].split(";")[0] for reject in found.rejects} == {"it fits no kind: it has no key at all"}


def test_states_without_ids(tmp_path: Path) -> None:
    """They are named by the file and their place."""
    with loaded(write(tmp_path / "run.json", [state(1, 2, True), state(1, 3, False)]), strict=True) as found:
        assert found.rows("SELECT session_id, goal, success, attempts FROM sessions ORDER BY 1") == [
            ("run-0", "prompt 1", True, 2),
            ("run-1", "prompt 1", False, 3),
        ]
        assert found.rows("SELECT problem_description FROM workflow.session_states") == [("problem 1",)] * 2


def test_states_with_ids(tmp_path: Path) -> None:
    records = [state(1, 2, True, thread_id="a"), state(2, 1, False, thread_id="b", problem=None)]
    with loaded(write(tmp_path / "run.json", records), strict=True) as found:
        columns = "thread_id, problem_description, problem_tests, extra"
        assert found.rows(f"SELECT {columns} FROM workflow.session_states ORDER BY 1") == [
            ("a", "problem 1", '["test 1"]', None),
            ("b", None, None, None),
        ]


def test_unknown_keys_of_a_problem_are_kept(tmp_path: Path) -> None:
    problem = {"description": "d", "tests": [], "hint": "h"}
    with loaded(write(tmp_path / "run.json", [state(1, 1, thread_id="a", problem=problem)]), strict=True) as found:
        columns = "problem_description, problem_tests, extra"
        assert found.rows(f"SELECT {columns} FROM workflow.session_states") == [("d", "[]", '{"problem":{"hint":"h"}}')]


@pytest.mark.parametrize("ending", ["", "\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_single_state(tmp_path: Path, ending: str, indent: int | None) -> None:
    path = write(tmp_path / "only.json", json.dumps(state(1, 2, True), indent=indent) + ending)
    with loaded(path, strict=True) as found:
        assert found.rows("SELECT session_id, goal, success FROM sessions") == [("only", "prompt 1", True)]


def test_problem_that_is_no_object(tmp_path: Path) -> None:
    path = write(tmp_path / "some.json", [workflow("a"), state(1, 1, thread_id="b", problem="text")])
    with loaded(path) as found:
        assert found.ids == ["a"]
        assert [reject[1:3] for reject in found.rejects] == [
            (1, 'problem holds the text "text" where an object is needed')
        ]
