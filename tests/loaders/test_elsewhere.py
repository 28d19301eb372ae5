"""Two sources that share files: each file is in the lab once, nothing is lost, and who asks is told where it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sessionlab import Lab, SourceError
from sessionlab.loaders.elsewhere import Elsewhere
from tests.labs import goals, one, sessions, write_json, write_sqlite


@pytest.fixture(params=["memory", "file"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    return Lab() if request.param == "memory" else Lab(tmp_path / "lab.duckdb")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Give a folder with two files: a has two sessions, b has one."""
    write_json(tmp_path / "logs" / "a.json", [1, 2])
    write_json(tmp_path / "logs" / "b.json", [3])
    return tmp_path / "logs"


@pytest.mark.parametrize("second", ["", "*", "*.json", "[ab].json", "**/*.json"])
def test_a_file_and_then_its_folder(lab: Lab, logs: Path, second: str) -> None:
    lab.load(logs / "a.json")
    report = lab.load(logs / second, name="all")
    assert report.elsewhere == (Elsewhere("a", 1, 2),)
    assert report.sessions == 1
    assert sessions(lab) == ["a:1", "a:2", "all:3"]
    said = " ".join(str(report).replace("│", " ").split())
    assert "in the lab already: 1 file with 2 sessions as 'a'" in said
    assert "forget 'a', then refresh" in said
    assert "1 file with 2 sessions" in report._repr_html_()


def test_what_was_left_aside_is_no_change(lab: Lab, logs: Path) -> None:
    lab.load(logs / "a.json")
    lab.load(logs)
    before = lab.snapshot
    report = lab.refresh()
    assert (report.added, report.changed, report.gone, report.loads) == ((), (), (), ())
    assert lab.snapshot == before


def test_who_has_a_file_may_be_loaded_again(lab: Lab, logs: Path) -> None:
    lab.load(logs / "a.json")
    lab.load(logs)
    assert lab.load(logs / "a.json").sessions == 2
    assert lab.load(logs).elsewhere == (Elsewhere("a", 1, 2),)
    assert sessions(lab) == ["a:1", "a:2", "logs:3"]


def test_who_has_a_file_keeps_it_up_to_date(lab: Lab, logs: Path) -> None:
    lab.load(logs / "a.json")
    lab.load(logs)
    write_json(logs / "a.json", [1, 2, 7], goal="new")
    report = lab.refresh()
    assert set(report.changed) == {str(logs / "a.json")}
    assert goals(lab) == {"a:1": "new", "a:2": "new", "a:7": "new", "logs:3": "sort a list"}
    assert "1 session, 0 rejected; in the lab already: 1 file with 3 sessions as 'a'" in str(report)
    assert lab.refresh().changed == ()


def test_forgetting_who_has_a_file_gives_it_to_the_other(lab: Lab, logs: Path) -> None:
    lab.load(logs / "a.json")
    lab.load(logs)
    lab.forget("a")
    assert sessions(lab) == ["logs:3"]
    assert lab.refresh().added == (str(logs / "a.json"),)
    assert sessions(lab) == ["logs:1", "logs:2", "logs:3"]
    assert lab.refresh().loads == ()


def test_a_folder_and_then_one_of_its_files(lab: Lab, logs: Path) -> None:
    lab.load(logs)
    for place, said in (("b.json", "1 file with 1 session"), ("*.json", "2 files with 3 sessions")):
        with pytest.raises(SourceError, match=rf"is in the lab already: {said} as 'logs'.*forget\('logs'\)"):
            lab.load(logs / place, name="again")
    assert sessions(lab) == ["logs:1", "logs:2", "logs:3"]
    assert one(lab, "SELECT count(*) FROM sources") == 1


def test_a_file_that_is_new_in_a_folder_stays_with_whom_it_came(lab: Lab, logs: Path) -> None:
    lab.load(logs)
    lab.load(write_json(logs / "c.json", [4]))
    report = lab.refresh()
    assert [load.elsewhere for load in report.loads] == [(Elsewhere("c", 1, 1),)]
    assert sessions(lab) == ["c:4", "logs:1", "logs:2", "logs:3"]
    assert lab.refresh().loads == ()


def test_a_file_that_could_not_be_loaded_may_be_loaded_as_what_it_is(lab: Lab, logs: Path) -> None:
    """The folder was read as workflow states, which the file is not."""
    (logs / "c.json").write_text('[{"thread_id": "t", "user_prompt": "p"}]')
    assert lab.load(logs, kind="workflow").rejected == 3
    assert lab.load(logs / "a.json").elsewhere == ()
    assert sessions(lab) == ["a:1", "a:2", "logs:t"]


def test_a_bad_file_beside_those_of_others_is_set_aside(lab: Lab, logs: Path) -> None:
    """The folder has nothing else of its own: it becomes a source all the same, and brings what is put right later."""
    lab.load(logs / "a.json")
    lab.load(logs / "b.json")
    (logs / "c.json").write_text('[{"id": ')
    report = lab.load(logs)
    assert (report.sessions, report.rejected, len(report.elsewhere)) == (0, 1, 2)
    assert lab.sql("SELECT source, file FROM rejects").fetchall() == [("logs", str(logs / "c.json"))]
    assert lab.refresh().loads == ()
    write_json(logs / "c.json", [4])
    assert lab.refresh().failed == ()
    assert sessions(lab) == ["a:1", "a:2", "b:3", "logs:4"]
    assert one(lab, "SELECT count(*) FROM rejects") == 0


def test_a_file_that_goes_bad_beside_those_of_others(lab: Lab, logs: Path) -> None:
    """What the lab had of it goes, as it does where the source has other files of its own."""
    lab.load(logs / "a.json")
    lab.load(logs)
    (logs / "b.json").write_text('[{"id": ')
    report = lab.refresh()
    assert (report.failed, [(load.sessions, load.rejected) for load in report.loads]) == ((), [(0, 1)])
    assert sessions(lab) == ["a:1", "a:2"]
    assert lab.sql("SELECT source, file FROM rejects").fetchall() == [("logs", str(logs / "b.json"))]
    assert lab.refresh().loads == ()


def test_a_source_whose_own_files_are_gone_is_loaded_again(lab: Lab, logs: Path) -> None:
    """It is no new one: what it had goes, and it stays for the files that come."""
    lab.load(logs / "a.json")
    lab.load(logs, name="all")
    (logs / "b.json").unlink()
    report = lab.load(logs)
    assert (report.source, report.sessions, report.elsewhere) == ("all", 0, (Elsewhere("a", 1, 2),))
    assert sessions(lab) == ["a:1", "a:2"]
    write_json(logs / "c.json", [4])
    lab.refresh()
    assert sessions(lab) == ["a:1", "a:2", "all:4"]


def test_globs_that_share_some_files(lab: Lab, logs: Path) -> None:
    write_json(logs / "c.json", [4])
    lab.load(logs / "[ab].json", name="first")
    report = lab.load(logs / "[bc].json", name="last")
    assert report.elsewhere == (Elsewhere("first", 1, 1),)
    assert sessions(lab) == ["first:1", "first:2", "first:3", "last:4"]


def test_files_that_were_loaded_one_by_one(lab: Lab, tmp_path: Path) -> None:
    """Many names make no long message."""
    for number in range(5):
        lab.load(write_json(tmp_path / "logs" / f"{number}.json", [number]))
    with pytest.raises(SourceError, match=r"as '0', .* as '1', .* as '2' and of 2 more sources\. ") as caught:
        lab.load(tmp_path / "logs")
    assert "'3'" not in str(caught.value)
    write_json(tmp_path / "logs" / "9.json", [9])
    report = lab.load(tmp_path / "logs")
    assert (report.sessions, len(report.elsewhere)) == (1, 5)
    assert "2 more sources" in str(report)


def test_a_file_that_is_gone_and_comes_back(lab: Lab, logs: Path) -> None:
    lab.load(logs / "a.json")
    lab.load(logs)
    (logs / "a.json").unlink()
    assert set(lab.refresh().gone) == {str(logs / "a.json")}
    write_json(logs / "a.json", [1, 2])
    lab.refresh()
    assert sessions(lab) == ["a:1", "a:2", "logs:3"]


@pytest.mark.parametrize("way", ["load", "refresh"])
def test_a_lab_that_holds_a_file_twice_is_put_right(logs: Path, way: str) -> None:
    """An earlier version counted twice: that ends when the file is read again."""
    lab = Lab()
    lab.load(logs / "a.json")
    lab.sql("UPDATE files SET rows = NULL")
    lab.load(logs)
    lab.sql("UPDATE files SET rows = 2 WHERE rows IS NULL")
    assert sessions(lab) == ["a:1", "a:2", "logs:1", "logs:2", "logs:3"]
    if way == "load":
        lab.load(logs)
        assert sessions(lab) == ["a:1", "a:2", "logs:3"]
    else:
        write_json(logs / "a.json", [1], goal="new")
        assert len(lab.refresh().loads) == 2
        assert goals(lab) == {"logs:1": "new", "logs:3": "sort a list"}
    assert lab.refresh().loads == ()


@pytest.fixture
def months(tmp_path: Path) -> Path:
    """Give a folder with a folder for each of two months, a link to the first of them, and one to its file."""
    write_json(tmp_path / "months" / "10" / "a.json", [1, 2])
    write_json(tmp_path / "months" / "11" / "a.json", [3])
    (tmp_path / "months" / "current").symlink_to("10")
    (tmp_path / "months" / "latest.json").symlink_to("10/a.json")
    return tmp_path / "months"


@pytest.mark.parametrize("first", ["10", "cur*", "latest.json"])
@pytest.mark.parametrize("second", ["10/a.json", "cur*", "latest.json", "cur*/../10"])
def test_a_file_and_then_a_link_to_it(lab: Lab, months: Path, first: str, second: str) -> None:
    lab.load(months / first, name="first")
    if months / first != months / second:
        with pytest.raises(SourceError, match="is in the lab already: 1 file with 2 sessions as 'first'"):
            lab.load(months / second, name="second")
    assert lab.load(months, name="all").elsewhere == (Elsewhere("first", 1, 2),)
    assert sessions(lab) == ["all:3", "first:1", "first:2"]
    assert lab.refresh().loads == ()


def test_a_link_that_leads_elsewhere_later(lab: Lab, months: Path) -> None:
    """What it led to comes in from where it is, and what it leads to now is there once."""
    lab.load(months / "cur*", name="now")
    lab.load(months / "1*", name="all")
    assert sessions(lab) == ["all:3", "now:1", "now:2"]
    (months / "current").unlink()
    (months / "current").symlink_to("11")
    lab.refresh()
    assert sessions(lab) == ["all:1", "all:2", "all:3"]
    assert lab.refresh().loads == ()


def test_forgetting_a_link_gives_its_file_to_the_other(lab: Lab, months: Path) -> None:
    lab.load(months / "latest.json")
    lab.load(months, name="all")
    lab.forget("latest")
    assert sessions(lab) == ["all:3"]
    assert lab.refresh().added != ()
    assert sessions(lab) == ["all:1", "all:2", "all:3"]
    assert lab.refresh().loads == ()


def test_a_database_and_then_a_link_to_it(lab: Lab, tmp_path: Path) -> None:
    """It is one source, and what stands in the log beside the file itself is there by either way."""
    store = write_sqlite(tmp_path / "store.db", [1])
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "link.db").symlink_to(store)
    with closing(sqlite3.connect(store)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("INSERT INTO session VALUES (2, 'g', NULL, '2025-01-01')")
        writer.commit()
        assert lab.load(tmp_path / "links" / "link.db").source == "link"
        assert sessions(lab) == ["link:1", "link:2"]
        assert lab.load(store).source == "link"
    assert sessions(lab) == ["link:1", "link:2"]
    assert lab.refresh().failed == ()


@pytest.mark.parametrize("pattern", ["", "*", "*.*"])
def test_a_database_and_then_a_glob_over_it(lab: Lab, logs: Path, pattern: str) -> None:
    store = write_sqlite(logs / "store.db", [9])
    lab.load(store)
    report = lab.load(logs / pattern)
    assert report.databases == (str(store),)
    assert sessions(lab) == ["logs:1", "logs:2", "logs:3", "store:9"]
    assert lab.load(logs / ".." / "logs" / "store.db").source == "store"
