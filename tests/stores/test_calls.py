"""Every call of every store is in the README, says what it does, and hides nothing that a caller needs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from sessionlab import stores
from sessionlab.stores import STORES, Store

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def calls(kind: str) -> list[str]:
    store = getattr(stores, STORES[kind][1])
    return [
        name
        for name in dir(store)
        if not name.startswith("_") and callable(getattr(store, name)) and name not in dir(Store)
    ]


@pytest.mark.parametrize("kind", sorted(STORES))
def test_every_call_is_in_the_readme(kind: str) -> None:
    (row,) = re.findall(rf'^\| `"{kind}"` \|.*$', README, re.MULTILINE)
    assert calls(kind)
    assert [name for name in calls(kind) if f"`{name}`" not in row] == []


@pytest.mark.parametrize("kind", sorted(STORES))
def test_every_call_is_documented(kind: str) -> None:
    store = getattr(stores, STORES[kind][1])
    assert [name for name in calls(kind) if not inspect.getdoc(getattr(store, name))] == []
