"""Databases are told by their first bytes, and what stands beside them by its name."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from sessionlab.loaders.heads import databases_among, is_database
from tests.labs import write_sqlite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a database of either sort, neither of which is called so, and a file that only is."""
    write_sqlite(tmp_path / "one", [1])
    duckdb.connect(str(tmp_path / "two")).close()
    (tmp_path / "three.db").write_text("no database at all")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("one", True),
        ("one-wal", True),
        ("one-journal", True),
        ("two", True),
        ("two.lock", True),
        ("three.db", False),
        ("three.db-wal", False),
        ("one.txt", False),
        ("", False),
    ],
)
def test_is_database(folder: Path, name: str, told: bool) -> None:
    assert is_database(str(folder / name)) is told


def test_databases_among(folder: Path) -> None:
    """DuckDB's are none that could be loaded; a pipe would never answer."""
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(folder / "one")
    (folder / "nowhere").symlink_to(folder / "none")
    found = databases_among(str(folder / name) for name in ("link", "nowhere", "one", "pipe", "three.db", "two"))
    assert [Path(path).name for path in found] == ["link", "one"]
