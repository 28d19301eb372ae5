"""The benchmarks themselves: every way does the same work, and results are shown, kept and drawn as they are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from sessionlab import Lab
from tests.benchmarks import data, frames
from tests.benchmarks.__main__ import main
from tests.benchmarks.chart import _SHOWN, chart
from tests.benchmarks.load import CASES, calls
from tests.benchmarks.measure import in_turn, run, within
from tests.benchmarks.metrics import results as metrics_results
from tests.benchmarks.metrics import typed
from tests.benchmarks.result import OURS, Asked, Figure, Result, beside, growth, keep, read
from tests.benchmarks.ways import json_files, refresh, sqlite

_SESSIONS = 60
_TABLES = {"sqlite": "session", "json": "sessions"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make small data of a name, once."""
    found: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in found:
            found[name] = tmp_path_factory.mktemp(name)
            data.DATA[name](found[name], _SESSIONS)
        return found[name]

    return make


@pytest.mark.parametrize(
    "way",
    [
        sqlite.ours,
        sqlite.duckdb_to_duckdb,
        sqlite.pandas_read_sql,
        json_files.ours,
        json_files.read_json,
        json_files.json_normalize,
        json_files.polars_read_json,
        json_files.sqlite_utils_insert_all,
    ],
    ids=lambda way: f"{way.__module__.split('.')[-1]}-{way.__name__}",
)
def test_each_way_brings_all_sessions(
    way: Callable[[Path, Path], None], made: Callable[[str], Path], tmp_path: Path
) -> None:
    kind = "sqlite" if way.__module__.endswith("sqlite") else "json"
    way(made(kind), tmp_path)
    (file,) = (path for path in tmp_path.iterdir() if path.suffix in (".duckdb", ".db"))
    assert _sessions(file, _TABLES[kind]) == _SESSIONS


def _sessions(file: Path, table: str) -> int:
    if file.suffix == ".db":
        with closing(sqlite3.connect(file)) as store:
            ((count,),) = store.execute(f"SELECT count(*) FROM {table}").fetchall()
    else:
        with duckdb.connect(str(file), read_only=True) as connection:
            schemas = connection.execute(
                "SELECT schema_name FROM duckdb_tables() WHERE table_name = ? ORDER BY schema_name = 'main'", [table]
            ).fetchall()
            native = next(name for (name,) in schemas if name in ("codegen", "worktree", "main"))
            ((count,),) = connection.execute(f"SELECT count(*) FROM {native}.{table}").fetchall()
    return int(count)


def test_each_metric_is_answered_alike(made: Callable[[str], Path]) -> None:
    """By SQL typed by hand, by SQL on a store and by pandas: at least the groups and what is counted in them."""
    folder = made("metrics")
    with Lab(folder / "lab.duckdb") as lab, closing(sqlite3.connect(folder / "store.db")) as store:
        for name, column in {"topics": "topic", "statuses": "status", "modes": "mode"}.items():
            ours = {row[0]: row[1:2] + row[3:5] for row in getattr(lab.metrics, name)().fetchall()}
            frame = frames.measure(store, name).fillna(0)
            found = {None if pd.isna(key) else key: tuple(map(int, row[:3])) for key, *row in frame.itertuples()}
            assert found == ours, column
        ours = {row[0]: (row[4], row[1]) for row in lab.metrics.success_rate(by="kind").fetchall()}
        stored = {row[0]: (row[4], row[1]) for row in store.execute(typed("stored.sql")["success_rate"]).fetchall()}
        assert ours.keys() == stored.keys()
        assert [count for _, count in ours.values()] == [count for _, count in stored.values()]
        (errors,) = lab.sql("SELECT sum(errors)::BIGINT FROM sessions").fetchall()[0]
        assert frames.measure(store, "errors")["errors"].sum() == errors > 0
        assert frames.measure(store, "errors", with_care=True).equals(frames.measure(store, "errors"))
        entered = {row[0]: row[1:3] for row in lab.metrics.winners().fetchall()}
        found = {key: (row.entered, row.won) for key, row in frames.measure(store, "winners").iterrows()}
        assert found == entered


def test_metrics_are_timed(made: Callable[[str], Path]) -> None:
    names = ["success_rate", "winners"]
    one, two = metrics_results(made("metrics"), "small", 1, names, peers=True)
    assert [figure.way for figure in one.figures] == [OURS, "typed SQL", "SQL on the store", "pandas from the store"]
    assert (two.case, len(two.figures), two.asked) == ("winners", 4, ())


def test_a_refresh_finds_the_changed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    for number in (76, 77):
        refresh.write(tmp_path / "files" / f"{number:05}.json", number, "p")
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(tmp_path / "files")
    refresh.change(tmp_path)
    refresh.settle(tmp_path)
    with Lab(tmp_path / "lab.duckdb") as lab:
        assert lab.refresh().unchanged == 2
    before = (tmp_path / "lab.duckdb").read_bytes()
    refresh.copied(tmp_path, tmp_path)
    assert (tmp_path / "lab.duckdb").read_bytes() != before
    with Lab(tmp_path / "lab.duckdb") as lab:
        prompts = dict(lab.sql("SELECT thread_id, user_prompt FROM workflow.session_states").fetchall())
    assert prompts["t76"] == "p"
    assert prompts["t77"].startswith("asked at ")


def test_whole_processes(made: Callable[[str], Path], tmp_path: Path) -> None:
    """The ways of packages that could not be had are left out, and nothing is asked at a small size."""
    result = run(CASES["sqlite"], "small", made("sqlite"), tmp_path, rounds=1, peers=False, paths={})
    assert [figure.way for figure in result.figures] == [OURS, "DuckDB to DuckDB"]
    assert all(figure.seconds > 0 and (figure.megabytes or 0) > 20 for figure in result.figures)
    assert result.asked == ()


def test_calls(tmp_path: Path) -> None:
    refresh.write(tmp_path / "one.json", 1, "p")
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(tmp_path / "one.json")
    found = {result.case: result.asked[0].at_most for result in calls(tmp_path, 1)}
    assert list(found.values()) == [100, 50, 600]


def test_calls_in_turn() -> None:
    called: list[str] = []
    figures = in_turn({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 3, calls=2)
    assert "".join(called) == "ab" + "aabb" * 3
    assert {name: figure.runs for name, figure in figures.items()} == {"a": 3, "b": 3}


RESULT = Result(
    "load",
    "sqlite",
    "medium",
    (Figure(OURS, 1.5, 5, 200.0), Figure("other", 3.0, 5, 100.0)),
    (Asked("time beside other", 0.5, 0.4), within("the call", 0.02, 0.1)),
)


def test_lines() -> None:
    assert list(RESULT.lines()) == [
        "load sqlite, medium",
        "  sessionlab                              1.50 s      200 MB",
        "  other                                   3.00 s      100 MB   ours/this   0.50",
        "    time beside other: 0.50 x, asked ≤ 0.4: NO",
        "    the call: 20.00 ms, asked ≤ 100: yes",
    ]


def test_what_is_asked() -> None:
    figures = {figure.way: figure for figure in RESULT.figures}
    assert list(beside(figures, {"other": 1.0, "absent": 1.0}, {"other": 1.5})) == [
        Asked("time beside other", 0.5, 1.0),
        Asked("memory beside other", 2.0, 1.5),
    ]


def test_growth() -> None:
    large = Result("load", "sqlite", "large", (Figure(OURS, 21.0, 1),))
    lines = list(growth([large, RESULT, Result("load", "refresh", "", RESULT.figures)], data.SIZES, 1.2))
    assert lines == ["growth sqlite: time for a session, large beside medium: 1.40 x, asked ≤ 1.2: NO"]


def test_results_are_kept(tmp_path: Path) -> None:
    """A later one takes the place of an earlier one, and what else is there stays."""
    path = tmp_path / "results.json"
    keep(path, [RESULT])
    other = Result("metrics", "errors", "large", (Figure(OURS, 0.3, 15),))
    later = Result("load", "sqlite", "medium", (Figure(OURS, 1.25, 7, 150.0),))
    keep(path, [other, later])
    assert read(path) == [later, other]


def test_picture(tmp_path: Path) -> None:
    results = [Result(*key, RESULT.figures) for key in _SHOWN]
    other = Result("load", "sqlite", "large", (Figure(OURS, 1.0, 5), Figure("other", 7.0, 5)))
    assert chart([*results, other]).to_dict() == chart(results).to_dict(), "one size a case"
    shown = json.dumps(chart(results).to_dict(), ensure_ascii=False)
    assert all(json.dumps(name, ensure_ascii=False) in shown for name in _SHOWN.values())
    assert '"2 x"' in shown


def test_commands() -> None:
    assert sorted(main.commands) == ["chart", "load", "metrics", "server", "stores", "worktree"]
