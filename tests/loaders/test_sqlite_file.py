"""Files that are no sound SQLite database, and those in every state that SQLite leaves them in."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import pathname2url

import pytest

from sessionlab import Lab
from sessionlab.errors import SourceError, UnknownKind
from sessionlab.loaders import sqlite_file
from tests.loaders.databases import CODEGEN, GOAL, fetch, files_in, lab, make, one, untouched

__all__ = ["lab"]

MANY = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
    INSERT INTO session (id, design_goal) SELECT i, 'a goal of some length, number ' || i FROM n;
"""


def damaged(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(path.read_bytes()))
    return path


def overwritten(data: bytes) -> bytes:
    return data[:8192] + b"\xa5" * (len(data) - 8192)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: b"\x00\xff\x17" * 1000, "not a database"),
        (lambda _: b"id,design_goal\n1,a goal\n", "not a database"),
        (lambda data: data[:16], "damaged or no SQLite database"),
        (lambda data: data[:100], "damaged"),
        (lambda data: data[: len(data) // 2], "damaged"),
        (overwritten, "damaged"),
    ],
    ids=["garbage", "text", "header", "first bytes", "half of it", "corrupt pages"],
)
def test_no_database(tmp_path: Path, lab: Lab, change: Callable[[bytes], bytes], said: str) -> None:
    good = make(tmp_path / "good.db", CODEGEN, GOAL)
    lab.load(good)
    path = damaged(make(tmp_path / "bad.db", CODEGEN, MANY), change)

    with untouched(tmp_path), pytest.raises(SourceError, match=said) as caught:
        lab.load(f"sqlite:///{path}")

    assert str(path) in str(caught.value)
    assert fetch(lab, "SELECT source FROM sources") == [("good",)]
    assert one(lab, "SELECT count(*) FROM codegen.session") == 1


def test_empty_database(tmp_path: Path, lab: Lab) -> None:
    (tmp_path / "empty.db").touch()

    with pytest.raises(UnknownKind, match="no tables"):
        lab.load(f"sqlite:///{tmp_path / 'empty.db'}")


def test_views_alone(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "views.db", "CREATE VIEW session AS SELECT 1 AS id, 'a goal' AS design_goal")
    with pytest.raises(UnknownKind, match=r"no tables\. .* Views are not read: session\. Make tables of them\.$"):
        lab.load(path)


def test_unknown_tables(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "other.db", "CREATE TABLE recipes (title TEXT, steps TEXT)")

    with pytest.raises(
        UnknownKind, match=r"recipes\(title, steps\).*codegen needs a table session with id, design_goal"
    ):
        lab.load(path)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no SQLite file"):
        Lab().load(f"sqlite:///{tmp_path / 'nothing.db'}")


@pytest.mark.parametrize("name", ["a?b.db", "a#b.db", "100%.db", "a b.db", "a'b\".db", "ä%20.db", "a;b&c=d.db"])
@pytest.mark.parametrize("wal", [False, True], ids=["journal", "wal"])
def test_odd_names(tmp_path: Path, name: str, wal: bool) -> None:
    path = make(tmp_path / name, CODEGEN, GOAL, "PRAGMA journal_mode = WAL;" if wal else "")

    with untouched(tmp_path), Lab() as lab:
        report = lab.load(path)
        assert (report.sessions, report.uri) == (1, str(path))
        assert lab.load(f"sqlite:///{path}").source == report.source


def test_relative_and_absolute_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "s.db", CODEGEN, GOAL)
    monkeypatch.chdir(tmp_path)

    with Lab() as lab:
        uris = {lab.load(url).uri for url in ("s.db", "sqlite:///s.db", f"sqlite:///{tmp_path}/s.db")}
        assert uris == {str(tmp_path / "s.db")}
        assert one(lab, "SELECT count(*) FROM sources") == 1
    assert f"sqlite:///{tmp_path}".startswith("sqlite:////")


@contextmanager
def child(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a script beside us: it says a word when it is ready, and ends when we say one."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


HOLD = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1], isolation_level=None)
    for statement in sys.argv[2].split(";"):
        db.execute(statement)
    print("ready", flush=True)
    input()
"""


def test_locked(tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.2)
    path = make(tmp_path / "s.db", CODEGEN, GOAL)

    refused = pytest.raises(SourceError, match=r"held it locked for 0\.2 seconds")
    with child(HOLD, path, "BEGIN EXCLUSIVE"), untouched(tmp_path), refused:
        lab.load(path)
    assert lab.load(path).sessions == 1


def test_a_lock_that_goes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that holds the file for a moment does not stop a load."""
    path = make(tmp_path / "s.db", CODEGEN, GOAL)
    moment = "import time; time.sleep(0.5)"

    with child(HOLD.replace("input()", moment), path, "BEGIN EXCLUSIVE"):
        assert Lab().load(path).sessions == 1


def test_wal_without_log(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    assert list(files_in(tmp_path)) == ["s.db"]

    with untouched(tmp_path):
        assert lab.load(path).sessions == 1


def test_wal_with_live_writer(tmp_path: Path, lab: Lab) -> None:
    """Rows that are only in the log yet are read; those not committed are not."""
    path = make(tmp_path / "s.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO session (id, design_goal) VALUES (2, 'in the log')")
        writer.commit()
        writer.execute("INSERT INTO session (id, design_goal) VALUES (3, 'not committed')")
        assert sorted(files_in(tmp_path)) == ["s.db", "s.db-shm", "s.db-wal"]
        with untouched(tmp_path):
            assert lab.load(path).sessions == 2


def test_wal_with_live_writer_elsewhere(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    insert = "INSERT INTO session (id, design_goal) VALUES (2, 'in the log')"
    with child(HOLD, path, insert), untouched(tmp_path):
        assert lab.load(path).sessions == 2


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A database in WAL mode whose writer was killed: the last rows stand in the log only."""
    path = make(tmp_path / "live.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    folder = tmp_path / "crashed"
    folder.mkdir()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO session (id, design_goal) VALUES (2, 'in the log')")
        writer.commit()
        for suffix in ("", "-wal", "-shm"):
            shutil.copyfile(f"{path}{suffix}", folder / f"s.db{suffix}")
    return folder


@pytest.mark.parametrize("lost", [(), ("-shm",)], ids=["with index", "without index"])
def test_crashed_wal(crashed: Path, lab: Lab, lost: tuple[str, ...]) -> None:
    for suffix in lost:
        (crashed / f"s.db{suffix}").unlink()

    with untouched(crashed):
        assert lab.load(crashed / "s.db").sessions == 2


def test_copied_without_its_log(crashed: Path, lab: Lab) -> None:
    """Whoever copies the file alone leaves the last rows behind; what is there is read."""
    (crashed / "s.db-shm").unlink()
    (crashed / "s.db-wal").unlink()

    with untouched(crashed):
        assert lab.load(crashed / "s.db").sessions == 1


def test_hot_journal(tmp_path: Path, lab: Lab) -> None:
    """A write that a crash cut off is rolled back in a copy; the file and its journal stay for their owner."""
    path = make(tmp_path / "live.db", CODEGEN, MANY)
    folder = tmp_path / "crashed"
    folder.mkdir()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA cache_size = 5")
        writer.execute("UPDATE session SET design_goal = 'half written'")
        for suffix in ("", "-journal"):
            shutil.copyfile(f"{path}{suffix}", folder / f"s.db{suffix}")
    assert b"half written" in (folder / "s.db").read_bytes()

    with untouched(folder):
        assert lab.load(folder / "s.db").sessions == 2000
    assert one(lab, "SELECT count(*) FROM sessions WHERE goal = 'half written'") == 0


def test_journal_of_a_live_writer(tmp_path: Path, lab: Lab) -> None:
    path = make(tmp_path / "s.db", CODEGEN, GOAL)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("UPDATE session SET design_goal = 'not committed'")
        assert (tmp_path / "s.db-journal").exists()
        with untouched(tmp_path):
            lab.load(path)
    assert one(lab, "SELECT goal FROM sessions") == "a goal"


AS_NOBODY = """
    import os, sys
    from sessionlab import Lab
    from sessionlab.errors import SourceError
    Lab().load(sys.argv[2])  # Nobody may not read the files of all modules: now they are imported.
    os.setgid(65534)
    os.setuid(65534)
    try:
        print(Lab().load(sys.argv[1]).sessions)
    except SourceError as error:
        print(error)
"""


def load_as_nobody(source: object, scratch: Path) -> str:
    """Load in a process that has no right to write but to a scratch folder."""
    scratch.mkdir()
    scratch.chmod(0o777)
    warm = make(scratch / "warm.db", CODEGEN, GOAL)
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(AS_NOBODY), str(source), str(warm)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(scratch), "HOME": str(scratch)},
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that others may only read, as those above it."""
    with tempfile.TemporaryDirectory(prefix="sessionlab-test-") as above:
        Path(above).chmod(0o755)
        folder = Path(above) / "kept"
        folder.mkdir(mode=0o755)
        yield folder


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize("state", ["journal", "wal", "wal with log", "wal with log and index"])
def test_read_only_folder(read_only: Path, crashed: Path, state: str) -> None:
    path = read_only / "s.db"
    if state.startswith("wal with"):
        for suffix in ["", "-wal", *(["-shm"] if "index" in state else [])]:
            shutil.copyfile(f"{crashed / 's.db'}{suffix}", f"{path}{suffix}")
    else:
        make(path, CODEGEN, GOAL, GOAL.replace("1", "2"), "PRAGMA journal_mode = WAL;" if state == "wal" else "")
    for file in read_only.iterdir():
        file.chmod(0o444)

    with untouched(read_only):
        assert load_as_nobody(path, read_only.parent / "scratch") == "2"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_no_permission(read_only: Path) -> None:
    path = make(read_only / "s.db", CODEGEN, GOAL)
    path.chmod(0o600)

    assert "no permission" in load_as_nobody(f"sqlite:///{path}", read_only.parent / "scratch")


def test_fingerprint(tmp_path: Path) -> None:
    """A write changes it, in WAL mode too, and nothing else does."""
    path = make(tmp_path / "s.db", "PRAGMA journal_mode = WAL;", CODEGEN, GOAL)
    with Lab() as lab:
        lab.load(path)
        assert lab.refresh().unchanged == 1
        with closing(sqlite3.connect(path)) as writer:
            writer.execute("INSERT INTO session (id, design_goal) VALUES (2, 'another')")
            writer.commit()
            assert lab.refresh().changed == (str(path),)
        assert one(lab, "SELECT count(*) FROM sessions") == 2


def test_uri_is_escaped(tmp_path: Path) -> None:
    way = sqlite_file.way_to(make(tmp_path / "a?b#c%d.db", CODEGEN), tmp_path)
    assert way.uri == f"file:{pathname2url(str(tmp_path))}/a%3Fb%23c%25d.db?mode=ro"
