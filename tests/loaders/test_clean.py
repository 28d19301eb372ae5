"""Reading record by record: what it takes of a file, and what it takes of memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from sessionlab.kinds import KINDS
from sessionlab.loaders import clean
from sessionlab.loaders.clean import Cleaner
from sessionlab.loaders.fields import ORIGIN
from sessionlab.loaders.plain import PACKED
from tests.loaders.records import codegen, workflow, worktree, write

Reject = tuple[str, int | None, str, bytes]


def cleaned(path: Path, kind: str | None = None) -> tuple[Cleaner, list[Reject]]:
    rejects: list[Reject] = []
    folder = path.parent / "scratch"
    folder.mkdir(exist_ok=True)
    cleaner = Cleaner(folder, lambda *reject: rejects.append(reject), KINDS[kind] if kind else None)
    cleaner.clean(str(path))
    return cleaner, rejects


def lines(cleaner: Cleaner, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cleaner.cleaned[kind].path.read_text(encoding="utf-8").splitlines()]


def test_plain_lines(tmp_path: Path) -> None:
    session = worktree(
        "a", createdAt=0, winnerId=2.0, more={"x": 1}, none=None, instances=[{"instanceId": 1, "y": 2}, None]
    )
    path = write(tmp_path / "some.json", [session, 5])
    cleaner, rejects = cleaned(path)
    (line,) = lines(cleaner, "worktree")
    assert (line["id"], line["created_at"], line["winner_id"]) == ("a", "1970-01-01 00:00:00.000000", 2)
    assert (line[PACKED], line[ORIGIN]) == ({"more": {"x": 1}}, str(path))
    assert [row[PACKED] for row in line["instances"]] == [{"y": 2}]
    assert rejects == [(str(path), 1, "a record is a JSON object, and this is the number 5", b"5")]
    told = cleaner.cleaned["worktree"]
    assert (told.records, told.largest) == (1, told.path.stat().st_size)


def test_several_files_and_kinds(tmp_path: Path) -> None:
    one = write(tmp_path / "one.json", [codegen(1), worktree("a"), codegen(2)])
    two = write(tmp_path / "two.json", [codegen(1), codegen(3)])
    cleaner, _ = cleaned(one)
    cleaner.clean(str(two))
    assert [(line["id"], Path(line[ORIGIN]).name) for line in lines(cleaner, "codegen")] == [
        (1, "one.json"),
        (2, "one.json"),
        (1, "two.json"),
        (3, "two.json"),
    ]
    assert [line["id"] for line in lines(cleaner, "worktree")] == ["a"]
    assert cleaner.superseded == []


def test_kind_given(tmp_path: Path) -> None:
    path = write(tmp_path / "some.json", [{"session_id": "x"}, codegen(1)])
    cleaner, rejects = cleaned(path, "conversation")
    assert list(cleaner.cleaned) == ["conversation"]
    assert [reject[1] for reject in rejects] == [1]


def test_not_read_whole_where_records_have_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a document whose records say nothing of themselves waits for its end, and that up to a limit."""
    states = [workflow(str(number)) for number in range(10)]
    waited: list[int] = []

    def adopt(_: Cleaner, __: str, waiting: list[Any]) -> list[Any]:
        waited.append(len(waiting))
        return waiting

    monkeypatch.setattr(Cleaner, "_adopt", adopt)
    cleaned(write(tmp_path / "ids.json", states))
    assert waited == []
    for state in states:
        del state["thread_id"]
    cleaned(write(tmp_path / "none.json", states))
    assert waited == [10]
    monkeypatch.setattr(clean, "_MOST_TO_ADOPT", 100)
    _, rejects = cleaned(write(tmp_path / "none.json", states))
    assert waited == [10]
    assert len(rejects) == 10


@pytest.mark.parametrize("fault", ["type", "quote", "tail"])
def test_memory_stays_small(tmp_path: Path, fault: str) -> None:
    """A large file is never in memory as a whole, whatever is wrong with a record of it."""
    path = tmp_path / "large.json"
    with path.open("w") as file:
        for number in range(120):
            text = json.dumps(codegen(number, code="x = {'a': [1]}\n" * 8000))
            if number == 3:
                text = {
                    "type": text.replace('"goal 3"', "3"),
                    "quote": text.replace('"', "", 1),
                    "tail": text,
                }[fault]
            file.write(("," if number else "[") + text)
        file.write("] tail" if fault == "tail" else "]")
    tracemalloc.start()
    cleaner, rejects = cleaned(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 14 << 20
    assert peak < 9 << 20
    assert cleaner.cleaned["codegen"].records == (120 if fault == "tail" else 119)
    assert [reject[1] for reject in rejects] == [120 if fault == "tail" else 3]
