"""What the completer offers where."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from sessionlab import Lab


def offered(shell: Any, text: str, cursor: int | None = None) -> list[str]:
    with provisionalcompleter():
        found = shell.Completer.completions(text, len(text) if cursor is None else cursor)
        return [each.text for each in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("%%sql\nSELECT top", ["topic"]),
        ("%%sql\nFROM sess", ["session_id", "sessions"]),
        ("%sql SELECT diffi", ["difficulty"]),
        ("found = %sql SELECT diffi", ["difficulty"]),
        ("%%sql\nFROM worktree.inst", ["worktree.instances"]),
        ("%%sql\nFROM worktree.chat_messages AS m WHERE m.cont", ["m.content"]),
        ("%%sql\nFROM sessions WHERE attempts > $lea", ["least"]),
        ("%success_rate by=top", ["topic"]),
        ("%success_rate by=topic,mod", ["mode", "model"]),
        ("%success_rate by=topic where=\"diff", ["difficulty"]),
        ("x = %success_rate buc", ["bucket="]),
        ("%timeline bucket=w", ["week"]),
        ("%winners of=ru", ["runtime"]),
        ("%success_rate by=topic --c", ["--chart"]),
    ],
)  # fmt: skip
def test_words_that_fit_and_no_others(shell: Any, text: str, words: list[str]) -> None:
    shell.user_ns["least"] = 3
    assert offered(shell, text) == words


def test_magics_are_offered_by_name(shell: Any) -> None:
    assert "%success_rate" in offered(shell, "%succ")
    assert "%%sql" in offered(shell, "%%sq")


def test_tables_of_the_cell_come_from_below_the_cursor_too(shell: Any) -> None:
    text = "%%sql\nSELECT cont\nFROM messages"
    assert offered(shell, text, text.index("\nFROM")) == ["content"]


def test_metrics_of_a_lab_are_offered(shell: Any) -> None:
    assert ".success_rate" in offered(shell, "lab.metrics.success_r")


@pytest.mark.parametrize("text", ["lab.met", "x = sess", "%time sess"])
def test_python_is_left_alone(shell: Any, text: str) -> None:
    assert "sessions" not in offered(shell, text)


def test_a_closed_lab_does_no_harm(shell: Any) -> None:
    lab = Lab()
    lab.close()
    shell.user_ns["lab"] = lab
    assert "topic" not in offered(shell, "%%sql\nSELECT top")


def test_the_extension_loads_twice_and_goes(shell: Any) -> None:
    shell.run_line_magic("reload_ext", "sessionlab")
    assert offered(shell, "%%sql\nSELECT top") == ["topic"]
    shell.run_line_magic("unload_ext", "sessionlab")
    assert "topic" not in offered(shell, "%%sql\nSELECT top")
