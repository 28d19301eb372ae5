"""The command line, run in this process: a process of its own takes half a second to start."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sessionlab.cli import main


class Done(NamedTuple):
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``sessionlab`` in an empty folder; ``answer`` is what is typed."""
    monkeypatch.chdir(tmp_path)

    def sessionlab(*words: str, answer: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["sessionlab", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        return Done(int(left.value.code or 0), *capsys.readouterr())

    return sessionlab
