"""The store of workflow: each method on both engines, on the happy path, for missing rows and for refused values."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sessionlab import InvalidRecord, Lab, NotFound, QueryError, WorkflowStore, open_store
from sessionlab.stores.database import open_database
from tests.stores.conftest import Engine

HOSTILE = "x'); DROP TABLE session_states; --\" \\ % %s ? :a {b} $1"
UNICODE = "Grüße 数独 🧪 e\u0301 \u202e\x01\t\r\n"
LONG = "lang und breit, " * 65_536
DENSE = " ".join(f"{chr(0x10000 + number)}" for number in range(40_000))

FULL: dict[str, Any] = {
    "run_id": "run-7",
    "user_prompt": "Give me a problem",
    "topic": "arrays",
    "difficulty": "hard",
    "problem_description": "Sum it up.",
    "problem_tests": [{"input": "[1, 2]", "output": "3"}, {"input": "[]", "output": "0"}],
    "code": "print(sum(x))",
    "tests_passed": False,
    "code_attempts": 3,
    "problem_attempts": 2,
    "workflow_status": "failed",
}


@pytest.fixture
def store(store_url: str) -> Iterator[WorkflowStore]:
    with open_store("workflow", store_url) as store:
        yield store


def without_times(row: dict[str, Any] | None) -> dict[str, Any]:
    assert row is not None
    return {name: value for name, value in row.items() if name not in ("created_at", "updated_at")}


def execute(store: WorkflowStore, text: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store._database.run(text).rows]


def test_a_state_comes_back(store: WorkflowStore) -> None:
    id_ = store.save_session_state("thread-1", FULL)
    assert str(uuid.UUID(id_)) == id_
    found = store.get_session_state("thread-1")
    assert without_times(found) == {"id": id_, "thread_id": "thread-1", **FULL}
    assert found is not None
    assert found["created_at"] == found["updated_at"]
    assert timedelta(0) <= datetime.now(UTC) - found["created_at"] + timedelta(seconds=1) < timedelta(minutes=1)


def test_arguments_go_before_the_state(store: WorkflowStore) -> None:
    store.save_session_state("t", FULL, run_id="another", workflow_status="completed")
    assert store.get_session_state("t", ["run_id", "workflow_status"]) == {
        "run_id": "another",
        "workflow_status": "completed",
    }


def test_a_new_state_runs_and_has_no_attempts(store: WorkflowStore) -> None:
    store.save_session_state("t", {})
    found = without_times(store.get_session_state("t"))
    assert {name: value for name, value in found.items() if value is not None} == {
        "id": found["id"],
        "thread_id": "t",
        "code_attempts": 0,
        "problem_attempts": 0,
        "workflow_status": "running",
    }


def test_what_is_not_given_stays_and_none_clears(store: WorkflowStore) -> None:
    id_ = store.save_session_state("t", FULL)
    other = store.save_session_state("other", FULL)
    assert store.save_session_state("t", {"code": "new", "topic": None}) == id_
    wanted = {"id": id_, "thread_id": "t", **FULL, "code": "new", "topic": None}
    assert without_times(store.get_session_state("t")) == wanted
    store.save_session_state("t", {"problem": None}, run_id=None)
    cleared = dict.fromkeys(("problem_description", "problem_tests", "run_id"))
    assert without_times(store.get_session_state("t")) == wanted | cleared
    assert store.save_session_state("t", {}) == id_
    assert without_times(store.get_session_state("t")) == wanted | cleared
    assert without_times(store.get_session_state("other")) == {"id": other, "thread_id": "other", **FULL}


def test_an_update_touches_its_time(store: WorkflowStore) -> None:
    store.save_session_state("t", {})
    before = store.get_session_state("t")
    time.sleep(0.005)
    store.save_session_state("t", {"code": "new"})
    after = store.get_session_state("t")
    assert before is not None
    assert after is not None
    assert after["created_at"] == before["created_at"] == before["updated_at"]
    assert after["updated_at"] > before["updated_at"]
    execute(store, "UPDATE session_states SET topic = 'from elsewhere'")
    touched = store.get_session_state("t", ["updated_at", "topic"])
    assert touched is not None
    assert touched["updated_at"] >= after["updated_at"]
    execute(store, "UPDATE session_states SET updated_at = '2020-01-02 03:04:05.678'")
    assert store.get_session_state("t", ["updated_at"]) == {"updated_at": datetime(2020, 1, 2, 3, 4, 5, 678_000, UTC)}


def test_the_summary_has_no_long_texts(store: WorkflowStore) -> None:
    id_ = store.save_session_state("t", FULL)
    store.save_session_state("odd", {"problem_tests": {"no": "list"}})
    columns = "id, thread_id, run_id, topic, difficulty, code_attempts, problem_attempts, workflow_status, test_count"
    rows = execute(store, f"SELECT {columns}, tests_passed FROM session_states_summary ORDER BY thread_id")
    assert (str(rows[1][0]), *rows[1][1:]) == (id_, "t", "run-7", "arrays", "hard", 3, 2, "failed", 2, False)
    assert rows[0][-2] is None


def test_what_is_not_there(store: WorkflowStore) -> None:
    assert store.get_session_state("nobody") is None
    assert store.get_session_states_by_criteria(topic="nothing") == []
    assert store.search_session_states("nothing") == []
    with pytest.raises(NotFound, match="There is no session_state with thread_id 'nobody'"):
        store.delete_session_state("nobody")


def test_a_state_is_deleted(store: WorkflowStore) -> None:
    store.save_session_state("one", FULL)
    store.save_session_state("other", FULL)
    store.delete_session_state("one")
    assert store.get_session_state("one") is None
    assert [row["thread_id"] for row in store.search_session_states("problem")] == ["other"]


def test_criteria_bind_and_the_newest_comes_first(store: WorkflowStore) -> None:
    for number, (topic, difficulty, status, passed) in enumerate(
        [
            ("arrays", "easy", "completed", True),
            ("arrays", "hard", "failed", False),
            ("graphs", "easy", "completed", True),
            ("arrays", "easy", "running", None),
        ]
    ):
        store.save_session_state(
            str(number), {"topic": topic, "difficulty": difficulty, "tests_passed": passed}, workflow_status=status
        )

    def threads(*criteria: Any, **named: Any) -> str:
        return "".join(row["thread_id"] for row in store.get_session_states_by_criteria(*criteria, **named))

    assert threads() == "3210"
    assert threads("arrays") == "310"
    assert threads("arrays", "easy") == "30"
    assert threads("arrays", "easy", "completed") == "0"
    assert threads(tests_passed=True) == "20"
    assert threads(tests_passed=False) == "1"
    assert threads(workflow_status="running") == "3"
    assert threads(difficulty="easy", limit=2) == "32"
    assert threads(topic=HOSTILE[:50]) == ""


def test_the_newest_comes_first_however_its_time_is_written(tmp_path: Path) -> None:
    path = tmp_path / "mixed.db"
    times = {
        "b": "2026-04-10T09:00:00.5+02:00",
        "d": "2026-04-10 10:30:00",
        "a": "2026-04-10T05:00:00Z",
        "c": "2026-04-10 08:00:00.25",
        "e": None,
    }
    with open_store("workflow", path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        for thread, moment in times.items():
            other.execute("INSERT INTO session_states (thread_id, created_at) VALUES (?, ?)", (thread, moment))
        found = store.get_session_states_by_criteria()
        assert "".join(row["thread_id"] for row in found) == "dcbae"
        assert len({uuid.UUID(row["id"]).version for row in found}) == 1
        (plan,) = other.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM session_states"
            " ORDER BY coalesce(strftime('%Y-%m-%d %H:%M:%f', created_at), created_at) DESC NULLS LAST,"
            " created_at DESC NULLS LAST, id DESC LIMIT 10"
        ).fetchall()
        assert "USING INDEX idx_session_states_newest" in plan[3]


def test_limits_are_bounded(store: WorkflowStore) -> None:
    limits: list[Any] = [0, -1, 10_001, "5", True, None]
    for limit in limits:
        with pytest.raises(QueryError, match=f"limit is {limit!r}; it may be a whole number from 1 to 10,000"):
            store.get_session_states_by_criteria(limit=limit)
        with pytest.raises(QueryError, match=f"limit is {limit!r}; it may be a whole number from 1 to 10,000"):
            store.search_session_states("a", limit)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.save_session_state(None, {}), "thread_id is None; it may be a text of at most 255 characters."),
        (lambda s: s.save_session_state(5, {}), "thread_id is 5; it may be a text of at most 255 characters."),
        (
            lambda s: s.save_session_state("x" * 256, {}),
            f"thread_id is '{'x' * 79}… (258 characters); it may be a text of at most 255 characters.",
        ),
        (
            lambda s: s.save_session_state("t", {}, workflow_status="done"),
            "workflow_status is 'done'; it may be 'running', 'completed', 'failed' or None.",
        ),
        (
            lambda s: s.save_session_state("t", {"tests_passed": "yes"}),
            "tests_passed is 'yes'; it may be True or False or None.",
        ),
        (
            lambda s: s.save_session_state("t", {"code_attempts": 1.5}),
            "code_attempts is 1.5; it may be a whole number of 64 bits or None.",
        ),
        (
            lambda s: s.save_session_state("t", {"problem_tests": [float("nan")]}),
            "problem_tests is [nan]; it may be what JSON can hold or None.",
        ),
        (
            lambda s: s.save_session_state("t", {"problem_tests": ["\ud800"]}),
            "problem_tests is ['\\ud800']; it may be what JSON can hold without half characters (lone surrogates)"
            " or None.",
        ),
        (
            lambda s: s.get_session_states_by_criteria(workflow_status="done"),
            "workflow_status is 'done'; it may be 'running', 'completed', 'failed' or None.",
        ),
        (
            lambda s: s.insert_session_states([{"thread_id": "new", "id": "abc"}]),
            "id is 'abc'; it may be a UUID.",
        ),
    ],
)
def test_refused_values(store: WorkflowStore, call: Callable[[WorkflowStore], object], message: str) -> None:
    store.save_session_state("t", FULL)
    before = store.get_session_states_by_criteria()
    with pytest.raises(InvalidRecord) as caught:
        call(store)
    assert str(caught.value).removeprefix("Row 0: ") == f"session_states.{message}"
    assert store.get_session_states_by_criteria() == before


def test_refused_states(store: WorkflowStore) -> None:
    with pytest.raises(InvalidRecord, match=r"^state is 5; it may be a mapping, or an object with some of the attrib"):
        store.save_session_state("t", 5)
    with pytest.raises(InvalidRecord, match=r"^state\.problem is 'text'; it may be a mapping, or an object with"):
        store.save_session_state("t", {"problem": "text"})


@pytest.mark.parametrize(
    "text", [HOSTILE, UNICODE, LONG, DENSE, ""], ids=["sql", "unicode", "1 MB", "many words", "empty"]
)
def test_texts_come_back_as_they_were(store: WorkflowStore, text: str) -> None:
    state = {
        "user_prompt": text,
        "topic": text[:50],
        "difficulty": text[:20],
        "code": text,
        "problem_description": text,
        "problem_tests": {text: [text]},
    }
    for suffix in ("", "!"):
        changed = {**state, "user_prompt": f"{text}{suffix}"}
        store.save_session_state(text[:255], changed, run_id=text[:255])
        found = without_times(store.get_session_state(text[:255]))
        assert {name: found[name] for name in changed} == changed
        assert (found["thread_id"], found["run_id"]) == (text[:255], text[:255])
    assert len(store.get_session_states_by_criteria(text[:50], text[:20])) == 1
    store.delete_session_state(text[:255])
    assert store.get_session_states_by_criteria() == []


def test_nul_characters_are_kept_or_refused_by_name(store: WorkflowStore, engine: Engine) -> None:
    texts = {"code": "a\0b", "problem_tests": [{"input": ["a\0b"]}], "topic": "a\0b"}
    for name, value in texts.items():
        if engine == "sqlite":
            store.save_session_state(name, {name: value})
            assert store.get_session_state(name, [name]) == {name: value}
        else:
            with pytest.raises(InvalidRecord, match=rf"{name} is .*without NUL characters, which Postgres cannot keep"):
                store.save_session_state(name, {name: value})
    store.save_session_state("t", {"problem_tests": ["\\u0000 is written with a backslash"]})
    assert store.get_session_state("t", ["problem_tests"]) == {"problem_tests": ["\\u0000 is written with a backslash"]}


def test_fields_name_columns_only(store: WorkflowStore) -> None:
    with pytest.raises(QueryError, match="session_states has id, created_at, updated_at, thread_id, run_id"):
        store.get_session_state("t", ["nope"])


def test_the_search_finds_what_a_session_is_about(store: WorkflowStore) -> None:
    store.save_session_state("prompt", {"user_prompt": "Sort a_list, please", "code": "never found"})
    store.save_session_state("topic", {"topic": "Sort"})
    store.save_session_state("problem", {"problem": {"description": "… then sort it", "tests": []}})

    def threads(text: str, limit: int = 100) -> list[str]:
        return [row["thread_id"] for row in store.search_session_states(text, limit)]

    assert threads("SORT") == ["problem", "topic", "prompt"]
    assert threads("sort", 1) == ["problem"]
    assert threads("sort list") == ["prompt"]
    assert threads("found") == []
    store.save_session_state("prompt", {"user_prompt": "Reverse it"})
    assert threads("list") == []
    assert threads("reverse") == ["prompt"]


def test_many_states_go_in_at_once(store: WorkflowStore) -> None:
    made = datetime(2026, 4, 10, 1, 2, 3, 456_000, UTC)
    given = str(uuid.uuid4())
    rows = [
        {"thread_id": "one", **FULL, "id": given, "created_at": made, "updated_at": made + timedelta(hours=1)},
        {"thread_id": "two", "problem": {"description": UNICODE, "tests": [HOSTILE]}, "created_at": made},
    ]
    ids = store.insert_session_states(rows)
    assert ids[0] == given
    assert store.get_session_state("one") == rows[0]
    second = store.get_session_state("two")
    assert second is not None
    assert second["id"] == ids[1]
    assert (second["problem_description"], second["problem_tests"]) == (UNICODE, [HOSTILE])
    assert (second["workflow_status"], second["code_attempts"], second["topic"]) == ("running", 0, None)
    assert store.insert_session_states([]) == []
    store.insert_session_states([{"thread_id": str(number)} for number in range(100)])
    assert len(store.get_session_states_by_criteria(workflow_status="running")) == 100
    assert len(store.search_session_states("数独")) == 1
    times = store.get_session_state("7", ["created_at", "updated_at"])
    assert times is not None
    assert isinstance(times["created_at"], datetime)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"thread_id": "t"}, "session_states.thread_id is taken; it may be one that no other row has."),
        ({"thread_id": "u", "workflow_status": "done"}, "Row 1: session_states.workflow_status is 'done'"),
        ({"topic": "x"}, "Row 1: session_states.thread_id is None"),
    ],
)
def test_of_many_states_all_or_none_go_in(store: WorkflowStore, row: dict[str, Any], message: str) -> None:
    store.save_session_state("t", FULL)
    with pytest.raises(InvalidRecord) as caught:
        store.insert_session_states([{"thread_id": "v"}, row])
    assert str(caught.value).startswith(message)
    assert [row["thread_id"] for row in store.get_session_states_by_criteria()] == ["t"]


def test_rows_are_mappings(store: WorkflowStore) -> None:
    rows: list[Any] = [{"thread_id": "t"}, None]
    with pytest.raises(InvalidRecord, match="Row 1 is None; it may be a mapping of fields to values"):
        store.insert_session_states(rows)
    assert store.get_session_states_by_criteria() == []


def test_analytics_of_nothing(store: WorkflowStore) -> None:
    assert store.get_session_analytics() == {
        "sessions": 0,
        "success_rate": {"judged": 0, "passed": 0, "rate": None, "low": None, "high": None},
        "average_attempts": {"code": None, "problem": None},
        "topics": {},
        "difficulties": {},
        "workflow_status": {},
    }


def states() -> Iterator[dict[str, Any]]:
    """Fourteen states: 8 of 10 judged passed, one failed with no verdict, one runs, one runs and says it passed."""
    verdicts = [True] * 8 + [False] * 2 + [None, None, True, None]
    statuses = ["completed"] * 8 + ["failed"] * 3 + ["running"] * 2 + [None]
    topics = ["arrays", "graphs", "arrays", None, "trees", "arrays", "graphs"] * 2
    for number, (passed, status, topic) in enumerate(zip(verdicts, statuses, topics, strict=True)):
        yield {
            "thread_id": f"thread-{number:02}",
            "tests_passed": passed,
            "workflow_status": status,
            "topic": topic,
            "difficulty": "easy" if number < 5 else "hard",
            "code_attempts": number if number else None,
            "problem_attempts": 2,
            "user_prompt": f"prompt {number}",
            "created_at": datetime(2026, 4, 10, 1, 2, 3, 1000 * number, UTC),
            "updated_at": datetime(2026, 4, 10, 2, 2, 3, 1000 * number, UTC),
        }


def test_analytics_tell_the_five_key_figures(store: WorkflowStore) -> None:
    store.insert_session_states(states())
    figures = store.get_session_analytics()
    rate = figures.pop("success_rate")  # type: ignore[misc]
    assert (rate["judged"], rate["passed"], rate["rate"]) == (10, 8, 0.8)
    assert figures == {
        "sessions": 14,
        "average_attempts": {"code": 7.0, "problem": 2.0},
        "topics": {"arrays": 6, "graphs": 4, "trees": 2, None: 2},
        "difficulties": {"hard": 9, "easy": 5},
        "workflow_status": {"completed": 8, "failed": 3, "running": 2, None: 1},
    }
    assert list(figures["topics"]) == ["arrays", "graphs", "trees", None]
    with Lab() as lab:
        lab.load(store)
        (metric,) = lab.metrics.success_rate().fetchall()
        assert metric[:4] == (14, 10, 8, 0.8)
        assert (rate["low"], rate["high"]) == pytest.approx(metric[4:6], rel=1e-12)


def test_a_lab_reads_the_same_of_both_engines(tmp_path: Path, schema_url: str) -> None:
    columns = "* EXCLUDE (source)"
    found = []
    for url in (f"sqlite:///{tmp_path / 'a.db'}", schema_url):
        with open_store("workflow", url) as store, Lab() as lab:
            store.insert_session_states({**FULL, **row} for row in states())
            report = lab.load(store, strict=True)
            assert (report.kinds, report.rejected, list(report.ignored)) == (("workflow",), 0, [])
            sessions = lab.sql(f"SELECT {columns} FROM sessions ORDER BY session_id").fetchall()
            attempts = lab.sql(f"SELECT {columns} FROM attempts ORDER BY session_id, attempt").fetchall()
            found.append((sessions, attempts))
    assert found[0] == found[1]
    assert len(found[0][0]) == 14
    assert len(found[0][1]) == sum(range(14))


def test_the_log_names_threads_and_columns_only(
    store_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("sessionlab.stores.workflow")
    with open_store("workflow", store_url) as store:
        store.save_session_state("silent", FULL)
    assert caplog.messages == []
    monkeypatch.setenv("DEBUG_SESSION_STATES", "1")
    try:
        with open_store("workflow", store_url) as store:
            id_ = store.save_session_state("thread-1", {"code": "secret", "topic": "secret"}, workflow_status="failed")
            store.get_session_state("thread-1")
            store.get_session_state("nobody")
            store.get_session_states_by_criteria(topic="secret")
            store.delete_session_state("thread-1")
    finally:
        logger.setLevel(logging.NOTSET)
    assert caplog.messages == [
        f"saved 'thread-1' as {id_}: topic, code, workflow_status",
        "found 'thread-1'",
        "there is no 'nobody'",
        "1 states by topic",
        "deleted 'thread-1'",
    ]


def test_the_log_is_seen_in_a_program_that_has_set_up_none(tmp_path: Path) -> None:
    code = (
        "import sys; from sessionlab import open_store\n"
        "with open_store('workflow', sys.argv[1]) as store: store.save_session_state('t', {'code': 'secret'})"
    )
    for setting, said in (("1", "saved 't' as"), ("0", "")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "a.db")],
            env={**os.environ, "DEBUG_SESSION_STATES": setting},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.startswith(said)
        assert bool(done.stderr) == bool(said)
        assert "secret" not in done.stderr


def test_a_store_that_another_program_has_made(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE session_states (id TEXT PRIMARY KEY, created_at TIMESTAMP, updated_at TIMESTAMP,"
            " thread_id VARCHAR(255) UNIQUE NOT NULL, run_id VARCHAR(255), user_prompt TEXT, topic VARCHAR(50),"
            " difficulty VARCHAR(20), problem_description TEXT, problem_tests JSON, code TEXT, tests_passed BOOLEAN,"
            " code_attempts INTEGER, problem_attempts INTEGER, workflow_status VARCHAR(20), extra_column TEXT);"
            " INSERT INTO session_states (id, thread_id, user_prompt, tests_passed, problem_tests, extra_column)"
            " VALUES ('0d9f7b1e-1111-4222-8333-444455556666', 'old', 'old words', 1, '[1, 2]', 'kept')"
        )
    with open_store("workflow", path) as store:
        assert store.version == "0003"
        assert store.get_session_state("old", ["tests_passed", "problem_tests"]) == {
            "tests_passed": True,
            "problem_tests": [1, 2],
        }
        assert [row["thread_id"] for row in store.search_session_states("words")] == ["old"]
        assert store.save_session_state("old", {"code": "new"}) == "0d9f7b1e-1111-4222-8333-444455556666"
        store.save_session_state("new", {"problem_tests": [1, 2]})
        made = store.get_session_state("new")
        assert made is not None
        assert made["created_at"] == made["updated_at"] > datetime(2026, 1, 1, tzinfo=UTC)
        assert (made["workflow_status"], made["code_attempts"], made["problem_attempts"]) == ("running", 0, 0)
        assert store.get_session_analytics()["sessions"] == 2
        assert execute(
            store,
            "SELECT extra_column, test_count FROM session_states JOIN session_states_summary USING (id)"
            " ORDER BY session_states.thread_id",
        ) == [(None, 2), ("kept", 2)]


def test_a_schema_of_postgres_that_another_program_has_made(schema_url: str) -> None:
    database = open_database(schema_url)
    with database.transaction():
        database.run_script(
            [
                "CREATE TABLE session_states (id UUID PRIMARY KEY DEFAULT gen_random_uuid(),"
                " created_at TIMESTAMP DEFAULT now(), updated_at TIMESTAMP DEFAULT now(), thread_id VARCHAR(255)"
                " UNIQUE NOT NULL, run_id VARCHAR(255), user_prompt TEXT, topic VARCHAR(50), difficulty VARCHAR(20),"
                " problem_description TEXT, problem_tests JSONB, code TEXT, tests_passed BOOLEAN,"
                " code_attempts INTEGER DEFAULT 0, problem_attempts INTEGER DEFAULT 0, workflow_status VARCHAR(20)"
                " DEFAULT 'running' CHECK (workflow_status IN ('running', 'completed', 'failed')))",
                "CREATE INDEX idx_session_states_topic ON session_states (topic)",
                "CREATE VIEW session_states_summary AS SELECT thread_id FROM session_states",
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN NEW.updated_at = CURRENT_TIMESTAMP; RETURN NEW; END $$",
                "CREATE TRIGGER touch BEFORE UPDATE ON session_states FOR EACH ROW EXECUTE FUNCTION touch()",
                "INSERT INTO session_states (thread_id, user_prompt) VALUES ('old', 'old words')",
            ]
        )
    database.close()
    with open_store("workflow", schema_url) as store:
        assert store.version == "0003"
        id_ = store.save_session_state("new", FULL)
        assert without_times(store.get_session_state("new")) == {"id": id_, "thread_id": "new", **FULL}
        store.save_session_state("old", {"topic": "words"})
        assert [row["thread_id"] for row in store.search_session_states("old words")] == ["old"]
        assert [row["thread_id"] for row in store.get_session_states_by_criteria()] == ["new", "old"]
        store.insert_session_states([{"thread_id": "many", **FULL}])
        assert execute(store, "SELECT * FROM session_states_summary ORDER BY 1") == [("many",), ("new",), ("old",)]
        found = store.get_session_state("old", ["created_at", "updated_at"])
        assert found is not None
        assert found["updated_at"] > found["created_at"] > datetime(2026, 1, 1, tzinfo=UTC)
