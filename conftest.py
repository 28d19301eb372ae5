"""What all doctests find beside their module's own names: ``Lab``, and ``lab`` with the samples in it."""

from __future__ import annotations

import gc
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from _pytest.doctest import DoctestItem

# Before another package imports Altair's jsonschema, and that slowly.
import sessionlab.charts.altair  # noqa: F401

if TYPE_CHECKING:
    from sessionlab import Lab

# Two workers and many programs import the same modules: they are compiled once, also where programs shall not keep it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.disable()

_SLOW = (
    "tests/spark/",
    "tests/server/test_page.py",
    "tests/cli/test_commands.py",
    "tests/test_notebooks.py",
    "tests/jupyter/test_in_jupyterlab.py",
    "tests/test_kill.py",
)
"""What takes ten seconds and more, some of it in one test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker has one left when the others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith(_SLOW))


def pytest_collection_finish() -> None:
    """Look for garbage from here on, and not among all that was imported."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Leave it to Python to clear away the rest."""
    gc.unfreeze()


@cache
def _samples() -> Lab:
    from sessionlab import Lab
    from sessionlab.samples import sample_files

    lab = Lab()
    for source in sorted(sample_files().iterdir()):
        lab.load(source)
    return lab


@pytest.fixture(autouse=True)
def _lab_in_doctests(request: pytest.FixtureRequest) -> None:
    if isinstance(request.node, DoctestItem):
        from sessionlab import Lab

        request.getfixturevalue("doctest_namespace").update(lab=_samples(), Lab=Lab)
