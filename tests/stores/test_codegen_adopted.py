"""A file that CodeCache has made: opened, taken over, read and written, with what it has beyond the declaration."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessionlab import InvalidRecord, Lab, open_store
from sessionlab.stores.migrations import current

REAL = Path(__file__).parents[3] / "shared" / "real" / "codegen" / "mini_swe.db"

NOW = "DEFAULT (STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW'))"
CODE_CACHE = f"""
CREATE TABLE session (id INTEGER PRIMARY KEY AUTOINCREMENT, design_goal TEXT NOT NULL, parent_session_id INTEGER,
    coding_plan TEXT, created_at TIMESTAMP {NOW}, FOREIGN KEY (parent_session_id) REFERENCES session(id));
CREATE TABLE iteration (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id INTEGER NOT NULL, code TEXT NOT NULL,
    feedback TEXT, created_at TIMESTAMP {NOW}, FOREIGN KEY (session_id) REFERENCES session(id));
CREATE TABLE error (id INTEGER PRIMARY KEY AUTOINCREMENT, iteration_id INTEGER NOT NULL,
    error_type TEXT CHECK(error_type IN ('syntax', 'runtime')), error_message TEXT, error_line INTEGER,
    created_at TIMESTAMP {NOW}, FOREIGN KEY (iteration_id) REFERENCES iteration(id));
INSERT INTO session VALUES (3, 'sort a list', NULL, 'first think', '2026-04-10 01:36:37.030'),
    (4, 'x', 3, NULL, 'soon');
INSERT INTO iteration VALUES (5, 3, 'sorted(x)', 'good', '2026-04-10 01:36:38'), (6, 99, 'orphan', NULL, NULL);
INSERT INTO error VALUES (7, 5, 'runtime', 'NameError: x', 1, '2026-04-10 01:36:39.5'), (8, 98, NULL, NULL, NULL, NULL);
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "code_cache.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(CODE_CACHE)
    return path


def test_it_is_read_and_written(made: Path) -> None:
    assert current(made, "codegen") is None
    with open_store("codegen", made) as store:
        assert store.version == "0003"
        assert store.get_session(3) == {
            "id": 3,
            "design_goal": "sort a list",
            "parent_session_id": None,
            "created_at": datetime(2026, 4, 10, 1, 36, 37, 30_000, tzinfo=UTC),
        }
        assert store.get_session(4, ["created_at"]) == {"created_at": "soon"}
        assert [row["id"] for row in store.search_sessions("LIST")] == [3]
        history = store.get_session_history(3)
        assert history is not None
        assert [error["error_message"] for error in history["iterations"][0]["errors"]] == ["NameError: x"]
        assert store.get_iterations(99, ["code"]) == [{"code": "orphan"}]
        store.update_session(3, "sort a tuple")
        assert store.insert_session("next", 3) == 5
        assert store.insert_iteration(5, "code") == 7
        with pytest.raises(InvalidRecord, match="iteration_id is 99; it may be the id of an iteration"):
            store.insert_error(99, "syntax", "m")
    with closing(sqlite3.connect(made)) as database:
        assert database.execute("SELECT design_goal, coding_plan FROM session WHERE id = 3").fetchall() == [
            ("sort a tuple", "first think")
        ]
        assert len(database.execute("PRAGMA foreign_key_check").fetchall()) == 2


def test_its_own_program_goes_on_writing(made: Path) -> None:
    with open_store("codegen", made) as store, closing(sqlite3.connect(made, isolation_level=None)) as other:
        other.execute("INSERT INTO session (design_goal, coding_plan) VALUES ('from elsewhere', 'plan')")
        other.execute("UPDATE session SET design_goal = 'found again' WHERE id = 4")
        assert [row["id"] for row in store.search_sessions("elsewhere")] == [5]
        assert [row["id"] for row in store.search_sessions("again")] == [4]


def test_a_lab_loads_it_with_what_is_not_declared(made: Path) -> None:
    with open_store("codegen", made) as store, Lab() as lab:
        lab.load(store)
        plans = lab.sql("SELECT extra->>'$.coding_plan' FROM codegen.session WHERE id = 3").fetchall()
        assert plans == [("first think",)]


@pytest.mark.skipif(not REAL.is_file(), reason=f"the real sessions are not at {REAL}")
def test_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "mini_swe.db"
    shutil.copyfile(REAL, path)
    with open_store("codegen", path) as store:
        histories = [store.get_session_history(number) for number in range(1, 47)]
        assert sum(len(each["iterations"]) for each in histories if each) == 3764
        found = [iteration["errors"] for each in histories if each for iteration in each["iterations"]]
        assert sum(map(len, found)) == 368
        assert store.search_sessions("marshmallow")
        session = store.insert_session("a new one", 1)
        assert [row["id"] for row in store.get_session_chain(session)] == [1, 47]
