"""The chance to have passed by the k-th attempt: against lifelines, statsmodels, and what must hold of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from sessionlab.metrics import Metrics
from tests.metrics.bench import empty_lab, filled_lab, metrics_of, rows

LIFELINES = json.loads(Path(__file__).with_name("lifelines.json").read_text(encoding="utf-8"))
Z = 1.959963984540054

LAB = empty_lab()
"""One for all examples, as making one takes longer than measuring it."""

Sessions = list[tuple[int | None, bool | None]]
outcomes = st.tuples(st.one_of(st.none(), st.integers(0, 12)), st.one_of(st.none(), st.booleans()))


def curve(sessions: Sessions) -> list[dict[str, Any]]:
    """Measure sessions that are given by their attempts and their success."""
    values = ", ".join(f"({attempts}, {success})" for attempts, success in sessions).replace("None", "NULL")
    LAB.execute("DELETE FROM sessions")
    LAB.execute(f"INSERT INTO sessions BY NAME FROM (VALUES {values}, (NULL, NULL)) AS given (attempts, success)")
    return rows(metrics_of(LAB).success_by_attempt())


@pytest.mark.parametrize("case", LIFELINES, ids=range(len(LIFELINES)))
def test_the_curve_is_lifelines(case: dict[str, Any]) -> None:
    measured = curve(case["sessions"])
    assert len(measured) == len(case["curve"])
    for row, (attempt, at_risk, passed, rate, low, high) in zip(measured, case["curve"], strict=True):
        assert (row["attempt"], row["at_risk"], row["passed"]) == (attempt, at_risk, passed)
        assert row["rate"] == pytest.approx(rate, abs=1e-12)
        if 0 < row["rate"] < 1:
            assert (row["low"], row["high"]) == pytest.approx((low, high), abs=1e-12)
        else:  # lifelines gives an interval of no width here, as if that were certain
            assert low == high == row["rate"]
            assert row["low"] is row["high"] is None


@given(st.lists(outcomes, min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_the_curve_is_statsmodels(sessions: Sessions) -> None:
    known = [(attempts - (success is None), success is True) for attempts, success in sessions if attempts is not None]
    known = [(attempt, passed) for attempt, passed in known if attempt >= 1]
    measured = curve(sessions)
    if not any(passed for _, passed in known):
        assert {row["rate"] for row in measured} <= {0}
        return
    times, passes = map(np.array, zip(*known, strict=True))
    expected = SurvfuncRight(times, passes)
    with_events = [row for row in measured if row["passed"]]
    assert [row["attempt"] for row in with_events] == expected.surv_times.tolist()
    assert [row["at_risk"] for row in with_events] == expected.n_risk.tolist()
    assert [row["rate"] for row in with_events] == pytest.approx(1 - expected.surv_prob, abs=1e-12)
    for row, survival, error in zip(with_events, expected.surv_prob, expected.surv_prob_se, strict=True):
        if 1e-9 < survival < 1:
            spread = Z * error / survival / np.log(survival)
            assert 1 - row["low"] == pytest.approx(survival ** np.exp(spread), abs=1e-9)
            assert 1 - row["high"] == pytest.approx(survival ** np.exp(-spread), abs=1e-9)


@given(st.lists(outcomes, min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_a_curve_only_goes_up_and_counts_everybody_once(sessions: Sessions) -> None:
    measured = curve(sessions)
    rates = [row["rate"] for row in measured]
    assert rates == sorted(rates)
    assert all(0 <= rate <= 1 for rate in rates)
    tried = [success for attempts, success in sessions if attempts]
    assert sum(row["passed"] for row in measured) == tried.count(True)
    for row in measured:
        assert (row["low"] is None) == (row["high"] is None) == (row["rate"] in {0, 1})
        if row["low"] is not None:
            assert 0 <= row["low"] <= row["rate"] <= row["high"] <= 1


def test_the_first_rate_is_that_of_the_judged_where_all_tried_once() -> None:
    lab = filled_lab("SELECT 'x' AS source, 1 AS attempts, unnest([true, true, false, NULL]) AS success")
    (row,) = rows(metrics_of(lab).success_by_attempt())
    (whole,) = rows(metrics_of(lab).success_rate())
    assert row["rate"] == pytest.approx(whole["rate"])
    assert row["at_risk"] == whole["judged"] == 3


def test_each_group_has_a_curve_of_its_own(metrics: Metrics) -> None:
    for by, bucket in ((["kind", "topic"], None), ("difficulty", "month")):
        groups = rows(metrics.success_rate(by=by, bucket=bucket))
        keys = ["bucket"] * (bucket is not None) + ([by] if isinstance(by, str) else list(by))
        together = rows(metrics.success_by_attempt(by=by, bucket=bucket))
        for group in groups[:8]:
            where = " AND ".join(
                f"{'date_trunc(' + repr(bucket) + ', started_at)' if key == 'bucket' else key} IS NOT DISTINCT FROM "
                + ("NULL" if group[key] is None else f"'{group[key]}'")
                for key in keys
            )
            own = [row for row in together if all(row[key] == group[key] for key in keys)]
            assert [{k: v for k, v in row.items() if k not in keys} for row in own] == rows(
                metrics.success_by_attempt(where=where)
            )


def test_nothing_has_no_curve() -> None:
    assert rows(metrics_of(empty_lab()).success_by_attempt()) == []
