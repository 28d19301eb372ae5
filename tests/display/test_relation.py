"""How a relation shows itself: short, escaped, run once, and by IPython in that way."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.display import bundle, relation_html, show_relations
from sessionlab.display.relation import COLUMNS, ROWS
from tests.shells import new_shell


class Cells(HTMLParser):
    """The texts of a table's cells, line by line."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self._inside = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab()


def test_values_are_written_for_reading(lab: Lab) -> None:
    page = relation_html(
        lab.sql("SELECT 'a<b' AS \"x<y\", 2 / 3 AS rate, 1234567 AS n, NULL AS gone, true AS ok, [1, 2] AS list")
    )
    assert Cells(page).rows == [
        ["x<y", "rate", "n", "gone", "ok", "list"],
        ["a<b", "0.6667", "1234567", "NULL", "true", "[1, 2]"],
    ]
    assert "b<b" not in page


def test_texts_are_inert(lab: Lab) -> None:
    evil = "</style><script>alert(1)</script><img src=x>"
    shown = Cells(relation_html(lab.sql(f"SELECT '{evil}' AS \"{evil}\"")))
    assert shown.rows == [[evil], [evil]]
    assert not {"script", "img"} & shown.tags


def test_it_is_bounded_in_every_direction(lab: Lab) -> None:
    many = ", ".join(f"repeat('long', 200) AS c{number}" for number in range(COLUMNS + 20))
    shown = bundle(lab.sql(f"SELECT {many} FROM range(500)"))
    assert len(shown["text/html"]) < ROWS * COLUMNS * 250
    assert len(shown["text/plain"]) < 30_000
    table = Cells(shown["text/html"]).rows
    assert (len(table), len(table[1])) == (ROWS + 1, COLUMNS)
    assert "longlong… (800 characters)" in table[1][0]
    assert f"the first {ROWS} rows and the first {COLUMNS} of {COLUMNS + 20} columns" in shown["text/html"]


def test_what_is_whole_says_nothing_of_more(lab: Lab) -> None:
    assert "first" not in relation_html(lab.sql(f"FROM range({ROWS})"))
    assert f"the first {ROWS} rows;" in relation_html(lab.sql(f"FROM range({ROWS + 1})"))
    assert "no rows" in relation_html(lab.sql("FROM range(0)"))


def test_the_query_runs_once_for_both_forms(lab: Lab) -> None:
    lab.sql("CREATE TEMP SEQUENCE runs")
    shown = bundle(lab.sql("SELECT nextval('runs') AS run"))
    assert Cells(shown["text/html"]).rows[1] == ["1"]
    assert "1" in shown["text/plain"]
    assert lab.sql("SELECT currval('runs')").fetchall() == [(1,)]


def test_order_and_names_stay(lab: Lab) -> None:
    shown = bundle(lab.sql("SELECT range AS a, -range AS a FROM range(300) ORDER BY range DESC"))
    assert Cells(shown["text/html"]).rows[:2] == [["a", "a"], ["299", "-299"]]


def test_a_query_that_fails_when_it_runs_says_why(lab: Lab) -> None:
    shown = bundle(lab.sql("SELECT CAST(x AS INTEGER) FROM (VALUES ('<i>')) AS t (x)"))
    assert "Could not convert string '<i>'" in shown["text/plain"]
    assert "&lt;i&gt;" in shown["text/html"]


def test_ipython_shows_relations_so(lab: Lab, tmp_path: Path) -> None:
    shell = new_shell(tmp_path)
    show_relations(shell)
    data, _ = shell.display_formatter.format(lab.sql("SELECT 0.66666667::DOUBLE AS rate"))
    assert "0.6667" in data["text/html"]
    assert "rate" in data["text/plain"]


def test_ipython_keeps_a_way_that_was_there(lab: Lab, tmp_path: Path) -> None:
    shell = new_shell(tmp_path)
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type(duckdb.DuckDBPyRelation, lambda *_, **__: {"text/plain": "mine"})
    show_relations(shell)
    assert shell.display_formatter.format(lab.sql("SELECT 1 AS a"))[0] == {"text/plain": "mine"}
