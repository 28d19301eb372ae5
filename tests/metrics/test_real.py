"""The metrics over real sessions of every kind: sums, independent implementations, and every chart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from sessionlab import Lab
from sessionlab.metrics import METRICS
from tests.metrics.bench import rows
from tests.metrics.test_bradley_terry import check

REAL = Path(__file__).parents[3] / "shared" / "real"
SOURCES = ["codegen/mini_swe.db", "conversation/mini_swe.db", "workflow/terminal_bench.json", "worktree"]
COUNTS = {
    "attempts_distribution": ["sessions", "passed"],
    "errors": ["errors", "sessions"],
    "winners": ["entered", "won"],
    "success_by_attempt": ["passed"],
}
"""The columns that add up, where they are not the sessions."""

pytestmark = pytest.mark.skipif(not REAL.exists(), reason=f"there are no real sessions in {REAL}")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        for source in SOURCES:
            lab.load(REAL / source)
        yield lab


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("by", ["kind", ["source", "model"], "user_id"])
def test_groups_sum_up_to_the_whole(lab: Lab, name: str, by: str | list[str]) -> None:
    metric = getattr(lab.metrics, name)
    more = {"of": "runtime"} if name == "winners" else {}
    whole, parts = rows(metric(**more)), rows(metric(by=by, **more))
    assert whole
    for column in COUNTS.get(name, ["sessions"]):
        assert sum(row[column] for row in parts) == sum(row[column] for row in whole) > 0


def test_rates_are_wilsons(lab: Lab) -> None:
    for row in rows(lab.metrics.success_rate(by="topic")):
        if row["judged"]:
            low, high = proportion_confint(row["passed"], row["judged"], method="wilson")
            assert (row["low"], row["high"]) == pytest.approx((low, high), abs=1e-12)


def test_the_curves_are_statsmodels(lab: Lab) -> None:
    for kind in ("codegen", "conversation"):
        query = "SELECT attempts, success FROM sessions WHERE kind = $kind AND success IS NOT NULL"
        attempts, success = zip(*lab.sql(query, kind=kind).fetchall(), strict=True)
        expected = SurvfuncRight(np.array(attempts), np.array(success))
        found = rows(lab.metrics.success_by_attempt(where=f"kind = '{kind}'"))
        assert [row["rate"] for row in found if row["passed"]] == pytest.approx(1 - expected.surv_prob, abs=1e-12)


def test_durations_are_numpys(lab: Lab) -> None:
    known = [value for (value,) in lab.sql("SELECT duration_s FROM sessions WHERE duration_s IS NOT NULL").fetchall()]
    (row,) = rows(lab.metrics.durations())
    assert (row["sessions"], row["known"]) == (lab.sql("FROM sessions").count("*").fetchall()[0][0], len(known))
    expected = np.quantile(known, [0.1, 0.5, 0.9, 0.99])
    assert [row[name] for name in ("p10", "p50", "p90", "p99")] == pytest.approx(expected, rel=1e-12)


def test_the_ratings_are_scipys(lab: Lab) -> None:
    query = """
    SELECT w.agent, l.agent, count(*) FROM attempts AS w JOIN attempts AS l USING (source, kind, session_id)
    WHERE w.winner AND NOT l.winner AND w.agent <> l.agent GROUP BY ALL
    """
    wins = {(winner, loser): count for winner, loser, count in lab.sql(query).fetchall()}
    check(wins)
    found = {row["agent"]: row for row in rows(lab.metrics.winners())}
    assert {name for pair in wins for name in pair} == found.keys()
    assert all((row["rating"] is None) == (row["unrated"] is not None) for row in found.values())


def test_the_agents_of_two_leagues_are_not_compared(lab: Lab) -> None:
    reasons = {row["agent"]: row["unrated"] for row in rows(lab.metrics.winners())}
    assert reasons["chaterm"] is reasons["openhands"] is None
    assert reasons["droid"] == reasons["ob1"] == "never met those rated"


def test_messages_are_folded_into_few(lab: Lab) -> None:
    raw = lab.sql("SELECT count(DISTINCT message) FROM errors").fetchall()[0][0]
    found = rows(lab.metrics.errors())
    assert len(found) < 0.7 * raw
    assert any(row["message"] == "ModuleNotFoundError: No module named <name>" for row in found)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "summary"])
def test_every_chart_stays_small(lab: Lab, name: str) -> None:
    assert len(json.dumps(getattr(lab.charts, name)(by="kind").to_dict())) < 200_000
