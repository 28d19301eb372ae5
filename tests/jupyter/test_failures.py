"""Errors as a notebook shows them; the kernel's own part is tested with the notebooks."""

from __future__ import annotations

import pdb
import traceback
from types import TracebackType
from typing import Any

import pytest


def shown(shell: Any, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    shell.run_cell(cell)
    return capsys.readouterr().out


def test_an_error_of_ours_is_short(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(shell, "x = 1\nlab.metrics.success_rate(by='topc')", capsys)
    first, second, *more = text.strip().splitlines()
    assert first.startswith("QueryError: Sessions have no column 'topc'. Did you mean 'topic'?")
    assert "line 2: lab.metrics.success_rate(by='topc')" in second
    assert more == []


def test_the_traceback_is_still_to_be_had(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown(shell, "%success_rate by=topc", capsys)
    whole = shown(shell, "%tb", capsys)
    assert "session_column" in whole
    assert "QueryError" in whole


def test_the_debugger_takes_the_last_error(
    shell: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Any] = []
    monkeypatch.setattr(pdb, "post_mortem", looked_at.append)
    shown(shell, "1 / 0", capsys)
    shown(shell, "%success_rate by=topc", capsys)
    pdb.pm()
    (found,) = looked_at
    trace = found if isinstance(found, TracebackType) else found.__traceback__
    assert "session_column" in [frame.name for frame in traceback.extract_tb(trace)]


def test_a_huge_message_is_cut(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(shell, "from sessionlab import SourceError\nraise SourceError('x' * 100_000)", capsys)
    assert 3_000 < len(text) < 6_000


def test_other_errors_are_as_ever(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Traceback (most recent call last)" in shown(shell, "1 / 0", capsys)


def test_unloaded_it_shows_errors_as_ever(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("unload_ext", "sessionlab")
    assert "Traceback (most recent call last)" in shown(shell, "lab.sql('SELEC 1')", capsys)
