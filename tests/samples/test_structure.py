"""What the samples say is worth plotting: who passes more, when, and after how many attempts."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from sessionlab.samples.generate import chunks, open_generator

SESSIONS = 6000


def generated(kind: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_generator(kind, SESSIONS, 42, 2) as con:
        for done in chunks(con, kind, SESSIONS, 20_000):
            assert done == SESSIONS
        yield con


@pytest.fixture(scope="module")
def workflow() -> Iterator[duckdb.DuckDBPyConnection]:
    yield from generated("workflow")


@pytest.fixture(scope="module")
def conversation() -> Iterator[duckdb.DuckDBPyConnection]:
    yield from generated("conversation")


@pytest.fixture(scope="module")
def codegen() -> Iterator[duckdb.DuckDBPyConnection]:
    yield from generated("codegen")


@pytest.fixture(scope="module")
def worktree() -> Iterator[duckdb.DuckDBPyConnection]:
    yield from generated("worktree")


def rates(con: duckdb.DuckDBPyConnection, by: str, passed: str, table: str) -> dict[str, float]:
    return dict(
        con.execute(f"SELECT {by}, avg(({passed})::INTEGER) FROM native.{table} GROUP BY ALL ORDER BY 1").fetchall()
    )


def test_harder_topics_pass_less(workflow: duckdb.DuckDBPyConnection) -> None:
    rate = rates(workflow, "topic", "tests_passed", "session_states")
    assert len(rate) == 12
    assert rate["arrays"] > rate["sql"] > rate["graphs"] > rate["concurrency"]


def test_harder_problems_pass_less(workflow: duckdb.DuckDBPyConnection) -> None:
    rate = rates(workflow, "difficulty", "tests_passed", "session_states")
    assert rate["easy"] > rate["medium"] > rate["hard"]


def test_later_months_pass_more(workflow: duckdb.DuckDBPyConnection) -> None:
    early, *_, late = rates(workflow, "date_trunc('month', created_at)", "tests_passed", "session_states").values()
    assert late > early + 0.1


def test_stronger_models_pass_more(conversation: duckdb.DuckDBPyConnection) -> None:
    rate = rates(conversation, "metadata->>'model'", "(metadata->>'success')::BOOLEAN", "sessions")
    assert sorted(rate, key=lambda model: -rate[model]) == [
        "quill-4",
        "heron-2",
        "basalt-70b",
        "quill-4-mini",
        "lumen-small",
    ]


def test_stronger_models_win_more(worktree: duckdb.DuckDBPyConnection) -> None:
    rows = worktree.execute("""
        SELECT instances.model FROM native.instances JOIN native.sessions ON session_id = sessions.id
        WHERE type = 'competition' AND winner_id IS NOT NULL
        GROUP BY ALL ORDER BY avg((winner_id = instance_id)::INTEGER) DESC""").fetchall()
    assert [model for (model,) in rows] == ["quill-4", "heron-2", "basalt-70b", "quill-4-mini", "lumen-small"]


def test_every_attempt_brings_some_to_the_end(workflow: duckdb.DuckDBPyConnection) -> None:
    rows = workflow.execute("""
        SELECT code_attempts, count(*) FROM native.session_states WHERE tests_passed
        GROUP BY ALL ORDER BY ALL""").fetchall()
    assert [attempts for attempts, _ in rows] == [1, 2, 3, 4, 5]
    assert sorted(rows, key=lambda row: -row[1]) == rows


def test_outcomes_are_of_every_sort(workflow: duckdb.DuckDBPyConnection) -> None:
    rows = workflow.execute("""
        SELECT workflow_status, tests_passed, count(*) / sum(count(*)) OVER () FROM native.session_states
        GROUP BY ALL ORDER BY ALL""").fetchall()
    shares = {(status, passed): share for status, passed, share in rows}
    assert set(shares) == {("completed", True), ("completed", None), ("failed", False), ("running", None)}
    assert 0.6 < shares["completed", True] < 0.85
    assert all(0.01 < shares[key] < 0.06 for key in (("completed", None), ("running", None)))


def test_weekends_are_quiet(workflow: duckdb.DuckDBPyConnection) -> None:
    rows = workflow.execute("""
        SELECT dayofweek(created_at) IN (0, 6), count(*) FROM native.session_states GROUP BY ALL""").fetchall()
    share = dict(rows)[True] / SESSIONS
    assert 0.05 < share < 0.15


def test_answers_are_right(workflow: duckdb.DuckDBPyConnection) -> None:
    rows = workflow.execute("""
        WITH tests AS (SELECT unnest(problem_tests::STRUCT(input VARCHAR, output VARCHAR)[], recursive := true)
            FROM native.session_states WHERE topic = 'dynamic programming')
        SELECT input::BIGINT[], output FROM tests LIMIT 200""").fetchall()
    assert len(rows) == 200
    for values, output in rows:
        take = skip = 0
        for value in values:
            take, skip = skip + value, max(take, skip)
        assert int(output) == max(take, skip)


def test_the_last_iteration_tells_success(codegen: duckdb.DuckDBPyConnection) -> None:
    ((broken_before_last,),) = codegen.execute("""
        SELECT bool_and(errors > 0) FROM (
            SELECT count(error.id) AS errors,
                lead(iteration.id) OVER (PARTITION BY session_id ORDER BY iteration.id) AS next
            FROM native.iteration LEFT JOIN native.error ON iteration_id = iteration.id
            GROUP BY session_id, iteration.id)
        WHERE next IS NOT NULL""").fetchall()
    assert broken_before_last


def test_reruns_follow_their_parents(codegen: duckdb.DuckDBPyConnection) -> None:
    ((share, later, same),) = codegen.execute("""
        SELECT count(*) / (SELECT count(*) FROM native.session), bool_and(parent.created_at < child.created_at),
            bool_and(starts_with(child.design_goal, split_part(parent.design_goal, '. ', 1)))
        FROM native.session AS child JOIN native.session AS parent ON parent.id = child.parent_session_id""").fetchall()
    assert 0.10 < share < 0.15
    assert (later, same) == (True, True)


@pytest.mark.parametrize(
    ("kind", "table", "key"),
    [
        ("codegen", "session", "id"),
        ("codegen", "iteration", "id"),
        ("codegen", "error", "id"),
        ("workflow", "session_states", "thread_id"),
        ("conversation", "conversations", "conversation_id"),
        ("worktree", "instances", "id"),
        ("worktree", "chat_messages", "id"),
    ],
)
def test_keys_are_unique(request: pytest.FixtureRequest, kind: str, table: str, key: str) -> None:
    con: duckdb.DuckDBPyConnection = request.getfixturevalue(kind)
    assert con.execute(f"SELECT count(*) - count(DISTINCT {key}) FROM native.{table}").fetchall() == [(0,)]


def test_times_follow_one_another(worktree: duckdb.DuckDBPyConnection) -> None:
    wrong = worktree.execute("""
        SELECT sessions.id FROM native.sessions JOIN native.instances ON session_id = sessions.id
        WHERE start_time < sessions.created_at OR end_time > completed_at OR updated_at < completed_at
            OR total_duration <> date_diff('millisecond', sessions.created_at, completed_at)""").fetchall()
    assert wrong == []


def test_texts_leave_no_placeholder(codegen: duckdb.DuckDBPyConnection, worktree: duckdb.DuckDBPyConnection) -> None:
    pattern = r"\{(noun|other|verb|adj|n|m)\}"
    for con, table, column in (
        (codegen, "iteration", "code"),
        (codegen, "error", "error_message"),
        (worktree, "instances", "output"),
        (worktree, "chat_messages", "content"),
    ):
        query = f"SELECT count(*) FROM native.{table} WHERE regexp_matches({column}, ?)"
        assert con.execute(query, [pattern]).fetchall() == [(0,)]
