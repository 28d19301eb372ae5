"""Charts as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessionlab.charts import Charts, save
from sessionlab.charts.registry import Chart
from sessionlab.errors import LabError
from tests.metrics.bench import filled_lab, metrics_of

EVIL = "</script><img src=x onerror=alert(1)><!--<script>"


@pytest.fixture(scope="module")
def chart() -> Chart:
    lab = filled_lab(f"SELECT 'x' AS source, '{EVIL}' AS topic, true AS success")
    return Charts(metrics_of(lab)).success_rate(by="topic")


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.png", b"\x89PNG\r\n"), ("a.svg", b"<svg"), ("a.HTML", b"<!DOCTYPE html>"), ("a.json", b"{\n")],
)
def test_the_suffix_names_the_format(chart: Chart, tmp_path: Path, name: str, start: bytes) -> None:
    path = save(chart, str(tmp_path / name))
    assert path == tmp_path / name
    assert path.read_bytes().startswith(start)


def test_another_suffix_is_refused(chart: Chart, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"'a\.pdf' names no format.*\.png, \.svg, \.html, \.json"):
        save(chart, tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_to_be_made(chart: Chart, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"a\.svg: No such file or directory\. Make the folder .*/nowhere first"):
        save(chart, tmp_path / "nowhere" / "a.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(LabError, match=r"folder\.svg: Is a directory\.$"):
        save(chart, tmp_path / "folder.svg")


def test_html_needs_no_network_and_runs_no_text(chart: Chart, tmp_path: Path) -> None:
    page = save(chart, tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("</script>") == 2
    assert EVIL not in page
    assert "<link" not in page
    assert "<script src" not in page


def test_json_is_the_spec(chart: Chart, tmp_path: Path) -> None:
    spec = json.loads(save(chart, tmp_path / "a.json").read_bytes())
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")
    assert EVIL in json.dumps(spec)
