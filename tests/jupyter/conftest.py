from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab
from tests.shells import new_shell

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def lab() -> Lab:
    lab = Lab()
    for name in ("workflow.json", "worktree"):
        lab.load(DATA / name)
    return lab


@pytest.fixture
def shell(lab: Lab, tmp_path: Path) -> Any:
    """A shell with the extension loaded, and a lab of samples in its variable ``lab``."""
    shell = new_shell(tmp_path)
    shell.run_line_magic("load_ext", "sessionlab")
    shell.user_ns["lab"] = lab
    return shell
