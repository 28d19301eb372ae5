"""Real session records: the numbers that are known of them, counted by the lab and another way."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sessionlab import Lab, LoadReport
from sessionlab.kinds import KINDS

REAL = Path(__file__).parents[2] / "shared" / "real"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"the real sessions are not at {REAL}")


def load(name: str) -> tuple[Lab, LoadReport]:
    lab = Lab()
    return lab, lab.load(str(REAL / name))


def number(lab: Lab, query: str) -> Any:
    ((found,),) = lab.sql(query).fetchall()
    return found


def records(name: str) -> Any:
    return json.loads((REAL / name).read_text(encoding="utf-8"))


def in_sqlite(name: str, query: str) -> Any:
    with closing(sqlite3.connect(f"file:{REAL / name}?mode=ro&immutable=1", uri=True)) as database:
        ((found,),) = database.execute(query).fetchall()
    return found


def test_terminal_bench() -> None:
    lab, report = load("workflow/terminal_bench.json")

    counts = dict(lab.sql("SELECT success, count(*) FROM sessions GROUP BY ALL").fetchall())
    assert counts == {True: 1772, False: 2229, None: 399}
    assert (report.sessions, report.rejected, report.superseded) == (4400, 0, 0)

    rows = records("workflow/terminal_bench.json")
    assert Counter(row["tests_passed"] for row in rows) == counts
    topics = Counter(row["topic"] for row in rows)
    assert dict(lab.sql("SELECT topic, count(*) FROM sessions GROUP BY ALL").fetchall()) == topics
    pairs = Counter((row["agent"], row["model"]) for row in rows)
    assert Counter(lab.sql("SELECT agent, model FROM sessions").fetchall()) == pairs
    modes = Counter(row["failure_mode"] for row in rows)
    assert Counter(mode for (mode,) in lab.sql("SELECT extra->>'failure_mode' FROM sessions").fetchall()) == modes
    assert number(lab, "SELECT count(*) FROM sessions WHERE started_at IS NULL") == 1276


def test_state_history() -> None:
    lab, _ = load("workflow/state_history.json")

    sessions = lab.sql("SELECT session_id, topic, difficulty, success, attempts, problem_attempts FROM sessions")
    assert sessions.fetchall() == [("state_history", "arrays", "easy", True, 1, 1)]
    assert number(lab, "SELECT count(*) FROM workflow.state_history") == 4
    newest = records("workflow/state_history.json")[0]
    attempts = lab.sql("SELECT attempt, success, code FROM attempts").fetchall()
    assert attempts == [(1, True, newest["code"])]


def test_codegen() -> None:
    lab, report = load("codegen/mini_swe.db")

    assert (report.sessions, report.rejected) == (46, 0)
    assert number(lab, "SELECT count(*) FROM attempts") == 3764
    assert number(lab, "SELECT count(*) FROM errors") == 368
    assert number(lab, "SELECT count(parent_session_id) FROM sessions") == 23
    assert number(lab, "SELECT sum(attempts) FROM sessions") == 3764

    file = "codegen/mini_swe.db"
    for table, expected in {"session": 46, "iteration": 3764, "error": 368}.items():
        assert in_sqlite(file, f"SELECT count(*) FROM {table}") == expected
    assert in_sqlite(file, "SELECT count(parent_session_id) FROM session") == 23
    query = "SELECT count(*) FROM session WHERE coding_plan IS NOT NULL"
    assert in_sqlite(file, query) == number(lab, "SELECT count(extra->>'coding_plan') FROM sessions")
    with closing(sqlite3.connect(f"file:{REAL / file}?mode=ro&immutable=1", uri=True)) as database:
        last = dict(database.execute("SELECT session_id, max(id) FROM iteration GROUP BY session_id"))
        erring = {iteration for (iteration,) in database.execute("SELECT iteration_id FROM error")}
    passed = sum(iteration not in erring for iteration in last.values())
    assert passed == number(lab, "SELECT count(*) FROM sessions WHERE success")
    assert len(last) - passed == number(lab, "SELECT count(*) FROM sessions WHERE NOT success")


def test_conversation() -> None:
    lab, report = load("conversation/mini_swe.db")

    assert (report.sessions, report.rejected) == (99, 0)
    assert number(lab, "SELECT count(*) FROM sessions WHERE success") == 61
    assert number(lab, "SELECT count(*) FROM messages") == 15948
    assert number(lab, "SELECT count(*) FROM conversation.contexts") == 99

    file = "conversation/mini_swe.db"
    for table, expected in {"sessions": 99, "conversations": 15948, "contexts": 99}.items():
        assert in_sqlite(file, f"SELECT count(*) FROM {table}") == expected
    assert in_sqlite(file, "SELECT count(*) FROM sessions WHERE json_extract(metadata, '$.success')") == 61
    query = "SELECT count(*) FROM conversations WHERE message_role = 'assistant'"
    assert in_sqlite(file, query) == number(lab, "SELECT count(*) FROM attempts")
    assert in_sqlite(file, query) == number(lab, "SELECT sum(attempts) FROM sessions")


def test_messages_of_one_moment_keep_their_order() -> None:
    lab, _ = load("conversation/mini_swe.db")
    wrong = lab.sql(
        "SELECT session_id FROM messages GROUP BY session_id"
        " HAVING list(message_id ORDER BY seq) <> list(message_id ORDER BY sent_at, (extra->>'index')::INTEGER)"
    )
    assert wrong.fetchall() == []


def test_competitions() -> None:
    names = ["worktree/0b50d7a2e8b917de.json", "worktree/bc99e2db073c74f1.json"]
    lab = Lab()
    for name in names:
        assert lab.load(str(REAL / name)).rejected == 0

    assert number(lab, "SELECT count(*) FROM sessions") == 800
    assert number(lab, "SELECT count(*) FROM attempts") == 3200
    assert number(lab, "SELECT count(DISTINCT workspace) FROM sessions") == 2

    rows = [session for name in names for session in records(name)]
    assert (len(rows), sum(len(row["instances"]) for row in rows)) == (800, 3200)
    outcome = {"completed": True, "failed": False}
    expected = Counter(outcome.get(row["status"]) for row in rows)
    assert dict(lab.sql("SELECT success, count(*) FROM sessions GROUP BY ALL").fetchall()) == expected
    with_winner = sum(row.get("winnerId") is not None for row in rows)
    assert number(lab, "SELECT count(*) FROM attempts WHERE winner") == with_winner


def test_one_id_twice() -> None:
    lab, report = load("worktree/363b85e9cfa11618.json")

    assert (report.sessions, report.superseded, report.rejected) == (2, 1, 0)
    rows = records("worktree/363b85e9cfa11618.json")
    assert len(rows) == 3
    latest = {row["id"]: row for row in sorted(rows, key=lambda row: str(row["updatedAt"])[:19])}
    found = lab.sql("SELECT session_id, goal, attempts FROM sessions ORDER BY session_id").fetchall()
    assert found == sorted((key, row["task"], len(row["instances"])) for key, row in latest.items())


def test_everything_at_once() -> None:
    """The folder of JSON holds two kinds; with the databases beside it, the lab has all of it."""
    with Lab() as lab:
        for part in ("workflow", "worktree", "codegen/mini_swe.db", "conversation/mini_swe.db"):
            lab.load(str(REAL / part))
        counts = dict(lab.sql("SELECT kind, count(*) FROM sessions GROUP BY ALL").fetchall())
        assert counts == {"workflow": 4401, "worktree": 802, "codegen": 46, "conversation": 99}
        assert number(lab, "SELECT count(*) FROM rejects") == 0


@pytest.mark.parametrize(
    "name", ["workflow/terminal_bench.json", "worktree", "codegen/mini_swe.db", "conversation/mini_swe.db"]
)
def test_loading_twice(name: str) -> None:
    """Loading again, into the same lab or into another, gives the same rows."""
    lab, _ = load(name)
    once = contents(lab)
    lab.load(str(REAL / name))
    assert contents(lab) == once
    other, _ = load(name)
    assert contents(other) == once


def contents(lab: Lab) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the lab but what tells when it was loaded."""
    native = [f"{kind.name}.{table.name}" for kind in KINDS.values() for table in kind.tables]
    tables = ["sessions", "attempts", "messages", "errors", "files", *native]
    return {table: lab.sql(f"SELECT count(*), sum(hash(t)) FROM {table} AS t").fetchall() for table in tables}
