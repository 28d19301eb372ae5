from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from sessionlab import InvalidRecord, Lab, LabError, NotFound, QueryError, SourceError
from tests.labs import check_whole, goals, one, sessions, write_json, write_sqlite


@pytest.fixture(params=["memory", "file"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    return Lab() if request.param == "memory" else Lab(tmp_path / "lab.duckdb")


@pytest.fixture(scope="module", params=["memory", "file"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """An empty lab that many tests ask and none changes."""
    return Lab() if request.param == "memory" else Lab(tmp_path_factory.mktemp("asked") / "lab.duckdb")


def test_a_source_goes_by_its_own_name(lab: Lab, tmp_path: Path) -> None:
    report = lab.load(write_json(tmp_path / "runs.json", [1, 2]))
    assert (report.source, report.kinds, report.sessions) == ("runs", ("codegen",), 2)
    assert report.rows == {"codegen.session": 2, "codegen.iteration": 2, "codegen.error": 2}
    assert sessions(lab) == ["runs:1", "runs:2"]
    check_whole(lab)


def test_a_second_load_replaces_the_first(lab: Lab, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "runs.json", [1, 2])
    lab.load(runs)
    write_json(runs, [2, 3], goal="new")
    lab.load(str(runs))
    assert goals(lab) == {"runs:2": "new", "runs:3": "new"}
    check_whole(lab)


def test_two_loads_of_the_same_give_the_same_lab(lab: Lab, tmp_path: Path) -> None:
    write_json(tmp_path / "runs" / "a.json", [1, 2])
    write_json(tmp_path / "runs" / "b.json", [2, 3], at="2025-01-02")
    (tmp_path / "runs" / "c.json").write_text('[{"id": 4, "design_goal": "g"}, {"id": "x"}')
    store = write_sqlite(tmp_path / "store.db", [7])

    def everything() -> list[object]:
        tables = ["sessions", "attempts", "errors", "files", "superseded", "codegen.session", "codegen.iteration"]
        found = [lab.sql(f"FROM {table} ORDER BY ALL").fetchall() for table in tables]
        noted = lab.sql("SELECT source, kind, uri, fingerprint, rows, rejected, superseded FROM sources ORDER BY ALL")
        rejects = lab.sql("SELECT source, file, record, reason, raw FROM rejects ORDER BY ALL")
        return [*found, noted.fetchall(), rejects.fetchall()]

    lab.load(tmp_path / "runs")
    lab.load(store)
    once = everything()
    lab.load(tmp_path / "runs")
    lab.load(store)
    assert everything() == once
    check_whole(lab)


def test_two_sources_of_one_name_are_told_apart_for_good(tmp_path: Path) -> None:
    first, second = write_json(tmp_path / "a" / "runs.json", [1]), write_json(tmp_path / "b" / "runs.json", [2])
    lab, other = Lab(), Lab()
    lab.load(first)
    other.load(first)
    name = lab.load(second).source
    assert name.startswith("runs-")
    assert other.load(second).source == name
    assert lab.load(second).source == name
    assert sorted(sessions(lab)) == sorted(["runs:1", f"{name}:2"])


def test_a_name_can_be_chosen(lab: Lab, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "runs.json", [1])
    assert lab.load(runs, name="mine").source == "mine"
    assert lab.load(runs).source == "mine"
    with pytest.raises(SourceError, match=r"in the lab as 'mine' already.*forget\('mine'\)"):
        lab.load(runs, name="other")
    with pytest.raises(SourceError, match=r"The name 'mine' belongs to .*runs\.json"):
        lab.load(write_json(tmp_path / "more.json", [2]), name="mine")
    assert sessions(lab) == ["mine:1"]


@pytest.mark.parametrize(
    ("others", "says"),
    [
        (("runs",), r"Say what 'runs' is: load\(frame, name='runs'\)\."),
        ((7,), "Load several one after the other"),
        (("runs", "codegen"), r"load\(frame, name='runs'\)"),
    ],
)
def test_a_frame_and_something_without_a_word(asked: Lab, others: tuple[object, ...], says: str) -> None:
    with pytest.raises(SourceError, match=rf"^load takes one source\. .*{says}"):
        asked.load(pd.DataFrame({"session_id": ["a"]}), *others)


def test_a_file_and_something_without_a_word(asked: Lab) -> None:
    with pytest.raises(SourceError, match=r"Say what 'codegen' is: load\(source, kind='codegen'\)"):
        asked.load("a.json", "codegen")
    with pytest.raises(SourceError, match=r"Load several one after the other, and give a name as name='runs'"):
        asked.load("a.json", "b.json")


@pytest.mark.parametrize("word", ["kind", "name"])
@pytest.mark.parametrize("said", [7, "", " ", ["codegen"], b"codegen", True])
def test_a_kind_and_a_name_are_texts(asked: Lab, word: str, said: Any) -> None:
    for source in ("data/workflow.json", pd.DataFrame({"session_id": ["a"]})):
        with pytest.raises(
            SourceError, match=rf"^The {word} of a source is a text, as '\w+'; this is {re.escape(repr(said))}\.$"
        ):
            asked.load(source, **{"name": "runs", word: said})
    assert asked.sources().fetchall() == []


def test_names_may_hold_anything(lab: Lab, tmp_path: Path) -> None:
    name = 'it\'s "a"; name $1 ?'
    lab.load(write_json(tmp_path / "o'clock" / "l'été.json", [1]), name=name)
    write_json(tmp_path / "o'clock" / "more.json", [1])
    assert lab.load(tmp_path / "o'clock").source == "o'clock"
    assert sorted(source for (source,) in lab.sources().project("source").fetchall()) == [name, "o'clock"]
    lab.forget(name)
    assert sessions(lab) == ["o'clock:1"]


def test_forget_takes_all_of_a_source(lab: Lab, tmp_path: Path) -> None:
    lab.load(write_json(tmp_path / "runs" / "a.json", [1]).parent)
    lab.load(write_sqlite(tmp_path / "store.db", [2]))
    lab.forget("runs")
    assert sessions(lab) == ["store:2"]
    tables = ["sources", "files", "rejects", "codegen.session", "codegen.iteration", "codegen.error", "hints"]
    for table in tables:
        assert lab.sql(f"FROM {table} WHERE source = 'runs'").fetchall() == [], table
    assert (tmp_path / "runs" / "a.json").exists()


def test_forgetting_what_is_not_there_lists_what_is(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no source 'x'\. It has: none yet"):
        lab.forget("x")
    lab.load(write_json(tmp_path / "runs.json", [1]))
    with pytest.raises(NotFound, match=r"no source 'x'\. It has: runs"):
        lab.forget("x")


def test_a_failed_load_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "runs.json", [1])
    lab.load(runs)
    runs.write_text('[{"id": "x", "design_goal": "g"}]')
    with pytest.raises(SourceError, match=r"Nothing in .*runs\.json could be loaded; 1 rejected"):
        lab.load(runs)
    runs.write_text('[{"id": 5, "design_goal": "g"}, {"id": "x", "design_goal": "g"}]')
    with pytest.raises(InvalidRecord):
        lab.load(runs, strict=True)
    assert goals(lab) == {"runs:1": "sort a list"}
    check_whole(lab)
    assert lab.load(runs).rejected == 1
    assert sessions(lab) == ["runs:5"]


def test_rejects_stand_whole(lab: Lab, tmp_path: Path) -> None:
    runs = tmp_path / "runs.json"
    runs.write_text('[{"id": 5, "design_goal": "g"}, {"id": "x", "design_goal": "g"}]')
    lab.load(runs)
    ((source, file, record, reason, raw),) = lab.rejects().project("source, file, record, reason, raw").fetchall()
    assert (source, file, record, raw) == ("runs", str(runs), 1, '{"id": "x", "design_goal": "g"}')
    assert "id" in reason


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_frames_are_found_by_their_name(asked: Lab, library: str) -> None:
    frame = pd.DataFrame({"goal": ["a", "b"]})
    mine = {"pandas": frame, "polars": pl.from_pandas(frame), "arrow": pl.from_pandas(frame).to_arrow()}[library]
    relation = asked.sql("SELECT goal FROM mine WHERE goal > 'a'")
    del mine
    assert relation.fetchall() == [("b",)]
    assert relation.filter("goal = 'b'").fetchall() == [("b",)]


@pytest.mark.parametrize("name", ["query", "params", "values", "canonical", "named", "self", "scope", "frame", "run"])
def test_frames_may_be_called_what_our_variables_are(asked: Lab, name: str) -> None:
    variables = {name: pd.DataFrame({"a": [7]}), "lab": asked}
    assert eval(f'lab.sql("FROM {name}").fetchall()', variables) == [(7,)]


def test_frames_are_found_from_metrics(lab: Lab, tmp_path: Path) -> None:
    lab.load(write_json(tmp_path / "runs.json", [1]))
    wanted = pd.DataFrame({"id": ["1"]})
    assert len(wanted) == len(lab.metrics._run("FROM sessions JOIN wanted ON id = session_id"))


def test_relations_are_found_by_their_name(lab: Lab, tmp_path: Path) -> None:
    lab.load(write_json(tmp_path / "runs.json", [1, 2]))
    mine = lab.sql("SELECT session_id AS id FROM sessions")
    assert lab.sql("SELECT count(*) FROM mine").fetchall() == [(2,)]
    assert mine.join(lab.sql("SELECT '1' AS id"), "id").fetchall() == [("1",)]


@pytest.mark.parametrize(
    ("query", "params", "answer"),
    [
        ("SELECT ? + ?", [1, 2], 3),
        ("SELECT ?", ("a",), "a"),
        ("SELECT $a || $b", {"a": "x", "b": "y"}, "xy"),
        ("SELECT $query", {"query": 1}, 1),
        ("SELECT 1", [], 1),
        ("SELECT 1", None, 1),
        ("SELECT 'é; -- no comment'", None, "é; -- no comment"),
        ("SET VARIABLE x = 4; SELECT getvariable('x')", None, 4),
        ("SELECT 1; SELECT 2;", None, 2),
    ],
)
def test_parameters(asked: Lab, query: str, params: list[object] | dict[str, object] | None, answer: object) -> None:
    assert asked.sql(query, params).fetchall() == [(answer,)]


def test_named_parameters(asked: Lab) -> None:
    assert asked.sql("SELECT $a + $b", {"a": 1}, b=2).fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FROM sesions", r'(?s)Table with name sesions does not exist.*Did you mean "sessions"'),
        ("SELECT gaol FROM sessions", r'(?s)"gaol" not found.*"goal"'),
        ("SELEC 1", "syntax error"),
        ("SELECT ?", "parameters: 1"),
        ("", "no statement in the query"),
        ("-- nothing", "no statement in the query"),
    ],
)
def test_what_duckdb_refuses_is_our_error(asked: Lab, query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        asked.sql(query)


def test_a_long_complaint_is_cut(asked: Lab) -> None:
    with pytest.raises(QueryError) as caught:
        asked.sql("SELECT error('\n'.join(range(40)))" + "\n" * 40 + "FROM nothing")
    assert len(str(caught.value).splitlines()) < 16


def test_an_error_that_shows_late_is_duckdbs(asked: Lab) -> None:
    relation = asked.sql("SELECT goal::INTEGER FROM (SELECT 'x' AS goal)")
    with pytest.raises(duckdb.Error, match="Could not convert string 'x'"):
        relation.fetchall()


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a INTEGER)",
        "DELETE FROM sessions",
        "INSERT INTO sources (source) VALUES ('x')",
        "DROP VIEW errors",
    ],
)
def test_sql_does_not_write_to_a_file(tmp_path: Path, statement: str, there: bool) -> None:
    lab = Lab(tmp_path / "lab.duckdb")
    if there:
        lab.load(write_json(tmp_path / "runs.json", [1]))
    with pytest.raises(QueryError, match=r"(?s)read-only.*load, refresh and forget only.*CREATE TEMP TABLE"):
        lab.sql(statement)


def test_sql_writes_to_memory_once(tmp_path: Path) -> None:
    lab = Lab()
    done = lab.sql("INSERT INTO sources (source, uri) VALUES ('x', 'y')")
    assert done.fetchall() == [(1,)]
    assert one(lab, "SELECT count(*) FROM sources") == 1


def test_statements_without_an_answer(lab: Lab) -> None:
    lab.sql("SET VARIABLE least = 3").fetchall()
    assert one(lab, "SELECT getvariable('least')") == 3
    lab.sql("CREATE TEMP TABLE mine AS SELECT 5 AS a").fetchall()
    assert one(lab, "FROM mine") == 5


def test_a_failed_transaction_of_the_user_harms_nobody(lab: Lab) -> None:
    lab.sql("BEGIN")
    with pytest.raises(QueryError):
        lab.sql("SELECT nothing")
    assert one(lab, "SELECT 1") == 1


def test_tables(lab: Lab, tmp_path: Path) -> None:
    lab.load(write_json(tmp_path / "runs.json", [1]))
    assert len(lab.table("sessions")) == 1
    assert len(lab.table("codegen.iteration")) == 1
    with pytest.raises(QueryError, match="does not exist"):
        lab.table("sessions; DROP TABLE sessions")


def test_results_come_as_frames(lab: Lab, tmp_path: Path) -> None:
    lab.load(write_json(tmp_path / "runs.json", [1, 2]))
    relation = lab.sql("SELECT session_id FROM sessions ORDER BY ALL")
    assert list(relation.df().session_id) == ["1", "2"]
    assert relation.pl()["session_id"].to_list() == ["1", "2"]


@pytest.mark.parametrize("where", ["memory", "file"])
def test_nothing_is_loaded_into_a_closed_lab(where: str, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "runs.json", [1])
    lab = Lab(tmp_path / "lab.duckdb") if where == "file" else Lab()
    lab.close()
    for change in (lambda: lab.load(runs), lab.refresh, lambda: lab.forget("runs")):
        with pytest.raises(LabError, match="This lab is closed"):
            change()
    assert not (tmp_path / "lab.duckdb").exists()


def test_a_value_alone_is_no_list_of_values() -> None:
    with Lab() as lab, pytest.raises(QueryError, match=r"as \[3\]; for \$name by their names, as name=3"):
        lab.sql("SELECT ?", 3)  # type: ignore[arg-type]


def test_a_kind_that_was_said_wants_something_of_it(tmp_path: Path) -> None:
    """Else any JSON would be a session of nothing but NULLs."""
    (tmp_path / "foo.json").write_text('{"foo": 1}')
    (tmp_path / "state.json").write_text('{"code": "x = 1"}')
    with Lab() as lab:
        with pytest.raises(SourceError, match="1 rejected"):
            lab.load(tmp_path / "foo.json", kind="workflow")
        assert lab.load(tmp_path / "state.json", kind="workflow").sessions == 1


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_text_is_no_folder(text: str) -> None:
    with Lab() as lab, pytest.raises(SourceError, match="An empty text names no source"):
        lab.load(text)


def test_a_lab_closes(tmp_path: Path) -> None:
    path = tmp_path / "lab.duckdb"
    with Lab(path) as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]))
        relation = lab.sql("FROM sessions")
    with pytest.raises(LabError, match="closed"):
        lab.sql("FROM sessions")
    with pytest.raises(duckdb.Error):
        relation.fetchall()
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    lab.close()


def test_it_says_what_it_is(tmp_path: Path) -> None:
    assert repr(Lab()) == "Lab()"
    assert repr(Lab(tmp_path / "lab.duckdb")) == f"Lab('{tmp_path / 'lab.duckdb'}')"


def test_a_notebook_shows_the_sources(lab: Lab, tmp_path: Path) -> None:
    assert "No source is loaded yet" in lab._repr_html_()
    lab.load(write_json(tmp_path / "runs.json", range(1, 1201)), name="<b>")
    shown = lab._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b><b>" not in shown
    assert ">codegen<" in shown
    assert ">1,200<" in shown
    lab.close()
    assert "closed" in lab._repr_html_()


def test_a_notebook_shows_few_of_many_sources(tmp_path: Path) -> None:
    lab = Lab()
    for number in range(25):
        lab.sql("INSERT INTO sources (source, uri) VALUES ($a, 'x')", a=str(number))
    assert "5 more" in lab._repr_html_()


def test_threads_ask_while_another_loads(lab: Lab, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "runs.json", range(50))
    lab.load(runs)
    stop, wrong = threading.Event(), list[object]()

    def ask() -> None:
        held = lab.sql("SELECT min(goal), max(goal), count(*) FROM sessions")
        while not stop.is_set():
            for relation in (held, lab.sql("SELECT min(goal), max(goal), count(*) FROM sessions")):
                try:
                    ((least, most, count),) = relation.fetchall()
                except Exception as error:
                    wrong.append(error)
                else:
                    wrong.extend([(least, most, count)] * (least != most or count != 50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(3):
        write_json(runs, range(50), goal=f"goal {number}")
        lab.load(runs)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert one(lab, "SELECT DISTINCT goal FROM sessions") == "goal 2"


def test_settings_that_duckdb_refuses() -> None:
    with pytest.raises(LabError, match="memory_limit"):
        Lab(memory_limit="much")
    with pytest.raises(LabError, match="threads"):
        Lab(threads=0)
