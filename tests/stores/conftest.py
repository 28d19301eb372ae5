"""The URLs of empty stores: each test that asks for one runs on SQLite and on Postgres."""

from __future__ import annotations

import itertools
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from tests.conftest import Server

Engine = Literal["sqlite", "postgresql"]

_NUMBERS = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that the test runs on."""
    name: Engine = request.param
    return name


@pytest.fixture
def schema_url(postgres: Server) -> str:
    """The URL of a Postgres schema that is not there yet: made and left faster than a database."""
    url = postgres.get_uri()
    return f"{url}{'&' if '?' in url else '?'}schema=store_{next(_NUMBERS)}"


@pytest.fixture
def store_url(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("schema_url")
    return url


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user who may not write everything, as root may."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as a disk does that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
