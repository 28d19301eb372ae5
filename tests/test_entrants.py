"""Entrants of sessions that are competitions: against the attempts, which say the same at more length."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.entrants import competitions, listed
from sessionlab.kinds import KINDS
from sessionlab.samples import write_samples
from tests.metrics.bench import empty_lab

NAMES = ("won", "agent", "model", "runtime")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder, 400, 3, format="sqlite")
    lab = Lab()
    for source in sorted(folder.iterdir()):
        lab.load(source)
    return lab


def by_attempts(lab: Lab) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Find the entrants of each competition in the attempts, in no order."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    query = "SELECT source, session_id, winner, agent, model, runtime FROM attempts WHERE winner IS NOT NULL"
    for source, session, *values in lab.sql(query).fetchall():
        known = {name: value for name, value in zip(NAMES, values, strict=True) if value is not None}
        found[source, session].append(known)
    return {key: tried for key, tried in found.items() if len(tried) > 1 and sum(one["won"] for one in tried) == 1}


def alike(entrants: list[dict[str, Any]]) -> list[str]:
    return sorted(map(json.dumps, entrants))


def test_a_lab_notes_who_took_part_in_each_competition(lab: Lab) -> None:
    rows = lab.sql("SELECT source, session_id, entrants FROM sessions WHERE entrants IS NOT NULL").fetchall()
    expected = by_attempts(lab)
    assert len(rows) > 20
    assert {(source, session): alike(json.loads(text)) for source, session, text in rows} == {
        key: alike(tried) for key, tried in expected.items()
    }


def test_the_winner_comes_first_and_the_order_of_attempts_makes_no_line_ups(lab: Lab) -> None:
    texts = [text for (text,) in lab.sql("SELECT entrants FROM sessions WHERE entrants IS NOT NULL").fetchall()]
    assert all([one["won"] for one in json.loads(text)].index(True) == 0 for text in texts)
    assert len(set(texts)) == len({tuple(alike(json.loads(text))) for text in texts})


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_says_whether_its_attempts_compete(lab: Lab, kind: Any) -> None:
    found = f"SELECT count(*) > 0, count(winner) > 0 FROM {kind.name}.canonical_attempts"
    assert lab.sql(found).fetchall() == [(True, kind.competes)]


def entrants_of(*attempts: tuple[bool | None, str | None]) -> list[Any]:
    """Give the entrants of a session of some attempts: whether each won, and its agent."""
    lab = empty_lab()
    for number, (winner, agent) in enumerate(attempts):
        values = {"number": number, "winner": winner, "agent": agent}
        lab.execute(
            "INSERT INTO attempts BY NAME SELECT 'x' AS source, 'k' AS kind, 's' AS session_id, $number AS attempt,"
            " $winner AS winner, $agent AS agent",
            values,
        )
    return [json.loads(text) for (*_, text) in lab.execute(competitions("attempts")).fetchall()]


def test_what_is_no_competition_has_none() -> None:
    lone, undecided, two = [(True, "a")], [(None, "a"), (None, "b")], [(True, "a"), (False, "b"), (True, "c")]
    assert entrants_of(*lone) == entrants_of(*undecided) == entrants_of(*two) == entrants_of((False, "a")) == []
    assert entrants_of((False, "a"), (True, None)) == [[{"won": True}, {"won": False, "agent": "a"}]]


def test_the_list_has_each_entrant_whole_whatever_it_is_called() -> None:
    names = ["plain", "a,\nb", "},{", ',\n{"won":true}', "日本", "", "\\", '"']
    entrants = [(number == 3, name) for number, name in enumerate(names)]
    (found,) = entrants_of(*entrants)
    assert found[0] == {"won": True, "agent": names[3]}
    assert sorted(one["agent"] for one in found) == sorted(names)
    lab = empty_lab()
    lab.execute(
        "INSERT INTO attempts BY NAME SELECT 'x' AS source, 'k' AS kind, 's' AS session_id, unnest($names) AS agent,"
        " unnest(range($count)) = 3 AS winner",
        {"names": names, "count": len(names)},
    )
    ((parts,),) = lab.execute(f"SELECT {listed('entrants')} FROM ({competitions('attempts')})").fetchall()
    assert [json.loads(part) for part in parts] == found


def test_a_load_of_one_source_leaves_the_entrants_of_another(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        write_samples(tmp_path / name, 60, seed, kinds=["worktree"], format="sqlite")
    sources = [next((tmp_path / name).iterdir()) for name in ("one", "two")]
    lab = Lab()
    for name, source in zip("ab", sources, strict=True):
        lab.load(source, name=name)
    before = lab.sql("SELECT source, session_id, entrants FROM sessions ORDER BY ALL").fetchall()
    assert {source for source, _, entrants in before if entrants} == {"a", "b"}
    lab.load(sources[0])
    assert lab.sql("SELECT source, session_id, entrants FROM sessions ORDER BY ALL").fetchall() == before


def test_a_session_of_two_sources_has_the_entrants_of_its_own() -> None:
    lab = empty_lab()
    lab.execute(
        "INSERT INTO attempts BY NAME SELECT source, 'k' AS kind, 's' AS session_id, n AS attempt, n = 1 AS winner,"
        " source || n AS agent FROM (VALUES ('x'), ('y')) AS t (source), range(2) AS r (n)"
    )
    found = lab.execute(f"SELECT source, entrants->>'$[*].agent' FROM ({competitions('attempts')}) ORDER BY 1")
    assert found.fetchall() == [("x", ["x1", "x0"]), ("y", ["y1", "y0"])]


def test_a_condition_narrows_what_is_looked_at() -> None:
    lab: duckdb.DuckDBPyConnection = empty_lab()
    lab.execute(
        "INSERT INTO attempts BY NAME SELECT 'x' AS source, 'k' AS kind, session_id, n AS attempt, n = 1 AS winner"
        " FROM (VALUES ('s'), ('t')) AS t (session_id), range(2) AS r (n)"
    )
    found = lab.execute(f"SELECT session_id FROM ({competitions('attempts', 'session_id > $after')})", {"after": "s"})
    assert found.fetchall() == [("t",)]
