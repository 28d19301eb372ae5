"""What a refusal says of texts: what keeps one from being kept, where that does not meet the eye."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sessionlab import InvalidRecord, open_store
from tests.stores.worktrees import session

HALF = "cut \ud83d"
WANTED = "without half characters (lone surrogates)"


def test_half_a_character_is_named(store_url: str) -> None:
    with open_store("codegen", store_url) as store:
        for refused in (lambda: store.insert_session(HALF), lambda: store.insert_sessions([{"design_goal": HALF}])):
            with pytest.raises(
                InvalidRecord, match=rf"session\.design_goal is 'cut \\ud83d'; it may be a text {re.escape(WANTED)}\.$"
            ):
                refused()
        with pytest.raises(
            InvalidRecord, match=r"error_type is 'cut \\ud83d'; it may be 'syntax', 'runtime' or None\.$"
        ):
            store.insert_error(store.insert_iteration(store.insert_session("goal"), "code"), HALF, "message")


def test_half_a_character_in_what_may_not_be_empty(store_url: str) -> None:
    with (
        open_store("worktree", store_url) as store,
        pytest.raises(
            InvalidRecord, match=rf"sessions\.id is .*; it may be a text that is not empty, {re.escape(WANTED)}\.$"
        ),
    ):
        store.create_session("/here", session(1, id=HALF))


@pytest.mark.parametrize(
    ("metadata", "says"), [({"a": [HALF]}, True), ({HALF: 1}, True), ([HALF, "a"], True), (5, False)]
)
def test_half_a_character_in_json(store_url: str, metadata: Any, says: bool) -> None:
    with open_store("conversation", store_url) as store, pytest.raises(InvalidRecord) as caught:
        store.create_session("ann", metadata)
    assert (WANTED in str(caught.value)) == says


@pytest.mark.parametrize("text", ["looks like \\ud83d", "a whole one: \U0001f600", "looks like \\x00"])
def test_what_only_looks_like_it_is_kept_and_not_blamed(store_url: str, text: str) -> None:
    with open_store("conversation", store_url) as store:
        kept = store.get_session(store.create_session("ann", {"a": text}))
        assert kept is not None
        assert kept["metadata"] == {"a": text}
        with pytest.raises(InvalidRecord) as caught:
            store.create_session("ann" * 200 + text)
        assert re.search(r"it may be a text of at most \d+ characters\.$", str(caught.value))
