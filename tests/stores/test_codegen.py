"""The store of codegen: each method on both engines, on the happy path, for missing rows and for refused values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, cast

import pytest

from sessionlab import UNSET, CodegenStore, InvalidRecord, NotFound, QueryError, open_store
from tests.stores.conftest import Engine

HOSTILE = "x'); DROP TABLE session; --\" \\ % %s ? :a {b} $1"
UNICODE = "Grüße 数独 🧪 e\u0301 \u202e\x01\t\r\n"
LONG = "lang und breit, " * 65_536


@pytest.fixture
def store(store_url: str) -> Iterator[CodegenStore]:
    with open_store("codegen", store_url) as store:
        yield store


class Word(Enum):
    RUNTIME = "runtime"


def test_a_session_comes_back(store: CodegenStore) -> None:
    parent = store.insert_session("first goal")
    child = store.insert_session("second goal", parent)
    found = store.get_session(child)
    assert found is not None
    created = found.pop("created_at")
    assert found == {"id": child, "design_goal": "second goal", "parent_session_id": parent}
    assert timedelta(0) <= datetime.now(UTC) - created + timedelta(seconds=1) < timedelta(minutes=1)


def test_an_iteration_comes_back(store: CodegenStore) -> None:
    session = store.insert_session("goal")
    iteration = store.insert_iteration(session, "print(1)", "too loud")
    found = store.get_iteration(iteration, ["feedback", "code", "id", "session_id"])
    assert found == {"feedback": "too loud", "code": "print(1)", "id": iteration, "session_id": session}


def test_an_error_comes_back(store: CodegenStore) -> None:
    iteration = store.insert_iteration(store.insert_session("goal"), "code")
    error = store.insert_error(iteration, "syntax", "unexpected )", 17)
    (found,) = store.get_errors(iteration)
    assert isinstance(found.pop("created_at"), datetime)
    assert found == {
        "id": error,
        "iteration_id": iteration,
        "error_type": "syntax",
        "error_message": "unexpected )",
        "error_line": 17,
    }


def test_what_may_be_none_may_be_none(store: CodegenStore) -> None:
    iteration = store.insert_iteration(store.insert_session("goal"), "code")
    store.insert_error(iteration, None, None)
    assert store.get_errors(iteration, ["error_type", "error_message", "error_line"]) == [
        {"error_type": None, "error_message": None, "error_line": None}
    ]


def test_what_is_not_there_is_none_or_nothing(store: CodegenStore) -> None:
    assert store.get_session(4711) is None
    assert store.get_iteration(4711) is None
    assert store.get_iterations(4711) == []
    assert store.get_errors(4711) == []
    assert store.get_session_history(4711) is None
    assert store.get_session_chain(4711) == []
    assert store.search_sessions("nothing") == []


def test_updates_change_what_is_given_and_nothing_else(store: CodegenStore) -> None:
    one, other = store.insert_session("one"), store.insert_session("other")
    store.update_session(one, "changed")
    assert [store.get_session(each, ["design_goal"]) for each in (one, other)] == [
        {"design_goal": "changed"},
        {"design_goal": "other"},
    ]
    iteration = store.insert_iteration(one, "code", "feedback")
    store.update_iteration(iteration, code="new")
    assert store.get_iteration(iteration, ["code", "feedback"]) == {"code": "new", "feedback": "feedback"}
    store.update_iteration(iteration, feedback="better")
    assert store.get_iteration(iteration, ["code", "feedback"]) == {"code": "new", "feedback": "better"}
    store.update_iteration(iteration, feedback=None)
    assert store.get_iteration(iteration, ["code", "feedback"]) == {"code": "new", "feedback": None}
    store.update_iteration(iteration, UNSET, UNSET)
    assert store.get_iteration(iteration, ["code", "feedback"]) == {"code": "new", "feedback": None}
    error = store.insert_error(iteration, "runtime", "message", 3)
    store.update_error(error, "other message")
    assert store.get_errors(iteration, ["error_message", "error_line"]) == [
        {"error_message": "other message", "error_line": 3}
    ]
    store.update_error(error, None, None)
    assert store.get_errors(iteration, ["error_message", "error_line"]) == [{"error_message": None, "error_line": None}]


@pytest.mark.parametrize(
    ("update", "message"),
    [
        (lambda store: store.update_session(99, "x"), "There is no session with id 99"),
        (lambda store: store.update_iteration(98, code="x"), "There is no iteration with id 98"),
        (lambda store: store.update_iteration(97), "There is no iteration with id 97"),
        (lambda store: store.update_error(96, "x"), "There is no error with id 96"),
    ],
)
def test_updates_of_what_is_not_there(
    store: CodegenStore, update: Callable[[CodegenStore], None], message: str
) -> None:
    with pytest.raises(NotFound, match=message):
        update(store)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.insert_session(None), "session.design_goal is None; it may be a text."),
        (lambda s: s.insert_session(5), "session.design_goal is 5; it may be a text."),
        (
            lambda s: s.insert_session("g", 77),
            "session.parent_session_id is 77; it may be the id of a session or None.",
        ),
        (
            lambda s: s.insert_session("g", "1"),
            "session.parent_session_id is '1'; it may be a whole number of 64 bits or None.",
        ),
        (lambda s: s.update_session(1, None), "session.design_goal is None; it may be a text."),
        (lambda s: s.insert_iteration(77, "c"), "iteration.session_id is 77; it may be the id of a session."),
        (lambda s: s.insert_iteration(None, "c"), "iteration.session_id is None; it may be a whole number of 64 bits."),
        (lambda s: s.insert_iteration(1, b"c"), "iteration.code is b'c'; it may be a text."),
        (lambda s: s.insert_iteration(1, "c", 1.5), "iteration.feedback is 1.5; it may be a text or None."),
        (lambda s: s.update_iteration(1, code=None), "iteration.code is None; it may be a text."),
        (lambda s: s.insert_error(77, "syntax", "m"), "error.iteration_id is 77; it may be the id of an iteration."),
        (
            lambda s: s.insert_error(1, "logic", "m"),
            "error.error_type is 'logic'; it may be 'syntax', 'runtime' or None.",
        ),
        (
            lambda s: s.insert_error(1, "syntax", "m", 2**63),
            "error.error_line is 9223372036854775808; it may be a whole number of 64 bits or None.",
        ),
        (
            lambda s: s.insert_error(1, "syntax", "m", True),
            "error.error_line is True; it may be a whole number of 64 bits or None.",
        ),
        (lambda s: s.update_error(1, ["m"]), "error.error_message is ['m']; it may be a text or None."),
        (
            lambda s: s.insert_session("a\ud800"),
            "session.design_goal is 'a\\ud800'; it may be a text without half characters (lone surrogates).",
        ),
    ],
)
def test_refused_values(store: CodegenStore, call: Callable[[CodegenStore], object], message: str) -> None:
    store.insert_error(store.insert_iteration(store.insert_session("goal"), "code"), "syntax", "message")
    before = store.get_session_history(1)
    with pytest.raises(InvalidRecord) as caught:
        call(store)
    assert str(caught.value) == message
    assert store.get_session_history(1) == before
    assert store.get_session(2) is None


class Number:
    """A number as other libraries have them, which a driver may not know."""

    def __index__(self) -> int:
        return 77


@pytest.mark.parametrize("many", [False, True])
def test_a_refused_value_of_another_type_is_named(store: CodegenStore, many: bool) -> None:
    number = cast("int", Number())
    with pytest.raises(InvalidRecord, match=r"^iteration\.session_id is 77; it may be the id of a session\.$"):
        store.insert_iterations([{"session_id": number, "code": "a"}]) if many else store.insert_iteration(number, "a")


def test_refused_values_are_shown_in_part(store: CodegenStore) -> None:
    with pytest.raises(InvalidRecord) as caught:
        store.insert_error(1, "x" * 1_000_000, None)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", [HOSTILE, UNICODE, LONG, "", " "], ids=["sql", "unicode", "1 MB", "empty", "space"])
def test_texts_come_back_as_they_were(store: CodegenStore, text: str) -> None:
    session = store.insert_session(text)
    iteration = store.insert_iteration(session, text, text)
    error = store.insert_error(iteration, "runtime", text)
    assert store.get_session(session, ["design_goal"]) == {"design_goal": text}
    assert store.get_iteration(iteration, ["code", "feedback"]) == {"code": text, "feedback": text}
    store.update_session(session, f"{text}!")
    store.update_iteration(iteration, f"{text}!", f"{text}?")
    store.update_error(error, f"{text}!")
    assert store.get_session(session, ["design_goal"]) == {"design_goal": f"{text}!"}
    assert store.get_iterations(session, ["code", "feedback"]) == [{"code": f"{text}!", "feedback": f"{text}?"}]
    assert store.get_errors(iteration, ["error_message"]) == [{"error_message": f"{text}!"}]


def test_nul_characters_are_kept_or_refused_by_name(store: CodegenStore, engine: Engine) -> None:
    if engine == "sqlite":
        assert store.get_session(store.insert_session("a\0b"), ["design_goal"]) == {"design_goal": "a\0b"}
        return
    wanted = "session.design_goal is 'a\\x00b'; it may be a text without NUL characters, which Postgres cannot keep."
    with pytest.raises(InvalidRecord) as caught:
        store.insert_session("a\0b")
    assert str(caught.value) == wanted
    with pytest.raises(InvalidRecord) as caught:
        store.insert_sessions([{"design_goal": "a"}, {"design_goal": "a\0b"}])
    assert str(caught.value) == f"Row 1: {wanted}"


def test_enums_stand_for_their_values(store: CodegenStore) -> None:
    iteration = store.insert_iteration(store.insert_session("goal"), "code")
    store.insert_error(iteration, Word.RUNTIME, "m")  # type: ignore[arg-type]
    assert store.get_errors(iteration, ["error_type"]) == [{"error_type": "runtime"}]


@pytest.mark.parametrize("fields", [["nope"], ["id", HOSTILE], [], "count(*)"])
def test_fields_name_columns_only(store: CodegenStore, fields: list[str]) -> None:
    with pytest.raises(QueryError, match="session has id, design_goal, parent_session_id, created_at"):
        store.get_session(1, fields)


@pytest.mark.parametrize("limit", [0, -1, 10_001, "5", True, None])
def test_limits_are_bounded(store: CodegenStore, limit: int) -> None:
    with pytest.raises(QueryError, match="it may be a whole number from 1 to 10,000"):
        store.search_sessions("goal", limit)


def test_ids_are_whole_numbers(store: CodegenStore) -> None:
    calls = (store.get_session, store.get_iteration, store.get_iterations, store.get_errors)
    for call in (*calls, store.get_session_history, store.get_session_chain):
        for wrong in ("1", 1.0, True, 2**63):
            with pytest.raises(InvalidRecord, match="it may be a whole number of 64 bits"):
                call(wrong)  # type: ignore[arg-type]


def test_iterations_and_errors_are_in_order(store: CodegenStore) -> None:
    one, other = store.insert_session("one"), store.insert_session("other")
    made = [store.insert_iteration(session, f"code {place}") for place, session in enumerate([one, other] * 5)]
    assert [row["id"] for row in store.get_iterations(one)] == made[::2]
    errors = [store.insert_error(made[0], "syntax", f"message {place}") for place in range(5)]
    store.update_error(errors[0], "changed")
    assert [row["id"] for row in store.get_errors(made[0])] == errors


def test_a_history_is_whole_and_nested(store: CodegenStore) -> None:
    session, other = store.insert_session("goal"), store.insert_session("other goal")
    first, second = store.insert_iteration(session, "a", "b"), store.insert_iteration(session, "c")
    errors = [store.insert_error(first, "syntax", "d", 1), store.insert_error(first, "runtime", "e", 2)]
    store.insert_error(store.insert_iteration(other, "f"), "runtime", "g")
    history = store.get_session_history(session)
    assert history is not None
    assert {name: value for name, value in history.items() if name != "iterations"} == store.get_session(session)
    assert [row["id"] for row in history["iterations"]] == [first, second]
    assert [error["id"] for error in history["iterations"][0].pop("errors")] == errors
    assert history["iterations"][0] == store.get_iteration(first)
    assert history["iterations"][1]["errors"] == []


def test_a_chain_goes_from_the_first_to_this_one(store: CodegenStore) -> None:
    first = store.insert_session("first")
    second = store.insert_session("second", first)
    third = store.insert_session("third", second)
    store.insert_session("sister", first)
    assert [row["design_goal"] for row in store.get_session_chain(third)] == ["first", "second", "third"]
    assert store.get_session_chain(first) == [store.get_session(first)]


def test_a_chain_that_goes_round_ends(store: CodegenStore, engine: Engine) -> None:
    first = store.insert_session("first")
    second = store.insert_session("second", first)
    third = store.insert_session("third", second)
    mark = "?" if engine == "sqlite" else "%s"
    store._database.run(f"UPDATE session SET parent_session_id = {mark} WHERE id = {mark}", (second, first))
    assert [row["id"] for row in store.get_session_chain(third)] == [first, second, third]


def test_the_search_finds_words_wherever_they_stand(store: CodegenStore) -> None:
    goals = ["Sort a_list in-place", "sort a file.txt", "Über-Sortierung", "resort"]
    sort, file, umlaut, _ = [store.insert_session(goal) for goal in goals]
    assert [row["id"] for row in store.search_sessions("SORT")] == [file, sort]
    assert [row["id"] for row in store.search_sessions("SORT", limit=1)] == [file]
    assert [row["id"] for row in store.search_sessions("place; list")] == [sort]
    assert [row["id"] for row in store.search_sessions("file")] == [file]
    assert [row["id"] for row in store.search_sessions("über")] == [umlaut]
    for nothing in ("", '"', "sort AND file OR NEAR(a b)", "sort -list", "*", "file*"):
        assert len(store.search_sessions(nothing)) == (1 if nothing in ("sort -list", "file*") else 0)


def test_the_search_takes_any_text(store: CodegenStore) -> None:
    words = " ".join(f"word{number}" for number in range(200))
    session = store.insert_session(f"{words} {LONG} {'y' * 1_000_000}")
    for text in (LONG, words, "lang\0breit", "breit\ud800"):
        assert [row["id"] for row in store.search_sessions(text)] == [session]
    assert store.search_sessions("x" * 1_000_000) == []
    with pytest.raises(QueryError, match="The words to search for are 5; they may be a text"):
        store.search_sessions(5)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="has 201 words; it may have 200"):
        store.search_sessions(f"{words} more")


def test_the_search_follows_updates(store: CodegenStore) -> None:
    session = store.insert_session("old words")
    store.update_session(session, "new ones")
    assert store.search_sessions("old") == []
    assert [row["id"] for row in store.search_sessions("new")] == [session]


@pytest.mark.parametrize("before", [True, "2", 1.5])
def test_only_a_number_says_where_to_go_on(store: CodegenStore, before: Any) -> None:
    store.insert_session("goal")
    for read in (store.list_sessions, lambda before: store.search_sessions("goal", before=before)):
        with pytest.raises(QueryError, match=f"before is {before!r}; it may be the id of a session, a whole number"):
            read(before=before)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"design_goal": "a"}, None], "Row 1 is None; it may be a mapping of fields to values."),
        (["a"], "Row 0 is 'a'; it may be a mapping of fields to values."),
        ({"design_goal": "a"}, "The rows are {'design_goal': 'a'}; they may be a list of mappings."),
        (None, "The rows are None; they may be a list of mappings."),
        ("a", "The rows are 'a'; they may be a list of mappings."),
    ],
)
def test_rows_are_mappings(store: CodegenStore, rows: Any, message: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        store.insert_sessions(rows)
    assert str(caught.value) == message
    assert store.list_sessions() == []


def test_many_rows_go_in_at_once(store: CodegenStore) -> None:
    sessions = store.insert_sessions({"design_goal": f"goal {number}"} for number in range(1900))
    assert [store.get_session(each, ["design_goal"]) for each in (sessions[0], sessions[899], sessions[1899])] == [
        {"design_goal": f"goal {number}"} for number in (0, 899, 1899)
    ]
    children = store.insert_sessions([{"design_goal": "a", "parent_session_id": sessions[3]}, {"design_goal": "b"}])
    assert [store.get_session(each, ["parent_session_id"]) for each in children] == [
        {"parent_session_id": sessions[3]},
        {"parent_session_id": None},
    ]
    iterations = store.insert_iterations(
        [{"session_id": session, "code": f"code {session}", "feedback": UNICODE} for session in sessions]
    )
    errors = store.insert_errors(
        [
            {"iteration_id": iterations[5], "error_type": "syntax", "error_message": HOSTILE, "error_line": 7},
            {"iteration_id": iterations[5], "error_type": Word.RUNTIME},
        ]
    )
    assert len(set(sessions)) == len(set(iterations)) == 1900
    (found,) = store.get_iterations(sessions[42], ["id", "code", "feedback"])
    assert found == {"id": iterations[42], "code": f"code {sessions[42]}", "feedback": UNICODE}
    assert [(row["id"], row["error_type"], row["error_line"]) for row in store.get_errors(iterations[5])] == [
        (errors[0], "syntax", 7),
        (errors[1], "runtime", None),
    ]
    assert store.insert_iteration(sessions[0], "next") > max(iterations)
    assert len(store.search_sessions("goal", limit=10_000)) == 1900
    assert list(store.insert_sessions([])) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"iteration_id": 1, "error_type": "logic"},
            "Row 2: error.error_type is 'logic'; it may be 'syntax', 'runtime'",
        ),
        ({"iteration_id": 77}, "error.iteration_id is 77; it may be the id of an iteration."),
        ({"error_type": "syntax"}, "Row 2: error.iteration_id is None; it may be a whole number"),
        ({"iteration_id": 1, "error_line": "7"}, "Row 2: error.error_line is '7'; it may be a whole number"),
        ({"iteration_id": 1, "error_line": 2**63}, "Row 2: error.error_line is 9223372036854775808; it may be"),
        ({"iteration_id": 1, "error_type": []}, "Row 2: error.error_type is []; it may be"),
        ({"iteration_id": 1, "error_message": "a\ud800"}, "Row 2: error.error_message is 'a\\ud800'; it may be"),
        ({"iteration_id": 1, "id": 5}, "Rows for error have 'id'; they may have iteration_id, error_type,"),
    ],
)
def test_of_many_rows_all_or_none_go_in(store: CodegenStore, row: dict[str, object], message: str) -> None:
    store.insert_iteration(store.insert_session("goal"), "code")
    with pytest.raises(InvalidRecord) as caught:
        store.insert_errors([{"iteration_id": 1}, {"iteration_id": 1, "error_type": "syntax"}, row])
    assert str(caught.value).startswith(message)
    assert store.get_errors(1) == []
    store.insert_errors([{"iteration_id": 1}])
    assert len(store.get_errors(1)) == 1
