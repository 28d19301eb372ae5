"""Chains of sessions: against a walk in Python, with circles, missing parents and long chains."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.chains import Chains, chains
from sessionlab.errors import NotFound, QueryError
from sessionlab.history.links import changes_sql, depth_sql, sessions_sql
from sessionlab.intervals import wilson
from sessionlab.model import ATTEMPTS, SESSIONS

SNAPSHOT = Path(__file__).parent / "snapshots" / "chains.sql"


def lab_of(parents: Mapping[str, str | None], **columns: Sequence[Any]) -> tuple[duckdb.DuckDBPyConnection, Chains]:
    lab = duckdb.connect()
    for table in (SESSIONS, ATTEMPTS):
        lab.execute(table.ddl("main"))
    names = ", ".join(["source", "kind", "session_id", "parent_session_id", *columns])
    rows = [("s", "codegen", *link, *more) for link, *more in zip(parents.items(), *columns.values(), strict=True)]
    if rows:
        lab.executemany(f"INSERT INTO sessions ({names}) VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def ask(query: str, params: Mapping[str, Any], /) -> duckdb.DuckDBPyRelation:
        return lab.sql(query, params=dict(params)) if params else lab.sql(query)

    return lab, chains(ask)


def add_codes(lab: duckdb.DuckDBPyConnection, codes: Mapping[str, Sequence[str | None]]) -> None:
    rows = [
        ("s", "codegen", name, number, code) for name, texts in codes.items() for number, code in enumerate(texts, 1)
    ]
    lab.executemany("INSERT INTO attempts (source, kind, session_id, attempt, code) VALUES (?, ?, ?, ?, ?)", rows)


def walked(parents: Mapping[str, str | None]) -> dict[str, tuple[str | None, int | None, str | None]]:
    """Follow each session's parents: its root, depth and note."""
    found: dict[str, tuple[str | None, int | None, str | None]] = {}
    for name in parents:
        line = [name]
        while (up := parents[line[-1]]) in parents and up not in line:
            line.append(str(up))
        if up in line:
            found[name] = (None, None, "cycle")
        else:
            found[name] = (line[-1], len(line) - 1, "parent missing" if len(line) == 1 and up is not None else None)
    linked = {name for name, up in parents.items() if up is not None} | set(parents.values())
    return {name: place for name, place in found.items() if name in linked}


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([None, None, *"abcdefghz"])))
def test_every_linked_session_stands_where_a_walk_puts_it(parents: dict[str, str | None]) -> None:
    lab, found = lab_of(parents)
    rows = found.sessions.project("session_id, root, depth, note").fetchall()
    assert {name: place for name, *place in rows} == {name: list(place) for name, place in walked(parents).items()}
    assert len(rows) == len(walked(parents))
    lab.close()


def test_the_columns_are_those_promised() -> None:
    _, found = lab_of({"a": None, "b": "a"}, success=[False, True], attempts=[3, 1], goal=["sort", "sort it"])
    columns = "source, kind, session_id, root, depth, parent, note, success, attempts, goal"
    assert ", ".join(found.columns) == columns
    assert found.fetchall() == [
        ("s", "codegen", "a", "a", 0, None, None, False, 3, "sort"),
        ("s", "codegen", "b", "a", 1, "a", None, True, 1, "sort it"),
    ]


def test_parents_are_of_the_same_source_and_kind() -> None:
    lab, found = lab_of({"a": None, "b": "a"})
    lab.execute(
        "INSERT INTO sessions BY NAME SELECT * REPLACE ('other' AS source) FROM sessions WHERE session_id = 'b'"
    )
    lab.execute(
        "INSERT INTO sessions BY NAME SELECT * REPLACE ('workflow' AS kind) FROM sessions WHERE source = 'other'"
    )
    rows = found.sessions.project("source, kind, session_id, note").fetchall()
    assert [row for row in rows if row[3]] == [
        ("other", "codegen", "b", "parent missing"),
        ("other", "workflow", "b", "parent missing"),
    ]


def test_a_session_that_is_there_twice_neither_multiplies_nor_loops() -> None:
    lab, found = lab_of({"a": None, "b": "a", "c": "b"})
    lab.execute("INSERT INTO sessions FROM sessions")
    lab.execute("UPDATE sessions SET parent_session_id = 'c' WHERE session_id = 'a' AND rowid > 2")
    assert found.by_depth.aggregate("sum(sessions)").fetchall() == [(3,)]


def test_a_chain_of_ten_thousand_is_walked_to_its_end() -> None:
    lab, found = lab_of({})
    lab.execute(
        "INSERT INTO sessions BY NAME SELECT 's' AS source, 'codegen' AS kind, i::VARCHAR AS session_id,"
        " CASE WHEN i > 0 THEN (i - 1)::VARCHAR END AS parent_session_id FROM range(10_000) AS t (i)"
    )
    assert found.aggregate("max(depth), count(*), count(DISTINCT root)").fetchall() == [(9_999, 10_000, 1)]


def test_success_by_depth_has_counts_and_interval() -> None:
    parents = {"a": None, "b": "a", "c": "a", "d": "a", "x": "y", "y": "x"}
    _, found = lab_of(parents, success=[False, True, False, None, True, None])
    low, high = wilson(1, 2)
    first, second, circle = found.by_depth.fetchall()
    assert first[:5] == (0, 1, 1, 0, 0.0)
    assert second[:5] == (1, 3, 2, 1, 0.5)
    assert second[5:] == pytest.approx((low, high), abs=1e-12)
    assert circle[:5] == (None, 2, 1, 1, 1.0)


def test_changes_count_words_and_lines() -> None:
    goals = ["sort a list", "sort a long list fast", None, "sort a list", "lost"]
    lab, found = lab_of({"a": None, "b": "a", "c": "a", "d": "a", "e": "z"}, goal=goals)
    add_codes(lab, {"a": ["early", "x\ny\ny\nz", None], "b": ["x\nnew\nnewer\nz"], "d": ["x\ny\ny\nz"]})
    assert found.changes.fetchall() == [
        ("s", "codegen", "b", "a", 3 / 5, 2 / 5, 2, 1),
        ("s", "codegen", "c", "a", None, None, None, None),
        ("s", "codegen", "d", "a", 1.0, 1.0, 0, 0),
    ]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(["x", "y", "z", "", "w w"])), st.lists(st.sampled_from(["x", "y", "z", "", "w w"])))
def test_changes_are_those_of_pythons_sets(old: list[str], new: list[str]) -> None:
    lab, found = lab_of({"a": None, "b": "a"}, goal=[" ".join(old), " ".join(new)])
    add_codes(lab, {"a": ["\n".join(old)], "b": ["\n".join(new)]})
    before, after = set(old or [""]), set(new or [""])
    words, words_before = set(" ".join(new).split(" ")), set(" ".join(old).split(" "))
    ((*_, goal, code, added, removed),) = found.changes.fetchall()
    assert goal == pytest.approx(len(words & words_before) / len(words | words_before))
    assert code == pytest.approx(len(before & after) / len(before | after))
    assert (added, removed) == (len(after - before), len(before - after))
    lab.close()


class TestDiff:
    def test_it_is_pythons_diff_of_goal_and_last_code(self) -> None:
        lab, found = lab_of({"1": None, "2": "1"}, goal=["sort a list", "sort the list"])
        old, new = "def f():\n    return 1\n", "def f():\n    return 2\n\nf()\n"
        add_codes(lab, {"1": ["early", old, None], "2": [new]})
        change = found.diff(2)
        expected = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))[2:]
        assert change.code.diff == "\n".join(expected)
        assert (change.code.added, change.code.removed) == (3, 1)
        assert change.code.similarity == pytest.approx(2 / 6)
        assert change.goal_similarity == pytest.approx(2 / 3)
        assert "-sort a list" in str(change)
        assert "+    return 2" in str(change)
        assert "<ins>+    return 2</ins>" in change._repr_html_()

    def test_without_code_there_is_none(self) -> None:
        _, found = lab_of({"1": None, "2": "1"}, goal=["sort", "sort"])
        change = found.diff("2")
        assert (change.code.diff, change.code.similarity, change.goal.diff) == (None, None, "")
        assert "goal: unchanged\ncode: not compared" in str(change)

    def test_what_is_not_there_is_said(self) -> None:
        lab, found = lab_of({"1": None, "2": "1", "3": "9", "4": "4"})
        with pytest.raises(NotFound, match="'1' of 's' has no parent"):
            found.diff("1")
        with pytest.raises(NotFound, match="no session '9' of source 's'"):
            found.diff("3")
        with pytest.raises(NotFound, match="no session '77'"):
            found.diff(77)
        assert found.diff("4").parent == "4"
        lab.execute("INSERT INTO sessions BY NAME SELECT * REPLACE ('t' AS source) FROM sessions")
        with pytest.raises(QueryError, match="source=: s, t"):
            found.diff("2")

    def test_texts_are_escaped_and_bounded(self) -> None:
        lab, found = lab_of({"1": None, "<b>2": "1"}, goal=["a", "<script>alert(1)</script>"])
        add_codes(lab, {"1": ["x"], "<b>2": ["\n".join(f"line {number}" for number in range(9_000))]})
        change = found.diff("<b>2")
        assert "<script>" not in change._repr_html_()
        assert "<b>2" not in change._repr_html_()
        assert len(change._repr_html_()) < 30_000
        assert len(str(change)) < 10_000
        lab.execute("UPDATE attempts SET code = repeat('line' || chr(10), 20_000) WHERE session_id = '1'")
        assert found.diff("<b>2").code.diff is None


def test_it_shows_itself_and_gives_what_a_relation_has() -> None:
    _, found = lab_of({"a": None, "b": "a"})
    assert "root" in str(found)
    assert "success by depth" in found._repr_html_()
    assert found.df().shape == (2, 10)
    with pytest.raises(AttributeError):
        found._repr_mimebundle_  # noqa: B018


def test_the_sql_is_as_reviewed() -> None:
    text = ";\n\n".join([sessions_sql(), depth_sql(), changes_sql()]) + ";\n"
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8"), "SNAPSHOTS=write pytest tests/test_chains.py writes it anew"
