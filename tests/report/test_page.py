"""The report: what stands on the page, that nothing on it runs or reaches out, and that it is written whole."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from sessionlab.errors import LabError, QueryError
from sessionlab.report import Row
from tests.metrics.bench import empty_lab, filled_lab, full_lab, metrics_of
from tests.report.pages import Page, text_of, write

EVIL = "</script><img src=x onerror=\"document.title='pwned'\"><!--<script>document.title='pwned'</script>"
SOURCES: list[Row] = [
    {"source": "source 0", "kind": "codegen", "uri": f"/data/{EVIL}", "loaded_at": datetime(2026, 2, 3, 4, 5)}
    | {"rows": '{"session": 200, "iteration": 1234}', "rejected": 3, "superseded": 1},
    {"source": "source 1", "kind": "workflow", "uri": "/data/lab.db", "loaded_at": datetime(2026, 2, 3)}
    | {"rows": {"session_states": 200}, "rejected": 0, "superseded": 0},
]
REJECTS: list[Row] = [
    {"source": "source 0", "file": "a.json", "record": i, "reason": f"no id {EVIL}", "raw": "secret"} for i in range(3)
]


@pytest.fixture(scope="module")
def lab() -> duckdb.DuckDBPyConnection:
    evil = EVIL.replace("'", "''")
    lab = full_lab()
    lab.execute(f"UPDATE sessions SET goal = '{evil}', topic = '{evil} ' || topic")
    lab.execute(f"UPDATE errors SET message = message || '{evil}', error_type = '{evil}'")
    lab.execute(f"UPDATE attempts SET agent = agent || '{evil}'")
    return lab


@pytest.fixture(scope="module")
def path(lab: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    by = ["topic", "kind", "model", "run_id"]
    return write(lab, path, title=f"Lab {EVIL}", sources=SOURCES, rejects=REJECTS, by=by)


@pytest.fixture(scope="module")
def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_the_figures_are_the_metrics(page: Page, lab: duckdb.DuckDBPyConnection) -> None:
    relation = metrics_of(lab).summary()
    summary = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
    assert f"{summary['rate']:.1%}" in page.text
    assert f"{summary['low']:.1%} to {summary['high']:.1%} · {summary['passed']} of {summary['judged']}" in page.text
    assert f"{summary['errors']:,}" in page.text


def test_every_comparison_stands_with_its_table_and_its_sql(page: Page) -> None:
    headings = [
        "Sessions and success rate by topic",
        "Success rate by kind",
        "Success rate by model",
        "Sessions and success rate by difficulty",
        "Success rate and sessions over time",
        "Attempts by kind",
        "Sessions by attempts",
        "Success by attempt by kind",
        "Durations by kind",
        "Errors",
        "Wins of each agent",
        "Wins of each model",
    ]
    assert [heading for heading in headings if heading not in page.text] == []
    folds = [attributes["class"] for tag, attributes in page.elements if tag == "details"]
    assert folds.count("table") == len(headings)
    assert folds.count("sql") == len(headings) + 2
    assert 'GROUP BY "model"' in page.text


def test_what_nobody_knows_is_left_out_and_said(page: Page) -> None:
    for column in ("run_id", "mode", "status"):
        assert f"No session has a known {column}." in page.text
    assert "(unknown)" in page.text


def test_sources_stand_with_their_counts_and_rejects(page: Page) -> None:
    assert "session 200, iteration 1,234" in page.text
    assert "/data/lab.db" in page.text
    assert "2026-02-03 04:05" in page.text
    assert "3 records could not be loaded" in page.text
    assert f"no id {EVIL}" in page.text
    assert "secret" not in page.text


def test_rejects_that_were_not_handed_over_are_counted_too(tmp_path: Path) -> None:
    sources = [{**SOURCES[0], "rejected": 4_000}]
    text = text_of(empty_lab(), tmp_path, sources=sources, rejects=REJECTS)
    assert "4,000 records could not be loaded" in text
    assert "the reasons of 3" in text


def test_text_from_sessions_is_inert(path: Path, page: Page) -> None:
    assert EVIL in page.text
    assert EVIL not in path.read_text(encoding="utf-8")
    tags = [tag for tag, _ in page.elements]
    assert "img" not in tags
    assert tags.count("script") == 3
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_the_page_reaches_for_nothing(page: Page) -> None:
    assert not any({"src", "href", "action"} & attributes.keys() for _, attributes in page.elements)
    policies = [attributes["content"] or "" for tag, attributes in page.elements if "http-equiv" in attributes]
    assert policies[0].startswith("default-src 'none'")


def test_a_condition_is_on_the_page_and_in_every_number(lab: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = text_of(lab, tmp_path, where="attempts > 1 AND kind < 'w'")
    assert "only sessions where attempts > 1 AND kind < 'w'" in text
    conditions = re.findall(r'WHERE "attempts" > 1\n +AND "kind" < \'w\'', text)
    assert len(conditions) == len(re.findall(r"(FROM|JOIN) sessions", text)) > 10


def test_an_empty_lab_is_said_to_be(tmp_path: Path) -> None:
    text = write(empty_lab(), tmp_path / "a.html").read_text(encoding="utf-8")
    assert "No sessions yet." in text
    assert "Nothing was loaded yet." in text
    assert len(text) < 10_000


def test_a_condition_that_nothing_fits_is_said(lab: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert "No sessions fit." in text_of(lab, tmp_path, where="attempts > 1000")


def test_sessions_without_times_have_no_timeline(tmp_path: Path) -> None:
    text = text_of(filled_lab("SELECT 'x' AS source, 'k' AS kind, true AS success"), tmp_path)
    for lack in (
        "No session has a known start.",
        "No session has a known duration.",
        "No session has a known number of attempts.",
        "No session has a recorded error.",
        "No session is a competition with a winner.",
    ):
        assert lack in text


def test_durations_are_said_in_words_and_ratings_with_their_reasons(page: Page) -> None:
    assert re.search(r"\d min \d+ s", page.text)
    assert "not known who it is" in page.text


@pytest.mark.parametrize(("days", "bucket"), [(0, "day"), (27, "day"), (200, "week"), (900, "month")])
def test_time_is_cut_to_a_readable_number_of_pieces(tmp_path: Path, days: int, bucket: str) -> None:
    rows = f"SELECT 'x' AS source, unnest([DATE '2026-01-05', DATE '2026-01-05' + {days}]) AS started_at"
    assert f"date_trunc('{bucket}', started_at)" in text_of(filled_lab(rows), tmp_path)


def test_a_long_table_is_cut_and_says_so(tmp_path: Path) -> None:
    rows = "SELECT 'x' AS source, 'topic ' || i AS topic FROM range(1300) AS numbers (i)"
    text = text_of(filled_lab(rows), tmp_path)
    assert "the first 200 of 1,300 rows" in text
    assert "the 39 largest of 1,300 values of topic" in text


def test_a_report_is_replaced_whole_or_not_at_all(
    lab: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.html"
    report.write_text("the one before", encoding="utf-8")

    def full(self: Path, data: str, encoding: str) -> None:
        self.write_bytes(data[:10].encode(encoding))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(LabError, match=r"Cannot write the report to .*: No space left on device"):
        write(empty_lab(), report)
    assert report.read_text(encoding="utf-8") == "the one before"
    assert list(tmp_path.iterdir()) == [report]


def test_a_folder_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="No such file or directory"):
        write(empty_lab(), tmp_path / "nowhere" / "a.html")


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_path_without_a_name_is_refused(path: str) -> None:
    with pytest.raises(LabError, match=r"is no name of a file for the report\. Try 'report\.html'"):
        write(empty_lab(), Path(path))


def test_a_condition_that_does_not_hold_writes_nothing(lab: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(QueryError):
        write(lab, tmp_path / "a.html", where="true) OR (true")
    assert not list(tmp_path.iterdir())


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page in")
def test_a_browser_without_network_draws_every_chart(path: Path, tmp_path: Path) -> None:
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --virtual-time-budget=8000 --dump-dom"
    )
    no_network = "--host-resolver-rules=MAP * ~NOTFOUND"
    command = [str(CHROMIUM), *flags.split(), no_network, f"--user-data-dir={tmp_path}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    dom = done.stdout.decode()
    drawn = Page(dom)
    assert ">This chart could not be drawn" not in dom
    assert len(re.findall(r'<div class="chart[^>]*>\s*<svg', dom)) == 13
    assert f"Lab {EVIL}" in drawn.text
    assert "<title>pwned" not in dom
    assert "img" not in [tag for tag, _ in drawn.elements]
