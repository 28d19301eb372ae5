"""Tables on a narrow terminal: nothing is left out, and no line is too long."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from sessionlab import Lab
from sessionlab.cli.tables import Cells, cells_of, show, split, tables

HEADS = ("topic", "sessions", "rate", "attempts_median", "problem_attempts_mean", "duration_median_s")
ROWS = (("dynamic programming", 12, 0.123456, 2.5, None, 3.0), (None, 7, 0.5, 1.0, 1.25, 1e9))


def asked(query: str) -> duckdb.DuckDBPyRelation:
    relation = duckdb.sql(query)
    assert relation is not None
    return relation


def drawn(cells: Cells, width: int, *, keys: int = 0, blocks: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        for table in tables(cells, width, keys=keys, blocks=blocks):
            console.print(table)
    return capture.get()


def whole(text: str) -> str:
    """Give what stands in the cells, with what goes on in a next line put together."""
    return "".join("".join(text.split("│")).split())


def test_words() -> None:
    cells = cells_of(
        ("a", "b", "c", "d", "e"), [(True, datetime(2026, 1, 2, 3, 4, 5), Decimal("1.5"), None, "x\x1b\ny")]
    )
    assert cells.rows == [["true", "2026-01-02 03:04:05", "1.5", "NULL", "x\\x1b\\ny"]]
    assert cells.numbers == [False, False, True, True, False]


def test_a_text_is_never_cut() -> None:
    text = "/a/very/long/path" * 40
    assert text in whole(drawn(cells_of(("n", "uri"), [(None, text)]), 80)).replace("NULL", "")


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_too_long_and_nothing_is_left_out(width: int, blocks: bool) -> None:
    text = drawn(cells_of(HEADS, ROWS), width, blocks=blocks)
    assert max(map(len, text.splitlines())) <= width
    for word in (*HEADS, "0.1235", "1000000000", "1.25", "NULL"):
        assert word in text
    assert "dynamicprogramming" in whole(text)


def test_a_table_that_fits_is_one() -> None:
    assert (
        drawn(cells_of(HEADS, ROWS), 200).count("┌") == drawn(cells_of(HEADS, ROWS), 200, blocks=True).count("┌") == 1
    )


def test_what_tells_rows_apart_is_repeated() -> None:
    cells = cells_of(HEADS, ROWS)
    assert list(split(cells, 80)) == [[0, 1, 2, 3], [0, 4, 5]]
    assert list(split(cells, 80, keys=2)) == [[0, 1, 2, 3], [0, 1, 4, 5]]
    assert drawn(cells, 80).count("dynamic programming") == 2
    assert list(split(cells_of(HEADS[1:], [row[1:] for row in ROWS]), 60)) == [[0, 1, 2], [3, 4]]


def test_a_screen_that_is_far_too_narrow_has_all_columns() -> None:
    assert list(split(cells_of(HEADS, ROWS), 10)) == [[0, place] for place in range(1, 6)]


def test_row_after_row() -> None:
    text = drawn(cells_of(HEADS, ROWS), 80, blocks=True)
    assert text.count("problem_attempts_mean") == len(ROWS)
    assert len(text.splitlines()) == len(ROWS) * len(HEADS) + len(ROWS) + 1


def test_nothing_and_very_much(capsys: pytest.CaptureFixture[str]) -> None:
    show(asked("SELECT 1 AS a WHERE false"))
    assert capsys.readouterr().out.endswith("\nno rows\n")
    show(asked("SELECT range AS a FROM range(201)"))
    out = capsys.readouterr().out
    assert out.endswith("\nthe first 200 rows; --json gives all\n")
    assert "│ 199 │" in out
    assert "│ 200 │" not in out
    show(asked("SELECT range AS a FROM range(201)"), as_json=True)
    assert len(json.loads(capsys.readouterr().out)) == 201


def on_a_terminal(*arguments: str, columns: int = 80) -> str:
    """Run ``sessionlab`` on a terminal of some width."""
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "sessionlab", *arguments]
    with subprocess.Popen(command, stdin=writer, stdout=writer, env=environment | {"TERM": "dumb"}):
        os.close(writer)
        parts = []
        with suppress(OSError):  # so it ends: the other end is closed
            while part := os.read(reader, 65536):
                parts.append(part)
        os.close(reader)
    return b"".join(parts).decode()


@pytest.fixture(scope="module")
def lab_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the path of a lab with a source that has a long address and rejects."""
    folder = tmp_path_factory.mktemp("a_folder_with_quite_a_long_name_" * 3)
    records = [{"thread_id": "a", "user_prompt": "p", "topic": "arrays"}, {"thread_id": "b", "user_prompt": 3}]
    (folder / "w.json").write_text(json.dumps(records))
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "w.json")
    return str(folder / "lab.duckdb")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sources",), ("uri", "w.json", "loaded_at", "session_states", "rejected", "superseded", "duration_s")),
        (("rejects",), ("record", "w.json", "user_prompt", "needed")),
        (("stats", "summary", "--by", "topic"), ("arrays", "judged", "high", "attempts_mean", "duration_median_s")),
    ],
)
def test_eighty_columns_show_all(lab_path: str, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    text = on_a_terminal(*arguments, "--lab", lab_path)
    assert max(map(len, text.splitlines())) <= 80
    for word in words:
        assert "".join(word.split()) in whole(text), word
    assert "…" not in text


def test_a_pipe_gets_whole_lines(lab_path: str) -> None:
    command = [sys.executable, "-m", "sessionlab", "sources", "--lab", lab_path]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert str(Path(lab_path).with_name("w.json")) in text
    assert len(text.splitlines()) == 5
