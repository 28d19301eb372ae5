"""The commands that bring worktree sessions from JSON files to a store and back, as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sessionlab import StoreError, open_store
from sessionlab.cli import cli
from tests.stores.worktrees import session, small

HERE, NAME, OTHER = "/nowhere/project", "7a029fd580dc2159.json", "0123456789abcdef.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sessions"
    folder.mkdir()
    given: list[Any] = [session(1), session(2, status="weird"), small(3, status="round_1")]
    (folder / NAME).write_text(json.dumps(given), encoding="utf-8")
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["store", *arguments])


def test_there_and_back(folder: Path, tmp_path: Path) -> None:
    done = run("import-json", "sessions", "--to", "sqlite:///s.db", "--workspace", HERE, "--json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["migrated"], report["failed"], report["unknown"]) == (0, 2, 1, [])
    assert [note["session_id"] for note in report["errors"]] == ["session-2"]
    with open_store("worktree", tmp_path / "s.db") as store:
        assert store.get_workspaces()[0]["path"] == HERE
    assert run("export-json", "back", "--from", "s.db").exit_code == 0
    given, back = (json.loads((tmp_path / where / NAME).read_text(encoding="utf-8")) for where in ("sessions", "back"))
    assert sorted(given, key=str) == sorted(back, key=str)
    again = run("export-json", "back", "--from", "s.db")
    assert isinstance(again.exception, StoreError)
    assert run("export-json", "back", "--from", "s.db", "--overwrite", "--workspace", HERE).exit_code == 0


def test_a_dry_run_makes_no_file(folder: Path, tmp_path: Path) -> None:
    done = run("import-json", "sessions", "--to", "sqlite:///s.db", "--dry-run")
    assert done.exit_code == 0
    assert "nothing was changed" in done.stdout
    assert NAME in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["sessions"]
    assert run("import-json", "sessions", "--to", "s.db").exit_code == 0
    done = run("import-json", "sessions", "--to", "s.db", "--dry-run", "--json")
    assert json.loads(done.stdout)["skipped"] == 2


def test_differences_make_the_exit_code(folder: Path) -> None:
    (folder / NAME).write_text(json.dumps([session(1), small(3)]), encoding="utf-8")
    run("import-json", "sessions", "--to", "s.db")
    done = run("compare", "sessions", "--to", "s.db", "--json")
    assert (done.exit_code, json.loads(done.stdout)["equal"]) == (0, 2)
    (folder / NAME).write_text(json.dumps([session(1, model="other"), small(3)]), encoding="utf-8")
    done = run("compare", "sessions", "--to", "s.db", "--json")
    (difference,) = json.loads(done.stdout)["differences"]
    assert (difference["field"], difference["first"], difference["second"]) == ("model", "'other'", "'model-1'")
    assert done.exit_code == 1
    assert str(done.exception).startswith("1 difference, the first: model of session session-1 of 7a029fd580dc2159")


def test_a_file_that_cannot_be_read_fails_the_command_after_the_others(folder: Path) -> None:
    (folder / OTHER).write_text("[", encoding="utf-8")
    done = run("import-json", "sessions", "--to", "s.db", "--json")
    assert json.loads(done.stdout)["migrated"] == 2
    assert isinstance(done.exception, StoreError)
    assert str(done.exception).startswith(f"1 file could not be read: {OTHER}: ")


@pytest.mark.usefixtures("folder")
def test_an_id_with_half_a_character_is_shown(tmp_path: Path) -> None:
    """And the report of what was done is not lost for it."""
    (tmp_path / "sessions" / OTHER).write_text('[{"id": "cut \\ud83d"}]', encoding="utf-8")
    command = [sys.executable, "-m", "sessionlab", "store"]

    def printed(*words: str) -> tuple[int, str]:
        done = subprocess.run([*command, *words], capture_output=True, check=False, cwd=tmp_path)
        return done.returncode, done.stdout.decode()

    code, text = printed("import-json", "sessions", "--to", "s.db")
    assert code == 0
    assert "cut \\ud83d" in text
    assert "migrated" in text
    code, text = printed("compare", "sessions", "--to", "s.db")
    assert code == 1
    assert "cut \\ud83d of 0123456789abcdef is only in the first store" in "".join(text.split("\n"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import-json", "nowhere", "--to", "s.db"], "There is no folder "),
        (["import-json", "sessions", "--to", "no/s.db", "--dry-run"], "There is no folder to keep the store no/s.db"),
        (["export-json", "back", "--from", "s.db"], "There is no store s.db. Make one with: sessionlab store import"),
        (["compare", "sessions", "--to", "s.db"], "There is no store s.db."),
        (["compare", "nowhere", "--to", "s.db"], "There is no folder nowhere."),
    ],
)
def test_what_is_not_there(folder: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 1
    assert str(done.exception).startswith(message)
    assert not (tmp_path / "back").exists()
