"""The command that hands out the notebooks."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

NAMES = {path.name for path in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb")}


def run(folder: Path, *arguments: str, block: str = "pass") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {block}; from sessionlab.cli import main; main()"
    command = [sys.executable, "-c", code, "notebook", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, stdin=subprocess.DEVNULL)


def test_notebooks_are_copied_once(tmp_path: Path) -> None:
    done = run(tmp_path, "lessons", "--copy-only")
    assert done.returncode == 0
    assert {path.name for path in (tmp_path / "lessons").iterdir()} == NAMES
    mine = tmp_path / "lessons" / "02_sql.ipynb"
    mine.write_text("mine")
    assert "02_sql.ipynb is there already" in run(tmp_path, "lessons", "--copy-only").stdout
    assert mine.read_text() == "mine"


def test_jupyterlab_is_started_with_the_options(tmp_path: Path) -> None:
    done = run(tmp_path, "lessons", "--", "--version")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == version("jupyterlab")


def test_without_jupyterlab_it_says_what_to_install(tmp_path: Path) -> None:
    done = run(tmp_path, block="sys.modules['jupyterlab'] = None")
    assert done.returncode == 1
    assert "pip install 'sessionlab[notebook]'" in done.stderr
    assert (tmp_path / "notebooks" / "01_quickstart.ipynb").exists()


def test_a_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = run(tmp_path, "file/lessons", "--copy-only")
    assert done.returncode == 1
    assert "Cannot copy the notebooks to file/lessons" in done.stderr
