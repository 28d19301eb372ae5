"""Files that look sound and break the reader in the middle of a load, in labs of both sorts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.errors import InvalidRecord, SourceError
from sessionlab.loaders import json as json_loader
from sessionlab.loaders.groups import Group, Scan
from sessionlab.loaders.scan import scan
from sessionlab.loaders.scratch import Scratch
from tests.loaders.records import codegen, looked_through, write

BIG = '{"id": 9, "design_goal": "big", "parent_session_id": 9223372036854775808}'
TWICE = '{"id": 8, "design_goal": "twice", "iterations": [{"id": 1, "code": "x", "code": "y"}]}'


@pytest.fixture(params=["memory", "file"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """A lab with something in it: one in memory, written in one transaction, and one in a file."""
    with Lab(tmp_path / "lab.duckdb" if request.param == "file" else None) as lab:
        lab.load(write(tmp_path / "before.json", codegen(1)))
        yield lab


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sound files, and two that break the reader: one at the first table, one at the second."""
    folder = tmp_path / "folder"
    for number in range(6):
        write(folder / f"good{number}.json", [codegen(number, iterations=[{"id": number, "code": "x"}])])
    write(folder / "big.json", f"[{json.dumps(codegen(10))}, {BIG}, {json.dumps(codegen(11))}]")
    write(folder / "twice.json", f"[{TWICE}, {json.dumps(codegen(12))}]")
    return folder


def test_they_look_sound(folder: Path) -> None:
    """Else what follows would test nothing."""
    assert looked_through([str(folder / "big.json"), str(folder / "twice.json")]).closer == []


def test_stumbling(lab: Lab, folder: Path) -> None:
    report = lab.load(folder)

    assert (report.sessions, report.rejected) == (9, 2)
    assert lab.sql("SELECT parse_filename(file), record, reason, raw FROM rejects ORDER BY ALL").fetchall() == [
        (
            "big.json",
            1,
            "parent_session_id holds the number 9223372036854775808 where a whole number of at most 64 bits is needed",
            BIG,
        ),
        ("twice.json", 0, "iterations[0] has the key 'code' twice", TWICE),
    ]
    assert lab.sql("SELECT source, count(*) FROM sessions GROUP BY ALL ORDER BY ALL").fetchall() == [
        ("before", 1),
        ("folder", 9),
    ]
    assert lab.sql("SELECT count(*) FROM codegen.iteration").fetchall() == [(6,)]
    assert lab.sql("SELECT sum(rows), sum(rejected) FROM files WHERE source = 'folder'").fetchall() == [(9, 2)]
    assert lab.load(folder).rows == report.rows


def test_strict(lab: Lab, folder: Path) -> None:
    with pytest.raises(InvalidRecord, match=r"big\.json, record 1: parent_session_id holds"):
        lab.load(folder, strict=True)
    assert lab.sql("SELECT source FROM sessions").fetchall() == [("before",)]


def test_refresh(lab: Lab, folder: Path) -> None:
    (folder / "big.json").rename(folder.parent / "big.json")
    (folder / "twice.json").unlink()
    lab.load(folder)
    (folder.parent / "big.json").rename(folder / "big.json")
    write(folder.parent / "before.json", codegen(2))

    report = lab.refresh()

    assert (len(report.added), len(report.changed), report.failed) == (1, 1, ())
    ids = lab.sql("SELECT source, session_id FROM sessions ORDER BY source, length(session_id), session_id").fetchall()
    assert ids == [("before", "2"), *(("folder", str(number)) for number in (0, 1, 2, 3, 4, 5, 10, 11))]


def test_reader_that_breaks_for_no_reason_in_the_files(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the disk is full: an error, not a load that begins anew for ever."""

    class Broken:
        def __iter__(self) -> Self:
            return self

        def __next__(self) -> object:
            raise duckdb.IOException("no space left")

    def no_culprit(_: Group, __: Scratch) -> set[str]:
        return set()

    monkeypatch.setattr(json_loader, "inserts", lambda *_: Broken())
    monkeypatch.setattr(json_loader, "_culprits", no_culprit)
    with pytest.raises(SourceError, match="cannot be read: no space left"):
        lab.load(folder)
    assert lab.sql("SELECT source FROM sessions").fetchall() == [("before",)]


def test_file_that_vanishes_after_the_look(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "big.json").unlink()
    (folder / "twice.json").unlink()

    def look_and_remove(paths: Sequence[str], scratch: Scratch, found: Scan) -> Iterator[Group]:
        groups = list(scan(paths, scratch, found))
        (folder / "good3.json").unlink(missing_ok=True)
        yield from groups

    monkeypatch.setattr(json_loader, "scan", look_and_remove)
    report = lab.load(folder)
    assert (report.sessions, report.rejected) == (5, 0)
