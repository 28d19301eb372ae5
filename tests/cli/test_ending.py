"""How a command ends that cannot go on: in one line, or quietly, and never with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sessionlab import Lab
from tests.cli.conftest import Done, Run
from tests.labs import write_json


@pytest.fixture(scope="module")
def lab_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the path of a lab with two sessions, whose goals are no numbers."""
    folder = tmp_path_factory.mktemp("ending")
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(write_json(folder / "runs.json", [1, 2]))
    return str(folder / "lab.duckdb")


def ended(lab_path: str, *words: str, after: str = "", encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    """Run ``sessionlab`` in a shell that does something with its output."""
    environment = os.environ | {"SESSIONLAB_LAB": lab_path, "PYTHONIOENCODING": encoding}
    script = f'set -o pipefail; "$0" -m sessionlab "$@" {after}'
    return subprocess.run(
        ["bash", "-c", script, sys.executable, *words],
        capture_output=True,
        text=True,
        encoding="latin-1" if encoding == "latin-1" else "utf-8",
        check=False,
        env=environment,
        cwd=Path(lab_path).parent,
    )


NUMBER = "goal::int > 1"


@pytest.mark.parametrize(
    "words",
    [
        ("sql", "SELECT goal::int FROM sessions"),
        ("sql", "SELECT goal::int FROM sessions", "--format", "json"),
        ("stats", "success_rate", "--where", NUMBER),
        ("stats", "success_rate", "--where", NUMBER, "--json"),
        ("stats", "success_rate", "--where", NUMBER, "--chart", "x.svg"),
        ("report", "x.html", "--where", NUMBER),
        ("compare", NUMBER, "model IS NULL"),
    ],
)
def test_a_query_that_fails_while_it_runs_is_one_line(run: Run, lab_path: str, words: tuple[str, ...]) -> None:
    done = run(*words, "--lab", lab_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("sessionlab: Conversion Error: Could not convert string ")
    assert done.err.endswith(" from source column goal. TRY_CAST gives NULL in its place.\n")
    assert done.err.count("\n") == 1


def test_an_error_that_a_query_asks_for_is_one_line(run: Run, lab_path: str) -> None:
    assert run("sql", "SELECT error('boom')", "--lab", lab_path) == Done(
        1, "", "sessionlab: Invalid Input Error: boom\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("stats", "success_rate", "--chart", "no/x.svg"),
            "Cannot write the chart to no/x.svg: No such file or directory. Make the folder no first.",
        ),
        (("demo", "--write", "/proc/x"), "/proc/x cannot be used: No such file or directory. Name another place."),
    ],
)
def test_a_place_that_cannot_be_written_is_named(lab_path: str, words: tuple[str, ...], says: str) -> None:
    done = ended(lab_path, *words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"sessionlab: {says}\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(lab_path: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = ended(lab_path, "stats", "success_rate", "--chart", str(tmp_path / "x.svg"))
    assert done.stderr.endswith("x.svg cannot be used: Permission denied. Name a place that you may write to.\n")


WORDS = (
    ("sources",),
    ("sources", "--json"),
    ("sql", "FROM sessions"),
    ("sql", "FROM range(200000)", "--format", "csv"),
    ("sql", "FROM sessions", "--format", "csv"),
    ("--help",),
)


@pytest.mark.parametrize("words", WORDS)
def test_a_full_disk_is_one_line(lab_path: str, words: tuple[str, ...]) -> None:
    done = ended(lab_path, *words, after="> /dev/full")
    says = "sessionlab: The output cannot be written: No space left on device. Send it elsewhere.\n"
    assert (done.returncode, done.stderr) == (1, says)


@pytest.mark.parametrize("words", WORDS)
def test_a_reader_that_has_had_enough_is_no_failure(lab_path: str, words: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "sessionlab", *words]
    environment = os.environ | {"SESSIONLAB_LAB": lab_path}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_leaves_in_the_middle(lab_path: str) -> None:
    done = ended(lab_path, "sql", "FROM range(200000)", "--format", "csv", after="| head -1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "range\n", "")


def test_another_pipe_that_breaks_is_a_failure() -> None:
    code = (
        "from sessionlab.cli import cli, main\n"
        "@cli.command()\n"
        "def send(): raise BrokenPipeError(32, 'Broken pipe')\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "send"], capture_output=True, text=True, check=False)
    says = "sessionlab: A connection was closed at its other end. Try again.\n"
    assert (done.returncode, done.stderr) == (1, says)


def test_nobody_to_print_to(lab_path: str) -> None:
    done = ended(lab_path, "sources", after=">&-")
    assert (done.returncode, done.stderr) == (0, "")
    done = ended(lab_path, "forget", "nobody", after="2>&-")
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("words", "says", "encoding"),
    [
        (("sql", "SELECT 'a → b' AS way FROM sessions LIMIT 1"), "a ? b", "latin-1"),
        (("sql", "SELECT 'a → b' AS way FROM sessions LIMIT 1"), "a ? b", "ascii"),
        (("compare", "session_id = '1'", "session_id = '2'"), "sessions", "ascii"),
        (("history", "1"), "session 1 of runs", "ascii"),
        (("chains",), "no rows", "latin-1"),
        (("serve", "--help"), "SESSIONLAB_TOKEN=", "ascii"),
    ],
)
def test_signs_that_cannot_be_printed_stop_nothing(
    lab_path: str, words: tuple[str, ...], says: str, encoding: str
) -> None:
    done = ended(lab_path, *words, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert says in done.stdout


def test_a_name_that_is_no_text_is_spelled_out(lab_path: str) -> None:
    done = ended(lab_path, "report", "caf\udce9.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("/caf\\udce9.html\n")
