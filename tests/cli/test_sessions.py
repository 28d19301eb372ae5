"""Commands that look at sessions one by one, side by side, and one after another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sessionlab import Lab
from sessionlab.cli import cli

CHAINED = [
    {
        "id": number,
        "design_goal": goal,
        "parent_session_id": parent,
        "created_at": "2026-01-01T00:00:00Z",
        "iterations": [{"id": number * 10 + place, "code": code, "errors": []} for place, code in enumerate(codes)],
    }
    for number, goal, parent, codes in (
        (1, "sort a list", None, ["a = 1\n", "a = 2\n"]),
        (2, "sort a list fast", 1, ["a = 3\n"]),
        (3, "sort " + "very " * 50 + "fast", 2, ["a = 3\nb = 4\n"]),
    )
]


@pytest.fixture(scope="module")
def lab_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the path of a lab with a chain of three sessions, and another source with one of the same id."""
    folder = tmp_path_factory.mktemp("sessions")
    (folder / "runs.json").write_text(json.dumps(CHAINED))
    (folder / "more.json").write_text(json.dumps([{"thread_id": "2", "user_prompt": "p", "tests_passed": False}]))
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "runs.json")
        lab.load(folder / "more.json")
    return str(folder / "lab.duckdb")


def run(lab_path: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--lab", lab_path])


def test_a_history(lab_path: str) -> None:
    text = run(lab_path, "history", "1").stdout
    assert text.startswith("codegen session 1 of runs\n")
    assert "attempt 2" in text
    assert "+a = 2" in text


def test_a_history_for_a_program(lab_path: str) -> None:
    told = json.loads(run(lab_path, "history", "1", "--json").stdout)
    assert told["session"]["goal"] == "sort a list"
    assert [event["what"] for event in told["events"]][:3] == ["started", "attempt", "attempt"]
    second = told["events"][2]
    assert (second["attempt"], second["code"]) == (2, "a = 2\n")
    assert "-a = 1\n+a = 2" in second["change"]
    assert "change" not in told["events"][1]


def test_which_of_two(lab_path: str) -> None:
    assert re.search(r"2 sessions have the id '2'.*more, runs", str(run(lab_path, "history", "2").exception))
    assert run(lab_path, "history", "2", "--source", "more").stdout.startswith("workflow session 2 of more\n")
    assert run(lab_path, "history", "2", "--kind", "codegen").stdout.startswith("codegen session 2 of runs\n")
    assert "There is no session '9'" in str(run(lab_path, "history", "9").exception)


def test_a_comparison(lab_path: str) -> None:
    text = run(lab_path, "compare", "source = 'runs'", "source = 'more'").stdout
    assert "a: source = 'runs'" in text
    assert "100.0 %" in text
    told = json.loads(run(lab_path, "compare", "source = 'runs'", "source = 'more'", "--json").stdout)
    assert (told["a"]["sessions"], told["a"]["rate"], told["b"]["rate"]) == (3, 1.0, 0.0)
    assert told["a"]["interval"][1] == 1.0
    assert told["difference"]["value"] == 1.0
    assert told["verdict"].split(":")[0] in text


def test_a_comparison_of_pairs(lab_path: str) -> None:
    told = json.loads(run(lab_path, "compare", "session_id = '1'", "source = 'more'", "--on", "kind", "--json").stdout)
    assert told["pairs"]["on"] == ["kind"]
    assert told["pairs"]["count"] == 0
    assert "Nothing to compare" in told["verdict"]
    assert "goal" in str(run(lab_path, "compare", "attempts = 1", "attempts = 2", "--on", "gaol").exception)


def test_chains(lab_path: str) -> None:
    text = run(lab_path, "chains").stdout
    assert "sort a list fast" in text
    assert "very …" in text
    rows = json.loads(run(lab_path, "chains", "--json").stdout)
    assert [(row["session_id"], row["root"], row["depth"]) for row in rows] == [
        ("1", "1", 0),
        ("2", "1", 1),
        ("3", "1", 2),
    ]
    assert rows[2]["goal"] == CHAINED[2]["design_goal"]


def test_chains_by_depth_and_by_change(lab_path: str) -> None:
    rows = json.loads(run(lab_path, "chains", "--show", "depth", "--json").stdout)
    assert [(row["depth"], row["sessions"]) for row in rows] == [(0, 1), (1, 1), (2, 1)]
    rows = json.loads(run(lab_path, "chains", "--show", "changes", "--json").stdout)
    assert (rows[0]["session_id"], rows[0]["goal_similarity"], rows[0]["lines_added"]) == ("2", 0.75, 1)
    assert "goal_similarity" in run(lab_path, "chains", "--show", "changes").stdout


def test_what_one_session_changed(lab_path: str) -> None:
    text = run(lab_path, "chains", "--diff", "2", "--source", "runs").stdout
    assert text.startswith("session 2 after 1, of runs\n")
    assert "-a = 2\n+a = 3" in text
    told = json.loads(run(lab_path, "chains", "--diff", "2", "--kind", "codegen", "--json").stdout)
    assert (told["session_id"], told["parent"]) == ("2", "1")
    assert "has no parent" in str(run(lab_path, "chains", "--diff", "1").exception)
    assert run(lab_path, "chains", "--source", "runs").exit_code == 2


@pytest.mark.parametrize("command", [("history", "1"), ("compare", "a", "b"), ("chains",)])
def test_no_lab(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "There is no lab" in str(run(str(tmp_path / "none.duckdb"), *command).exception)
