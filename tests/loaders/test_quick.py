"""The quick look at whole files: what it takes is sound, and has the keys that DuckDB's own structure tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab.kinds import KINDS
from sessionlab.kinds.worktree import WORKTREE
from sessionlab.loaders.forms import Form
from sessionlab.loaders.quick import Quick, Sound
from sessionlab.loaders.structure import Shape, shape_of

SESSION: dict[str, Any] = {
    "id": "a",
    "type": "debate",
    "task": "t",
    "createdAt": "2026-01-01",
    "updatedAt": 1767225600,
    "winnerId": 2,
    "preserveWorktrees": True,
    "runtimeMix": ["codex", None],
    "instances": [{"instanceId": 1, "branch": "b"}, {"instanceId": 2, "output": None, "score": 1.5}],
    "chatHistory": [],
    "testsPassed": {"all": [1, {"deep": None}]},
}
STATE = {"thread_id": "t", "user_prompt": "p", "problem": {"description": "d", "tests": [1]}, "code_attempts": 2}
GOAL = {"id": 1, "design_goal": "g", "iterations": [{"id": 1, "code": "c", "errors": [{"id": 1, "error_line": 3}]}]}
CHAT = {"session_id": "s", "start_time": "2026-01-01", "contexts": [], "metadata": {"success": True, "big": 1e300}}


def look(tmp_path: Path, text: str | bytes, form: Form = Form.ARRAY, quick: Quick | None = None) -> Sound | None:
    path = tmp_path / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return (quick or Quick()).look(str(path), form, "none")


def by_structure(records: list[Any], kind: str) -> Shape:
    """Give the shape that DuckDB's ``json_structure`` leads to."""
    shape = Shape()
    for record in records:
        text = json.dumps(record)
        ((structure,),) = duckdb.execute("SELECT json_structure($1::JSON)::VARCHAR", [text]).fetchall()
        shape.merge(shape_of(KINDS[kind], json.loads(structure)))
    return shape


@pytest.mark.parametrize(
    ("kind", "records"),
    [
        ("worktree", [SESSION]),
        ("worktree", [{"id": "b", "task": "t"}, SESSION, {"id": "c", "task": "t", "late": 1}]),
        ("workflow", [STATE, {"thread_id": "u", "tests_passed": False, "agent": "x"}]),
        ("codegen", [GOAL, {"id": 2, "design_goal": "h", "iterations": [{"id": 2, "code": "c", "tokens": 7}]}]),
        ("conversation", [CHAT]),
    ],
)
@pytest.mark.parametrize("form", [Form.ARRAY, Form.LINES])
def test_the_keys_are_those_that_duckdb_tells(tmp_path: Path, kind: str, records: list[Any], form: Form) -> None:
    lines = "\n".join(map(json.dumps, records))
    found = look(tmp_path, json.dumps(records) if form is Form.ARRAY else lines, form)

    expected = by_structure(records, kind)
    assert found is not None
    assert (found.kind.name, found.records) == (kind, len(records))
    assert found.shape.undeclared == expected.undeclared
    # What was only ever null, or an empty list, may be asked for too: there is nothing of it.
    assert {name: keys for name, keys in found.shape.names.items() if name in expected.names} == expected.names
    assert expected.nests.items() <= found.shape.nests.items()


def test_one_object(tmp_path: Path) -> None:
    found = look(tmp_path, json.dumps(SESSION), Form.OBJECTS)
    assert found is not None
    assert (found.kind, found.records) == (WORKTREE, 1)


def test_an_empty_list(tmp_path: Path) -> None:
    quick = Quick()
    assert look(tmp_path, json.dumps([SESSION]), quick=quick) is not None
    found = look(tmp_path, "[]", quick=quick)
    assert found is not None
    assert found.records == 0


def test_files_of_several_kinds_each_have_their_own(tmp_path: Path) -> None:
    quick = Quick()
    found = [look(tmp_path, json.dumps([one]), quick=quick) for one in (SESSION, STATE, SESSION, GOAL, CHAT)]
    assert [one and one.kind.name for one in found] == ["worktree", "workflow", "worktree", "codegen", "conversation"]


def changed(**changes: Any) -> str:
    return json.dumps([SESSION, {**SESSION, **changes}])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(changed(winnerId=1.5), id="a fraction for a whole number"),
        pytest.param(changed(winnerId=2**63), id="a number beyond 64 bits"),
        pytest.param(changed(preserveWorktrees=1), id="a number for a boolean"),
        pytest.param(changed(model=7), id="a number for a text"),
        pytest.param(changed(model={"name": "x"}), id="an object for a text"),
        pytest.param(changed(createdAt=True), id="a boolean for a time"),
        pytest.param(changed(instances={}), id="an object for a list"),
        pytest.param(changed(instances=[{}]), id="an instance without a number"),
        pytest.param(changed(instances=[{"instanceId": None}]), id="an instance whose number is null"),
        pytest.param(changed(runtimeMix=[1]), id="a number among texts"),
        pytest.param(changed(task=None), id="a task that is null"),
        pytest.param(json.dumps([{"id": "x", "instances": []}]), id="no task"),
        pytest.param(changed(Task="x"), id="a key in other case"),
        pytest.param(changed(filename="x"), id="a name that the reader needs"),
        pytest.param(changed(session_type="x"), id="a column under two names"),
        pytest.param(changed(user_prompt="x"), id="a key of another kind"),
        pytest.param(changed(**{"": 1}), id="a key without a name"),
        pytest.param(changed(**{'q"': 1}), id="a key with a quote"),
        pytest.param(
            changed(instances=[{"instanceId": 1, "`` - at `$.instances": 1}]), id="a key that looks like a message"
        ),
        pytest.param(changed(**{f"k{n}": n for n in range(300)}), id="too many keys"),
        pytest.param(changed(deep=json.loads("[" * 60 + "]" * 60)), id="free-form JSON that nests deep"),
        pytest.param(json.dumps([SESSION, None]), id="a null record"),
        pytest.param(json.dumps([SESSION, {}]), id="an empty record"),
        pytest.param(json.dumps([SESSION, 1]), id="a number for a record"),
        pytest.param(json.dumps([SESSION, STATE]), id="two kinds"),
        pytest.param("[{}]", id="nothing but an empty record"),
        pytest.param(json.dumps([{"a": 1}]), id="no kind"),
        pytest.param(changed()[:-1] + ",]", id="a comma too many"),
        pytest.param(changed()[:-1], id="cut off"),
        pytest.param(changed() + "x", id="something behind the end"),
        pytest.param(changed().replace("1.5", "NaN"), id="NaN"),
        pytest.param(changed().replace("1.5", "1e999"), id="a number beyond any double"),
        pytest.param(changed().encode().replace(b"debate", b"\xff"), id="no UTF-8"),
        pytest.param(changed().replace("debate", "\\ud800"), id="half of a surrogate pair"),
        pytest.param(b"\xef\xbb\xbf" + changed().encode(), id="a byte order mark"),
    ],
)
def test_what_wants_a_closer_look(tmp_path: Path, text: str | bytes) -> None:
    quick = Quick()
    assert look(tmp_path, text, quick=quick) is None
    assert look(tmp_path, changed(), quick=quick) is not None  # and it takes what is sound as before


def test_records_that_show_no_kind(tmp_path: Path) -> None:
    """With nothing but what several kinds have, a record is of the kind that somebody said, or of none."""
    text = json.dumps([STATE, {"thread_id": "t"}])
    assert look(tmp_path, text) is None
    told = look(tmp_path, text, quick=Quick(KINDS["workflow"]))
    assert told is not None
    assert told.records == 2


def test_packed_and_large_files_are_left_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text(changed())
    assert Quick().look(str(path), Form.ARRAY, "gzip") is None
    monkeypatch.setattr("sessionlab.loaders.quick._MOST", path.stat().st_size - 1)
    assert Quick().look(str(path), Form.ARRAY, "none") is None
