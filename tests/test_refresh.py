from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from sessionlab import Lab, RefreshReport
from tests.labs import check_whole, goals, one, sessions, write_json, write_sqlite

both = pytest.mark.parametrize("lab", ["memory", "file"], indirect=True)


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    """Give a lab in memory, or what ``both`` asks for."""
    return Lab(tmp_path / "lab.duckdb") if getattr(request, "param", "memory") == "file" else Lab()


@pytest.fixture
def folder(lab: Lab, tmp_path: Path) -> Path:
    """Three loaded files with two sessions each."""
    folder = tmp_path / "runs"
    for number, name in enumerate("abc"):
        write_json(folder / f"{name}.json", [number * 2, number * 2 + 1], goal=name)
    lab.load(folder)
    return folder


def refreshed(lab: Lab) -> RefreshReport:
    """Refresh, and check that the lab is sound and that there is nothing more to do."""
    report = lab.refresh()
    check_whole(lab)
    again = lab.refresh()
    assert (again.added, again.changed, again.gone, again.loads) == ((), (), (), ())
    return report


@both
def test_nothing_changed(lab: Lab, folder: Path) -> None:
    assert refreshed(lab) == RefreshReport(unchanged=3)


def test_an_empty_lab(lab: Lab) -> None:
    assert lab.refresh() == RefreshReport()


@both
def test_added_changed_and_gone_files(lab: Lab, folder: Path) -> None:
    write_json(folder / "new" / "d.json", [9], goal="d")
    write_json(folder / "a.json", [0], goal="changed")
    (folder / "b.json").unlink()
    report = refreshed(lab)
    assert report.added == (str(folder / "new" / "d.json"),)
    assert report.changed == (str(folder / "a.json"),)
    assert report.gone == (str(folder / "b.json"),)
    assert report.unchanged == 1
    assert [load.sessions for load in report.loads] == [6]
    assert goals(lab) == {
        "runs:0": "changed", "runs:2": "b", "runs:3": "b", "runs:4": "c", "runs:5": "c", "runs:9": "d"
    }  # fmt: skip
    assert lab.sql("SELECT path FROM files WHERE gone").fetchall() == [(str(folder / "b.json"),)]


@both
def test_a_refresh_gives_what_a_load_would(lab: Lab, folder: Path) -> None:
    write_json(folder / "a.json", [0, 5], goal="changed", at="2025-02-01")
    write_json(folder / "d.json", [1, 2], goal="d", at="2024-01-01")
    (folder / "e.json").write_text('[{"id": 50, "design_goal": "e"}, {"id": "x"}]')
    lab.refresh()
    fresh = Lab()
    fresh.load(folder)
    for query in (
        "FROM sessions ORDER BY ALL",
        "FROM codegen.iteration ORDER BY ALL",
        "FROM files ORDER BY ALL",
        "FROM superseded ORDER BY ALL",
        "SELECT source, file, record, reason, raw FROM rejects ORDER BY ALL",
        "SELECT source, kind, uri, fingerprint, rows, rejected, superseded FROM sources",
    ):
        assert lab.sql(query).fetchall() == fresh.sql(query).fetchall(), query
    check_whole(lab)


def test_a_file_that_comes_back(lab: Lab, folder: Path) -> None:
    (folder / "b.json").rename(folder / "b.away")
    assert refreshed(lab).gone == (str(folder / "b.json"),)
    (folder / "b.away").rename(folder / "b.json")
    assert refreshed(lab).added == (str(folder / "b.json"),)
    assert one(lab, "SELECT count(*) FROM files WHERE gone") == 0
    assert len(sessions(lab)) == 6


def test_a_folder_that_is_gone_and_comes_back(lab: Lab, folder: Path) -> None:
    away = folder.rename(folder.with_name("away"))
    assert len(refreshed(lab).gone) == 3
    assert len(sessions(lab)) == 6
    away.rename(folder)
    assert len(refreshed(lab).added) == 3
    assert len(sessions(lab)) == 6


@pytest.mark.parametrize("loss", ["record", "file", "older"])
def test_a_superseded_record_comes_back_when_the_winner_loses_it(lab: Lab, folder: Path, loss: str) -> None:
    winner = write_json(folder / "d.json", [0, 9], goal="d", at="2025-02-01")
    assert refreshed(lab).loads[0].superseded == 1
    assert goals(lab)["runs:0"] == "d"
    assert one(lab, f"SELECT rows FROM files WHERE path = '{folder / 'a.json'}'") == 1
    if loss == "file":
        winner.unlink()
    else:
        write_json(winner, [9] if loss == "record" else [0, 9], goal="d", at="2024-01-01")
    report = refreshed(lab)
    assert goals(lab)["runs:0"] == ("d" if loss == "file" else "a")
    assert one(lab, "SELECT superseded FROM sources") == (0 if loss == "record" else 1)
    assert report.unchanged == 3


def test_a_chain_of_superseded_records(lab: Lab, folder: Path) -> None:
    files = [write_json(folder / f"d{day}.json", [77], goal=f"day {day}", at=f"2025-02-0{day}") for day in (1, 2, 3)]
    refreshed(lab)
    for day in (3, 2, 1):
        assert goals(lab)["runs:77"] == f"day {day}"
        write_json(files[day - 1], [100 + day])
        refreshed(lab)
    assert "runs:77" not in sessions(lab)


def test_a_changed_file_that_is_wholly_broken_goes_into_the_rejects(lab: Lab, folder: Path) -> None:
    (folder / "a.json").write_text("[{")
    report = refreshed(lab)
    assert report.failed == ()
    assert [(load.sessions, load.rejected) for load in report.loads] == [(4, 1)]
    assert not {"runs:0", "runs:1"} & {*sessions(lab)}
    write_json(folder / "a.json", [0, 1])
    assert refreshed(lab).loads[0].rejected == 0
    assert len(sessions(lab)) == 6


@both
def test_a_source_of_which_nothing_is_left_keeps_its_rows_and_fails(lab: Lab, folder: Path, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "one.json", [1], goal="old")
    lab.load(runs)
    runs.write_text("[{")
    write_json(folder / "a.json", [0], goal="changed")
    report = lab.refresh()
    ((reason,), (load,)) = report.failed, report.loads
    assert "one: Nothing in" in reason
    assert load.source == "runs"
    assert goals(lab)["one:1"] == "old"
    assert goals(lab)["runs:0"] == "changed"
    check_whole(lab)
    assert len(lab.refresh().failed) == 1
    write_json(runs, [1], goal="new")
    assert refreshed(lab).changed == (str(runs),)
    assert goals(lab)["one:1"] == "new"


def test_a_file_may_turn_into_another_kind(lab: Lab, folder: Path) -> None:
    (folder / "a.json").write_text('[{"thread_id": "t", "user_prompt": "p", "tests_passed": true}]')
    report = refreshed(lab)
    assert report.loads[0].kinds == ("codegen", "workflow")
    assert report.loads[0].rows["workflow.session_states"] == 1
    assert len(sessions(lab)) == 5
    write_json(folder / "a.json", [0, 1])
    assert refreshed(lab).loads[0].kinds == ("codegen",)
    assert one(lab, "SELECT kind FROM sources") == "codegen"


def test_what_was_said_of_the_kind_still_holds(lab: Lab, tmp_path: Path) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text(
        '[{"id": 1, "design_goal": "g", "workflow_status": "x", "thread_id": "t", "topic": "x", "code": "c"}]'
    )
    lab.load(odd, kind="codegen")
    odd.write_text(odd.read_text().replace('"g"', '"new goal"'))
    assert refreshed(lab).loads[0].kinds == ("codegen",)
    assert goals(lab) == {"odd:1": "new goal"}


def test_a_file_written_to_during_its_load_is_read_again(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = write_json(tmp_path / "runs.json", [1])

    def step(_: object, line: str) -> None:
        if line == "canonical rows":
            write_json(runs, [1, 2])

    with monkeypatch.context() as patched:
        patched.setattr("sessionlab.progress.Meter.__call__", step)
        lab.load(runs)
    assert refreshed(lab).changed == (str(runs),)
    assert sessions(lab) == ["runs:1", "runs:2"]


@both
def test_a_changed_database(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = write_sqlite(Path("store.db"), [1]).absolute()
    lab.load("store.db")
    monkeypatch.chdir("/")
    assert refreshed(lab) == RefreshReport(unchanged=1)
    write_sqlite(store, [2])
    report = refreshed(lab)
    assert (report.changed, report.unchanged) == ((str(store),), 0)
    assert sessions(lab) == ["store:1", "store:2"]


def test_a_database_that_is_gone_and_comes_back(lab: Lab, tmp_path: Path) -> None:
    store = write_sqlite(tmp_path / "store.db", [1])
    lab.load(store)
    shutil.move(store, tmp_path / "away")
    assert refreshed(lab).gone == (str(store),)
    assert lab.sql("SELECT path, gone FROM files").fetchall() == [(str(store), True)]
    assert sessions(lab) == ["store:1"]
    shutil.move(tmp_path / "away", store)
    assert refreshed(lab).added == (str(store),)
    assert lab.sql("FROM files").fetchall() == []
    assert sessions(lab) == ["store:1"]


def test_frames_are_left_alone(lab: Lab) -> None:
    lab.load(pd.DataFrame({"session_id": ["a"], "goal": ["g"]}), name="mine")
    assert lab.refresh() == RefreshReport()
    assert goals(lab) == {"mine:a": "g"}


@both
def test_nothing_is_read_where_nothing_changed(lab: Lab, folder: Path, tmp_path: Path) -> None:
    store = write_sqlite(tmp_path / "store.db", [50], goal="old")
    lab.load(store)
    before = goals(lab)
    for file in (*folder.iterdir(), store):
        state = file.stat()
        file.write_bytes(b"x" * state.st_size)
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert refreshed(lab) == RefreshReport(unchanged=4)
    assert goals(lab) == before


def test_nothing_is_opened_where_nothing_changed(lab: Lab, folder: Path, tmp_path: Path) -> None:
    lab.load(write_sqlite(tmp_path / "store.db", [50]))
    past = 10**18
    files = [*folder.iterdir(), tmp_path / "store.db"]
    for file in files:
        os.utime(file, ns=(past, file.stat().st_mtime_ns))
    assert lab.refresh() == RefreshReport(unchanged=4)
    assert [file.stat().st_atime_ns for file in files] == [past] * 4


def test_only_what_changed_is_opened(lab: Lab, folder: Path) -> None:
    past = 10**18
    for file in folder.iterdir():
        os.utime(file, ns=(past, file.stat().st_mtime_ns))
    write_json(folder / "a.json", [0])
    lab.refresh()
    assert [(folder / f"{name}.json").stat().st_atime_ns for name in "bc"] == [past] * 2


def test_the_lab_is_not_written_where_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "lab.duckdb"
    lab = Lab(path)
    lab.load(write_json(tmp_path / "runs.json", [1]))
    path.with_name("lab.duckdb.lock").unlink(missing_ok=True)
    before = path.stat()
    lab.refresh()
    Lab(path).refresh()
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert not path.with_name("lab.duckdb.lock").exists()


def test_another_program_may_be_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Lab(tmp_path / "lab.duckdb"), Lab(tmp_path / "lab.duckdb")
    first.load(write_json(tmp_path / "one.json", [1]))
    first.load(write_json(tmp_path / "two.json", [2]))
    write_json(tmp_path / "one.json", [1, 3])
    write_json(tmp_path / "two.json", [2, 4])

    def step(_: object, line: str) -> None:
        if line == "waiting for another load":
            patched.undo()
            second.forget("two")
            second.refresh()

    with monkeypatch.context() as patched:
        patched.setattr("sessionlab.progress.Meter.__call__", step)
        report = first.refresh()
    assert report.loads == ()
    assert sessions(first) == ["one:1", "one:3"]


@both
def test_a_server_that_is_down_stops_nobody(lab: Lab, folder: Path) -> None:
    uri = "postgresql://nobody@127.0.0.1:1/none"
    known = "INSERT INTO sources VALUES ('far', 'codegen', $u, NULL, 'f', '{}', 0, 0, 0.0)"
    with lab._storage.writing(lambda _: None) as writer:
        writer.connection.execute(known, {"u": uri})
    write_json(folder / "a.json", [0])
    report = lab.refresh()
    (reason,) = report.failed
    assert reason.startswith("far: ")
    assert report.changed == (str(folder / "a.json"),)


def test_a_changed_server(lab: Lab, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("DROP SCHEMA IF EXISTS refreshed CASCADE")
        server.execute("CREATE SCHEMA refreshed")
        server.execute("CREATE TABLE refreshed.session (id bigint, design_goal text)")
        server.execute("INSERT INTO refreshed.session VALUES (1, 'g')")
        url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}schema=refreshed"
        name = lab.load(url).source
        assert refreshed(lab) == RefreshReport(unchanged=1)
        server.execute("INSERT INTO refreshed.session VALUES (2, 'h')")
        assert len(refreshed(lab).changed) == 1
        assert goals(lab) == {f"{name}:1": "g", f"{name}:2": "h"}
        server.execute("DROP SCHEMA refreshed CASCADE")
        (reason,) = lab.refresh().failed
        assert reason.startswith(f"{name}: ")
        assert len(goals(lab)) == 2


def test_many_files(lab: Lab, tmp_path: Path) -> None:
    for number in range(100):
        write_json(tmp_path / "many" / f"{number}.json", [number])
    lab.load(tmp_path / "many")
    assert refreshed(lab) == RefreshReport(unchanged=100)


def test_a_file_that_vanishes_while_the_lab_is_copied_keeps_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is gone, whatever the look before has said of it; what else has changed is read."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in (1, 2):
        write_json(folder / f"{number}.json", [number])
    lab = Lab(tmp_path / "lab.duckdb")
    lab.load(folder)
    write_json(folder / "1.json", [1, 11])
    write_json(folder / "2.json", [2, 22])
    write_json(folder / "3.json", [3])

    def step(_: object, line: str) -> None:
        if line == "waiting for another load":
            (folder / "1.json").unlink()
            (folder / "3.json").unlink()

    with monkeypatch.context() as patched:
        patched.setattr("sessionlab.progress.Meter.__call__", step)
        report = lab.refresh()
    names = [[Path(path).name for path in paths] for paths in (report.added, report.changed, report.gone)]
    assert names == [[], ["2.json"], ["1.json"]]
    assert sessions(lab) == ["folder:1", "folder:2", "folder:22"]
    assert lab.sql("SELECT parse_filename(path), rows, gone FROM files ORDER BY ALL").fetchall() == [
        ("1.json", 1, True),
        ("2.json", 2, False),
    ]
