from __future__ import annotations

import re

import pytest

from sessionlab import errors

CLASSES = [found for found in vars(errors).values() if isinstance(found, type)]


@pytest.mark.parametrize("kind", CLASSES)
def test_all_have_one_base(kind: type[Exception]) -> None:
    assert issubclass(kind, errors.SessionlabError)
    assert kind.__doc__


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^    [│ ]*[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert sorted([*drawn, "SessionlabError"]) == sorted(kind.__name__ for kind in CLASSES)
    below = re.findall(r"[├└]── (\w+) .*\n    │   └── (\w+)", errors.__doc__ or "")
    assert {(up, down) for up, down in below} == {
        (kind.__base__.__name__, kind.__name__)
        for kind in CLASSES
        if kind.__base__ and kind.__base__ not in (errors.SessionlabError, Exception)
    }
