"""What comes with the package: sample sessions, and notebooks."""

from __future__ import annotations

from pathlib import Path

from sessionlab.errors import NotFound

_PACKAGE = Path(__file__).parents[1]


def sample_files() -> Path:
    """Find the folder of the samples: a source of each kind, 100 sessions each.

    >>> sorted(path.name for path in sample_files().iterdir())
    ['codegen.db', 'conversation.db', 'workflow.json', 'worktree']

    Raises:
        NotFound: it is missing.
    """
    return _beside("data", "Make some: sessionlab demo --write samples")


def notebook_files() -> list[Path]:
    """List the notebooks, in the order in which to read them.

    Raises:
        NotFound: they are missing.

    Example:
        >>> notebook_files()[0].name
        '01_quickstart.ipynb'
    """
    return sorted(_beside("notebooks", "Install sessionlab again.").glob("*.ipynb"))


def _beside(name: str, hint: str) -> Path:
    """Find a folder inside the package, where it is once installed, or beside it in a checkout."""
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise NotFound(f"The {name} of sessionlab are missing from {_PACKAGE}. {hint}")
