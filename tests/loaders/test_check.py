"""Holding records against their kind, and decoding them: what fits, what does not, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessionlab.errors import InvalidRecord
from sessionlab.json_values import MOST_NESTED, Doubled
from sessionlab.kinds import KINDS
from sessionlab.loaders.check import check, kind_of
from sessionlab.loaders.decode import decode, encode
from tests.loaders.records import codegen, conversation, workflow, worktree


@pytest.mark.parametrize("record", [codegen(1), workflow("a"), conversation("a"), worktree("a")])
def test_kind_is_told_by_keys(record: dict[str, Any]) -> None:
    kind = kind_of(record, None)
    check(kind, record)
    assert kind.name in ("codegen", "workflow", "conversation", "worktree")
    assert kind_of({}, kind) is kind


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "this is null"),
        (True, "this is true"),
        ("x" * 80, 'this is the text "' + "x" * 59 + "…"),
        ([1], r"this is the list \[1\]"),
        (
            {"a": 1},
            "it fits no kind: it has a; codegen needs 'id' and 'design_goal' with one of design_goal; workflow needs",
        ),
        (dict.fromkeys("abcdefghijklm"), "it has a, b, c, d, e, f, g, h, i, j; "),
    ],
)
def test_no_kind(value: Any, said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        kind_of(value, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"winnerId": "x"}, 'winnerId holds the text "x" where a whole number of at most 64 bits is needed'),
        ({"winner_id": 1.5}, "winnerId holds the number 1.5 where a whole number"),
        ({"winnerId": float(2**63)}, "winnerId holds the number 9.223372036854776e.18 where a whole number"),
        ({"preserveWorktrees": 1}, "preserveWorktrees holds the number 1 where true or false is needed"),
        ({"runtimeMix": "claude"}, 'runtimeMix holds the text "claude" where a list is needed'),
        ({"runtimeMix": [1]}, r"runtimeMix\[0\] holds the number 1 where a text is needed"),
        ({"chat_history": [{"timestamp": "soon"}]}, r'chat_history\[0\]\.timestamp holds the text "soon" where a time'),
        ({"instances": [{}]}, r"instances\[0\]\.instanceId is missing; there is no key at all"),
        ({"task": None}, "task is missing; there is id, task"),
    ],
)
def test_misfit(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRecord, match=f"^{said}"):
        check(KINDS["worktree"], {**worktree("a"), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"winnerId": 2.0},
        {"winnerId": -(2**63)},
        {"winnerId": 2**63 - 1},
        {"createdAt": 0},
        {"createdAt": "2025-01-01"},
        {"instances": None, "chatHistory": [], "runtimeMix": [None, "x"]},
        {"instances": [None, {"instanceId": 0, "unknown": {"a": 1}}]},
        {"unknown": [1, "x", {}]},
    ],
)
def test_fit(change: dict[str, Any]) -> None:
    check(KINDS["worktree"], {**worktree("a"), **change})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "it is not JSON: Expecting value at character 0"),
        (b"{'a': 1}", "Expecting property name"),
        (b"[1] 2", "Extra data at character 4"),
        (b"[NaN]", "NaN is no JSON value"),
        (b"[-Infinity]", "-Infinity is no JSON value"),
        (b'"\xff"', "it is not UTF-8: byte 0xff at 1"),
        (b'"\xed\xa0\x80"', "it is not UTF-8: byte 0xed at 1"),
        (b"[" * (MOST_NESTED + 1) + b"]" * (MOST_NESTED + 1), "it nests 501 levels deep; 500 is the most"),
        (b"[" * 100_000 + b"]" * 100_000, "it nests 100,000 levels deep"),
        (b"9" * 5000, "a number that no machine holds"),
    ],
)
def test_not_decoded(raw: bytes, said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        decode(raw)


def test_decoded() -> None:
    assert decode(b"[" * MOST_NESTED + b"]" * MOST_NESTED)
    assert decode(b"[[]" + b",[]" * 2000 + b"]")
    assert decode('{"é": "\\u0000", "n": 123456789012345678901}'.encode()) == {"é": "\0", "n": 123456789012345678901}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": "\ud800"}, "half of a surrogate pair"),
        ({"\udfff": 1}, "half of a surrogate"),
        ({"a": float("inf")}, "beyond"),
    ],
)
def test_not_encoded(value: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        encode(value)


def test_keys_that_stand_twice() -> None:
    """They go out as they came in, where they may stand at all."""
    text = '{"id": 1, "design_goal": "g", "more": {"a": 1, "b": [{"c": 1, "c": 1}], "a": 2}}'
    record = decode(text.encode())
    assert encode(record).decode() == text + "\n"
    check(KINDS["codegen"], record)
    assert isinstance(record["more"], Doubled)
    assert record["more"].doubled == "a"
    for bad in (
        '{"id": 1, "id": 1, "design_goal": "g"}',
        '{"id": 1, "design_goal": "g", "iterations": [{"id": 1, "x": 1, "x": 2}]}',
    ):
        with pytest.raises(InvalidRecord, match=r"has the key '(id|x)' twice"):
            check(KINDS["codegen"], decode(bad.encode()))
    with pytest.raises(InvalidRecord, match="problem has the key 'tests' twice"):
        check(KINDS["workflow"], decode(b'{"thread_id": "a", "problem": {"tests": [], "tests": []}}'))


def test_encoded_is_one_line() -> None:
    assert json.loads(encode({"a": "x\ny\u2028"})) == {"a": "x\ny\u2028"}
    assert encode({"a": "x\ny"}).count(b"\n") == 1
