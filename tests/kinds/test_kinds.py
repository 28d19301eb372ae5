"""The registry of kinds."""

from __future__ import annotations

import pytest

from sessionlab import NotFound
from sessionlab.kinds import KINDS, kind_named


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_found_by_its_name(name: str) -> None:
    assert kind_named(name).name == name


def test_an_unknown_kind_is_answered_with_the_nearest() -> None:
    known = "The kinds are: codegen, workflow, conversation, worktree."
    for name, answer in (("Workflw", f" Did you mean 'workflow'? {known}"), ("logs", f" {known}")):
        with pytest.raises(NotFound) as caught:
            kind_named(name)
        assert str(caught.value) == f"There is no kind {name!r}.{answer}"
