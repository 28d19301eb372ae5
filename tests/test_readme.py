"""What the README must mention: a command, option value, metric, chart or error that it does not is a defect."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sessionlab
from sessionlab import errors
from sessionlab.charts import Charts
from sessionlab.cli import cli
from sessionlab.kinds import KINDS
from sessionlab.metrics import METRICS, Metrics

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_is_mentioned(command: str) -> None:
    assert f"`sessionlab {command}" in README


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_is_mentioned(metric: str) -> None:
    assert re.search(rf"^\|.*`{metric}`.*\|.*\|$", README, re.MULTILINE)


def test_every_chart_is_a_mentioned_metric() -> None:
    def refuse(_: str) -> object:
        raise AssertionError("no chart is drawn here")

    charts = {name for name in dir(Charts(Metrics(refuse))) if not name.startswith("_")}  # type: ignore[arg-type]
    assert charts
    assert charts <= set(METRICS)


@pytest.mark.parametrize(
    "error",
    sorted(name for name, value in vars(errors).items() if isinstance(value, type) and name != "SessionlabError"),
)
def test_every_error_is_mentioned_and_public(error: str) -> None:
    assert f"| `{error}` |" in README
    assert getattr(sessionlab, error) is getattr(errors, error)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_mentioned_with_its_root_table(kind: str) -> None:
    (row,) = re.findall(rf"^\| `{kind}` \|.*$", README, re.MULTILINE)
    assert f"`{KINDS[kind].root.name}`" in row


def test_every_option_of_a_table_format_is_mentioned() -> None:
    (option,) = (each for each in cli.commands["sql"].params if each.name == "form")
    assert all(f"`{choice}`" in README for choice in option.type.choices)  # type: ignore[attr-defined]


def test_pictures_are_there() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_python_blocks_are_python() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        compile(block, "README.md", "exec")


def test_public_names_are_documented() -> None:
    for name in sessionlab.__all__:
        if name != "__version__":
            assert getattr(sessionlab, name).__doc__


def test_help_comes_up_without_the_heavy_libraries() -> None:
    code = "import sys, sessionlab.cli; print([m for m in ('duckdb', 'altair', 'rich', 'sqlglot') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
