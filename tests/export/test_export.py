"""A data set holds what the lab holds, is exported source by source, and never changes under a reader."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab import Lab, LabBusy, LabError, NotFound, QueryError
from sessionlab.export import drop
from sessionlab.export.folder import Folder
from sessionlab.export.manifest import TABLES, File
from sessionlab.export.redaction import Redaction
from sessionlab.export.write import write_tables
from sessionlab.metrics import METRICS
from sessionlab.samples import sample_files, write_samples
from tests.export.alike import check_alike
from tests.labs import goals, sessions, start_python, write_json

NAMES = [table.name for table in TABLES]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        for source in sorted(sample_files().iterdir()):
            lab.load(source)
        yield lab


@pytest.fixture(scope="module")
def lake(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    path = tmp_path_factory.mktemp("lake")
    lab.export(path)
    with Lab.attach(path) as lake:
        yield lake


def rows(lab: Lab, query: str) -> list[tuple[Any, ...]]:
    return sorted(lab.sql(query).fetchall(), key=repr)


def files(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*.parquet")}


@pytest.mark.parametrize("table", NAMES)
def test_a_data_set_has_the_rows_of_the_lab(lab: Lab, lake: Lab, table: str) -> None:
    assert rows(lake, f"FROM {table}") == rows(lab, f"FROM {table}") != []
    assert lake.table(table).columns == lab.table(table).columns
    assert lake.table(table).types == lab.table(table).types


@pytest.mark.parametrize("name", METRICS)
def test_metrics_over_a_data_set(lab: Lab, lake: Lab, name: str) -> None:
    for arguments in ({}, {"by": ["kind", "model"], "where": "attempts > 1", "bucket": "month"}):
        expected = getattr(lab.metrics, name)(**arguments).fetchall()
        found = getattr(lake.metrics, name)(**arguments).fetchall()
        assert expected
        check_alike(found, expected)


def test_charts_comparisons_histories_and_the_rest(lab: Lab, lake: Lab) -> None:
    assert lake.charts.success_rate(by="topic").to_dict() == lab.charts.success_rate(by="topic").to_dict()
    assert lake.dashboard(by="topic").to_dict()["title"] == lab.dashboard(by="topic").to_dict()["title"]
    a, b = "topic = 'arrays'", "topic = 'concurrency'"
    assert str(lake.compare(a, b)) == str(lab.compare(a, b))
    assert str(lake.history(33)) == str(lab.history(33))
    chat = lab.sql("SELECT session_id FROM sessions WHERE kind = 'conversation' LIMIT 1").fetchall()[0][0]
    assert [event.text for event in lake.history(chat) if event.what == "message"]
    assert lake.chains().by_depth.fetchall() == lab.chains().by_depth.fetchall()
    assert "400 sessions" in lake._repr_html_()


def test_a_data_set_is_only_read(lake: Lab, tmp_path: Path) -> None:
    changes = (lambda: lake.load(write_json(tmp_path / "runs.json", [1])), lake.refresh, lambda: lake.forget("codegen"))
    for change in changes:
        with pytest.raises(LabError, match="is only read"):
            change()
    with pytest.raises(QueryError, match="read-only") as caught:
        lake.sql("CREATE TABLE mine (a INT)")
    assert "load, refresh and forget" in str(caught.value)
    assert repr(lake).startswith("Lab.attach('")


def test_a_copy_needs_no_data_set(lab: Lab, tmp_path: Path) -> None:
    lab.export(tmp_path / "lake")
    with Lab.attach(tmp_path / "lake") as lake:
        lake.copy_to(tmp_path / "copy.duckdb")
    shutil.rmtree(tmp_path / "lake")
    with Lab(tmp_path / "copy.duckdb") as copy:
        with pytest.raises(LabError, match=r"a copy of a data set, which is only read\. Load into another"):
            copy.load(write_json(tmp_path / "runs.json", [1]))
        assert all(rows(copy, f"FROM {name}") == rows(lab, f"FROM {name}") for name in NAMES)
        check_alike(copy.metrics.winners().fetchall(), lab.metrics.winners().fetchall())


def test_what_was_exported_earlier_has_its_entrants(tmp_path: Path) -> None:
    """Version 1 had no such column."""
    lake = tmp_path / "lake"
    with Lab() as lab:
        for seed in (1, 2):
            write_samples(tmp_path / str(seed), 80, seed, kinds=["worktree", "codegen"], format="sqlite")
            for path in sorted((tmp_path / str(seed)).iterdir()):
                lab.load(path, name=f"{path.stem}-{seed}")
        lab.export(lake)
        expected = rows(lab, "FROM sessions")
        winners = lab.metrics.winners(of="model").fetchall()
    for name in ("worktree-1", "codegen-1"):
        manifest = json.loads((lake / name / "manifest.json").read_text())
        for file in manifest["files"]["sessions"]:
            path = lake / name / file["path"]
            duckdb.execute(f"COPY (SELECT * EXCLUDE (entrants) FROM '{path}') TO '{path}.new' (FORMAT parquet)")
            Path(f"{path}.new").replace(path)
        (lake / name / "manifest.json").write_text(json.dumps({**manifest, "schema": 1}))
    with Lab.attach(lake) as attached:
        assert rows(attached, "FROM sessions") == expected
        check_alike(attached.metrics.winners(of="model").fetchall(), winners)
        found = "SELECT DISTINCT source FROM sessions WHERE entrants IS NOT NULL"
        assert rows(attached, found) == [("worktree-1",), ("worktree-2",)]


def test_a_source_may_have_the_name_of_the_index(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]), name="index.json")
        lab.export(tmp_path / "lake")
    with Lab.attach(tmp_path / "lake") as lake:
        assert sessions(lake) == ["index.json:1"]


def test_seconds_to_keep_are_not_negative(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"keep is -1; it may be a number of seconds, 0 or more"):
        lab.export(tmp_path / "lake", keep=-1)


def test_a_copy_made_earlier_is_brought_up(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    lab.export(tmp_path / "lake")
    with Lab.attach(tmp_path / "lake") as lake:
        lake.copy_to(path)
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE sessionlab SET version = 1, definition = 'of then'")
        connection.execute("ALTER TABLE sessions DROP COLUMN entrants")
    with Lab(path) as copy:
        assert rows(copy, "FROM sessions") == rows(lab, "FROM sessions")
        assert rows(copy, "SELECT count(entrants) > 0 FROM sessions") == [(True,)]


def test_copies_are_made_at_once(lake: Lab, lab: Lab, tmp_path: Path) -> None:
    for name, source in (("lake", lake), ("lab", lab)):
        paths = [tmp_path / f"{name}-{number}.duckdb" for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(source.copy_to, paths)) == paths
        for path in paths:
            with Lab(path) as copy:
                assert rows(copy, "FROM sessions") == rows(lab, "FROM sessions")


def test_a_url_is_no_place_to_export_to(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabError, match=r"exported to a folder, not to s3://bucket/lake\. Export to one"):
        lab.export("s3://bucket/lake")
    assert not list(tmp_path.iterdir())


def test_native_tables_are_not_in_it(lake: Lab) -> None:
    with pytest.raises(Exception, match="iteration"):
        lake.sql("FROM codegen.iteration")


def test_files_are_told_apart_and_sorted(lab: Lab, tmp_path: Path) -> None:
    lab.export(tmp_path / "a", partition_by=["kind", "month"])
    assert all(
        "/sessions/kind=codegen/month=" in name
        for name in files(tmp_path / "a")
        if "codegen" in name and "sessions" in name
    )
    lab.export(tmp_path / "b", partition_by=())
    assert not [name for name in files(tmp_path / "b") if "=" in name]
    with duckdb.connect() as connection:
        for file in (tmp_path / "b").glob("codegen/*/sessions/*.parquet"):
            starts = [at for (at,) in connection.execute(f"SELECT started_at FROM '{file}'").fetchall()]
            assert len(starts) == 100
            assert starts == sorted(starts)
        codecs = connection.execute(
            f"SELECT DISTINCT compression FROM parquet_metadata('{tmp_path}/b/*/*/*/*.parquet')"
        )
        assert codecs.fetchall() == [("ZSTD",)]
    for path in (tmp_path / "a", tmp_path / "b"):
        with Lab.attach(path) as lake:
            assert all(rows(lake, f"FROM {name}") == rows(lab, f"FROM {name}") for name in NAMES)
    with pytest.raises(LabError, match="Did you mean 'month'"):
        lab.export(tmp_path / "c", partition_by="mont")
    nothing: Any
    for nothing in (None, 5, [None], [["kind"]]):
        with pytest.raises(LabError, match=r"Files cannot be told apart by .*There are: kind, year, month, day\."):
            lab.export(tmp_path / "c", partition_by=nothing)
    with pytest.raises(LabError, match="'csv'"):
        lab.export(tmp_path / "c", format="csv")


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    runs, others, path = tmp_path / "runs.json", write_json(tmp_path / "others.json", [7]), tmp_path / "lake"
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(write_json(runs, [1, 2]))
        lab.load(others)
        first = lab.export(path)
        assert (set(first.written), first.unchanged, first.rows["sessions"]) == ({"runs", "others"}, (), 3)
        before = files(path)
        assert lab.export(path).unchanged == ("others", "runs")
        assert files(path) == before
        lake = Lab.attach(path)
        lab.load(write_json(runs, [2, 3, 4], goal="new"))
        second = lab.export(path)
        assert (second.written, second.unchanged, second.rows["attempts"]) == (("runs",), ("others",), 3)
        assert before & files(path) == {name for name in before if name.startswith("others/")}
        assert goals(lake) == {"others:7": "sort a list", "runs:2": "new", "runs:3": "new", "runs:4": "new"}
        lab.load(runs, kind="codegen")
        assert lab.export(path, partition_by="year").written == ("others", "runs")
    with Lab() as again:
        again.load(runs)
        again.export(path, partition_by="year")
        assert again.export(path, partition_by="year").written == ()


def test_replaced_files_stay_for_a_while(tmp_path: Path) -> None:
    runs, path = tmp_path / "runs.json", tmp_path / "lake"
    with Lab() as lab:
        lab.load(write_json(runs, [1]))
        lab.export(path, keep=60)
        reading = Lab.attach(path).sql("SELECT goal FROM sessions")
        lab.load(write_json(runs, [1], goal="new"))
        lab.export(path, keep=0.5)
        assert reading.fetchall() == [("sort a list",)]
        time.sleep(0.5)
        lab.export(path)
        assert len({name.split("/")[1] for name in files(path)}) == 1
        lab.load(write_json(runs, [1], goal="newer"))
        lab.export(path, keep=60, redact="text")
        assert len({name.split("/")[1] for name in files(path)}) == 1, "texts to be taken out do not stay"


def test_many_labs_fill_one_data_set(tmp_path: Path) -> None:
    path = tmp_path / "lake"
    for number in (1, 2, 3):
        with Lab() as lab:
            lab.load(
                write_json(tmp_path / str(number) / "runs.json", [number], goal=f"g{number}"), name=f"runs {number}"
            )
            lab.export(path, writer=f"machine {number}")
    with Lab.attach(path) as lake:
        assert goals(lake) == {"runs 1:1": "g1", "runs 2:2": "g2", "runs 3:3": "g3"}
    with Lab() as lab:
        lab.load(write_json(tmp_path / "mine" / "runs.json", [9]), name="runs 1")
        with pytest.raises(LabError, match=r"exported by 'machine 1'.*name=.*writer='machine 1'"):
            lab.export(path, writer="mine")
        assert goals(Lab.attach(path))["runs 1:1"] == "g1"
        lab.export(path, writer="machine 1")
        assert "runs 1:9" in goals(Lab.attach(path))


EXPORT = """
import sys
from sessionlab import Lab
lab = Lab()
lab.load(sys.argv[1], name=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    lab.export(sys.argv[3], writer=sys.argv[2], partition_by=[["kind"], []][_ % 2])
"""


def test_they_do_so_at_the_same_time(tmp_path: Path) -> None:
    path, names = tmp_path / "lake", [f"runs-{number}" for number in range(3)]
    loaders = []
    for number, name in enumerate([*names, names[0]]):  # and two for one source
        source = write_json(tmp_path / f"{name}.json", [number % 3])
        loaders.append(start_python(EXPORT, source, name, path))
    for loader in loaders:
        assert loader.stdout
        loader.stdout.readline()
    for loader in loaders:
        loader.communicate("\n")
        assert loader.returncode == 0
    assert sessions(Lab.attach(path)) == ["runs-0:0", "runs-1:1", "runs-2:2"]
    assert json.loads((path / "index.json").read_text())["sources"] == names
    named = {
        f"{name}/{file.path}"
        for name, each in Folder(path).manifests().items()
        for table in each.files.values()
        for file in table
    }
    assert named == files(path), "nothing is left over"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    write_samples(folder, 3000, 1, kinds=["codegen", "conversation"], format="sqlite")
    with Lab(folder / "lab.duckdb") as lab:
        lab.load(folder / "codegen.db", name="one")
        lab.load(folder / "conversation.db", name="two")
    return folder / "lab.duckdb"


KILLED = """
import sys
from sessionlab import Lab
lab = Lab(sys.argv[1])
print("ready", flush=True)
lab.export(sys.argv[2], redact="text")
print("done", flush=True)
"""


def test_a_kill_at_any_moment_leaves_whole_sources(large: Path, tmp_path: Path) -> None:
    """Each source is as it was or as it is to be, and the next export clears up."""
    whole, path = tmp_path / "whole", tmp_path / "lake"
    with Lab(large) as lab:
        lab.export(whole)
        texts = {source: rows(lab, f"SELECT goal FROM sessions WHERE source = '{source}'") for source in ("one", "two")}
    killed, seen = 0, set()
    for delay in (0.0, 0.03, 0.08, 0.15, 0.25, 0.4):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(whole, path)
        with start_python(KILLED, large, path) as exporter:
            assert exporter.stdout
            exporter.stdout.readline()
            time.sleep(delay)
            exporter.send_signal(signal.SIGKILL)
        killed += exporter.returncode == -signal.SIGKILL
        with Lab.attach(path) as lake:
            for source, old in texts.items():
                found = rows(lake, f"SELECT goal FROM sessions WHERE source = '{source}'")
                is_new = all(goal is None or goal.startswith("[") for (goal,) in found)
                assert len(found) == 1500
                assert is_new or found == old
                seen.add(is_new)
                counts = lake.sql(f"SELECT count(*) FROM attempts WHERE source = '{source}'").fetchall()
                assert counts == [(Folder(path).manifests()[source].rows["attempts"],)]
    assert killed >= 3
    assert False in seen
    with Lab(large) as lab:
        lab.export(path, redact="text")
    named = sum(len(table) for each in Folder(path).manifests().values() for table in each.files.values())
    assert len(files(path)) == named
    assert not list(path.rglob("*.new"))


def test_the_memory_may_be_small(large: Path, tmp_path: Path) -> None:
    with Lab(large, memory_limit="20MB", threads=1) as lab:
        assert lab.export(tmp_path / "lake").rows["sessions"] == 3000
    with Lab(large, memory_limit="5MB", threads=1) as lab, pytest.raises(LabError, match=r"fewer threads"):
        lab.export(tmp_path / "small")


def test_slices_have_all_rows(tmp_path: Path) -> None:
    """Also what is of no session, and more slices than there are sessions."""
    runs = write_json(tmp_path / "runs.json", [1, 2, 3])
    with Lab() as lab:
        lab.load(runs)
        lab.sql("UPDATE codegen.error SET iteration_id = 9 WHERE id = 200; SELECT 1")
        assert lab.sql("SELECT count(*) FROM errors WHERE session_id IS NULL").fetchall() == [(1,)]
        connection = lab._storage.reader()
        written = write_tables(connection, "runs", tmp_path / "out", ("kind",), Redaction(), slices=4)
        for name in NAMES:
            paths = [str(tmp_path / file.path) for file in written[name]]
            query = "FROM read_parquet(?, hive_partitioning = false)"
            found = connection.execute(query, [paths]).fetchall() if paths else []
            assert sorted(found, key=repr) == rows(lab, f"FROM {name}")
    assert len(written["sessions"]) == 3


def test_what_is_left_of_sessions_that_are_gone(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]))
        lab.sql("DELETE FROM sessions; SELECT 1")
        lab.export(tmp_path / "lake")
        with Lab.attach(tmp_path / "lake") as lake:
            assert rows(lake, "FROM attempts") == rows(lab, "FROM attempts") != []
            assert lake.table("sessions").fetchall() == []


def test_a_source_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "lake"
    with Lab() as lab:
        lab.load(write_json(tmp_path / "a.json", [1]))
        lab.load(write_json(tmp_path / "b.json", [2]))
        lab.export(path)
    lake = Lab.attach(path)
    drop(path, "a")
    assert sessions(lake) == ["b:2"]
    assert not list((path / "a").rglob("*.parquet"))
    with pytest.raises(NotFound, match="It has: b"):
        drop(path, "a")


def test_an_empty_lab_is_a_data_set(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.export(tmp_path / "lake")
    with Lab.attach(tmp_path / "lake") as lake:
        assert [lake.table(name).fetchall() for name in NAMES] == [[]] * len(NAMES)
        assert lake.metrics.success_rate().fetchall() == [(0, 0, 0, None, None, None)]


def spoil(path: Path, **changes: object) -> None:
    manifest = path / "runs" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **changes}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schema": 99}, "schema version 99.*Update sessionlab"),
        ({"version": 99}, "layout version 99.*Update sessionlab"),
        ({"version": None}, "is not of a data set"),
        ({"surprise": 1}, "is no manifest"),
        ({"files": {"sessions": [File("gone/x.parquet", 1, 1).__dict__]}}, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "runs.json", [1]))
        lab.export(tmp_path / "lake")
    spoil(tmp_path / "lake", **changes)
    with pytest.raises(LabError, match=says):
        Lab.attach(tmp_path / "lake")


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with Lab() as lab:
        with pytest.raises(LabError, match="not empty, and no data set"):
            lab.export(tmp_path)
        with pytest.raises(LabError, match=r"cannot be written: (Not a directory|File exists)"):
            lab.export(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(LabError, match="There is no data set at"):
        Lab.attach(tmp_path)


def test_a_source_that_is_being_exported_is_waited_for(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "runs").mkdir()
    with (
        folder.locked("runs"),
        pytest.raises(LabBusy, match="Another program has been exporting"),
        folder.locked("runs", 0.1),
    ):
        pass
