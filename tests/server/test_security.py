"""Who is answered: callers on this machine under its own name, or those who know the token."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from sessionlab import Lab, SessionlabError
from sessionlab.server import create_app, start
from sessionlab.server.security import CSP, Guard, Keys
from tests.server.conftest import assert_problem

TOKEN = "correct horse battery"


@pytest.fixture(scope="module")
def guarded(lab: Lab) -> Iterator[httpx.Client]:
    """A server that asks for a token, and takes bodies of 1,000 bytes."""
    app = create_app(lab, token=TOKEN, hosts=["lab.example"], body_bytes=1000)
    with start(app) as running, httpx.Client(base_url=running.url) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1", "8.8.8.8"]
)
def test_another_name_is_refused(client: httpx.Client, host: str) -> None:
    assert_problem(client.get("/api/metrics", headers={"host": host}), 421, "not asked for as")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99", "[::1]:5"])
def test_its_own_names_are_not(client: httpx.Client, host: str) -> None:
    assert client.get("/api/metrics", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://", "http://["])
def test_a_page_of_another_site_is_refused(client: httpx.Client, origin: str) -> None:
    answer = client.post("/api/sql", json={"query": "SELECT 1"}, headers={"origin": origin})
    assert_problem(answer, 403, "another site")


def test_a_page_of_another_site_without_an_origin_is_refused(client: httpx.Client) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert_problem(client.get("/api/metrics", headers=headers), 403)
    assert client.get("/", headers={**headers, "sec-fetch-mode": "navigate"}).status_code == 200


def test_a_form_of_another_site_cannot_post(client: httpx.Client) -> None:
    body = '{"query": "SELECT 1"}'
    assert_problem(client.post("/api/sql", content=body, headers={"content-type": "text/plain"}), 422)


def test_whatever_fails_is_a_problem_with_the_policy() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("swordfish")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(broken, None, [], 1000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert_problem(answer, 500, "is a defect")
    assert answer.headers["content-security-policy"] == CSP
    assert "swordfish" not in answer.text


def test_its_own_page_is_answered(client: httpx.Client) -> None:
    origin = str(client.base_url).rstrip("/")
    assert client.post("/api/sql", json={"query": "SELECT 1"}, headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/metrics", "/healthz", "/static/main.js", "/api/nothing"])
def test_a_strict_policy_stands_on_all(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CSP
    assert "unsafe" not in CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \udcff"])
def test_who_does_not_know_the_token_is_refused(guarded: httpx.Client, said: str) -> None:
    headers = {b"authorization": said.encode("utf-8", "surrogateescape")} if said else {}
    answer = guarded.get("/api/metrics", headers=headers)
    assert_problem(answer, 401, "token")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_who_knows_it_is_answered(guarded: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/metrics", headers=headers).status_code == 200
    assert guarded.get("/api/metrics", headers={**headers, "host": "lab.example:80"}).status_code == 200
    assert guarded.get("/api/metrics", headers={**headers, "host": "192.168.7.7"}).status_code == 200
    assert_problem(guarded.get("/api/metrics", headers={**headers, "host": "evil.example"}), 421)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_token_may_have_any_letters(lab: Lab, encoding: str) -> None:
    with start(create_app(lab, token="café tok")) as running:
        headers = {b"authorization": "Bearer café tok".encode(encoding)}
        assert httpx.get(f"{running.url}/api/metrics", headers=headers).status_code == 200
        headers = {b"authorization": "Bearer cafè tok".encode(encoding)}
        assert httpx.get(f"{running.url}/api/metrics", headers=headers).status_code == 401


def test_a_browser_is_sent_to_the_form(guarded: httpx.Client) -> None:
    answer = guarded.get("/", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert 'type="password"' in guarded.get("/login").text
    assert guarded.get("/static/style.css").status_code == 200
    assert guarded.get("/static/main.js").status_code == 401
    assert guarded.get("/healthz").status_code == 200


def test_the_form_gives_a_cookie(guarded: httpx.Client) -> None:
    wrong = guarded.post("/login", data={"token": "wrong"})
    assert wrong.status_code == 401
    assert "That is not the token" in wrong.text
    assert "set-cookie" not in wrong.headers
    right = guarded.post("/login", data={"token": TOKEN})
    cookie = right.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Max-Age=604800"))
    assert TOKEN not in cookie
    value = {"cookie": cookie.split(";")[0]}
    guarded.cookies.clear()
    assert guarded.get("/api/metrics", headers=value).status_code == 200
    assert guarded.get("/api/metrics", headers={"cookie": value["cookie"] + "x"}).status_code == 401


@pytest.mark.parametrize("other", ['a={"x": 1, [b]}', "é@=1", "=", "sessionlab=1.x", "sessionlab-1=1.x"])
def test_cookies_of_other_programs_are_not_in_the_way(guarded: httpx.Client, other: str) -> None:
    mine = guarded.post("/login", data={"token": TOKEN}).headers["set-cookie"].split(";")[0]
    guarded.cookies.clear()
    assert mine.startswith(f"sessionlab-{guarded.base_url.port}=")
    for both in (f"{other}; {mine}", f"{mine}; {other}"):
        assert guarded.get("/api/metrics", headers={b"cookie": both.encode()}).status_code == 200
    assert guarded.get("/api/metrics", headers={b"cookie": other.encode()}).status_code == 401


def test_a_cookie_ends_and_is_signed() -> None:
    keys = Keys("a")
    assert keys.knows(keys.cookie())
    assert not Keys("b").knows(keys.cookie())
    end, _, signature = keys.cookie().partition(".")
    assert not keys.knows(f"{int(end) + 1}.{signature}")
    assert not keys.knows(f"1.{keys._signed('1')}")
    assert not keys.knows("é")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(guarded: httpx.Client, chunked: bool) -> None:
    body = b'{"query": "' + b"x" * 2000 + b'"}'
    content = iter([body[:50], body[50:]]) if chunked else body
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    assert_problem(guarded.post("/api/sql", content=content, headers=headers), 413)


def test_an_open_address_needs_a_token(lab: Lab) -> None:
    with pytest.raises(SessionlabError, match="a token is needed"):
        start(create_app(lab), "0.0.0.0")
    with pytest.raises(SessionlabError, match="token is empty"):
        create_app(lab, token=" ")


def test_the_access_log_tells_no_secret(guarded: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="sessionlab.access"):
        guarded.get("/api/metrics?where=hush", headers={"authorization": f"Bearer {TOKEN}"})
        guarded.post("/login", data={"token": TOKEN})
        guarded.cookies.clear()
        for _ in range(100):  # a line is written once its answer has gone
            if len(logged := [record for record in caplog.records if record.name == "sessionlab.access"]) == 2:
                break
            time.sleep(0.05)
    lines = [json.loads(record.getMessage()) for record in logged]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("GET", "/api/metrics", 200),
        ("POST", "/login", 303),
    ]
    assert lines[0]["bytes"] > 1000
    assert lines[0]["client"] == "127.0.0.1"
    assert "hush" not in caplog.text
    assert TOKEN not in caplog.text
