"""The magics, run as a notebook runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from sessionlab import Lab, NotFound, QueryError
from sessionlab.metrics import METRICS


def run(shell: Any, cell: str) -> Any:
    """Run a cell, give its result, and raise what it raises."""
    done = shell.run_cell(cell)
    done.raise_error()
    return done.result


def test_sql_over_a_cell_and_on_a_line(shell: Any) -> None:
    whole = run(shell, "%%sql\nSELECT kind, count(*) AS n\nFROM sessions GROUP BY ALL ORDER BY ALL")
    assert whole.fetchall() == [("workflow", 100), ("worktree", 100)]
    assert run(shell, "%sql SELECT count(*) FROM workflow.session_states").fetchall() == [(100,)]
    assert run(shell, "n = %sql SELECT 7 AS seven\nn.fetchall()") == [(7,)]
    assert run(shell, "%%sql SELECT 1 AS one,\n2 AS two").columns == ["one", "two"]


def test_variables_are_bound_and_never_spliced(shell: Any) -> None:
    shell.user_ns["evil"] = "' OR 1=1; DROP TABLE sessions; --"
    assert run(shell, "%%sql\nSELECT $evil AS x, '$evil' AS y, '{evil}' AS z").fetchall() == [
        (shell.user_ns["evil"], "$evil", "{evil}")
    ]
    assert run(shell, "%sql SELECT count(*) FROM sessions WHERE topic = $evil").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (["a", "b"], ["a", "b"]),
        (np.int64(3), 3),
        (np.array([1, 2]), [1, 2]),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
        (pl.Series(["x", "y"]), ["x", "y"]),
        ((True, None), [True, None]),
        (frozenset({"z"}), ["z"]),
        (pd.Timestamp("2026-01-02 03:04"), pd.Timestamp("2026-01-02 03:04").to_pydatetime()),
        (None, None),
    ],
    ids=str,
)
def test_values_of_many_types_are_bound(shell: Any, value: object, bound: object) -> None:
    shell.user_ns["value"] = value
    assert run(shell, "%sql SELECT $value AS value").fetchall() == [(bound,)]


def test_a_list_is_good_for_in(shell: Any) -> None:
    shell.user_ns["kinds"] = pd.Series(["worktree", "nothing"])
    assert run(shell, "%sql SELECT DISTINCT kind FROM sessions WHERE kind IN $kinds").fetchall() == [("worktree",)]


def test_a_missing_variable_is_named(shell: Any) -> None:
    with pytest.raises(QueryError, match=r"\$least .* none called 'least'"):
        run(shell, "%sql FROM sessions WHERE attempts > $least")


def test_a_result_goes_into_a_variable(shell: Any) -> None:
    assert run(shell, "%%sql hard <<\nFROM sessions WHERE difficulty = 'hard'") is None
    assert isinstance(shell.user_ns["hard"], duckdb.DuckDBPyRelation)
    assert run(shell, "%sql more << SELECT count(*) AS n FROM sessions") is None
    assert shell.user_ns["more"].fetchall() == [(200,)]
    assert run(shell, "%sql SELECT 1 << 3").fetchall() == [(8,)]


def test_variables_of_a_function_are_bound_too(shell: Any) -> None:
    cell = "def few(most):\n    return get_ipython().run_line_magic('sql', 'SELECT $most AS n')\nfew(4).fetchall()"
    shell.user_ns["get_ipython"] = lambda: shell
    assert run(shell, cell) == [(4,)]


def test_data_frames_are_tables(shell: Any) -> None:
    shell.user_ns["prices"] = pd.DataFrame({"kind": ["workflow", "worktree"], "price": [3, 5]})
    found = run(shell, "%sql SELECT sum(price) FROM sessions JOIN prices USING (kind)")
    assert found.fetchall() == [(800,)]


def test_several_statements_run_one_after_the_other(shell: Any) -> None:
    shell.user_ns.update(first=1, second=2)
    cell = "%%sql\nCREATE OR REPLACE TEMP TABLE pair AS SELECT $first AS a;\nSELECT a, $second AS b FROM pair -- end"
    assert run(shell, cell).fetchall() == [(1, 2)]


def test_wrong_sql_is_an_error_of_ours(shell: Any) -> None:
    with pytest.raises(QueryError, match="SELEC"):
        run(shell, "%sql SELEC 1")
    with pytest.raises(QueryError, match="no statement"):
        run(shell, "%%sql\n-- nothing")


def test_lab_opens_a_file(shell: Any, tmp_path: Path) -> None:
    path = tmp_path / "my lab.duckdb"
    lab = run(shell, f'%lab "{path}"')
    assert lab is shell.user_ns["lab"]
    assert lab.path == path
    assert run(shell, "%lab") is lab
    assert run(shell, "%lab :memory:").path is None
    shell.user_ns["lab"] = 3
    with pytest.raises(NotFound, match="%lab PATH"):
        run(shell, "%lab")


def test_magics_ask_for_a_lab(shell: Any) -> None:
    del shell.user_ns["lab"]
    for line in ("%sql SELECT 1", "%success_rate"):
        with pytest.raises(NotFound, match="no lab in the variable 'lab'"):
            run(shell, line)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_magic(shell: Any, lab: Lab, metric: str) -> None:
    found = run(shell, f"%{metric} by=kind where=\"model <> 'x'\" bucket=month")
    expected = getattr(lab.metrics, metric)(by="kind", where="model <> 'x'", bucket="month")
    assert found.columns == expected.columns
    assert found.fetchall() == expected.fetchall()
    assert (METRICS[metric].__doc__ or "?").splitlines()[0] in shell.find_line_magic(metric).__doc__


def test_metrics_take_variables_lists_and_draw(shell: Any, lab: Lab) -> None:
    shell.user_ns["condition"] = "kind = 'worktree'"
    found = run(shell, "%success_rate by=kind,model where=$condition")
    assert found.fetchall() == lab.metrics.success_rate(by=["kind", "model"], where="kind = 'worktree'").fetchall()
    shell.user_ns["columns"] = ["kind"]
    assert run(shell, '%success_rate by="kind, model"').columns[:2] == ["kind", "model"]
    chart = run(shell, "%success_rate by=$columns --chart")
    assert chart.to_dict() == lab.charts.success_rate(by="kind").to_dict()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%success_rate bye=topic", "Did you mean 'by'"),
        ("%success_rate topic", "Is by=topic meant?"),
        ("%success_rate of=model", "no argument 'of'"),
        ("%success_rate by=topc", "Did you mean 'topic'"),
        ('%success_rate where="kind', "quote is not closed"),
        ("%success_rate where=$nothing", "none called 'nothing'"),
    ],
)
def test_wrong_arguments_say_what_to_try(shell: Any, line: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        run(shell, line)
    assert words in str(caught.value)
