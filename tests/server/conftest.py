"""A lab of the samples, and servers of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from sessionlab import Lab
from sessionlab.server import Running, create_app, start
from sessionlab.server.sandbox import Limits
from tests.server.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
LIMITS = Limits(seconds=0.5, rows=1000, memory=128)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The samples of workflow and codegen in a file."""
    with Lab(tmp_path_factory.mktemp("lab") / "lab.duckdb") as lab:
        lab.load(ROOT / "data/workflow.json")
        lab.load(ROOT / "data/codegen.db")
        yield lab


@pytest.fixture(scope="module")
def served(lab: Lab) -> Iterator[Running]:
    """A server of the lab alone."""
    with start(create_app(lab, limits=LIMITS)) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Running) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=served.url, timeout=20) as client:
        yield client


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    """Check that an answer is a problem document that says some words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["title"]
    for word in words:
        assert word in said["detail"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium to open pages in."""
    with chromium() as browser:
        yield browser
