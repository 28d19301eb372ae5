from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from sessionlab import Lab, LabBusy, LabError, canonical, labfile
from sessionlab.attach import attach
from sessionlab.samples import write_samples
from tests.labs import beside, check_whole, one, run_python, sessions, start_python, write_json

WRITER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""
LOADER = """
import sys
from sessionlab import Lab
lab = Lab(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for source in sys.argv[2:]:
    lab.load(source)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lab.duckdb"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return write_json(tmp_path / "runs.json", [1])


@contextmanager
def open_for_writing(path: Path) -> Iterator[int]:
    with start_python(WRITER, path) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "open\n"
        yield writer.pid
        writer.communicate("\n")


# What is no lab


def test_a_foreign_database_is_refused_and_left_alone(path: Path, runs: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE birds AS SELECT 1 AS a")
    before = path.read_bytes()
    with pytest.raises(LabError, match=r"lab\.duckdb is a DuckDB file but no lab: it has birds\. Give the lab a path"):
        Lab(path)
    assert path.read_bytes() == before


def test_a_later_version_is_refused(path: Path, runs: Path) -> None:
    Lab(path).load(runs)
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE sessionlab SET version = 99")
    with pytest.raises(LabError, match=r"schema version 99, and this sessionlab knows \d at most\. Update sessionlab"):
        Lab(path)


def made_earlier(path: Path, version: int = 1) -> None:
    """Make a lab one of an earlier version."""
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE sessionlab SET version = $1, definition = 'of then'", [version])
        connection.execute("ALTER TABLE sessions DROP COLUMN entrants")
        connection.execute("DROP TABLE hints")
        connection.execute("DROP VIEW messages")


@pytest.mark.parametrize("version", [0, 1])
def test_an_earlier_version_is_brought_up_when_it_is_opened(tmp_path: Path, path: Path, version: int) -> None:
    write_samples(tmp_path, 80, 3, format="sqlite")
    with Lab(path) as lab:
        for source in sorted(tmp_path.glob("*.db")):
            lab.load(source)
        assert one(lab, "SELECT count(entrants) FROM sessions") > 3
        before = lab.sql("FROM sessions ORDER BY ALL").fetchall()
        winners = lab.metrics.winners().fetchall()
    made_earlier(path, version)
    with Lab(path) as lab:
        assert lab.sql("FROM sessions ORDER BY ALL").fetchall() == before
        assert lab.metrics.winners().fetchall() == winners
        assert one(lab, "SELECT version FROM sessionlab") == canonical.VERSION
        assert len(lab.sql("FROM messages").fetchall()) > 80


def test_an_open_lab_brings_up_one_that_takes_its_place(path: Path, runs: Path) -> None:
    with Lab(path) as lab:
        lab.load(runs)
        path.write_bytes(path.read_bytes())
        made_earlier(path)
        assert sessions(lab) == ["runs:1"]
        assert one(lab, "SELECT count(entrants) FROM sessions") == 0


def test_it_is_brought_up_once_however_many_open_it(path: Path, runs: Path) -> None:
    Lab(path).load(runs)
    made_earlier(path)
    files = set()

    def opened(_: int) -> list[str]:
        with Lab(path) as lab:
            files.add(path.stat().st_ino)
            return sessions(lab)

    before = path.stat().st_ino
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(opened, range(8))) == [["runs:1"]] * 8
    assert len(files) == 1
    assert before not in files


def test_a_load_right_after_it_was_brought_up_is_seen(path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Lab(path).load(runs)
    made_earlier(path)
    later = path.with_name("later.duckdb")
    shutil.copy(path, later)
    Lab(later).load(write_json(runs.with_name("more.json"), [2]))

    def overtaken(*arguments: Any) -> int:
        version = attach(*arguments)
        if later.exists() and version == canonical.VERSION:
            later.replace(path)
        return version

    monkeypatch.setattr(labfile, "attach", overtaken)
    with Lab(path) as lab:
        assert sessions(lab) == ["more:2", "runs:1"]


def test_an_earlier_version_that_cannot_be_brought_up_says_why(path: Path, runs: Path) -> None:
    Lab(path).load(runs)
    made_earlier(path)
    before = path.read_bytes()
    with (
        FileLock(path.with_name("lab.duckdb.lock")),
        pytest.raises(LabBusy, match=r"was made by an earlier sessionlab, and has to be .* Another program has been"),
    ):
        Lab(path, wait=0.01)
    assert path.read_bytes() == before
    with Lab(path) as lab:
        assert sessions(lab) == ["runs:1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a DuckDB file"),
        (b"garbage" * 9999, "not a DuckDB file"),
        (b"SQLite format 3\0" + bytes(84), "it is an SQLite database. Load it into one"),
    ],
)
def test_another_file_is_refused_and_left_alone(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(LabError, match=reason):
        Lab(path)
    assert path.read_bytes() == content


def test_a_damaged_lab_is_refused(path: Path, runs: Path) -> None:
    Lab(path).load(runs)
    content = bytearray(path.read_bytes())
    content[12288 : len(content) - 100 : 7] = b"\xff" * len(content[12288 : len(content) - 100 : 7])
    path.write_bytes(content)
    with pytest.raises(LabError, match=str(path)) as caught:
        Lab(path)
    assert not isinstance(caught.value, LabBusy)


def test_a_pipe_is_no_lab(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(LabError, match=r"is no lab: it is a pipe or a device\. Give the lab"):
        Lab(path)


def test_a_folder_is_no_lab(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"is a folder, and a lab is a file\. Try .*lab\.duckdb"):
        Lab(tmp_path)


def test_a_data_set_is_no_lab_and_is_told_from_a_folder(path: Path, runs: Path, tmp_path: Path) -> None:
    with Lab(path) as lab:
        lab.load(runs)
        lab.export(tmp_path / "lake")
    with pytest.raises(LabError, match=r"lake is a data set, which is only read\. Open it with Lab\.attach\("):
        Lab(tmp_path / "lake")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sessionlab SET version = 9; ALTER TABLE sessionlab ALTER version TYPE VARCHAR;"
        " UPDATE sessionlab SET version = 'nine'",
        "DROP TABLE sessions CASCADE; CREATE TABLE sessions (mine INTEGER)",
    ],
)
def test_tables_that_are_not_a_labs_are_refused(damage: str, path: Path, runs: Path) -> None:
    Lab(path).load(runs)
    with duckdb.connect(path) as connection:
        connection.execute(damage)
    with pytest.raises(LabError, match="cannot be read as a lab"):
        Lab(path)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no folder here in which nobody makes files")
def test_where_no_file_can_be_made_nobody_waits(runs: Path) -> None:
    with Lab("/proc/x.duckdb") as lab, pytest.raises(LabError, match=r"The lab /proc/x\.duckdb cannot be written: "):
        lab.load(runs)


NO_ROOM = """
import resource, sys
from sessionlab import Lab, LabError
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with Lab(sys.argv[1]) as lab:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, most))
    try:
        lab.load(sys.argv[2])
    except LabError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    print(lab.sql("SELECT count(*) FROM sessions").fetchall(), lab.load(sys.argv[2]).sessions)
"""


def test_where_there_is_no_room_it_is_said_and_nothing_is_left(path: Path, tmp_path: Path) -> None:
    source = tmp_path / "large.json"
    source.write_text(json.dumps([{"thread_id": f"{i}", "user_prompt": os.urandom(1000).hex()} for i in range(3000)]))
    done = run_python(NO_ROOM, path, source)
    refused, counts = done.stdout.splitlines()
    assert refused.startswith(f"The lab {path} cannot be written: File too large. It is as it was. A load needs room")
    assert counts == "[(0,)] 3000"
    assert not list(tmp_path.rglob("*.loading"))


def test_a_lab_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"There is no folder .*nowhere to keep the lab lab\.duckdb in"):
        Lab(tmp_path / "nowhere" / "lab.duckdb")


def test_opening_makes_no_file(path: Path) -> None:
    assert sessions(Lab(path)) == []
    assert beside(path) == set()


def test_a_path_may_be_anything(tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / 'it\'s a "lab" ünd;.db'
    Lab(str(odd)).load(runs)
    assert sessions(Lab(odd)) == ["runs:1"]
    with pytest.raises(LabError, match="question mark"):
        Lab(tmp_path / "what?.duckdb")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    Lab("~/home.duckdb").load(runs)
    assert sessions(Lab("home.duckdb")) == ["runs:1"]


def test_a_link_stays_one(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.duckdb"
    link.symlink_to(tmp_path / "real" / "lab.duckdb")
    Lab(link).load(runs)
    assert link.is_symlink()
    assert sessions(Lab(tmp_path / "real" / "lab.duckdb")) == ["runs:1"]


# What may not be written

AS_NOBODY = """
import os, sys
import sessionlab.loaders.json, sessionlab.loaders.sqlite
from sessionlab import Lab, LabError
os.setgid(65534), os.setuid(65534)
lab = Lab(sys.argv[1])
print(len(lab.sql("FROM sessions")))
try:
    lab.load(sys.argv[2])
except LabError as error:
    print(error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become somebody without permission")
@pytest.mark.parametrize(
    ("protect", "reason"), [("file", "write-protected"), ("folder", "cannot be written: Permission")]
)
def test_what_is_write_protected_is_read_only(tmp_path: Path, protect: str, reason: str) -> None:
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    path, runs = home / "lab.duckdb", write_json(tmp_path / "runs.json", [1])
    Lab(path).load(runs)
    (home / "lab.duckdb.lock").unlink(missing_ok=True)
    home.chmod(0o777 if protect == "file" else 0o755)
    path.chmod(0o444 if protect == "file" else 0o666)
    done = run_python(AS_NOBODY, path, runs)
    assert done.stdout.startswith("1\n"), done.stderr
    assert reason in done.stdout
    assert sessions(Lab(path)) == ["runs:1"]
    assert not (home / ".lab.duckdb.loading").exists()


def test_a_file_keeps_its_mode(path: Path, runs: Path) -> None:
    lab = Lab(path)
    lab.load(runs)
    path.chmod(0o640)
    lab.load(runs)
    assert path.stat().st_mode & 0o777 == 0o640


# Somebody else has it open


def test_open_for_writing_elsewhere(path: Path, runs: Path) -> None:
    lab = Lab(path)
    lab.load(runs)
    lab.close()
    with open_for_writing(path) as process:
        busy = rf"open for writing in process {process} \(.*python.*Close it there"
        with pytest.raises(LabBusy, match=busy):
            Lab(path)
    assert sessions(Lab(path)) == ["runs:1"]


def test_a_load_does_not_go_over_what_another_program_writes(path: Path, runs: Path) -> None:
    lab = Lab(path)
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
        with pytest.raises(LabBusy, match="open for writing in this very program"):
            lab.load(runs)
        with pytest.raises(LabBusy, match="open for writing in this very program"):
            Lab(path)
    with pytest.raises(LabError, match="no lab: it has mine"):
        lab.load(runs)
    assert beside(path) <= {"lab.duckdb", "lab.duckdb.lock"}


def test_what_another_program_left_unfinished_is_not_lost(path: Path, runs: Path) -> None:
    Lab(path).load(runs)
    run_python(
        "import duckdb, os, sys\nconnection = duckdb.connect(sys.argv[1])\n"
        "connection.execute('CREATE TABLE mine (a INTEGER)')\nos._exit(9)",
        path,
    )
    assert path.with_name("lab.duckdb.wal").exists()
    with pytest.raises(LabError, match=r"(?s)left changes to .* unfinished.*Open it once with DuckDB"):
        Lab(path).load(runs)
    duckdb.connect(path).close()
    lab = Lab(path)
    lab.load(runs)
    assert one(lab, "SELECT count(*) FROM mine") == 0


# Two at once


def test_two_programs_load_at_once(path: Path, tmp_path: Path) -> None:
    sources = [write_json(tmp_path / f"s{number}.json", range(number * 100, number * 100 + 50)) for number in range(4)]
    loaders = [start_python(LOADER, path, *sources[half::2]) for half in range(2)]
    for loader in loaders:
        assert loader.stdout
        assert loader.stdout.readline() == "ready\n"
    for loader in loaders:
        assert loader.stdin
        loader.stdin.write("\n")
        loader.stdin.flush()
    for loader in loaders:
        _, said = loader.communicate()
        assert (loader.returncode, said) == (0, "")
    lab = Lab(path)
    assert len(sessions(lab)) == 200
    check_whole(lab)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("where", ["file", "memory"])
def test_two_threads_load_at_once(path: Path, tmp_path: Path, where: str, shared: bool) -> None:
    if where == "memory" and not shared:
        pytest.skip("two labs in memory have nothing in common")
    first = Lab(path if where == "file" else None)
    labs = [first, first if shared else Lab(path)]
    failed = list[BaseException]()

    def load(lab: Lab, name: str) -> None:
        try:
            lab.load(write_json(tmp_path / f"{name}.json", range(20)))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=load, args=(labs[number % 2], f"s{number}")) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for lab in labs:
        assert len(sessions(lab)) == 80
        check_whole(lab)


@pytest.mark.parametrize("where", ["file", "memory"])
def test_a_load_waits_no_longer_than_told(path: Path, runs: Path, where: str) -> None:
    lab = Lab(path if where == "file" else None, wait=0.1)
    other = Lab(path, wait=0.1) if where == "file" else lab
    failed = list[BaseException]()

    def load() -> None:
        try:
            other.load(runs)
        except BaseException as error:
            failed.append(error)

    with lab._storage.writing(lambda _: None):
        thread = threading.Thread(target=load)
        thread.start()
        thread.join()
    (busy,) = failed
    assert isinstance(busy, LabBusy)
    assert "0.1 seconds" in str(busy)
    assert "try again" in str(busy).lower()
    other.load(runs)
    assert sessions(lab) == ["runs:1"]


@pytest.mark.parametrize("where", ["file", "memory"])
def test_a_time_to_wait_is_a_number(path: Path, runs: Path, where: str) -> None:
    wait: Any
    for wait in (None, "5", True, -1, float("nan")):
        with pytest.raises(LabError, match=f"^wait is {wait!r}; it may be a number of seconds, 0 or more.$"):
            Lab(path if where == "file" else None, wait=wait)
    for wait in (0, float("inf")):
        assert Lab(path if where == "file" else None, wait=wait).load(runs).sessions == 1


# Readers


def test_readers_see_the_new_rows_at_their_next_query(path: Path, runs: Path) -> None:
    writer, reader = Lab(path), Lab(path)
    held = reader.sql("SELECT count(*) FROM sessions")
    for last in (1, 5, 9):
        write_json(runs, range(last))
        writer.load(runs)
        assert len(sessions(reader)) == last
        assert held.fetchall() == [(last,)]


def test_a_reader_in_another_program_neither_blocks_nor_misses_a_load(path: Path, runs: Path) -> None:
    code = (
        "import sys\nfrom sessionlab import Lab\nlab = Lab(sys.argv[1])\nheld = lab.sql('FROM sessions')\n"
        "for line in sys.stdin:\n    print(len(lab.sql('FROM sessions')), len(held), flush=True)"
    )
    lab = Lab(path, wait=5)
    with start_python(code, path) as reader:
        assert reader.stdin
        assert reader.stdout
        for last in (0, 1, 5):
            if last:
                lab.load(write_json(runs, range(last)))
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"{last} {last}\n"
        reader.communicate()


def test_a_half_read_result_goes_on_over_a_load(path: Path, runs: Path) -> None:
    lab, other = Lab(path), Lab(path)
    lab.load(write_json(runs, range(9000), goal="old"))
    batches = other.sql("SELECT goal FROM sessions").to_arrow_reader(1000)
    seen = {*batches.read_next_batch().column(0).to_pylist()}
    lab.load(write_json(runs, range(10), goal="new"))
    assert one(other, "SELECT DISTINCT goal FROM sessions") == "new"
    lab.load(write_json(runs, range(10), goal="newer"))
    assert one(other, "SELECT DISTINCT goal FROM sessions") == "newer"
    rest = [goal for batch in batches for goal in batch.column(0).to_pylist()]
    assert len(rest) == 8000
    assert seen | {*rest} == {"old"}


def test_old_files_are_let_go(path: Path, runs: Path) -> None:
    lab, other = Lab(path), Lab(path)
    for last in range(1, 6):
        lab.load(write_json(runs, range(last)))
        assert len(sessions(other)) == last
    links = (str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    assert [link for link in links if link.startswith(str(path)) and "deleted" in link] == []
    assert beside(path) == {"lab.duckdb", "lab.duckdb.lock"}


def test_a_lab_that_vanishes_is_empty_and_one_that_comes_back_is_seen(path: Path, runs: Path) -> None:
    lab = Lab(path)
    lab.load(runs)
    path.rename(path.with_name("away"))
    assert sessions(lab) == []
    path.write_bytes(b"garbage")
    for _ in range(2):
        with pytest.raises(LabError, match="not a DuckDB file"):
            lab.sql("FROM sessions")
    path.with_name("away").replace(path)
    assert sessions(lab) == ["runs:1"]


def test_loading_again_and_again_does_not_make_the_file_grow(path: Path, tmp_path: Path) -> None:
    runs = write_json(tmp_path / "runs.json", range(3000))
    lab = Lab(path)
    sizes = []
    for _ in range(6):
        lab.load(runs)
        sizes.append(path.stat().st_size)
    assert sizes[-1] <= 1.5 * sizes[1]


def test_nothing_is_left_in_the_temporary_folder(path: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom sessionlab import Lab\n"
        "for place in (None, sys.argv[1]):\n"
        "    lab = Lab(place, memory_limit='60MB', threads=2)\n"
        "    lab.load(sys.argv[2])\n"
        "    lab.sql('CREATE TEMP TABLE t AS SELECT hash(range)::VARCHAR AS b FROM range(1500000)').fetchall()\n"
        "    lab.sql('SELECT count(*) FROM (FROM t ORDER BY b)').fetchall()\n"
    )
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    runs = write_json(tmp_path / "runs.json", range(10))
    command = [sys.executable, "-c", code, str(path), str(runs)]
    done = subprocess.run(
        command, env={**os.environ, "TMPDIR": str(scratch)}, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [file for file in scratch.rglob("*") if file.is_file()] == []
    assert beside(path) == {"lab.duckdb", "lab.duckdb.lock"}


def test_a_reader_costs_little(path: Path, runs: Path) -> None:
    lab = Lab(path)
    lab.load(runs)
    began = time.perf_counter()
    for _ in range(100):
        lab.sql("FROM sessions")
    assert time.perf_counter() - began < 5
