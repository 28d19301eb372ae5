"""The command line as a user types it: what it prints, what it leaves, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.cli.demo import _how_to_load
from tests.cli.conftest import Run

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the path of a lab with the workflow samples in it."""
    path = tmp_path_factory.mktemp("lab") / "lab.duckdb"
    with Lab(path) as lab:
        lab.load(DATA / "workflow.json")
    return str(path)


def test_load_refresh_sources_forget(run: Run, tmp_path: Path) -> None:
    shutil.copy(DATA / "workflow.json", tmp_path / "w.json")
    report = json.loads(run("load", "w.json", "--json").out)
    assert (report["source"], report["kinds"], report["sessions"]) == ("w", ["workflow"], 100)
    assert json.loads(run("refresh", "--json").out)["unchanged"] == 1
    (source,) = json.loads(run("sources", "--json").out)
    assert source["uri"] == str(tmp_path / "w.json")
    assert run("forget", "w").out == "w is out of lab.duckdb\n"
    assert json.loads(run("sources", "--json").out) == []


def test_a_source_that_a_refresh_cannot_read_is_told_of_once(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.json").write_text(f'[{{"thread_id": "{name}", "user_prompt": "p"}}]')
    run("load", "a.json", "b.json", "c.json", "d.json")
    (tmp_path / "a.json").write_text("[")
    done = run("refresh")
    assert done.code == 1
    says = "sessionlab: 1 source could not be brought up to date and keeps its rows: a: "
    assert done.err.startswith(says)
    assert done.err.count("\n") == 1
    assert "unchanged" in done.out
    assert "failed" not in done.out
    for name in ("b", "c", "d"):
        (tmp_path / f"{name}.json").write_text("[")
    done = run("refresh", "--json")
    assert [reason[:3] for reason in json.loads(done.out)["failed"]] == ["a: ", "b: ", "c: ", "d: "]
    assert "4 sources could not be brought up to date and keep their rows: a: " in done.err
    assert done.err.endswith("; and 1 more, which --json lists\n")


@pytest.mark.parametrize("name", ["sql", "written", "_run", "succes_rate"])
def test_what_is_no_metric_is_named(run: Run, name: str) -> None:
    run("load", str(DATA / "workflow.json"))
    done = run("stats", name)
    assert (done.code, done.out) == (1, "")
    assert f"There is no metric '{name}'." in done.err


def test_load_prints_a_table_and_no_progress_into_a_pipe(run: Run) -> None:
    done = run("load", str(DATA / "workflow.json"), "--name", "flows")
    assert "flows" in done.out
    assert "100" in done.out
    assert done.err == ""


def test_a_file_that_is_there_already_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    shutil.copy(DATA / "workflow.json", tmp_path / "d" / "w.json")
    shutil.copy(DATA / "codegen.db", tmp_path / "d" / "c.db")
    (tmp_path / "d" / "v.json").write_text('{"thread_id": "v", "user_prompt": "p"}')
    first, last = map(json.loads, run("load", "d/w.json", "d/*", "--json").out.splitlines())
    assert (first["sessions"], first["elsewhere"]) == (100, [])
    assert (last["sessions"], last["rejected"]) == (1, 0)
    assert last["elsewhere"] == [{"source": "w", "files": 1, "sessions": 100}]
    assert last["databases"] == [str(tmp_path / "d" / "c.db")]
    done = run("load", "d/*.json", "--name", "again")
    assert done.code == 1
    assert "in the lab already: 1 file with 1 session as 'd', 1 file with 100 sessions as 'w'" in done.err
    assert "left aside" in run("load", "d/*").out


def test_rejects_are_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "w.jsonl").write_text('{"thread_id": "a", "user_prompt": "p"}\n{"thread_id": "b", "user_prompt": 3}\n')
    assert json.loads(run("load", "w.jsonl", "--json").out)["rejected"] == 1
    (reject,) = json.loads(run("rejects", "--json").out)
    assert reject["record"] == 1
    assert "user_prompt holds the number 3" in reject["reason"]
    assert json.loads(reject["raw"]) == {"thread_id": "b", "user_prompt": 3}


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_sql_writes_its_formats(run: Run, loaded: str, form: str) -> None:
    out = run("sql", "SELECT kind, count(*) AS n FROM sessions GROUP BY kind", "--lab", loaded, "--format", form).out
    if form == "csv":
        assert list(csv.reader(io.StringIO(out))) == [["kind", "n"], ["workflow", "100"]]
    elif form == "json":
        assert json.loads(out) == [{"kind": "workflow", "n": 100}]
    else:
        assert "workflow" in out
        assert "100" in out


def test_sql_writes_json_that_others_read(run: Run, loaded: str) -> None:
    query = "SELECT 'nan'::DOUBLE AS a, '-inf'::FLOAT AS b, 1.5::DOUBLE AS \"c d\", 'NaN' AS e"
    done = run("sql", query, "--lab", loaded, "--format", "json")
    assert json.loads(done.out) == [{"a": None, "b": None, "c d": 1.5, "e": "NaN"}]


def test_sql_writes_parquet_to_a_file_and_into_a_pipe(run: Run, loaded: str, tmp_path: Path) -> None:
    words = ("sql", "FROM sessions", "--lab", loaded, "--format", "parquet")
    assert run(*words, "-o", "it's.parquet").code == 0
    with duckdb.connect() as connection:
        query = f"SELECT count(*) FROM read_parquet('{tmp_path}/it''s.parquet')"
        (count,) = connection.execute(query).fetchall()
    assert count == (100,)
    piped = subprocess.run([sys.executable, "-m", "sessionlab", *words], capture_output=True, check=True).stdout
    assert piped[:4] == piped[-4:] == b"PAR1"


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("o.parquet", "parquet"),
        ("o.JSON", "json"),
        ("o.json.gz", "json"),
        ("o.csv", "csv"),
        ("o.csv.zst", "csv"),
        ("o.2026", "csv"),
        ("o", "csv"),
    ],
)
def test_a_file_is_written_as_its_name_says(run: Run, loaded: str, tmp_path: Path, name: str, reader: str) -> None:
    query = "SELECT kind, count(*) AS n FROM sessions GROUP BY kind"
    assert run("sql", query, "--lab", loaded, "-o", name).code == 0
    with duckdb.connect() as connection:
        rows = connection.execute(f"FROM read_{reader}('{tmp_path / name}')").fetchall()
    assert rows == [("workflow", 100)]


def test_a_file_of_a_format_that_there_is_not(run: Run, loaded: str, tmp_path: Path) -> None:
    done = run("sql", "FROM sessions", "--lab", loaded, "-o", "o.xlsx")
    assert done.code == 2
    assert "o.xlsx cannot be written: a file is csv, json or parquet." in done.err
    assert list(tmp_path.iterdir()) == []
    assert run("sql", "FROM sessions", "--lab", loaded, "-o", "o.xlsx", "--format", "csv").code == 0
    assert (tmp_path / "o.xlsx").read_text().startswith("source,kind,")
    assert run("sql", "FROM sessions", "--lab", loaded, "-o", "o.csv", "--format", "table").code == 2


def test_stats_in_words_numbers_and_pictures(run: Run, loaded: str, tmp_path: Path) -> None:
    rows = json.loads(run("stats", "success_rate", "--by", "difficulty", "--lab", loaded, "--json").out)
    assert sum(row["sessions"] for row in rows) == 100
    assert "difficulty" in run("stats", "success_rate", "--by", "difficulty", "--lab", loaded).out
    assert run("stats", "topics", "--lab", loaded, "--chart", "topics.svg").out == "topics.svg\n"
    assert (tmp_path / "topics.svg").read_text().startswith("<svg")


def test_several_columns_are_joined_by_commas(run: Run, loaded: str) -> None:
    words = ("stats", "success_rate", "--lab", loaded, "--json")
    joined = json.loads(run(*words, "--by", "kind, difficulty").out)
    assert [(row["kind"], row["difficulty"], row["judged"]) for row in joined] == [
        ("workflow", "easy", 35),
        ("workflow", "hard", 37),
        ("workflow", "medium", 23),
    ]
    assert joined == json.loads(run(*words, "--by", "kind", "--by", "difficulty").out)
    groups = ("compare", "difficulty = 'easy'", "difficulty = 'hard'", "--lab", loaded, "--json")
    assert run(*groups, "--on", "kind,topic").out == run(*groups, "--on", "kind", "--on", "topic").out != ""


def test_winners_of_what(run: Run, tmp_path: Path) -> None:
    run("load", str(DATA / "worktree"))
    rows = json.loads(run("stats", "winners", "--of", "runtime", "--json").out)
    assert sum(row["won"] for row in rows) > 0
    assert all("runtime" in row for row in rows)
    assert run("stats", "summary", "--of", "model").code == 2


def test_report_is_written(run: Run, loaded: str, tmp_path: Path) -> None:
    assert run("report", "page.html", "--lab", loaded, "--title", "Mine").out == f"{tmp_path / 'page.html'}\n"
    assert "Mine" in (tmp_path / "page.html").read_text()


def test_demo_builds_a_lab_from_all_kinds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    done = run("demo")
    assert done.code == 0, done.err
    assert (tmp_path / "report.html").read_text() == "mine"
    assert (tmp_path / "demo-report.html").stat().st_size > 500_000
    assert run("demo").code == 0
    with Lab(tmp_path / "demo.duckdb") as lab:
        kinds = lab.sql("SELECT kind, count(*) FROM sessions GROUP BY kind ORDER BY kind").fetchall()
    assert kinds == [("codegen", 100), ("conversation", 100), ("workflow", 100), ("worktree", 100)]


def test_demo_overwrites_no_page_but_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "demo-report.html").write_text("<title>Mine</title>")
    done = run("demo")
    assert (done.code, done.out) == (1, "")
    says = "demo-report.html is no page of the demo's, and is not overwritten. Name another with --report."
    assert done.err == f"sessionlab: {says}\n"
    assert (tmp_path / "demo-report.html").read_text() == "<title>Mine</title>"


def test_demo_keeps_out_of_a_lab_of_somebodys_own(run: Run, tmp_path: Path) -> None:
    shutil.copy(DATA / "codegen.db", tmp_path / "mine.db")
    run("load", "mine.db", "--lab", "my.duckdb")
    done = run("demo", "--lab", "my.duckdb")
    assert (done.code, done.out) == (1, "")
    assert "my.duckdb has sources of your own (mine)" in done.err
    assert "sessionlab demo --lab samples.duckdb" in done.err
    with Lab(tmp_path / "my.duckdb") as lab:
        assert lab.sources().project("source").fetchall() == [("mine",)]


def test_demo_takes_what_is_for_samples_with_write_only(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--sessions", "5", "--kind", "workflow")
    assert (done.code, done.out) == (2, "")
    assert "--kind and --sessions: only with --write" in done.err
    assert not list(tmp_path.iterdir())


def test_demo_writes_samples(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--write", "made", "--sessions", "30", "--seed", "5", "--kind", "workflow", "--format", "sqlite")
    assert done.out == "workflow.session_states: 30 rows\n"
    assert (tmp_path / "made" / "workflow.db").is_file()
    assert run("demo", "--write", "one", "--sessions", "1", "--kind", "workflow").out.endswith(": 1 row\n")


def test_demo_says_how_to_load_what_it_wrote_to_postgres(run: Run, postgres_url: str) -> None:
    kinds = ("--kind", "codegen", "--kind", "workflow")
    done = run("demo", "--write", postgres_url, "--sessions", "30", *kinds)
    last = done.out.splitlines()[-1]
    assert last.startswith("Load them: sessionlab load ")
    words = shlex.split(last, comments=True)[2:]
    assert json.loads(run(*words[1:], "--json").out.splitlines()[1])["sessions"] == 15


def test_a_password_is_not_printed() -> None:
    said = _how_to_load("postgresql://ann:secret@db/levelup?sslmode=require", ("codegen", "workflow"))
    assert said == (
        "Load them: sessionlab load 'postgresql://ann@db/levelup?sslmode=require&schema=codegen'"
        " 'postgresql://ann@db/levelup?sslmode=require&schema=workflow'  # with the password in POSTGRES_PASSWORD"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("load", "nowhere.json"), "nowhere.json"),
        (("refresh",), "There is no lab lab.duckdb"),
        (("sql", "SELECT 1"), "There is no lab lab.duckdb"),
        (("stats", "sucess_rate", "--lab", "LOADED"), "success_rate"),
        (("stats", "success_rate", "--by", "topik", "--lab", "LOADED"), "topic"),
        (("stats", "--where", "1 = 1; DROP TABLE sessions", "--lab", "LOADED"), "condition"),
        (("sql", "SELECT nothing FROM sessions", "--lab", "LOADED"), "nothing"),
        (("forget", "nobody", "--lab", "LOADED"), "nobody"),
    ],
)
def test_failed_work_is_one_line_and_exit_code_1(run: Run, loaded: str, arguments: tuple[str, ...], says: str) -> None:
    done = run(*(loaded if word == "LOADED" else word for word in arguments))
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("sessionlab: ")
    assert done.err.count("\n") == 1
    assert says in done.err


@pytest.mark.parametrize("group", [(), ("store",)])
def test_the_list_of_commands_fits_eighty_columns(run: Run, group: tuple[str, ...]) -> None:
    listed = run(*group, "--help").out.partition("Commands:")[2].splitlines()
    assert len(listed) > 8
    assert [line for line in listed if line.endswith("...")] == []
    assert all(len(line) <= 80 for line in listed)


@pytest.mark.parametrize(
    "arguments", [("load",), ("nonsense",), ("stats", "--bucket", "year"), ("load", "a", "b", "--name", "x")]
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert "Usage:" in done.err
