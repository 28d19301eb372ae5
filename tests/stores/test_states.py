"""States as programs have them: mappings, dataclasses, models and other objects, with enums among the values."""

from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from sessionlab import InvalidRecord, open_store
from sessionlab.stores.states import STATE, columns_of, plain


class Topic(Enum):
    ARRAYS = "arrays"


class Difficulty(StrEnum):
    HARD = "hard"


class Tries(IntEnum):
    TWO = 2


@dataclass
class DataTest:
    input: str
    output: str


@dataclass
class DataProblem:
    description: str
    tests: list[DataTest]


@dataclass
class DataState:
    user_prompt: str
    topic: Topic
    difficulty: Difficulty
    problem: DataProblem | None
    code: str | None = None
    tests_passed: bool = False
    code_attempts: int = 0
    problem_attempts: Tries = Tries.TWO
    messages: list[str] = field(default_factory=list)


class ModelTest(BaseModel):
    input: str
    output: str


class ModelProblem(BaseModel):
    description: str
    tests: list[ModelTest]


class ModelState(BaseModel):
    user_prompt: str
    topic: Topic
    difficulty: Difficulty
    problem: ModelProblem | None
    code: str | None = None
    tests_passed: bool = False
    code_attempts: int = 0
    problem_attempts: Tries = Tries.TWO


class TupleTest(NamedTuple):
    input: str
    output: str


WANTED = {
    "user_prompt": "Give me a problem",
    "topic": "arrays",
    "difficulty": "hard",
    "problem_description": "Sum it up.",
    "problem_tests": [{"input": "[1, 2]", "output": "3"}],
    "code": None,
    "tests_passed": False,
    "code_attempts": 0,
    "problem_attempts": 2,
}
OF_STATE: dict[str, Any] = {
    "user_prompt": "Give me a problem",
    "topic": Topic.ARRAYS,
    "difficulty": Difficulty.HARD,
    "code": None,
    "tests_passed": False,
    "code_attempts": 0,
    "problem_attempts": Tries.TWO,
}
STATES: dict[str, Any] = {
    "mapping": {**OF_STATE, "problem": {"description": "Sum it up.", "tests": [{"input": "[1, 2]", "output": "3"}]}},
    "other mapping": UserDict({**OF_STATE, "problem": DataProblem("Sum it up.", [DataTest("[1, 2]", "3")]), "x": 1}),
    "columns": {**OF_STATE, "problem_description": "Sum it up.", "problem_tests": (TupleTest("[1, 2]", "3"),)},
    "dataclass": DataState(problem=DataProblem("Sum it up.", [DataTest("[1, 2]", "3")]), **OF_STATE),
    "model": ModelState(
        problem=ModelProblem(description="Sum it up.", tests=[ModelTest(input="[1, 2]", output="3")]), **OF_STATE
    ),
    "object": SimpleNamespace(
        **OF_STATE,
        problem=SimpleNamespace(description="Sum it up.", tests=[SimpleNamespace(input="[1, 2]", output="3", _own=1)]),
    ),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_all_forms_give_the_same_columns(state: object, tmp_path: Path) -> None:
    columns = columns_of(state)
    assert columns == WANTED
    assert {type(value) for value in columns.values()} <= {str, int, bool, list, type(None)}
    with open_store("workflow", tmp_path / "a.db") as store:
        store.save_session_state("t", state)
        assert store.get_session_state("t", list(WANTED)) == WANTED


@pytest.mark.parametrize("state", [DataState("p", Topic.ARRAYS, Difficulty.HARD, None), {"problem": None}])
def test_a_problem_that_is_none_clears_both_of_its_columns(state: object) -> None:
    columns = columns_of(state)
    assert columns["problem_description"] is columns["problem_tests"] is None


def test_what_a_state_has_not_is_left_out() -> None:
    assert columns_of({}) == {}
    assert columns_of({"problem": {}}) == {}
    assert columns_of({"problem": {"description": "a"}}) == {"problem_description": "a"}
    assert columns_of(SimpleNamespace(code=None)) == {"code": None}


def test_columns_go_before_the_problem() -> None:
    state = {"problem": {"description": "nested", "tests": [1]}, "problem_description": "flat"}
    assert columns_of(state) == {"problem_description": "flat", "problem_tests": [1]}


def test_every_column_may_be_given() -> None:
    state = {name: f"value of {name}" for name in STATE}
    assert columns_of({**state, "messages": ["not kept"]}) == state


@pytest.mark.parametrize("state", [None, 3, "code", ["code"], object(), DataState, Topic.ARRAYS])
def test_what_is_no_state_is_refused(state: object) -> None:
    with pytest.raises(InvalidRecord, match=r"^state is .*attributes run_id, user_prompt, .*, problem\.$"):
        columns_of(state)
    if state is not None:
        with pytest.raises(InvalidRecord, match=r"^state\.problem is .*attributes description, tests\.$"):
            columns_of({"problem": state})


def test_plain_values_stay_and_strange_ones_too() -> None:
    values: list[Any] = [None, True, 1, 1.5, "a", [], {}]
    assert plain(values) == values
    assert plain({"a": {Difficulty.HARD}, "b": (Tries.TWO,)}) == {"a": ["hard"], "b": [2]}
    assert plain(print) is print
    assert plain(DataTest) is DataTest
    assert plain(b"bytes") == b"bytes"
