"""The explorer without a browser: what a browser sends, and what becomes of it. In JupyterLab: tests/jupyter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab import Lab, QueryError
from sessionlab.dashboard import read_cube
from sessionlab.dashboard.cells import Cube
from sessionlab.explorer import explore
from sessionlab.explorer.picks import conditions
from sessionlab.explorer.rows import MOST
from sessionlab.explorer.widget import Explorer
from tests.dashboard.conftest import EVIL, ROWS
from tests.labs import run_python
from tests.metrics.bench import filled_lab

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def lab() -> duckdb.DuckDBPyConnection:
    return filled_lab(ROWS)


@pytest.fixture(scope="module")
def drawn(lab: duckdb.DuckDBPyConnection) -> Explorer:
    """An explorer by topic, in which tests may pick."""
    return explore(lab.sql, by="topic")


def pick(explorer: Explorer, **picks: Sequence[float]) -> None:
    """Do what the browser does when something is picked."""
    explorer.set_state({"_picked": {"drawing": explorer._drawing["number"], "picks": picks}})


def counted(cube: Cube, field: str, code: int) -> int:
    place = cube.fields.index(field)
    return sum(cell[-3] or 0 for cell in cube.cells if cell[place] == code)


@pytest.mark.parametrize("limit", [20_000, 300, 60])
def test_a_code_stands_for_the_sessions_that_were_counted_under_it(lab: duckdb.DuckDBPyConnection, limit: int) -> None:
    cube = read_cube(lab.sql, by=["topic", "source", "attempts", "success"], limit=limit)
    for field, dimension in cube.dimensions.items():
        assert len(dimension.conditions) == len(dimension.labels)
        for code in range(len(dimension.labels)):
            (condition,) = conditions(cube, {field: [code]})
            found = lab.sql(f"SELECT count(*) FROM sessions WHERE {condition}").fetchall()
            assert found == [(counted(cube, field, code),)], (field, dimension.labels[code])


@pytest.mark.parametrize("step", ["HOUR", "DAY", "MONTH"])
def test_a_span_stands_for_the_buckets_whose_middle_it_holds(step: str) -> None:
    lab = filled_lab(ROWS.replace("INTERVAL (7 * i) HOUR", f"INTERVAL (7 * i) {step}"))
    cube = read_cube(lab.sql)
    first, last = cube.days[2], cube.days[len(cube.days) // 2]
    (condition,) = conditions(cube, {"middle": [(first + 0.1) * 86_400_000, (last + 0.1) * 86_400_000]})
    counted = sum(cell[-3] or 0 for cell in cube.cells if cell[-4] is not None and first <= cell[-4] < last)
    assert counted > 20
    assert lab.sql(f"SELECT count(*) FROM sessions WHERE {condition}").fetchall() == [(counted,)]
    assert conditions(cube, {"middle": [0, 1]}) == ["false"]


def test_picks_become_a_relation(lab: duckdb.DuckDBPyConnection) -> None:
    explorer = explore(lab.sql, by="topic", where="source = 'source 1'")
    labels = explorer._cube.dimensions["topic"].labels
    pick(explorer, topic=[labels.index("topic 3"), labels.index("(unknown)")], kind=[0])
    kind = explorer._cube.dimensions["kind"].labels[0]
    expected = lab.sql(
        "FROM sessions WHERE source = 'source 1' AND (topic = 'topic 3' OR topic IS NULL)"
        f" AND kind = '{kind}' ORDER BY session_id"
    )
    assert explorer.selection.order("session_id").fetchall() == expected.fetchall()
    assert explorer.selection.columns == expected.columns
    assert explorer._table["total"] == len(expected.fetchall()) > 0
    assert explorer.condition in repr(explorer)


def test_texts_with_code_are_picked_too(drawn: Explorer) -> None:
    code = next(n for n, label in enumerate(drawn._cube.dimensions["topic"].labels) if label == EVIL)
    pick(drawn, topic=[code])
    assert drawn.selection.aggregate("any_value(topic), count(DISTINCT topic)").fetchall() == [(EVIL, 1)]


@pytest.mark.parametrize("picks", [{"nothing": [0]}, {"topic": []}, {}])
def test_picks_of_nothing_are_all(drawn: Explorer, picks: dict[str, list[float]]) -> None:
    pick(drawn, topic=[0])
    assert drawn.condition != "true"
    pick(drawn, **picks)
    assert drawn.condition == "true"
    assert drawn._table["total"] == 600


def test_picks_without_a_label_are_none(drawn: Explorer) -> None:
    pick(drawn, topic=[-1, 99])
    assert drawn.selection.fetchall() == []


def test_where_and_by_change_the_picture_and_take_picks_back(lab: duckdb.DuckDBPyConnection) -> None:
    explorer = explore(lab.sql, by="topic")
    pick(explorer, topic=[0])
    late = explorer._picked
    sent = list[Any]()
    explorer.observe(lambda change: sent.append(change["new"]["number"]), names=["_drawing"])
    explorer.where = "difficulty = 'easy'"
    assert explorer.condition == "\"difficulty\" = 'easy'"
    assert "where difficulty = 'easy'" in explorer._drawing["notes"]
    explorer.by = ["model", "kind"]
    assert explorer._drawing["title"] == "Sessions by model and kind"
    assert sent == [2, 3]
    assert (explorer.by, explorer.where) == (["model", "kind"], "difficulty = 'easy'")
    explorer.set_state({"_picked": late})  # what the browser says of an earlier picture
    assert explorer.condition == "\"difficulty\" = 'easy'"


def test_what_does_not_hold_changes_nothing(drawn: Explorer) -> None:
    before = drawn._drawing
    with pytest.raises(QueryError, match="topc"):
        drawn.where = "topc = 'x'"
    with pytest.raises(QueryError, match="no column 'nothing'"):
        drawn.by = "nothing"
    assert drawn._drawing is before
    assert (drawn.by, drawn.where) == ("topic", None)


def test_the_table_holds_the_newest_and_counts_all(lab: duckdb.DuckDBPyConnection, drawn: Explorer) -> None:
    pick(drawn)
    table = drawn._table
    newest = lab.sql("SELECT session_id FROM sessions ORDER BY started_at DESC NULLS LAST, source, kind, session_id")
    assert (len(table["rows"]), table["total"]) == (MOST, 600)
    assert [row[0] for row in table["rows"]] == [name for (name,) in newest.limit(MOST).fetchall()]
    assert all(isinstance(text, str) for row in table["rows"] for text in row)


def test_an_empty_lab_can_be_explored() -> None:
    explorer = Lab().explore()
    assert explorer.selection.fetchall() == []
    assert explorer._table["total"] == 0


def test_it_needs_no_network() -> None:
    assert "import" not in [line.split()[0] for line in Explorer._esm.splitlines() if line.strip()]
    assert "esm.sh" not in Explorer._esm
    assert Explorer._esm.rstrip().endswith("as default};")


def test_without_anywidget_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['anywidget'] = None; from sessionlab import Lab; Lab().explore()"
    done = run_python(code)
    assert "MissingExtra" in done.stderr
    assert "pip install 'sessionlab[notebook]'" in done.stderr


def test_a_notebook_shows_charts_without_a_network() -> None:
    lab = Lab()
    lab.load(DATA / "workflow.json")
    for chart in (lab.dashboard(), lab.charts.success_rate(by="topic")):
        shown: Any = chart._repr_mimebundle_()
        data = shown[0] if isinstance(shown, tuple) else shown
        assert set(data) == {"application/vnd.vega.v5+json", "text/plain"}
        assert data["text/plain"].startswith("<S")
        assert "http" not in str({k: v for k, v in data["application/vnd.vega.v5+json"].items() if k != "$schema"})
