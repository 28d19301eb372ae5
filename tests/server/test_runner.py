"""A server in a thread: its starts, those that fail too, and what it reads of a connection."""

from __future__ import annotations

import gc
import json
import socket
import threading
import warnings
from contextlib import closing

import httpx
import pytest

from sessionlab import Lab, SessionlabError
from sessionlab.server import Running, create_app, runner, start
from sessionlab.server.protocol import HEAD_BYTES


def test_an_address_that_is_taken_leaves_no_socket_open() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        port = taken.getsockname()[1]
        with pytest.raises(SessionlabError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            start(create_app(), port=port)
        gc.collect()
    assert [str(each.message) for each in said if each.category is ResourceWarning] == []


def test_an_app_that_does_not_start_leaves_no_thread(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up, stop = threading.Event(), Running.stop
    app = create_app(lab, refresh=60)
    refresher = app.fastapi.state.refresher
    begin = refresher.start

    def slow() -> None:
        given_up.wait(30)
        begin()

    def stopped(running: Running) -> None:
        monkeypatch.setattr(runner, "_START_SECONDS", 30.0)
        given_up.set()
        stop(running)

    monkeypatch.setattr(refresher, "start", slow)
    monkeypatch.setattr(runner, "_START_SECONDS", 0.2)
    monkeypatch.setattr(Running, "stop", stopped)
    with pytest.raises(SessionlabError, match=r"The server did not start on 127\.0\.0\.1:0"):
        start(app)
    assert [thread.name for thread in threading.enumerate() if thread.name == "sessionlab-server"] == []


def test_an_app_can_be_started_again(lab: Lab) -> None:
    app = create_app(lab, refresh=60)
    for _ in range(2):
        with start(app) as running, httpx.Client(base_url=running.url, timeout=20) as client:
            assert client.get("/api/metrics/summary").json()["rows"][0]["sessions"] > 100
            assert client.post("/api/sql", json={"query": "SELECT 42"}).json()["rows"] == [[42]]
            with client.stream("GET", "/api/events") as events:
                assert next(events.iter_lines()) == "event: lab"


@pytest.mark.parametrize(
    ("began", "goes_on"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x" * 1000),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a: b\r\n" * 200),
        (b"GET /", b"x" * 1000),
    ],
    ids=["header", "headers", "url"],
)
def test_a_head_without_end_is_refused(served: Running, began: bytes, goes_on: bytes) -> None:
    address = (served.url.split("/")[2].split(":")[0], int(served.url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=20) as client:
        client.sendall(began)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            client.sendall(goes_on * 100_000)


def test_a_long_url_and_a_long_body_are_not(served: Running) -> None:
    text = "é" * 10_000
    answer = httpx.get(f"{served.url}/api/lab/sessions", params={"where": f"goal <> '{text[:9_980]}'"}, timeout=20)
    assert answer.json()["total"] > 100
    body = {"query": "SELECT 42", "format": "json"}
    padded = f"{json.dumps(body)[:-1]}{' ' * 2 * HEAD_BYTES}}}"
    answer = httpx.post(
        f"{served.url}/api/sql", content=padded, headers={"content-type": "application/json"}, timeout=20
    )
    assert answer.json()["rows"] == [[42]]


def test_a_head_is_that_of_the_whole(client: httpx.Client) -> None:
    for path in ("/healthz", "/api/metrics/summary", "/static/style.css", "/"):
        whole, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers.get("etag") == whole.headers.get("etag")
    assert client.head("/api/nothing").status_code == 404
    assert client.head("/api/sql").status_code == 405


def test_a_proxy_may_make_a_tag_weak_and_put_others_beside_it(client: httpx.Client) -> None:
    tag = client.get("/api/metrics/summary").headers["etag"]
    for said in (tag, f"W/{tag}", f'"other", W/{tag}'):
        answer = client.get("/api/metrics/summary", headers={"if-none-match": said})
        assert (answer.status_code, answer.headers["etag"]) == (304, tag)
    assert client.get("/api/metrics/summary", headers={"if-none-match": '"other"'}).status_code == 200
