from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from sessionlab import LoadReport, RefreshReport
from sessionlab.loaders.elsewhere import Elsewhere
from sessionlab.stores.problems import VerifyReport

LOAD = LoadReport(
    source="runs [bold]",
    kinds=("codegen", "workflow"),
    uri="/data/<b>&.json",
    sessions=12345,
    rows={"codegen.session": 12345},
    rejected=2,
    reasons=("a.json, record 7: [red]id[/red] is <b>",),
    superseded=3,
    ignored=("x.txt", "y.txt", "z.txt", "w.txt"),
    duration_s=1.234,
)
EMPTY = LoadReport(source="runs", kinds=(), uri="/data", sessions=0, rows={})
REFRESH = RefreshReport(
    added=tuple(f"/data/{number}<.json" for number in range(5)),
    unchanged=10000,
    failed=("far: [x] <down>",),
    loads=(LOAD,),
)


@pytest.mark.parametrize("report", [LOAD, EMPTY, REFRESH, RefreshReport()])
def test_text_is_what_rich_shows(report: LoadReport | RefreshReport) -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None, record=True)
    console.print(report)
    assert console.export_text() == str(report)


def test_a_load_as_text() -> None:
    text = str(LOAD)
    for word in (
        "runs [bold]",
        "codegen, workflow",
        "12,345",
        "[red]id[/red] is <b>",
        "1.23",
        "4 other files: x.txt, y.txt, z.txt",
    ):
        assert word in text
    assert "superseded" not in str(EMPTY)
    assert "rejected" not in str(EMPTY)
    assert "none" in str(EMPTY)


def test_what_was_left_aside() -> None:
    held = (Elsewhere("a", 1, 1), Elsewhere("b", 2, 3000))
    report = replace(LOAD, elsewhere=held, databases=("/d/x.db",), ignored=("y.txt",))
    text = " ".join(str(report).replace("│", " ").split())
    assert "in the lab already: 1 file with 1 session as 'a', 2 files with 3,000 sessions as 'b'" in text
    assert "forget 'a', then refresh" in text
    assert "1 SQLite database, to be loaded by path: /d/x.db" in text
    assert "1 other file: y.txt" in text
    assert "left aside" not in str(LOAD)


def test_one_is_not_many() -> None:
    one = RefreshReport(loads=(replace(LOAD, sessions=1),), failed=("far: down",) * 21)
    assert "1 session, 2 rejected" in str(one)
    assert "1 more source " in str(one)


def test_how_many_there_were_before() -> None:
    less = replace(LOAD, before=20000)
    assert "12,345 (20,000 before)" in str(less)
    assert "before" not in str(LOAD)
    assert "before" not in str(replace(LOAD, before=12345))
    text = " ".join(str(RefreshReport(loads=(less,))).replace("│", " ").split())
    assert "12,345 sessions (20,000 before), 2 rejected a.json, record 7: [red]id[/red] is <b>" in text


def test_a_load_as_html() -> None:
    text = LOAD._repr_html_()
    assert "/data/&lt;b&gt;&amp;.json" in text
    assert "<b>" not in text
    assert "<th>source</th>" in text


def test_a_refresh_as_text_and_html() -> None:
    text = str(REFRESH)
    for word in (
        "5: /data/0<.json, /data/1<.json, /data/2<.json, …",
        "10,000",
        "far: [x] <down>",
        "12,345 sessions, 2 rejected",
    ):
        assert word in " ".join(text.split()), word
    assert "&lt;down&gt;" in REFRESH._repr_html_()
    assert "<down>" not in REFRESH._repr_html_()


def test_nothing_to_tell_is_short() -> None:
    assert len(str(RefreshReport()).splitlines()) < 10


def test_many_sources_and_files_stay_short() -> None:
    report = RefreshReport(failed=tuple(f"source {n}: down" for n in range(500)), loads=(LOAD,) * 300)
    for text in (str(report), report._repr_html_()):
        assert text.count("down") == 20
        assert "760 more sources" in text
    assert len(report._repr_html_()) < 20_000


def test_ipython_prints_the_table_in_place_of_the_fields() -> None:
    from IPython.lib import pretty as ipython

    pretty: Callable[[object], str] = ipython.pretty
    many = replace(LOAD, ignored=tuple(f"{n}.txt" for n in range(10_000)))
    assert pretty(many) == str(many)
    assert len(pretty(many)) < 3_000
    assert pretty(REFRESH) == str(REFRESH)
    verified = VerifyReport("codegen", "here.db", "2", "3", {"session": 7})
    assert pretty(verified) == str(verified)
    assert "session" in str(verified)
    assert "VerifyReport" not in pretty(verified)
