"""The pass over files that writes nothing: groups to read straight, and files for a closer look."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab.loaders import groups as grouping
from sessionlab.loaders import scan as scanning
from sessionlab.loaders.forms import how_to_read
from sessionlab.loaders.groups import Scan
from sessionlab.loaders.quick import Quick
from sessionlab.loaders.scan import listed, scan
from sessionlab.loaders.scratch import Scratch
from tests.loaders.records import codegen, conversation, loaded, looked_through, worktree, write


def scanned(folder: Path, *contents: Any, kind: str | None = None) -> Scan:
    paths = [str(write(folder / f"{number}.json", content)) for number, content in enumerate(contents)]
    return looked_through(paths, kind)


def groups(found: Scan) -> list[tuple[str, str, str, list[str], int]]:
    return [
        (group.kind.name, group.form.name, group.packing, [Path(path).stem for path in group.paths], group.records)
        for group in found.groups
    ]


def test_groups(tmp_path: Path) -> None:
    lines = json.dumps(codegen(3)) + "\n" + json.dumps(codegen(4)) + "\n"
    found = scanned(tmp_path, [codegen(1)], [codegen(2), codegen(5)], lines, [worktree("a")], [], [codegen("x")])  # type: ignore[arg-type]
    assert sorted(groups(found)) == [
        ("codegen", "ARRAY", "none", ["0", "1"], 3),
        ("codegen", "LINES", "none", ["2"], 2),
        ("worktree", "ARRAY", "none", ["3"], 1),
    ]
    assert [Path(path).stem for path in found.empty] == ["4"]
    assert [Path(path).stem for path in found.closer] == ["5"]


def test_mixed_kinds_in_a_file_want_a_closer_look(tmp_path: Path) -> None:
    assert len(scanned(tmp_path, [codegen(1), worktree("a")]).closer) == 1


def test_files_that_do_not_go_together_get_a_group_each(tmp_path: Path) -> None:
    chat = [{"role": "user"}]
    found = scanned(
        tmp_path,
        [worktree("a", chatHistory=chat)],
        [worktree("b", chat_history=chat)],
        [worktree("c", Plan=1)],
        [worktree("d", plan=1)],
        [worktree("e", chat_history=chat, Plan=1)],
    )
    assert [stems for *_, stems, _ in groups(found)] == [["0", "2"], ["1", "3"], ["4"]]
    with loaded(tmp_path, strict=True) as lab:
        assert lab.ids == ["a", "b", "c", "d", "e"]
        assert lab.rows("SELECT session_id FROM worktree.chat_messages ORDER BY 1") == [("a",), ("b",), ("e",)]
        assert lab.rows("SELECT id FROM worktree.sessions WHERE extra->>'plan' = '1'") == [("d",)]


def test_not_too_many_groups(tmp_path: Path) -> None:
    contents = [[codegen(number, **{f"k{number}x{key}": 1 for key in range(150)})] for number in range(12)]
    found = scanned(tmp_path, *contents)
    assert (len(found.groups), len(found.closer)) == (8, 4)


def test_a_file_that_does_not_fit_leaves_the_group_as_it_was(tmp_path: Path) -> None:
    found = scanned(tmp_path, [codegen(1, plan=1)], [codegen(2, PLAN=1), codegen(3, Plan=2)], [codegen(4, plan=2)])
    assert groups(found) == [("codegen", "ARRAY", "none", ["0", "2"], 2)]
    assert [Path(path).stem for path in found.closer] == ["1"]


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ('{"a": 1.5, "b": "NaN"}', False),
        ('{"a": 1.5, "b": ": inf, [nan]"}', False),
        ('{"a": 1.5, "b": "more: info"}', False),
        (r'{"a": 1.5, "b": "\": NaN, "}', False),
        ('{"a": "x, }"}', False),
        ('{"a": 1e10}', False),
        ('{"a": ["1e999", 1.5]}', False),
        ('{"a": [1.5, NaN]}', True),
        ('{"a": -Infinity}', True),
        ('{"a": inf}', True),
        ('{"a": 1e999}', True),
        ('{"a": "x", }', True),
        ('{"a": [1,\n ]}', True),
    ],
)
def test_odd_records(tmp_path: Path, text: str, odd: bool) -> None:
    session = '{"session_id": "a", "start_time": "2025-01-01", "metadata": %s}' % text  # noqa: UP031
    assert bool(scanned(tmp_path, f"[{session}]").closer) is odd


def test_kind_given(tmp_path: Path) -> None:
    content = [{"session_id": "a"}]
    assert len(scanned(tmp_path, content).closer) == 1
    assert groups(scanned(tmp_path, content, kind="conversation"))[0][0] == "conversation"


def test_broken_files_among_sound_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_BATCH", 7)
    contents = [f"[{json.dumps(codegen(number))}{'x' if number in (3, 4, 19) else ''}]" for number in range(20)]
    found = scanned(tmp_path, *contents)
    assert sorted(int(Path(path).stem) for path in found.closer) == [3, 4, 19]
    assert sum(group.records for group in found.groups) == 17


def test_listed() -> None:
    assert listed(["/a/it's.json", "/a[1]/b*?.json"]) == "'/a/it''s.json', '/a[[]1]/b[*][?].json'"


def test_deep_nesting_does_not_break_what_is_beside_it(tmp_path: Path) -> None:
    """DuckDB shuts a database down over it."""
    deep = {"a": json.loads("[" * 300 + "]" * 300)}
    found = scanned(tmp_path, [conversation("a", metadata=deep)], [conversation("b")])
    assert [Path(path).stem for path in found.closer] == ["0"]
    assert groups(found)[0][3] == ["1"]


def test_groups_are_given_away_once_they_are_worth_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is small, so that the reading begins soon, and each next one larger, so that few are left half full."""
    size = len(json.dumps([codegen(10)]))
    monkeypatch.setattr(grouping, "_FIRST", 2 * size)
    monkeypatch.setattr(grouping, "_GROWTH", 3)
    found = scanned(tmp_path, *([codegen(number)] for number in range(10, 20)))
    assert [stems for *_, stems, _ in groups(found)] == [["0", "1"], ["2", "3", "4", "5", "6", "7"], ["8", "9"]]
    with loaded(tmp_path, strict=True) as lab:
        assert lab.ids == [str(number) for number in range(10, 20)]
        assert [rows for (rows,) in lab.rows("SELECT rows FROM files")] == [1] * 10


def test_stopped_between_two_files(tmp_path: Path) -> None:
    paths = [str(write(tmp_path / f"{number}.json", [codegen(number)])) for number in range(3)]
    with Scratch() as scratch:
        groups = scan(paths, scratch, Scan())
        scratch.stop()
        with pytest.raises(duckdb.InterruptException):
            next(groups)


def test_a_file_that_vanishes_during_the_pass_is_looked_at_more_closely(tmp_path: Path) -> None:
    """Which says what is wrong with it, and stops nobody."""
    paths = [str(write(tmp_path / f"{number}.json", [codegen(number)])) for number in range(3)]
    found = Scan()

    def vanishing() -> Iterator[str]:
        for path in paths:
            yield path
            (tmp_path / "1.json").unlink(missing_ok=True)

    with Scratch() as scratch:
        groups = list(scan(list(vanishing()), scratch, found))
    assert [Path(path).stem for path in found.closer] == ["1"]
    assert [Path(path).stem for group in groups for path in group.paths] == ["0", "2"]


def test_a_file_that_vanishes_between_two_looks_at_it(tmp_path: Path) -> None:
    path = write(tmp_path / "0.json", [codegen(0)])
    how = how_to_read(str(path))
    assert how is not None
    path.unlink()
    assert Quick().look(str(path), *how) is None


def test_stopped_within_a_packed_file(tmp_path: Path) -> None:
    """It is read through to be checked, which may take long."""
    path = tmp_path / "large.json.gz"
    path.write_bytes(gzip.compress(b"[" + b" " * (1 << 22) + json.dumps(codegen(1)).encode() + b"]"))
    asked: list[None] = []
    assert how_to_read(str(path), lambda: asked.append(None)) is not None
    assert len(asked) == 4
