"""Every public name has an example that runs: most with the modules they are in, the others here."""

from __future__ import annotations

import doctest
import inspect
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import sessionlab
from sessionlab import Lab, samples
from sessionlab.answers import Answers
from sessionlab.charts import Charts, save
from sessionlab.explorer.widget import Explorer
from sessionlab.metrics import METRICS
from sessionlab.samples import sample_files

UNSAID = {"__version__", "UNSET"}
ROOT = Path(__file__).parents[1]


def public() -> dict[str, Any]:
    """Give what a user may name: of the package, of a lab, of its metrics and charts, and beside them."""
    lab = Lab()
    charts = Charts(lab.metrics)
    return {
        **{name: getattr(sessionlab, name) for name in sessionlab.__all__ if name not in UNSAID},
        **{f"lab.{name}": member for name, member in (vars(Answers) | vars(Lab)).items() if not name.startswith("_")},
        **{f"lab.metrics.{name}": metric for name, metric in METRICS.items()},
        **{f"lab.charts.{name}": getattr(charts, name) for name in dir(charts) if not name.startswith("_")},
        **{f"samples.{name}": getattr(samples, name) for name in samples.__all__ if name != "KINDS"},
        "Explorer": Explorer,
        "charts.save": save,
    }


PUBLIC = public()


def documentation(thing: Any) -> str:
    return inspect.getdoc(thing.func if isinstance(thing, cached_property) else thing) or ""


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_an_example(name: str) -> None:
    assert doctest.DocTestParser().get_examples(documentation(PUBLIC[name])), f"{name} has no example"


@pytest.mark.parametrize("name", [name for name, thing in PUBLIC.items() if isinstance(thing, cached_property)])
def test_an_example_of_a_property_holds(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    doctest.run_docstring_examples(documentation(PUBLIC[name]), {"Lab": Lab}, name=name)
    assert capsys.readouterr().out == ""


def test_help_on_load_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    help(Lab.load)
    text = capsys.readouterr().out
    for word in ("JSON", "SQLite", "postgresql://", "pandas", "strict", "Returns", "Raises", "lab.load("):
        assert word in text


def test_samples_are_where_the_examples_look_for_them() -> None:
    assert sample_files() == ROOT / "data"
