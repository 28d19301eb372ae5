"""The URLs of empty stores: each test that asks for one runs on SQLite and on Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

Engine = Literal["sqlite", "postgresql"]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that the test runs on."""
    name: Engine = request.param
    return name


@pytest.fixture
def store_url(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
