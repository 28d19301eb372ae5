"""The thread that keeps a served lab up to date."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sessionlab import Lab, open_store
from sessionlab.server.refresh import Refresher
from sessionlab.stores.base import Store


def until(true: Callable[[], bool]) -> None:
    """Wait for something, for so long."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def count(lab: Lab) -> int:
    ((found,),) = lab.sql("SELECT count(*) FROM sessions").fetchall()
    return int(found)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store("codegen", tmp_path / "c.db") as store:
        store.insert_session("sort a list")
        yield store


def test_a_package_that_is_imported_meanwhile_does_not_end_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    with Lab() as lab:
        refresher = Refresher(lab, [store], 0.05)
        refresher.start()
        until(lambda: count(lab) == 1)
        until(lambda: refresher.last is not None)
        refresher.stop()
        assert refresher.last is not None
        assert refresher.last["failed"] == []


def test_what_fails_unforeseen_is_told_and_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab() as lab:
        load = lab.load
        tries = iter([RuntimeError("boom")])

        def broken_once(source: Any) -> Any:
            for error in tries:
                raise error
            return load(source)

        monkeypatch.setattr(lab, "load", broken_once)
        refresher = Refresher(lab, [store], 0.05)
        assert refresher._once() == ["The refresh failed; the log says more."]
        assert refresher._once() == []
        assert count(lab) == 1


def test_a_store_whose_lab_is_gone_is_loaded_again(store: Any, tmp_path: Path) -> None:
    with Lab(tmp_path / "lab.duckdb") as lab:
        refresher = Refresher(lab, [store], 60)
        assert refresher._once() == []
        store.insert_session("sort it again")
        assert refresher._once() == []
        assert count(lab) == 2
        (tmp_path / "lab.duckdb").unlink()
        assert count(lab) == 0
        assert refresher._once() == []
        assert count(lab) == 2
