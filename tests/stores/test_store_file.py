"""The file of a store that is open: deleted, moved, replaced, or in a folder where nothing can be made."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sessionlab import CodegenStore, StoreError, open_store
from sessionlab.stores.backup import back_up
from sessionlab.stores.database import open_database
from sessionlab.stores.migrations import current, downgrade, upgrade
from sessionlab.stores.verify import verify
from tests.stores.conftest import as_nobody

GONE = r"store\.db: the file was deleted or moved while the store was open, so that nothing more can be kept"
REPLACED = r"store\.db: the file was replaced by another, so that nothing more can be kept, .* open it again\."
ENDINGS = ("", "-wal", "-shm")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CodegenStore]:
    with open_store("codegen", tmp_path / "store.db") as store:
        store.insert_session("sort a list")
        yield store


def delete(path: Path) -> None:
    """Delete a database as people do: with all that is beside it."""
    for ending in ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def within(store: CodegenStore) -> None:
    with store.transaction():
        store.insert_session("fold a list")


CALLS: dict[str, Callable[[CodegenStore], object]] = {
    "write": lambda store: store.insert_session("fold a list"),
    "many": lambda store: store.insert_sessions([{"design_goal": "fold a list"}]),
    "alone": lambda store: store.alone(lambda: store.insert_session("fold a list")),
    "transaction": within,
    "read": lambda store: store.get_session(1),
    "glance": lambda store: store.get_session_history(1),
    "verify": lambda store: store.verify(),
    "version": lambda store: store.version,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("in_thread", [False, True])
def test_nothing_is_done_in_a_file_that_was_deleted(
    store: CodegenStore, tmp_path: Path, call: str, in_thread: bool
) -> None:
    delete(tmp_path / "store.db")
    with ThreadPoolExecutor(1) as pool, pytest.raises(StoreError, match=GONE):
        # Another thread makes a connection of its own, which must not make a new file.
        pool.submit(CALLS[call], store).result() if in_thread else CALLS[call](store)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("in_thread", [False, True])
def test_nothing_is_done_in_a_file_that_was_replaced(
    store: CodegenStore, tmp_path: Path, call: str, in_thread: bool
) -> None:
    path, other = tmp_path / "store.db", tmp_path / "other.db"
    with open_store("codegen", other) as new:
        new.insert_session("zip two lists")
    before = other.read_bytes()
    delete(path)
    other.replace(path)
    with ThreadPoolExecutor(1) as pool, pytest.raises(StoreError, match=REPLACED):
        pool.submit(CALLS[call], store).result() if in_thread else CALLS[call](store)
    store.close()
    assert path.read_bytes() == before
    with open_store("codegen", path) as again:
        assert [row["design_goal"] for row in again.list_sessions(10)] == ["zip two lists"]


def test_a_transaction_is_not_kept_in_a_file_that_was_deleted_meanwhile(store: CodegenStore, tmp_path: Path) -> None:
    def work() -> None:
        with store.transaction():
            store.insert_session("fold a list")
            delete(tmp_path / "store.db")

    with pytest.raises(StoreError, match=GONE):
        work()


def test_a_write_is_not_kept_in_a_file_that_is_deleted_by_it(store: CodegenStore, tmp_path: Path) -> None:
    """As if another program had deleted it after this one looked."""
    with store._database.lend() as connection:
        connection.create_function("deleted", 0, lambda: delete(tmp_path / "store.db"))
    with pytest.raises(StoreError, match=GONE):
        store._database.run("UPDATE session SET design_goal = 'fold a list' WHERE deleted() IS NULL")


def test_a_backup_of_a_file_that_was_deleted(store: CodegenStore, tmp_path: Path) -> None:
    delete(tmp_path / "store.db")
    with pytest.raises(StoreError, match=GONE):
        store.backup(tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_put_back_is_the_store_again(store: CodegenStore, tmp_path: Path) -> None:
    path, away = tmp_path / "store.db", tmp_path / "away.db"
    path.rename(away)
    with pytest.raises(StoreError, match=GONE):
        store.insert_session("fold a list")
    away.rename(path)
    assert store.insert_session("zip two lists") == 2
    assert [row["design_goal"] for row in store.list_sessions(10)] == ["zip two lists", "sort a list"]


def test_a_link_that_leads_to_another_file(tmp_path: Path) -> None:
    link, folders = tmp_path / "store.db", [tmp_path / "first.db", tmp_path / "second.db"]
    for number, file in enumerate(folders):
        with open_store("codegen", file) as made:
            made.insert_session(f"goal {number}")
    link.symlink_to(folders[0])
    with open_store("codegen", link) as store:
        assert [row["design_goal"] for row in store.list_sessions(10)] == ["goal 0"]
        link.unlink()
        link.symlink_to(folders[1])
        with pytest.raises(StoreError, match=REPLACED):
            store.list_sessions(10)


def test_what_changes_a_file_in_its_place_leaves_it_the_store(store: CodegenStore, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    downgrade(path, "codegen", "0001")
    upgrade(path, "codegen")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("INSERT INTO session (design_goal) VALUES ('fold a list')")
        other.execute("VACUUM")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert store.insert_session("zip two lists") == 3
    assert [row["id"] for row in store.list_sessions(10)] == [3, 2, 1]


@pytest.mark.parametrize("name", ["a ? b.db", "a#b%20c.db", "grüße.db", "a&mode=memory.db"])
def test_names_that_mean_something_in_a_uri(tmp_path: Path, name: str) -> None:
    with open_store("codegen", tmp_path / name) as store:
        assert store.insert_session("sort a list") == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_closed_store_says_that_it_is_closed_whatever_became_of_the_file(store: CodegenStore, tmp_path: Path) -> None:
    store.close()
    delete(tmp_path / "store.db")
    with pytest.raises(StoreError, match="is closed"):
        store.get_session(1)


@pytest.fixture
def protected() -> Iterator[Path]:
    """A store that was closed, in a folder where nothing can be made."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with open_store("codegen", folder / "store.db") as store:
            store.insert_sessions([{"design_goal": f"goal {number}"} for number in range(50)])
        folder.chmod(0o555)
        yield folder / "store.db"
        folder.chmod(0o755)


def test_a_store_in_a_folder_where_nothing_can_be_made(protected: Path) -> None:
    with TemporaryDirectory() as target, as_nobody_in(Path(target)) as mine:
        with pytest.raises(PermissionError):
            (protected.parent / "new").touch()
        assert current(protected, "codegen") == "0003"
        database = open_database(protected, make=False)
        report = verify(database, "codegen")
        assert (report.problems, report.rows["session"]) == ((), 50)
        copy = back_up(database, "codegen", mine / "copy.db")
        with pytest.raises(StoreError, match=r"cannot be opened for writing"):
            database.run("DELETE FROM session")
        database.close()
    assert [path.name for path in protected.parent.iterdir()] == ["store.db"]
    assert copy.name == "copy.db"


def test_a_backup_out_of_such_a_folder_is_whole(protected: Path) -> None:
    with TemporaryDirectory() as target, as_nobody_in(Path(target)) as mine:
        database = open_database(protected, make=False)
        copy = back_up(database, "codegen", mine / "copy.db")
        database.close()
        with closing(sqlite3.connect(copy)) as found:
            assert found.execute("SELECT count(*), max(design_goal) FROM session").fetchall() == [(50, "goal 9")]


def test_a_file_that_changes_while_it_is_read_in_such_a_folder(protected: Path) -> None:
    with as_nobody():
        database = open_database(protected, make=False)
        assert database.run("SELECT count(*) FROM session", reads=True).rows == [(50,)]
    with open_store("codegen", protected) as store:
        store.insert_session("goal of another user")
    with pytest.raises(StoreError, match=r"the file was changed while it was read\. Close the store and open it again"):
        database.run("SELECT count(*) FROM session", reads=True)
    database.close()


def test_a_log_that_was_left_in_such_a_folder_is_not_overlooked(protected: Path) -> None:
    """What stands in the log only would be missing, and nobody would know."""
    left = protected.parent / "left.db"
    with open_store("codegen", protected) as store:
        store.insert_session("in the log only")
        for ending in ("", "-wal"):
            shutil.copyfile(f"{protected}{ending}", f"{left}{ending}")
    with as_nobody(), pytest.raises(StoreError, match="cannot be opened for writing"):
        open_database(left, make=False)


@contextmanager
def as_nobody_in(folder: Path) -> Iterator[Path]:
    """Be somebody who may write to one folder only."""
    folder.chmod(0o777)
    with as_nobody():
        yield folder
