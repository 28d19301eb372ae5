"""Data sets at URLs, through a file system of fsspec's; without one, the error says what to install."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlab import Lab, LabError, MissingExtra
from tests.labs import goals, write_json


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1, 2]))
        lab.export(tmp_path / "lake")
    return tmp_path / "lake"


def test_a_data_set_in_object_storage(lake: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(lake), "/bucket", recursive=True)
    for given in (None, memory):
        with Lab.attach("memory://bucket/", filesystem=given) as lab:
            assert goals(lab) == {"runs:1": "sort a list", "runs:2": "sort a list"}
            assert lab.metrics.success_rate().project("sessions").fetchall() == [(2,)]
    with pytest.raises(LabError, match=r"memory://nowhere/index.json"):
        Lab.attach("memory://nowhere")


def test_what_cannot_be_reached_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match=r"httpfs.*fsspec"):
        Lab.attach("nostorage://bucket/lake")
