"""A module imports from its own layer and from lower ones only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sessionlab

LAYERS = (
    ("errors", "schema", "postgres_url", "urls", "intervals", "json_values", "disk", "livefiles", "display"),
    ("entrants", "model", "kinds"),
    ("loaders", "stores"),
    ("canonical", "derive", "metrics", "samples", "compare", "chains", "history"),
    (
        *("lab", "answers", "outlets", "query", "overview", "reports", "progress"),
        *("storage", "labfile", "labcopy", "readers", "attach", "ingest", "refresh"),
        *("charts", "dashboard", "explorer", "report", "export", "spark", "server"),
    ),
    ("cli", "jupyter", "sessionlab"),
)
"""From the lowest up; ``sessionlab`` stands for ``sessionlab/__init__.py``."""

STRANGERS = {("loaders", "stores"), ("stores", "loaders")}
"""Pairs of one layer that do not know each other."""

ROOT = Path(sessionlab.__file__).parent
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def part_of(module: str) -> str:
    """Give the part of the package that a dotted name belongs to: its second word."""
    words = module.split(".")
    return words[1] if len(words) > 1 else words[0]


def imports(source: str) -> list[str]:
    """List what some source imports of this package, anywhere in it: also in functions, and for type checking."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute here"
            plain = node.module == "sessionlab"
            found += [f"sessionlab.{alias.name}" if plain else str(node.module) for alias in node.names]
    return [name for name in found if name.split(".")[0] == "sessionlab"]


def wrong_imports(part: str, source: str) -> list[str]:
    """List the imports of a module that point up, or to a stranger."""
    return [
        f"{part} imports {name}"
        for name in imports(source)
        if part_of(name) in LAYER
        and (LAYER[part_of(name)] > LAYER[part] or (part, part_of(name)) in STRANGERS)
    ]  # fmt: skip


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    name = path.relative_to(ROOT.parent).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    part = part_of(name)
    assert part in LAYER or part == "__main__", f"Which layer is {part} in? Say so in LAYERS."
    if part in LAYER and part != "sessionlab":
        assert wrong_imports(part, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("kinds", "from sessionlab.loaders.json import JsonSource"),
        ("schema", "def f():\n    from sessionlab.model import SESSIONS"),
        ("metrics", "from sessionlab import lab"),
        ("loaders", "import sessionlab.canonical as c"),
        ("loaders", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sessionlab.lab import Lab"),
        ("stores", "from sessionlab.loaders import Target"),
        ("charts", "from sessionlab.cli import main"),
    ],
)
def test_an_import_that_points_up_is_caught(part: str, source: str) -> None:
    assert len(wrong_imports(part, source)) == 1


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ("loaders", "from sessionlab.kinds import KINDS\nimport json\nfrom sessionlab.loaders.target import Target"),
        ("cli", "from sessionlab import Lab, LabError"),
        ("lab", "from sessionlab import canonical"),
    ],
)
def test_an_import_that_points_down_is_not(part: str, source: str) -> None:
    assert wrong_imports(part, source) == []
