"""Comparing two conditions: the counts by hand, the statistics against scipy, statsmodels and published examples."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from sessionlab.compare import Comparison, Difference, Pairs, Side, compare
from sessionlab.compare.counting import counting_sql
from sessionlab.compare.proportions import independent, paired, paired_rates
from sessionlab.compare.significance import (
    fisher_exact,
    mcnemar_exact,
    pooled_z_test,
    sign_flip_test,
    student_quantile,
)
from sessionlab.errors import QueryError
from sessionlab.intervals import wilson
from sessionlab.model import SESSIONS

A, B = "model = 'x'", "model = 'y'"
SNAPSHOT = Path(__file__).parent / "snapshots" / "compare.sql"

Row = tuple[str | None, str | None, bool | None]
"""Model, topic, success."""


def lab_of(rows: Iterable[Row]) -> duckdb.DuckDBPyConnection:
    lab = duckdb.connect()
    lab.execute(SESSIONS.ddl("main"))
    values = [("s", "workflow", str(number), *row) for number, row in enumerate(rows)]
    if values:
        columns = "source, kind, session_id, model, topic, success"
        lab.executemany(f"INSERT INTO sessions ({columns}) VALUES (?, ?, ?, ?, ?, ?)", values)
    return lab


def compared(rows: Iterable[Row], on: str | Sequence[str] | None = None) -> Comparison:
    with lab_of(rows) as lab:
        return compare(lab.sql, A, B, on)


def of(comparison: Comparison) -> Difference:
    assert comparison.difference is not None
    return comparison.difference


def close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[int, int, int, int]:
    judged_a, judged_b = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    return draw(st.integers(0, judged_a)), judged_a, draw(st.integers(0, judged_b)), judged_b


tables = st.tuples(*[st.integers(0, 60)] * 4).filter(any)


class TestIndependent:
    @given(two_sides())
    def test_wilson_is_that_of_statsmodels(self, sides: tuple[int, int, int, int]) -> None:
        passed, judged, _, _ = sides
        expected = proportion_confint(passed, judged, method="wilson")
        assert all(map(close, wilson(passed, judged), map(float, expected)))

    @given(two_sides())
    def test_the_interval_is_newcombes(self, sides: tuple[int, int, int, int]) -> None:
        found = independent(*sides)
        low, high = confint_proportions_2indep(*sides, method="newcomb", compare="diff")
        assert close(found.low, low)
        assert close(found.high, high)
        assert -1 <= found.low <= found.value <= found.high <= 1

    @given(two_sides())
    def test_the_z_test_is_that_of_statsmodels(self, sides: tuple[int, int, int, int]) -> None:
        passed_a, judged_a, passed_b, judged_b = sides
        assume(0 < passed_a + passed_b < judged_a + judged_b)
        _, expected = proportions_ztest([passed_a, passed_b], [judged_a, judged_b])
        assert close(pooled_z_test(*sides), float(expected))

    @given(two_sides())
    def test_the_exact_test_is_that_of_scipy(self, sides: tuple[int, int, int, int]) -> None:
        passed_a, judged_a, passed_b, judged_b = sides
        table = [[passed_a, judged_a - passed_a], [passed_b, judged_b - passed_b]]
        assert math.isclose(fisher_exact(*sides), stats.fisher_exact(table).pvalue, rel_tol=1e-8, abs_tol=1e-12)

    @pytest.mark.parametrize(("sides", "test"), [((15, 20, 5, 20), "z-test"), ((4, 20, 5, 20), "Fisher")])
    def test_few_expected_sessions_ask_for_the_exact_test(self, sides: tuple[int, int, int, int], test: str) -> None:
        assert independent(*sides).test.startswith(test)

    def test_large_sides_are_quick_and_exact(self) -> None:
        found = independent(600_000, 1_000_000, 598_000, 1_000_000)
        assert close(found.p_value, float(proportions_ztest([600_000, 598_000], [1_000_000, 1_000_000])[1]))
        expected = 2 * math.comb(1_000_000, 3) / math.comb(2_000_000, 3)
        assert close(fisher_exact(3, 1_000_000, 0, 1_000_000), expected)

    def test_nothing_passed_or_all_did(self) -> None:
        for passed in (0, 10):
            found = independent(passed, 10, passed, 10)
            assert (found.value, found.p_value) == (0, 1)
            assert found.covers_zero


class TestPaired:
    @pytest.mark.parametrize(
        ("table", "low", "high"),
        [
            ((36, 12, 2, 0), 0.0569, 0.3404),  # Newcombe 1998, table II
            ((14, 5, 0, 22), 0.0115, 0.2265),  # Altman, Statistics with confidence, 2000, page 52
            ((1, 1, 7, 12), -0.5069, -0.0256),  # Bentur et al. 2009: the correlation's correction takes it to 0
        ],
    )
    def test_published_examples(self, table: tuple[int, int, int, int], low: float, high: float) -> None:
        found = paired(*table)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)

    @given(tables)
    def test_the_interval_is_newcombes(self, table: tuple[int, int, int, int]) -> None:
        found = paired(*table)
        low, high = newcombe_paired(*table)
        assert math.isclose(found.low, low, abs_tol=1e-9)
        assert math.isclose(found.high, high, abs_tol=1e-9)

    @given(st.integers(0, 300), st.integers(0, 300))
    def test_the_test_is_that_of_statsmodels(self, only_a: int, only_b: int) -> None:
        expected = mcnemar([[5, only_a], [only_b, 7]], exact=True).pvalue if only_a + only_b else 1.0
        assert close(mcnemar_exact(only_a, only_b), float(expected))

    def test_many_pairs_are_quick_and_exact(self) -> None:
        expected = float(mcnemar([[0, 500_000], [502_000, 0]], exact=True).pvalue)
        assert close(mcnemar_exact(500_000, 502_000), expected)
        assert mcnemar_exact(0, 1_000_000) == 0

    @given(st.lists(st.sampled_from([-1.0, 1.0]), min_size=1, max_size=30))
    def test_flipping_signs_of_single_sessions_is_mcnemars_test(self, differences: list[float]) -> None:
        assert close(sign_flip_test(differences), mcnemar_exact(differences.count(1.0), differences.count(-1.0)))

    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.integers(-12, 12).filter(bool), min_size=2, max_size=10))
    def test_flipping_signs_is_scipys_permutation_test(self, twelfths: list[int]) -> None:
        differences = np.array(twelfths) / 12
        # The sum of whole numbers orders the flips as the mean of the differences does, and is exact where sums tie.
        found = stats.permutation_test(
            (np.array(twelfths, dtype=float), np.zeros(len(twelfths))),
            lambda x, y, axis: np.sum(x - y, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=10_000,
        )
        assert close(sign_flip_test(list(differences)), min(found.pvalue, 1.0))

    def test_many_differences_are_tested_by_their_normal_approximation(self) -> None:
        few = [0.2, -0.1, 0.4, 0.2, 0.1, -0.2] * 5
        assert math.isclose(sign_flip_test([*few, 1e-12]), sign_flip_test(few), abs_tol=0.01)
        differences = np.array(few * 4)
        chi = differences.sum() ** 2 / (differences**2).sum()  # Durkalski et al. 2003
        assert close(sign_flip_test(list(differences)), float(stats.chi2.sf(chi, 1)))

    @settings(deadline=None)
    @given(st.lists(st.integers(-12, 12), min_size=2, max_size=50).filter(lambda given: len(set(given)) > 1))
    def test_the_interval_of_rates_is_students(self, twelfths: list[int]) -> None:
        values = np.array(twelfths) / 12
        found = paired_rates(len(values), values.mean(), values.std(ddof=1), [value for value in values if value])
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert math.isclose(found.low, max(low, -1), abs_tol=1e-9)
        assert math.isclose(found.high, min(high, 1), abs_tol=1e-9)

    @pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 30, 999, 1000, 1001, 1_000_000])
    def test_students_quantile_is_that_of_scipy(self, freedom: int) -> None:
        assert close(student_quantile(freedom), float(stats.t.ppf(0.975, freedom)))

    def test_one_pair_of_groups_says_nothing(self) -> None:
        found = paired_rates(1, 0.5, 0.0, [0.5])
        assert (found.low, found.high, found.p_value, found.decisive) == (-1, 1, 1, False)


def newcombe_paired(both: int, only_a: int, only_b: int, neither: int) -> tuple[float, float]:
    """Method 10 as the paper writes it, with the intervals of statsmodels."""
    n = both + only_a + only_b + neither
    one, other = (both + only_a) / n, (both + only_b) / n
    l1, u1 = proportion_confint(both + only_a, n, method="wilson")
    l2, u2 = proportion_confint(both + only_b, n, method="wilson")
    a = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    b = both * neither - only_a * only_b
    c = b - n / 2 if b > n / 2 else 0 if b >= 0 else b
    phi = 0 if a == 0 else c / np.sqrt(a)
    delta = np.sqrt((one - l1) ** 2 - 2 * phi * (one - l1) * (u2 - other) + (u2 - other) ** 2)
    epsilon = np.sqrt((u1 - one) ** 2 - 2 * phi * (u1 - one) * (other - l2) + (other - l2) ** 2)
    return float(one - other - delta), float(one - other + epsilon)


class TestCounting:
    def test_sessions_of_unknown_success_or_side_do_not_count(self) -> None:
        rows: list[Row] = [("x", "t", True), ("x", None, False), ("x", "t", None), ("y", "t", True), (None, "t", True)]
        found = compared(rows)
        assert found.a == Side(A, sessions=3, judged=2, passed=1)
        assert found.b == Side(B, sessions=1, judged=1, passed=1)
        assert of(found) == independent(1, 2, 1, 1)
        assert found.pairs is None
        assert found.alone_a is None

    def test_single_sessions_make_mcnemars_table(self) -> None:
        table = {"both": (True, True), "a": (True, False), "b": (False, True), "neither": (False, False)}
        counts = {"both": 5, "a": 4, "b": 3, "neither": 2}
        rows: list[Row] = [("x", "alone", True), ("y", None, True), ("x", None, False), ("y", "open", None)]
        for name, (a, b) in table.items():
            for number in range(counts[name]):
                rows += [("x", f"{name} {number}", a), ("y", f"{name} {number}", b)]
        found = compared(rows, "topic")
        assert found.pairs == Pairs(("topic",), 14, 14, 14, both=5, a_better=4, b_better=3, neither=2)
        assert found.pairs.single
        assert (found.alone_a, found.alone_b) == (2, 1)
        assert of(found) == paired(5, 4, 3, 2)

    def test_several_sessions_count_by_their_rate(self) -> None:
        rows: list[Row] = []
        for topic, a, b in (
            ("p", "TTF", "F"),
            ("q", "TF", "FTTT"),
            ("r", "TF", "TF"),
            ("s", "TT", "TT"),
            ("t", "F", "F"),
        ):
            rows += [("x", topic, mark == "T") for mark in a] + [("y", topic, mark == "T") for mark in b]
        found = compared(rows, "topic")
        assert found.pairs == Pairs(("topic",), 5, 10, 10, both=1, a_better=1, b_better=1, neither=1)
        assert found.pairs.even == 1
        differences = [2 / 3, -1 / 4, 0, 0, 0]
        assert close(of(found).value, math.fsum(differences) / 5)
        low, high = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        assert close(of(found).low, low)
        assert close(of(found).high, high)
        assert of(found).p_value == 1.0
        assert of(found).test == "exact sign-flip test"

    def test_groups_without_a_difference_are_not_decisive(self) -> None:
        found = compared([("x", "t", True), ("y", "t", True), ("y", "t", True), *sides(5, 5, 5, 5)], "topic")
        assert (of(found).value, of(found).p_value, of(found).covers_zero) == (0, 1, True)

    @settings(deadline=None, max_examples=25)
    @given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from([None, *"pqrs"]), st.sampled_from([None, 0, 1]))))
    def test_the_pairs_are_those_counted_in_python(self, drawn: list[tuple[str, str | None, int | None]]) -> None:
        rows: list[Row] = [(model, topic, None if mark is None else bool(mark)) for model, topic, mark in drawn]
        groups: dict[str, dict[str, list[bool]]] = {}
        for model, topic, success in rows:
            if model and topic and success is not None:
                groups.setdefault(topic, {}).setdefault(model, []).append(success)
        whole = [group for group in groups.values() if {"x", "y"} <= set(group)]
        differences = [float(np.mean(group["x"]) - np.mean(group["y"])) for group in whole]
        found = compared(rows, "topic")
        assert found.pairs is not None
        assert found.pairs.count == len(whole)
        assert found.pairs.a_better == sum(difference > 1e-9 for difference in differences)
        assert found.pairs.b_better == sum(difference < -1e-9 for difference in differences)
        assert found.pairs.sessions_a == sum(len(group["x"]) for group in whole)
        if whole:
            assert close(of(found).value, float(np.mean(differences)))

    def test_several_columns_make_a_key(self) -> None:
        with lab_of([("x", "t", True), ("y", "t", False), ("x", "t", False)]) as lab:
            lab.execute("UPDATE sessions SET goal = CASE WHEN session_id = '2' THEN 'other' ELSE 'goal' END")
            found = compare(lab.sql, A, B, on=["Topic", "goal"])
        assert found.pairs == Pairs(("topic", "goal"), 1, 1, 1, both=0, a_better=1, b_better=0, neither=0)
        assert "1 pair by topic and goal" in found.verdict

    @pytest.mark.parametrize("on", [None, "topic"])
    def test_a_session_on_both_sides_is_refused(self, on: str | None) -> None:
        with lab_of([("x", "t", True), ("y", None, False)]) as lab, pytest.raises(QueryError) as error:
            compare(lab.sql, "model = 'x'", "success OR model = 'y'", on)
        assert "1 session meets both" in str(error.value)
        assert "'s: 0'" in str(error.value)
        assert "(success OR model = 'y') AND NOT (model = 'x')" in str(error.value)

    @pytest.mark.parametrize(
        ("a", "b", "hint"),
        [
            ("true", "model = 'x'", "as '(true) AND NOT (model = 'x')'."),
            ("model = 'x'", "true", "as '(true) AND NOT (model = 'x')'."),
            ("model = 'x'", "model < 'y'", "itself. They are the same sessions."),
        ],
    )
    def test_what_is_advised_leaves_both_sides_some(self, a: str, b: str, hint: str) -> None:
        with lab_of([("x", "t", True), ("y", None, False)]) as lab, pytest.raises(QueryError) as error:
            compare(lab.sql, a, b)
        assert str(error.value).replace('"', "'").endswith(hint)

    def test_what_is_asked_for_is_checked(self) -> None:
        with lab_of([]) as lab:
            for a, b, on in (("model = 'x'; DROP TABLE sessions", B, None), (A, "modle = 'y'", None), (A, B, "topc")):
                with pytest.raises(QueryError):
                    compare(lab.sql, a, b, on)
            with pytest.raises(QueryError, match="cannot be paired by 'success'"):
                compare(lab.sql, A, B, "success")

    def test_the_sql_is_as_reviewed(self) -> None:
        text = f"{counting_sql(A, B, [])};\n\n{counting_sql(A, 'attempts > 1 OR success', ['topic', 'goal'])};\n"
        if os.environ.get("SNAPSHOTS") == "write":
            SNAPSHOT.parent.mkdir(exist_ok=True)
            SNAPSHOT.write_text(text, encoding="utf-8")
        assert text == SNAPSHOT.read_text(encoding="utf-8"), (
            "SNAPSHOTS=write pytest tests/test_compare.py writes it anew"
        )


def sides(passed_a: int, judged_a: int, passed_b: int, judged_b: int) -> list[Row]:
    a: list[Row] = [("x", f"t{number}", number < passed_a) for number in range(judged_a)]
    return a + [("y", f"t{number}", number < passed_b) for number in range(judged_b)]


class TestShown:
    def test_a_decisive_verdict_names_the_better_one(self) -> None:
        expected = r"b \(model = 'y'\) is better by 50.0 points \(95 % interval \+2\d.\d to \+6\d.\d, p < 0.0001\)."
        assert re.fullmatch(expected, compared(sides(10, 40, 30, 40)).verdict)
        assert compared(sides(30, 40, 10, 40)).verdict.startswith("a (model = 'x') is better by 50.0 points")
        assert compared(sides(30, 40, 10, 40), "topic").verdict.endswith(", over 40 pairs by topic.")

    def test_an_interval_over_0_is_not_decisive(self) -> None:
        verdict = compared(sides(11, 20, 10, 20)).verdict
        assert verdict.startswith("Not decisive: a (model = 'x') is ahead by 5.0 points, but the interval covers 0 (")
        assert compared(sides(5, 9, 5, 9)).verdict.startswith("Not decisive: the rates are equal, and the interval cov")

    def test_an_interval_that_the_test_does_not_bear_out_is_not_decisive(self) -> None:
        found = compared(sides(3, 3, 0, 3))
        assert of(found).low > 0
        assert found.verdict.endswith("but the test does not bear it out (95 % interval +20.6 to +100.0, p = 0.10).")

    def test_it_says_when_there_is_nothing_to_compare(self) -> None:
        assert compared([]).verdict == f"Nothing to compare: no session of known success for a ({A}) or b ({B})."
        assert compared([("x", "t", True)]).verdict == f"Nothing to compare: no session of known success for b ({B})."
        apart = compared([("x", "t", True), ("y", "u", True)], "topic")
        assert apart.verdict == "Nothing to compare: no topic has sessions of known success on both sides."
        assert apart.difference is None
        for shown in (str(apart), apart._repr_html_(), str(compared([], "topic")), compared([])._repr_html_()):
            assert "Nothing to compare" in shown

    def test_the_table_holds_the_figures(self) -> None:
        text = str(compared(sides(30, 40, 10, 40), "topic"))
        figures = "a: model = 'x'", "40", "75.0 %", "+50.0", "McNemar's exact test", "is better by 50.0"
        for figure in figures:
            assert figure in text
        console = Console(width=100, color_system=None)
        with console.capture() as capture:
            console.print(compared(sides(30, 40, 10, 40), "topic"))
        assert capture.get() == text

    def test_what_the_user_wrote_is_text_everywhere(self) -> None:
        with lab_of([("x", "t", True)]) as lab:
            found = compare(lab.sql, "model = '<script>alert(1)</script>'", "model = '[bold]&'")
        page = found._repr_html_()
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert "[bold]&" in str(found)
