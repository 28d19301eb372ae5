"""Times of another program that no datetime can be: they come out as they are, hide no other row, and are reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sessionlab import InvalidRecord, open_store
from sessionlab.stores.database import open_database
from tests.stores.conftest import Engine

BEFORE_ALL, AFTER_ALL = "0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:00"
GOOD = "2026-04-10 01:36:37.030+00:00"
KEPT = [
    *(("sqlite", each, each) for each in (BEFORE_ALL, AFTER_ALL, "infinity", "0000-02-03 04:05:06")),
    *(
        ("postgresql", each, each)
        for each in ("infinity", "-infinity", "0044-03-15 01:02:03.5+00 BC", "12000-01-02 00:00:00+00")
    ),
    ("postgresql", BEFORE_ALL, "0001-12-31 18:30:00+00 BC"),
    ("postgresql", AFTER_ALL, "10000-01-01 04:59:59+00"),
]
"""An engine, a time, and what it comes out as."""


def change(url: str, statement: str) -> None:
    """Do to a database what no store would do."""
    database = open_database(url)
    try:
        database.run(statement)
    finally:
        database.close()


@pytest.mark.parametrize(("engine", "given", "back"), KEPT)
def test_a_list_with_one_is_read_and_the_one_is_reported(store_url: str, given: str, back: str) -> None:
    with open_store("codegen", store_url) as store:
        first, odd = store.insert_session("fold a list"), store.insert_session("sort a list")
        change(store_url, f"UPDATE session SET created_at = '{GOOD}' WHERE id = {first}")
        change(store_url, f"UPDATE session SET created_at = '{given}' WHERE id = {odd}")
        found = {row["id"]: row["created_at"] for row in store.list_sessions(10)}
        assert found == {first: datetime(2026, 4, 10, 1, 36, 37, 30_000, UTC), odd: back}
        history = store.get_session_history(odd)
        assert history is not None
        assert (history["design_goal"], history["created_at"]) == ("sort a list", back)
        (problem,) = store.verify().problems
        assert (problem.table, problem.check, problem.rows, problem.examples) == ("session", "values", 1, (str(odd),))
        assert problem.found == f"created_at is {back!r}; it may be a datetime or a text in ISO 8601 or None"


def test_a_conversation_that_never_ends(store_url: str, engine: Engine) -> None:
    with open_store("conversation", store_url) as store:
        _, odd = (store.create_session(user) for user in ("ann", "bob"))
        given = {"sqlite": AFTER_ALL, "postgresql": "infinity"}[engine]
        change(store_url, f"UPDATE sessions SET start_time = '{given}' WHERE session_id = '{odd}'")
        assert [row["user_id"] for row in store.list_sessions()] == ["bob", "ann"]
        session = store.get_session(odd)
        assert session is not None
        assert session["start_time"] == given
        assert [problem.examples for problem in store.verify().problems] == [(odd,)]


def test_a_state_of_before_our_time(store_url: str, engine: Engine) -> None:
    with open_store("workflow", store_url) as store:
        store.save_session_state("first", {"topic": "sorting"})
        store.save_session_state("odd", {"topic": "folding"})
        given = {"sqlite": BEFORE_ALL, "postgresql": "-infinity"}[engine]
        change(store_url, f"UPDATE session_states SET created_at = '{given}' WHERE thread_id = 'odd'")
        assert [row["topic"] for row in store.get_session_states_by_criteria()] == ["sorting", "folding"]
        odd = store.get_session_state("odd")
        assert odd is not None
        assert odd["created_at"] == given


def test_a_whole_range_of_times_is_sound(store_url: str) -> None:
    """The first and the last moment that there are."""
    moments = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
    with open_store("conversation", store_url) as store:
        ids = list(rows(moments))
        store.insert_sessions(ids)
        assert [row["start_time"] for row in store.list_sessions()] == moments[::-1]
        assert store.verify().ok


def rows(moments: list[datetime]) -> Iterator[dict[str, object]]:
    for number, moment in enumerate(moments):
        yield {"user_id": f"user {number}", "start_time": moment}


@pytest.mark.parametrize("given", [BEFORE_ALL, AFTER_ALL])
def test_no_store_takes_one(store_url: str, given: str) -> None:
    with open_store("conversation", store_url) as store:
        with pytest.raises(InvalidRecord, match=r"start_time is '.*'; it may be a datetime or a text in ISO 8601"):
            store.insert_sessions([{"user_id": "ann", "start_time": given}])
        assert store.list_sessions() == []


def test_times_of_a_server_with_another_date_style(schema_url: str) -> None:
    with open_store("codegen", schema_url) as store:
        ((name,),) = store._database.run("SELECT current_database()", reads=True).rows
        store._database.run(f'ALTER DATABASE "{name}" SET DateStyle = "German"')
        try:
            with open_store("codegen", schema_url) as other:
                session = other.get_session(other.insert_session("sort a list"), ["created_at"])
        finally:
            store._database.run(f'ALTER DATABASE "{name}" RESET DateStyle')
    assert session is not None
    assert session["created_at"].tzinfo == UTC
