"""An IPython shell to try extensions in, which leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def new_shell(folder: Path) -> Any:
    """Make a shell with its files in a folder and no history."""
    quiet = Config({"HistoryManager": {"enabled": False}, "IPCompleter": {"use_jedi": False}})
    make: Any = InteractiveShell
    return make(config=quiet, ipython_dir=str(folder))
