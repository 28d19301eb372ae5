"""Going back to the backup of an SQLite store that a program has left behind when it was killed."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from sessionlab import StoreError, open_store
from sessionlab.stores.database import open_database
from sessionlab.stores.problems import VerifyReport
from sessionlab.stores.verify import verify

BEFORE = [f"goal {number} " * 20 for number in range(50)]
STEPS = (
    "Go back to a backup: end all programs that have the store open, delete store.db-wal and store.db-shm,"
    " and put the backup in the place of store.db."
)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A store of which there is a backup, and a log with what was done since."""
    path = tmp_path / "store.db"
    with open_store("codegen", path) as store:
        store.insert_sessions([{"design_goal": goal} for goal in BEFORE])
    with open_store("codegen", path) as store:
        store.backup(tmp_path / "monday.db")
    pid = os.fork()
    if pid == 0:
        try:
            with open_store("codegen", path) as store:
                store._database.run("DELETE FROM session WHERE id % 2 = 1")
                store._database.run("PRAGMA wal_checkpoint(TRUNCATE)")
                store.insert_sessions([{"design_goal": f"late {number} " * 50} for number in range(3)])
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert (tmp_path / "store.db-wal").stat().st_size
    return path


def verified(path: Path) -> VerifyReport:
    database = open_database(path, make=False)
    try:
        return verify(database, "codegen")
    finally:
        database.close()


def test_the_steps_that_the_advice_says(killed: Path) -> None:
    for ending in ("-wal", "-shm"):
        killed.with_name(f"store.db{ending}").unlink()
    shutil.copyfile(killed.with_name("monday.db"), killed)
    assert verified(killed).ok
    with open_store("codegen", killed) as store:
        assert sorted(row["design_goal"] for row in store.list_sessions(99)) == sorted(BEFORE)


def test_a_log_that_was_left_there_is_damage_and_the_advice_helps(killed: Path) -> None:
    shutil.copyfile(killed.with_name("monday.db"), killed)
    problems = [problem for problem in verified(killed).problems if problem.check == "integrity"]
    assert problems
    assert STEPS in {advice.partition(" Or copy")[0] for advice in (problem.advice for problem in problems)}


def test_a_file_that_cannot_be_opened_says_the_steps(killed: Path) -> None:
    """Its first page is the log's, and there is nothing where that says that there is something."""
    with killed.open("r+b") as file:
        file.truncate(4096)
    killed.with_name("store.db-shm").unlink()
    killed.with_name("store.db-wal").unlink()
    with pytest.raises(StoreError, match=r"malformed.*\. Go back to a backup: end all .* delete store\.db-wal and "):
        open_store("codegen", killed)
