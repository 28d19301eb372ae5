"""Winners: the counts against Python's own, the ratings put where they belong, the reasons where there are none."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import duckdb
import pytest

from sessionlab.errors import QueryError
from sessionlab.metrics import METRICS, Metrics
from sessionlab.metrics.bradley_terry import ratings
from tests.metrics.bench import empty_lab, filled_lab, metrics_of, note_entrants, rows

OF = ["agent", "model", "runtime"]


def competitions(lab: duckdb.DuckDBPyConnection, of: str, where: str = "true") -> list[list[tuple[str | None, bool]]]:
    """Give the entrants of each competition, and whether they won."""
    found: dict[Any, list[tuple[str | None, bool]]] = defaultdict(list)
    query = (
        f"SELECT source, session_id, a.{of}, winner FROM attempts AS a JOIN sessions AS s USING (source, session_id)"
    )
    for source, session, entrant, won in lab.sql(f"{query} WHERE {where}").fetchall():
        found[source, session].append((entrant, bool(won)))
    return [entrants for entrants in found.values() if len(entrants) > 1 and any(won for _, won in entrants)]


def counted(lab: duckdb.DuckDBPyConnection, of: str, where: str = "true") -> dict[str | None, tuple[Any, ...]]:
    """Count who entered and won how often, and rate them."""
    found = competitions(lab, of, where)
    entered = Counter(name for entrants in found for name, _ in entrants)
    won = Counter(name for entrants in found for name, winner in entrants if winner)
    wins = Counter(
        (one, other)
        for entrants in found
        for one, winner in entrants
        for other, also in entrants
        if winner and not also and one and other and one != other
    )
    rated = ratings(wins)
    return {name: (count, won[name], rated[name].rating if name in rated else None) for name, count in entered.items()}


@pytest.mark.parametrize("of", OF)
@pytest.mark.parametrize("where", [None, "attempts > 4", "difficulty = 'easy' AND topic IS NOT NULL"])
def test_winners_are_counted_and_rated(
    lab: duckdb.DuckDBPyConnection, metrics: Metrics, of: str, where: str | None
) -> None:
    found = rows(metrics.winners(of=of, where=where))
    assert {row[of]: (row["entered"], row["won"], row["rating"]) for row in found} == counted(lab, of, where or "true")
    assert len(found) > 1


@pytest.mark.parametrize(("by", "bucket"), [("difficulty", None), (["topic", "success"], None), ("topic", "month")])
def test_each_group_has_ratings_of_its_own(
    lab: duckdb.DuckDBPyConnection, metrics: Metrics, by: str | list[str], bucket: str | None
) -> None:
    found = rows(metrics.winners(of="runtime", by=by, bucket=bucket))
    keys = ["bucket"] * (bucket is not None) + ([by] if isinstance(by, str) else by)
    expression = {"bucket": f"date_trunc('{bucket}', s.started_at)"} | {
        key: f"s.{key}" for key in keys[bucket is not None :]
    }
    groups = {tuple(row[key] for key in keys) for row in found}
    assert len(groups) > 1
    for group in groups:
        where = " AND ".join(
            f"{expression[key]} IS NOT DISTINCT FROM {'NULL' if value is None else repr(str(value))}"
            for key, value in zip(keys, group, strict=True)
        )
        own = {row["runtime"]: row for row in found if tuple(row[key] for key in keys) == group}
        expected = counted(lab, "runtime", where)
        assert {name: (row["entered"], row["won"], row["rating"]) for name, row in own.items()} == expected


def test_groups_sum_up_to_the_whole(metrics: Metrics) -> None:
    whole = rows(metrics.winners())
    parts = rows(metrics.winners(by=["topic", "difficulty"]))
    for column in ("entered", "won"):
        assert sum(row[column] for row in parts) == sum(row[column] for row in whole)


def test_the_unknown_are_counted_and_not_rated(metrics: Metrics) -> None:
    (unknown,) = [row for row in rows(metrics.winners()) if row["agent"] is None]
    assert unknown["entered"] > 5
    assert unknown["unrated"] == "not known who it is"
    assert unknown["rating"] is unknown["rating_low"] is unknown["rating_high"] is None


def lab_of(*sessions: str) -> Metrics:
    """Make sessions of the agents in a word; the one in upper case is the winner."""
    lab = filled_lab(
        f"SELECT 'x' AS source, 'k' AS kind, i::VARCHAR AS session_id FROM range({len(sessions)}) AS r (i)"
    )
    for i, agents in enumerate(sessions):
        named = any(agent.isupper() for agent in agents)
        for attempt, agent in enumerate(agents, 1):
            lab.execute(
                "INSERT INTO attempts BY NAME SELECT 'x' AS source, 'k' AS kind, $i AS session_id, $attempt AS attempt,"
                " $agent AS agent, $winner AS winner",
                {"i": str(i), "attempt": attempt, "agent": agent.lower(), "winner": agent.isupper() if named else None},
            )
    note_entrants(lab)
    return metrics_of(lab)


def test_what_is_no_competition_is_not_counted() -> None:
    # A lone attempt, one that nobody has decided yet, one that two have won, and one that is decided.
    found = rows(lab_of("A", "ab", "aBC", "abC").winners())
    assert {row["agent"]: (row["entered"], row["won"]) for row in found} == {"a": (1, 0), "b": (1, 0), "c": (1, 1)}


def test_each_attempt_is_an_entrant_and_no_one_beats_oneself() -> None:
    found = {row["agent"]: row for row in rows(lab_of("Aab", "aB", "Cc").winners())}
    assert (found["a"]["entered"], found["a"]["won"]) == (3, 1)
    assert found["a"]["rating"] == pytest.approx(0)
    assert (found["c"]["entered"], found["c"]["won"], found["c"]["unrated"]) == (2, 1, "met no other")


def test_the_best_come_first_and_the_unrated_last() -> None:
    found = rows(lab_of("Ab", "Ab", "Ba", "Ca", "Db").winners())
    assert [row["agent"] for row in found] == ["a", "b", "c", "d"]
    assert [row["unrated"] for row in found] == [None, None, *["won every comparison"] * 2]


def test_the_pure_text_says_that_it_is_not_fitted(lab: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    counts = "agent, entered, won, rate, low, high"
    plain = lab.sql(METRICS["winners"]())
    assert {row["unrated"] for row in rows(plain)} == {"not fitted", "not known who it is"}
    assert set(plain.project(counts).fetchall()) == set(metrics.winners().project(counts).fetchall())


@pytest.mark.parametrize(
    "by", [(), "topic", "success", "extra", "duration_s", "started_at", ["attempts", "session_id"]]
)
def test_what_is_run_gives_what_the_text_counts(metrics: Metrics, by: str | list[str]) -> None:
    arguments = {"of": "model", "by": by, "bucket": "day", "where": "attempts > 1"}
    counted = rows(metrics._run(metrics.sql("winners", **arguments)))
    assert rows(metrics.winners(**arguments)) == counted
    assert len(counted) > 1
    assert "FROM sessions" not in metrics.written("winners", **arguments).answer
    assert metrics.written("attempts", by="kind") == (metrics.sql("attempts", by="kind"),) * 2


def test_a_name_of_any_signs_is_counted_and_rated() -> None:
    strange = ["o'hara", "a\nb", "", "NULL", "{x}", "日本", '"', "\\n", "$[0]"]
    lab = filled_lab("SELECT 'x' AS source, 'k' AS kind, 's' AS session_id")
    for attempt, agent in enumerate(strange):
        lab.execute(
            "INSERT INTO attempts BY NAME SELECT 'x' AS source, 'k' AS kind, 's' AS session_id, $a AS attempt,"
            " $agent AS agent, $a = 0 AS winner",
            {"a": attempt, "agent": agent},
        )
    note_entrants(lab)
    found = rows(metrics_of(lab).winners())
    assert {row["agent"]: (row["won"], row["unrated"]) for row in found} == {
        "o'hara": (1, "won every comparison")
    } | dict.fromkeys(strange[1:], (0, "lost every comparison"))


def test_only_attempts_have_winners() -> None:
    with pytest.raises(QueryError, match=r"between 'agents'. Did you mean 'agent'\? There are: agent, model, runtime"):
        metrics_of(empty_lab()).winners(of="agents")
    with pytest.raises(QueryError, match="has a column 'agent' of its own"):
        metrics_of(empty_lab()).winners(by="agent")
    assert rows(metrics_of(empty_lab()).winners(of="model", by="agent")) == []


def test_a_group_of_any_type_finds_its_ratings(metrics: Metrics) -> None:
    for by in ("success", "extra", "duration_s", "started_at", "attempts"):
        assert sum(row["rating"] is not None for row in rows(metrics.winners(of="runtime", by=by))) >= (
            2 if by in {"success", "extra", "attempts"} else 0
        )
