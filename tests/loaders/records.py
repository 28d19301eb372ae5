"""Small JSON records and files of them for the tests of the JSON loader."""

from __future__ import annotations

import atexit
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sessionlab import Lab, LoadReport
from sessionlab.kinds import KINDS
from sessionlab.loaders.groups import Scan
from sessionlab.loaders.scan import scan
from sessionlab.loaders.scratch import Scratch

Record = dict[str, Any]


def codegen(number: int, **more: Any) -> Record:
    """Give a codegen session."""
    return {"id": number, "design_goal": f"goal {number}", **more}


def workflow(name: str, **more: Any) -> Record:
    """Give a workflow state."""
    return {"thread_id": name, "user_prompt": f"prompt {name}", **more}


def conversation(name: str, **more: Any) -> Record:
    """Give a conversation."""
    return {"session_id": name, "start_time": "2025-01-01T00:00:00Z", **more}


def worktree(name: str, **more: Any) -> Record:
    """Give a worktree session."""
    return {"id": name, "task": f"task {name}", **more}


def write(path: Path, content: Any) -> Path:
    """Write bytes and texts as they are, and anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@dataclass(frozen=True)
class Loaded:
    """A lab with one load in it."""

    lab: Lab
    report: LoadReport

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Answer a query."""
        return list(self.lab.sql(query).fetchall())

    @property
    def ids(self) -> list[str]:
        """The sessions in the lab."""
        return [name for (name,) in self.rows("SELECT session_id FROM sessions ORDER BY length(session_id), 1")]

    @property
    def rejects(self) -> list[tuple[Any, ...]]:
        """What was set aside: file name, record, reason and raw text."""
        return self.rows("SELECT parse_filename(file), record, reason, raw FROM rejects ORDER BY ALL")


def looked_through(paths: list[str], kind: str | None = None) -> Scan:
    """Look through files; the groups are all that were given away."""
    found = Scan(KINDS[kind] if kind else None)
    with Scratch() as scratch:
        found.groups = list(scan(paths, scratch, found))
    return found


@contextmanager
def loaded(path: Path | str, **options: Any) -> Iterator[Loaded]:
    """Load something into an empty lab in memory."""
    with empty_lab() as lab:
        yield Loaded(lab, lab.load(path, **options))


@contextmanager
def empty_lab() -> Iterator[Lab]:
    """Lend an empty lab in memory: the same one each time, as making one takes as long as a load."""
    lab = _lab()
    try:
        yield lab
    finally:
        for (source,) in lab.sql("SELECT source FROM sources").fetchall():
            lab.forget(source)


@cache
def _lab() -> Lab:
    lab = Lab()
    atexit.register(lab.close)
    return lab
