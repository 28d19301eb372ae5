"""The state of a workflow, as an agent's program has it, turned into columns.

Such a program keeps its state as a dictionary, a dataclass, a pydantic model or any object, with the problem nested in
it, and enums among the values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from sessionlab.errors import InvalidRecord
from sessionlab.stores.checks import shown
from sessionlab.stores.rows import UNSET

PROBLEM = {"description": "problem_description", "tests": "problem_tests"}
"""What a nested problem has, and the columns that it goes to."""

STATE = (
    *("run_id", "user_prompt", "topic", "difficulty", "problem_description", "problem_tests", "code"),
    *("tests_passed", "code_attempts", "problem_attempts", "workflow_status"),
)
"""The columns that a state may have. What else it has is not kept."""


def columns_of(state: Any) -> dict[str, Any]:
    """Give the columns that a state has, as plain values. What it does not have is left out.

    Args:
        state: A mapping, or an object with attributes. Its ``problem`` may be None, a mapping or an object with
            ``description`` and ``tests``; ``problem_description`` and ``problem_tests`` beside it go first.

    Raises:
        InvalidRecord: the state or its problem is neither.

    >>> columns_of({"topic": "arrays", "problem": {"description": "Sum it up.", "tests": []}, "step": 3})
    {'problem_description': 'Sum it up.', 'problem_tests': [], 'topic': 'arrays'}
    """
    problem = given(state, ("problem",), "state", (*STATE, "problem"))
    columns: dict[str, Any] = {}
    if "problem" in problem:
        columns = _columns_of_problem(problem["problem"])
    columns |= given(state, STATE, "state", (*STATE, "problem"))
    return {name: plain(value) for name, value in columns.items()}


def _columns_of_problem(problem: Any) -> dict[str, Any]:
    if problem is None:
        return dict.fromkeys(PROBLEM.values())
    return {PROBLEM[name]: value for name, value in given(problem, PROBLEM, "state.problem", PROBLEM).items()}


def given(value: Any, wanted: Iterable[str], name: str, known: Iterable[str]) -> dict[str, Any]:
    """Give those of the wanted keys or attributes that a value has.

    Raises:
        InvalidRecord: it is no mapping, and an object without any of the known attributes.
    """
    if isinstance(value, Mapping):
        return {key: value[key] for key in wanted if key in value}
    if isinstance(value, type) or not any(hasattr(value, key) for key in known):
        may_be = f"a mapping, or an object with some of the attributes {', '.join(known)}"
        raise InvalidRecord(f"{name} is {shown(value)}; it may be {may_be}.")
    found = {key: getattr(value, key, UNSET) for key in wanted}
    return {key: each for key, each in found.items() if each is not UNSET}


def plain(value: Any) -> Any:
    """Turn a value into what JSON knows: enums into their values, models, dataclasses and other objects into objects.

    What is none of these is given back as it is, to be refused by name.

    >>> from dataclasses import make_dataclass
    >>> plain([make_dataclass("Test", ["input", "output"])("[1, 2]", "3")])
    [{'input': '[1, 2]', 'output': '3'}]
    """
    if value is None or isinstance(value, str | int | float):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "_asdict"):
        return [plain(each) for each in value]
    attributes = _attributes(value)
    return value if attributes is None else {key: plain(each) for key, each in attributes.items()}


def _attributes(value: Any) -> Mapping[Any, Any] | None:
    """Give what an object consists of by name, or None if it is not one of that sort."""
    if isinstance(value, Mapping):
        return value
    for name in ("model_dump", "_asdict"):
        if callable(method := getattr(value, name, None)) and not isinstance(value, type):
            return dict(method())
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, type) or callable(value) or not hasattr(value, "__dict__"):
        return None
    return {name: each for name, each in vars(value).items() if not name.startswith("_")}
