"""Metrics, charts, sessions and events over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from sessionlab import Lab
from sessionlab.charts import Charts
from sessionlab.metrics import METRICS
from sessionlab.server import create_app, start
from sessionlab.server.answers import Answer, Ask, LabDesk
from sessionlab.server.problems import Refused
from sessionlab.server.values import plain
from tests.labs import write_json, write_sqlite
from tests.server.conftest import LIMITS, assert_problem

CHEAP = "attempts >= 1"
PATTERN = "goal LIKE '%o%' AND attempts >= 1"
"""A condition that another process answers for."""


@pytest.mark.parametrize("where", [CHEAP, PATTERN], ids=["here", "apart"])
@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric(client: httpx.Client, lab: Lab, name: str, where: str) -> None:
    answer = client.get(f"/api/metrics/{name}", params={"by": "kind", "where": where}).json()
    relation = getattr(lab.metrics, name)(by="kind", where=where)
    assert answer["rows"] == plain(relation.to_dicts())
    assert answer["columns"] == [
        {"name": column, "type": str(type_)} for column, type_ in zip(relation.columns, relation.types, strict=True)
    ]
    assert answer["truncated"] is False
    assert lab.sql(answer["sql"]).columns == relation.columns


@pytest.mark.parametrize("name", [name for name in dir(Charts(None)) if name in METRICS])  # type: ignore[arg-type]
def test_every_chart(client: httpx.Client, lab: Lab, name: str) -> None:
    assert client.get(f"/api/charts/{name}").json() == getattr(lab.charts, name)().to_dict()
    apart = client.get(f"/api/charts/{name}", params={"where": PATTERN}).json()
    assert apart == getattr(lab.charts, name)(where=PATTERN).to_dict()


GROWN = "goal"
for _ in range(6):
    GROWN = f"replace({GROWN}, 'e', goal || goal)"


@pytest.mark.parametrize("path", ["metrics/summary", "charts/success_rate", "dashboard", "lab/sessions"])
def test_a_condition_without_end_is_stopped(client: httpx.Client, path: str) -> None:
    assert_problem(client.get(f"/api/{path}", params={"where": f"length({GROWN}) > 5"}), 422, "was stopped")
    assert client.get("/api/metrics/summary", params={"where": CHEAP}).json()["rows"][0]["sessions"] > 100


def test_what_takes_long_here_is_stopped(lab: Lab) -> None:
    desk = LabDesk(lab, LIMITS)
    query = "SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range % 7 = b.range % 11"

    def make(ask: Ask) -> Answer:
        return Answer(str(ask(query).fetchall()).encode())

    with pytest.raises(Refused, match="took more than") as refused:
        asyncio.run(desk.answer("endless", make, CHEAP))
    assert refused.value.status == 422
    query = "SELECT 42"
    assert asyncio.run(desk.answer("short", make, CHEAP)).body == b"[(42,)]"
    desk.close()


@pytest.mark.parametrize("where", [PATTERN, CHEAP])
def test_sessions_and_the_dashboard_with_a_condition(client: httpx.Client, lab: Lab, where: str) -> None:
    ((count,),) = lab.sql(f"SELECT count(*) FROM sessions WHERE {where}").fetchall()
    page = client.get("/api/lab/sessions", params={"where": where, "limit": 500, "q": "A"}).json()
    assert "total" in page, page
    assert 0 < page["total"] == len(page["sessions"]) <= count
    assert client.get("/api/dashboard", params={"where": where}).json()["sessions"] == count
    picked = client.get("/api/dashboard/picked", params={"where": where, "picks": "{}"}).json()["where"]
    assert lab.sql(f"SELECT count(*) FROM sessions WHERE {picked}").fetchall() == [(count,)]


@pytest.mark.parametrize("path", ["metrics/summary", "charts/success_rate?by=topic", "lab/sessions", "dashboard"])
def test_an_empty_condition_is_none(client: httpx.Client, path: str) -> None:
    without = client.get(f"/api/{path}")
    asked = client.get(f"/api/{path}{'&' if '?' in path else '?'}where=")
    assert (asked.status_code, asked.content) == (200, without.content)


def test_columns_by_commas_or_one_by_one(client: httpx.Client) -> None:
    for path in ("metrics/success_rate", "charts/success_rate", "dashboard"):
        answers = [client.get(f"/api/{path}?by={by}") for by in ("topic,%20difficulty", "topic&by=difficulty")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].content == answers[1].content
    assert client.get("/api/dashboard?by=topic,difficulty").json()["title"] == "Sessions by topic and difficulty"


def test_what_asks_for_the_time_is_asked_again(client: httpx.Client) -> None:
    end = datetime.now(UTC) + timedelta(seconds=2)
    asked = {"where": f"now() < '{end.isoformat()}'"}

    def sessions() -> list[int]:
        (row,) = client.get("/api/metrics/summary", params=asked).json()["rows"]
        return [row["sessions"], client.get("/api/dashboard", params=asked).json()["sessions"]]

    assert min(sessions()) > 100
    threading.Event().wait((end - datetime.now(UTC)).total_seconds() + 0.1)
    assert sessions() == [0, 0]


def test_the_catalog(client: httpx.Client) -> None:
    catalog = client.get("/api/metrics").json()
    assert [metric["name"] for metric in catalog["metrics"]] == list(METRICS)
    assert all(metric["description"].endswith(".") for metric in catalog["metrics"])
    assert "topic" in catalog["columns"]
    assert catalog["buckets"] == ["day", "week", "month"]


@pytest.mark.parametrize("by", [["kind", "topic"], ["kind,topic"], ["kind, topic"]])
def test_several_columns(client: httpx.Client, lab: Lab, by: list[str]) -> None:
    rows = client.get("/api/metrics/success_rate", params={"by": by}).json()["rows"]
    assert rows == plain(lab.metrics.success_rate(by=["kind", "topic"]).to_dicts())


def test_buckets_and_what_winners_compares(client: httpx.Client, lab: Lab) -> None:
    rows = client.get("/api/metrics/timeline", params={"bucket": "month"}).json()["rows"]
    assert rows == plain(lab.metrics.timeline(bucket="month").to_dicts())
    columns = client.get("/api/metrics/winners", params={"of": "model"}).json()["columns"]
    assert columns[0]["name"] == "model"


def test_csv_and_arrow(client: httpx.Client, lab: Lab) -> None:
    asked = {"by": "topic", "where": "kind = 'workflow'"}
    rows = lab.metrics.success_rate(by="topic", where="kind = 'workflow'").fetchall()
    text = client.get("/api/metrics/success_rate", params={**asked, "format": "csv"})
    assert 'filename="success_rate.csv"' in text.headers["content-disposition"]
    read = list(csv.reader(io.StringIO(text.text)))
    assert read[1:] == [["" if value is None else str(value) for value in row] for row in rows]
    packed = client.get("/api/metrics/success_rate", params={**asked, "format": "arrow"})
    assert packed.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert [tuple(row.values()) for row in pa.ipc.open_stream(packed.content).read_all().to_pylist()] == rows


def test_a_limit(client: httpx.Client) -> None:
    answer = client.get("/api/metrics/summary", params={"by": "session_id", "limit": 3}).json()
    assert (len(answer["rows"]), answer["truncated"]) == (3, True)


@pytest.mark.parametrize(
    ("path", "asked", "status", "words"),
    [
        ("metrics/nothing", {}, 404, "There is no metric 'nothing'"),
        ("metrics/sql", {}, 404, "There is no metric 'sql'. There are: success_rate, "),
        ("charts/nothing", {}, 404, "There is no chart 'nothing'. There are: "),
        ("charts/summary", {}, 404, "There is no chart 'summary'. There are: attempts, "),
        ("charts/summary", {"where": PATTERN}, 404, "There is no chart 'summary'"),
        ("charts/_metrics", {}, 404, "There is no chart '_metrics'"),
        ("metrics/summary", {"by": "topc"}, 400, "Did you mean 'topic'"),
        ("metrics/summary", {"where": "1; DROP TABLE sessions"}, 400, "does not hold up"),
        ("metrics/summary", {"where": "(SELECT 1) = 1"}, 400, "may not use a query"),
        ("metrics/summary", {"where": "CAST(goal AS INTEGER) = 1"}, 400, "Could not convert"),
        ("metrics/summary", {"of": "model"}, 400, "of is for winners"),
        ("metrics/summary", {"bucket": "hour"}, 422, "query.bucket"),
        ("metrics/summary", {"limit": "0"}, 422, "query.limit"),
        ("lab/sessions", {"cursor": "x"}, 400, "cursor"),
        ("lab/sessions", {"sort": "extra"}, 400, "cannot be sorted"),
        ("lab/session", {"id": "no such"}, 404, "There is no session 'no such'"),
        ("lab/session", {}, 422, "query.id"),
        ("nothing", {}, 404, "nothing at /api/nothing"),
        ("dashboard/picked", {"picks": "[1]"}, 400, "picks"),
    ],
)
def test_what_does_not_hold_is_a_problem(
    client: httpx.Client, path: str, asked: dict[str, str], status: int, words: str
) -> None:
    assert_problem(client.get(f"/api/{path}", params=asked), status, words)


def test_every_metric_has_a_chart_or_says_that_it_has_none(client: httpx.Client) -> None:
    statuses = {name: client.get(f"/api/charts/{name}").status_code for name in METRICS}
    assert {name for name, status in statuses.items() if status != 200} == {"summary"}
    assert statuses["summary"] == 404


def test_a_wrong_method_is_a_problem(client: httpx.Client) -> None:
    assert_problem(client.delete("/api/metrics/summary"), 405, "DELETE is not for")


def test_sessions_page_by_page(client: httpx.Client, lab: Lab) -> None:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"where": "kind = 'workflow'", "limit": 40, "sort": "attempts"}
    for _ in range(3):
        page = client.get("/api/lab/sessions", params=asked).json()
        found += page["sessions"]
        asked["cursor"] = page["next"]
    assert page["next"] is None
    assert page["total"] == len(found) == 100
    order = "SELECT session_id FROM sessions WHERE kind = 'workflow' ORDER BY attempts NULLS LAST, source, session_id"
    assert [row["session_id"] for row in found] == [name for (name,) in lab.sql(order).fetchall()]


def test_sessions_by_text(client: httpx.Client, lab: Lab) -> None:
    goal, identity = lab.sql("SELECT goal, session_id FROM sessions WHERE kind = 'workflow' LIMIT 1").fetchall()[0]
    by_goal = client.get("/api/lab/sessions", params={"q": goal[:60].upper()}).json()["sessions"]
    assert identity in {row["session_id"] for row in by_goal}
    assert client.get("/api/lab/sessions", params={"q": "100% no_such"}).json()["total"] == 0


def test_one_session(client: httpx.Client, lab: Lab) -> None:
    answer = client.get("/api/lab/session", params={"id": "1", "source": "codegen", "kind": "codegen"}).json()
    history = lab.history(1, "codegen", "codegen")
    assert answer["session"]["goal"] == history.session["goal"]
    assert [event["what"] for event in answer["events"]] == [event.what for event in history]
    assert [event.get("code") for event in answer["events"]] == [event.code for event in history]
    assert answer["left_out"] == 0


def test_long_texts_are_clipped_unless_asked_for(tmp_path: Path) -> None:
    with Lab() as lab:
        lab.load(write_json(tmp_path / "long.json", [1], goal="x" * 1_000_000))
        with start(create_app(lab)) as running, httpx.Client(base_url=running.url) as client:
            short = client.get("/api/lab/session", params={"id": 1}).json()["session"]["goal"]
            assert short.endswith("… (1,000,000 characters in all)")
            assert len(client.get("/api/lab/session?id=1&full=true").json()["session"]["goal"]) == 1_000_000
            assert len(client.get("/api/lab/sessions").json()["sessions"][0]["goal"]) == 300


def test_answers_are_kept_until_the_lab_changes(tmp_path: Path) -> None:
    with Lab(tmp_path / "lab.duckdb") as lab:
        app = create_app(lab)
        asked: list[str] = []
        real = lab.sql

        def counted(query: str, *all_: Any, **named: Any) -> Any:
            asked.append(query)
            return real(query, *all_, **named)

        lab.sql = counted  # type: ignore[method-assign]
        with start(app) as running, httpx.Client(base_url=running.url) as client:
            first = client.get("/api/metrics/summary")
            assert first.json()["rows"][0]["sessions"] == 0
            count = len(asked)
            assert client.get("/api/metrics/summary").content == first.content
            again = client.get("/api/metrics/summary", headers={"if-none-match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert len(asked) == count
            lab.load(write_json(tmp_path / "one.json", [1]))
            assert client.get("/api/metrics/summary").json()["rows"][0]["sessions"] == 1
            assert len(asked) == count + 1


def test_events_tell_of_a_change(tmp_path: Path) -> None:
    with (
        Lab(tmp_path / "lab.duckdb") as lab,
        start(app := create_app(lab)) as running,
        httpx.stream("GET", f"{running.url}/api/events", timeout=10) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = (line for line in stream.iter_lines() if line.startswith("data:"))
        first = next(lines)
        assert app.fastapi.state.listeners.count == 1
        threading.Timer(0.1, lambda: lab.load(write_json(tmp_path / "one.json", [1]))).start()
        assert next(lines) != first
    assert app.fastapi.state.listeners.count == 0


def test_too_many_listeners(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlab.server.events.MOST_LISTENERS", 0)
    assert_problem(client.get("/api/events"), 503, "listen already")


def test_sources_are_loaded_again(tmp_path: Path) -> None:
    source = write_json(tmp_path / "source.json", [1])
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(source)
        with start(create_app(lab, refresh=0.2)) as running, httpx.Client(base_url=running.url) as client:
            write_json(source, [1, 2, 3])
            for _ in range(100):
                if client.get("/api/metrics/summary").json()["rows"][0]["sessions"] == 3:
                    break
                threading.Event().wait(0.05)
            else:
                pytest.fail("the new sessions did not come")


def test_a_source_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    source = write_sqlite(tmp_path / "store.db", [1, 2])
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(source)
        source.write_bytes(b"no database at all")
        with (
            start(create_app(lab, refresh=60)) as running,
            httpx.stream("GET", f"{running.url}/api/events", timeout=10) as stream,
        ):
            said = (line for line in stream.iter_lines())
            assert "event: refresh" in said
            assert "store" in json.loads(next(said).removeprefix("data:"))["failed"][0]
        assert lab.sql("SELECT count(*) FROM sessions").fetchall() == [(2,)]


def test_without_a_lab() -> None:
    with start(create_app()) as running, httpx.Client(base_url=running.url) as client:
        assert_problem(client.get("/api/metrics/summary"), 404, "No lab is served")
        assert_problem(client.get("/api/sessions"), 404, "No workflow store")
        assert client.get("/healthz").json()["status"] == "ok"


def test_a_handle_shows_itself(lab: Lab) -> None:
    with lab.serve() as running:
        assert httpx.get(f"{running.url}/healthz").status_code == 200
        assert running.url in running._repr_html_()
        url = running.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")
