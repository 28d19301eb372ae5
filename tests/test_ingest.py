from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from sessionlab import LabError, SourceError
from sessionlab.ingest import Load, name_for, run
from sessionlab.loaders import Outcome, Target
from sessionlab.loaders.target import Stumbled
from sessionlab.storage import MemoryStorage, Writer


@dataclass
class Made:
    """A source that does what it is told, once a try."""

    does: list[BaseException | int] = field(default_factory=list)
    uri: str = "made:up"
    name: str = "made"
    tries: int = 0

    def ahead(self) -> AbstractContextManager[None]:
        return nullcontext()

    def fingerprint(self) -> str | None:
        return "1"

    def load(self, target: Target) -> Outcome:
        self.tries += 1
        todo = self.does.pop(0) if len(self.does) > 1 else self.does[0]
        if isinstance(todo, BaseException):
            target.execute(
                "INSERT INTO codegen.session (source, id, design_goal) VALUES (?, 99, 'half')", [target.source]
            )
            raise todo
        for number in range(todo):
            target.execute(
                "INSERT INTO codegen.session (source, id, design_goal) VALUES (?, ?, 'whole')", [target.source, number]
            )
        return Outcome(kinds={"codegen"})


def stumbled(cause: BaseException | None = None) -> Stumbled:
    error = Stumbled("again")
    error.__cause__ = cause
    return error


@pytest.fixture
def writer() -> Iterator[Writer]:
    with MemoryStorage({}, 1).writing(lambda _: None) as writer:
        yield writer


def test_a_source_that_stumbles_begins_anew(writer: Writer) -> None:
    report = run(Load(Made([stumbled(), stumbled(), 3]), "made"), writer)
    assert report.sessions == 3
    found = writer.connection.execute("SELECT DISTINCT design_goal FROM codegen.session").fetchall()
    assert found == [("whole",)]


def test_a_source_that_always_stumbles_is_given_up(writer: Writer) -> None:
    source = Made([stumbled(duckdb.IOException("no end"))])
    with pytest.raises(SourceError, match=r"made:up could not be loaded in \d+ tries: no end"):
        run(Load(source, "made"), writer)
    assert source.tries > 5


@pytest.mark.parametrize("wrapped", [True, False])
def test_too_little_memory_says_what_to_do(writer: Writer, wrapped: bool) -> None:
    small = duckdb.OutOfMemoryException("Out of Memory Error: 5MB used")
    source = Made([stumbled(small) if wrapped else small])
    with pytest.raises(LabError, match=r"too little memory.*5MB used.*memory_limit="):
        run(Load(source, "made"), writer)
    assert source.tries == 1


def test_nothing_is_left_in_the_scratch_folder(writer: Writer) -> None:
    run(Load(Made([2]), "made"), writer)
    assert list(Path(writer.folder).iterdir()) == []


def test_a_name_with_a_sign_grows_until_it_is_free() -> None:
    sign = hashlib.sha256(b"made:up").hexdigest()
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE sources (source VARCHAR, uri VARCHAR)")
        names = []
        for number in range(3):
            names.append(name_for(connection, Made(), None))
            connection.execute("INSERT INTO sources VALUES (?, ?)", [names[-1], f"other {number}"])
    assert names == ["made", f"made-{sign[:4]}", f"made-{sign[:5]}"]
