"""One session several times: the one updated last stays, with its own nested rows; the others are counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab
from sessionlab.loaders.json import JsonSource
from tests.loaders.records import Record, codegen, conversation, loaded, worktree, write

DAYS = ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z")


def session(at: str | None, mark: str, name: int = 7) -> Record:
    """Give a session with rows three levels deep, all of which say ``mark``."""
    number = name * 10 + int(mark)
    error = {"id": number, "error_message": mark}
    return codegen(name, design_goal=mark, created_at=at, iterations=[{"id": number, "code": mark, "errors": [error]}])


def marks(lab: Lab) -> tuple[list[str], list[str], list[str]]:
    """Give what the rows of the three tables say."""
    columns = {"session": "design_goal", "iteration": "code", "error": "error_message"}
    one, two, three = (
        [mark for (mark,) in lab.sql(f"SELECT {column} FROM codegen.{table} ORDER BY ALL").fetchall()]
        for table, column in columns.items()
    )
    return one, two, three


ALONE = (["1"], ["1"], ["1"])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
@pytest.mark.parametrize("where", ["a file", "lines", "two files", "beside a bad record"])
def test_updated_last_wins(tmp_path: Path, order: tuple[int, int], where: str) -> None:
    records: list[Any] = [session(DAYS[place], str(place)) for place in order]
    if where == "two files":
        for place, record in enumerate(records):
            write(tmp_path / f"{place}.json", [record, codegen(100 + place)])
    elif where == "lines":
        write(tmp_path / "some.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    else:
        write(tmp_path / "some.json", [*records, *([5] if where == "beside a bad record" else [])])
    with loaded(tmp_path) as found:
        one, two, three = marks(found.lab)
        assert ([mark for mark in one if not mark.startswith("goal")], two, three) == ALONE
        assert found.report.superseded == 1
        assert [*found.rows("SELECT kind, session_id FROM superseded")] == [("codegen", "7")]
        assert found.rows("SELECT superseded FROM sources") == [(1,)]
        assert found.rows("SELECT sum(rows) FROM files") == [(found.report.sessions,)]


def test_tie(tmp_path: Path) -> None:
    """Of two as late, the one further down stays; over several files, that of the later path."""
    write(tmp_path / "a.json", [session(DAYS[0], "0"), session(DAYS[0], "1")])
    with loaded(tmp_path) as found:
        assert marks(found.lab) == ALONE
    write(tmp_path / "a.json", [session(DAYS[0], "0")])
    write(tmp_path / "b.json", [session(DAYS[0], "1")])
    with loaded(tmp_path) as found:
        assert marks(found.lab) == ALONE


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_time_beats_none(tmp_path: Path, order: tuple[int, int]) -> None:
    records = [session((None, DAYS[0])[place], str(place)) for place in order]
    with loaded(write(tmp_path / "some.json", records)) as found:
        assert marks(found.lab) == ALONE


def test_times_of_unlike_forms(tmp_path: Path) -> None:
    """They are compared as times, not as texts."""
    times = ["2025-01-01T23:00:00-05:00", "2025-01-02T03:59:59Z", 1735790000, "1735790399000"]
    records = [session(str(at) if isinstance(at, str) else None, str(place)) for place, at in enumerate(times)]
    records[2]["created_at"] = times[2]
    for some in (records, records[::-1]):
        with loaded(write(tmp_path / "some.json", some)) as found:
            assert marks(found.lab)[0] == ["0"]
            assert found.report.superseded == 3


def test_many_times(tmp_path: Path) -> None:
    newest = session("2026-01-01", "1")
    for number in range(5):
        records = [session(f"2025-01-0{number + 1}T00:00:0{second}", "0") for second in range(3)]
        write(tmp_path / f"{number}.json", records + ([newest] if number == 2 else []))
    with loaded(tmp_path) as found:
        assert marks(found.lab) == ALONE
        assert (found.report.sessions, found.report.superseded, found.report.rejected) == (1, 15, 0)


def test_one_id_written_in_two_ways(tmp_path: Path) -> None:
    records = [session(DAYS[0], "0"), {**session(DAYS[1], "1"), "id": 7.0}]
    with loaded(write(tmp_path / "some.json", records)) as found:
        assert marks(found.lab) == ALONE
        assert found.report.superseded == 1


def test_same_id_in_two_kinds_or_sources(tmp_path: Path) -> None:
    """An id tells a session within its kind and its source only."""
    path = write(tmp_path / "some.json", [worktree("a"), conversation("a")])
    with loaded(path) as found:
        assert (found.report.sessions, found.report.superseded) == (2, 0)
        assert found.lab.load(path, name="some").superseded == 0
        other = write(tmp_path / "other.json", [worktree("a")])
        assert found.lab.load(other).superseded == 0
        assert len(found.ids) == 3


def test_chain_over_files_and_kinds_of_reading(tmp_path: Path) -> None:
    """A file read straight and one read closer hold the same session."""
    write(tmp_path / "straight.json", [session(DAYS[1], "1")])
    write(tmp_path / "closer.json", [session(DAYS[0], "0"), 5])
    with loaded(tmp_path) as found:
        assert marks(found.lab) == ALONE
        assert found.rows("SELECT parse_filename(file), parse_filename(winner) FROM superseded") == [
            ("closer.json", "straight.json")
        ]


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: write(path, [codegen(5)])])
def test_refresh_brings_the_loser_back(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Once the winner's file says something else; one that is gone keeps its rows."""
    write(tmp_path / "old.json", [session(DAYS[0], "0")])
    winner = write(tmp_path / "new.json", [session(DAYS[1], "1")])
    with loaded(tmp_path) as found:
        assert marks(found.lab) == ALONE
        change(winner)
        found.lab.refresh()
        expected = ALONE if not winner.exists() else (["0", "goal 5"], ["0"], ["0"])
        assert marks(found.lab) == expected


def test_refresh_with_a_new_winner(tmp_path: Path) -> None:
    write(tmp_path / "old.json", [session(DAYS[0], "0"), codegen(3)])
    with loaded(tmp_path) as found:
        write(tmp_path / "new.json", [session(DAYS[1], "1")])
        found.lab.refresh()
        assert marks(found.lab) == (["1", "goal 3"], ["1"], ["1"])
        assert sorted(found.rows("SELECT parse_filename(path), rows FROM files")) == [("new.json", 1), ("old.json", 1)]


def test_name_is_stable() -> None:
    assert JsonSource("/a/b/sessions").name == "sessions"
    assert JsonSource("/a/b/*.json").name == "b"
    assert JsonSource("/a/b/c.json.gz").name == "c"
    assert JsonSource("/*").name == "files"
