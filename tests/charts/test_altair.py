"""Altair without what makes it slow to import, and with all that it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKS = """
import sys
from sessionlab.charts.altair import alt
print("lark" in sys.modules, "rfc3987_syntax" in sys.modules)
from jsonschema import Draft202012Validator, FormatChecker
iris = Draft202012Validator({"format": "iri"}, format_checker=FormatChecker(["iri"]))
print(iris.is_valid("http://example.org/straße"), iris.is_valid("http://example.org/a b"))
print(alt.Chart().mark_bar().to_dict()["mark"])
"""


def test_the_grammars_of_addresses_come_when_they_are_asked_for() -> None:
    pytest.importorskip("rfc3987_syntax", reason="JupyterLab is not installed")
    done = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False False", "True False", "{'type': 'bar'}"]
