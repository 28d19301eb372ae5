"""The stores over HTTP: what a client makes, reads, changes and deletes, on SQLite and on Postgres."""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from sessionlab.server import create_app, start
from sessionlab.server.crud import resources
from sessionlab.stores import STORES, CodegenStore, ConversationStore, open_store
from tests.conftest import Server
from tests.server.conftest import assert_problem

ROOM = {"workspace": "/home/dev/a b/ünï"}
SESSION: dict[str, Any] = {
    "id": "s1",
    "type": "competition",
    "task": "add a cache",
    "status": "running",
    "createdAt": "2026-01-02T03:04:05Z",
    "updatedAt": "2026-01-02T03:04:05Z",
    "instances": [
        {
            "instanceId": 1,
            "worktreePath": "/w/1",
            "branch": "one",
            "agentName": "quill",
            "status": "running",
            "tmuxSessionId": "t1",
        }
    ],
    "chatHistory": [],
    "mine": {"kept": [1, None]},
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The URLs of stores of all kinds, on one engine."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("stores")
        yield {kind: f"sqlite:///{folder}/{kind}.db" for kind in STORES}
        return
    server: Server = request.getfixturevalue("postgres")
    admin = server.get_uri()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE crud STRATEGY = wal_log")
    sign = "&" if "?" in server.get_uri("crud") else "?"
    yield {kind: f"{server.get_uri('crud')}{sign}schema={kind}" for kind in STORES}
    _drop(admin)


@pytest.fixture(scope="module")
def client(urls: dict[str, str]) -> Iterator[httpx.Client]:
    """A server of all kinds of stores."""
    with ExitStack() as stack:
        stores = [stack.enter_context(open_store(kind, url)) for kind, url in urls.items()]
        running = stack.enter_context(start(create_app(stores=stores)))
        yield stack.enter_context(httpx.Client(base_url=running.url, timeout=30))


def _drop(admin: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP DATABASE crud WITH (FORCE)")


def make(client: httpx.Client, path: str, body: Any, **params: Any) -> dict[str, Any]:
    """Make a resource; give it with its tag and place."""
    answer = client.post(f"/api/{path}", json=body, params=params)
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "tag": answer.headers["etag"], "place": answer.headers["location"]}


def match(tag: str) -> dict[str, str]:
    return {"If-Match": tag}


def test_codegen_from_goal_to_history(client: httpx.Client) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "reverse a list 'é'"})
    child = make(client, "codegen/sessions", {"design_goal": "in place", "parent_session_id": session["id"]})
    iteration = make(client, f"codegen/sessions/{session['id']}/iterations", {"code": "x[::1]", "feedback": "no"})
    body = {"error_type": "runtime", "error_message": "not reversed", "error_line": 3}
    error = make(client, f"codegen/iterations/{iteration['id']}/errors", body)
    assert session["place"] == f"/api/codegen/sessions/{session['id']}"
    assert client.get(iteration["place"]).json()["code"] == "x[::1]"
    assert client.get(error["place"]).json()["error_line"] == 3
    history = client.get(f"{session['place']}/history").json()
    assert history["design_goal"] == "reverse a list 'é'"
    assert history["iterations"][0]["feedback"] == "no"
    assert history["iterations"][0]["errors"][0]["error_message"] == "not reversed"
    chain = client.get(f"{child['place']}/chain").json()["sessions"]
    assert [row["id"] for row in chain] == [session["id"], child["id"]]
    assert client.get(f"{session['place']}/iterations").json()["iterations"][0]["id"] == iteration["id"]
    assert client.get(f"{iteration['place']}/errors").json()["errors"][0]["id"] == error["id"]
    found = client.get("/api/codegen/sessions", params={"q": "reverse"}).json()["sessions"]
    assert [row["id"] for row in found] == [session["id"]]


def test_codegen_changes(client: httpx.Client) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "a"})
    changed = client.patch(session["place"], json={"design_goal": "b"}, headers=match(session["tag"]))
    assert changed.json()["design_goal"] == "b"
    assert changed.headers["etag"] != session["tag"]
    iteration = make(client, f"codegen/sessions/{session['id']}/iterations", {"code": "c", "feedback": "f"})
    cleared = client.patch(iteration["place"], json={"feedback": None}, headers=match("*")).json()
    assert (cleared["code"], cleared["feedback"]) == ("c", None)
    error = make(client, f"codegen/iterations/{iteration['id']}/errors", {"error_message": "m", "error_line": 2})
    changed = client.patch(error["place"], json={"error_message": "n"}, headers=match(error["tag"]))
    assert (changed.json()["error_message"], changed.json()["error_line"]) == ("n", 2)


def test_pages(client: httpx.Client) -> None:
    made = [make(client, "codegen/sessions", {"design_goal": f"page {number}"})["id"] for number in range(5)]
    found: list[int] = []
    cursor = None
    while len(found) < 5:
        page = client.get("/api/codegen/sessions", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [row["id"] for row in page["sessions"]]
        cursor = page["next"]
        if len(found) == 2:
            make(client, "codegen/sessions", {"design_goal": "comes in between"})
    assert found[:5] == made[::-1]
    assert_problem(client.get("/api/codegen/sessions", params={"cursor": "!"}), 400, "cursor")


def test_pages_below_a_session(client: httpx.Client) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "a"})
    for number in range(3):
        make(client, f"codegen/sessions/{session['id']}/iterations", {"code": str(number)})
    place = f"{session['place']}/iterations"
    first = client.get(place, params={"limit": 2}).json()
    second = client.get(place, params={"limit": 2, "cursor": first["next"]}).json()
    assert [row["code"] for row in first["iterations"] + second["iterations"]] == ["0", "1", "2"]
    assert second["next"] is None


def test_what_has_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "a"})
    answer = client.get(session["place"], headers={"If-None-Match": session["tag"]})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_change_needs_to_say_what_was_read(client: httpx.Client) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "a"})
    assert_problem(client.patch(session["place"], json={"design_goal": "b"}), 428, "If-Match")
    stale = client.patch(session["place"], json={"design_goal": "b"}, headers=match('"other"'))
    assert_problem(stale, 412, "Somebody has changed this")
    assert stale.headers["etag"] == session["tag"]
    assert client.get(session["place"]).json()["design_goal"] == "a"


def test_of_many_writers_one_wins(client: httpx.Client) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "a"})
    gate = threading.Barrier(8)

    def write(number: int) -> int:
        gate.wait()
        return client.patch(
            session["place"], json={"design_goal": str(number)}, headers=match(session["tag"])
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(write, range(8)))
    assert sorted(answers) == [200, *[412] * 7]
    assert client.get(session["place"]).json()["design_goal"] == str(answers.index(200))


def test_conversations(client: httpx.Client) -> None:
    began = make(client, "conversations", {"user_id": "u1", "metadata": {"topic": "sorting"}})
    make(client, f"conversations/{began['session_id']}/contexts", {"content": "Be careful.", "type": "system"})
    make(client, f"conversations/{began['session_id']}/messages", {"message_role": "user", "content": "How?"})
    body = {"message_role": "assistant", "content": "sorted()", "metadata": {"model": "m"}}
    answer = make(client, f"conversations/{began['session_id']}/messages", body)
    assert answer["metadata"] == {"model": "m"}
    said = client.get(f"{began['place']}/messages").json()["messages"]
    assert [row["content"] for row in said] == ["How?", "sorted()"]
    assert client.get(f"{began['place']}/contexts").json()["contexts"][0]["type"] == "system"
    active = client.get("/api/conversations", params={"user_id": "u1", "active": True}).json()["conversations"]
    assert [row["session_id"] for row in active] == [began["session_id"]]
    changed = client.patch(began["place"], json={"user_id": "u2"}, headers=match(began["tag"]))
    assert (changed.json()["user_id"], changed.json()["metadata"]) == ("u2", {"topic": "sorting"})
    ended = client.post(f"{began['place']}/end", json={"metadata": {"success": True}}).json()
    assert ended["end_time"] is not None
    assert ended["metadata"] == {"topic": "sorting", "success": True}
    assert client.get("/api/conversations", params={"user_id": "u2", "active": True}).json()["conversations"] == []
    assert_problem(client.delete(began["place"], headers=match(began["tag"])), 412)
    assert client.delete(began["place"]).status_code == 204
    assert_problem(client.get(began["place"]), 404, "There is no session")


class Deleted(ConversationStore):
    """A store in which somebody else deletes a session just before, or just after, something is added to it."""

    before = True

    def add_message(self, session_id: str, *values: Any) -> str:
        """Add a message."""
        return self._meanwhile(session_id, lambda: super(Deleted, self).add_message(session_id, *values))

    def add_context(self, session_id: str, *values: Any) -> str:
        """Add a context."""
        return self._meanwhile(session_id, lambda: super(Deleted, self).add_context(session_id, *values))

    def create_session(self, user_id: str, metadata: Any = None) -> str:
        """Begin a session."""
        session = super().create_session(user_id, metadata)
        if user_id == "gone":
            self.delete_session(session)
        return session

    def _meanwhile(self, session_id: str, add: Callable[[], str]) -> str:
        if self.before:
            self.delete_session(session_id)
            return add()
        added = add()
        self.delete_session(session_id)
        return added


@pytest.mark.parametrize("before", [True, False])
def test_a_session_that_is_deleted_meanwhile_is_not_there(urls: dict[str, str], *, before: bool) -> None:
    bodies = {"messages": {"message_role": "user", "content": "a"}, "contexts": {"type": "file", "content": "a"}}
    with Deleted(urls["conversation"]) as store, start(create_app(stores=[store])) as running:
        store.before = before
        for name, body in bodies.items():
            session = store.create_session("stays")
            answer = httpx.post(f"{running.url}/api/conversations/{session}/{name}", json=body)
            assert_problem(answer, 404, f"There is no session '{session}'")
        answer = httpx.post(f"{running.url}/api/conversations", json={"user_id": "gone"})
        assert_problem(answer, 404, "There is no session")


def test_what_a_session_refuses_is_said_though_it_is_there(client: httpx.Client) -> None:
    place = make(client, "conversations", {"user_id": "u"})["place"]
    body = b'{"message_role": "user", "content": "a", "metadata": {"b": "cut \\ud83d"}}'
    answer = client.post(f"{place}/messages", content=body, headers={"content-type": "application/json"})
    assert_problem(answer, 422, "conversations.metadata is")


def walk(client: httpx.Client, path: str, between: Callable[[list[dict[str, Any]]], object], **asked: Any) -> list[int]:
    """Turn all pages of a list, and do something between them; give how many rows each has."""
    sizes: list[int] = []
    cursor: dict[str, str] = {}
    while not sizes or cursor:
        page = client.get(f"/api/{path}", params={**asked, **cursor}).json()
        (rows,) = [value for key, value in page.items() if key != "next"]
        sizes.append(len(rows))
        between(rows)
        cursor = {} if page["next"] is None else {"cursor": page["next"]}
    return sizes


def test_pages_of_conversations_that_are_ended_and_deleted(client: httpx.Client) -> None:
    made = [make(client, "conversations", {"user_id": "pages"})["session_id"] for _ in range(7)]
    found: list[str] = []

    def end(rows: list[dict[str, Any]]) -> None:
        make(client, "conversations", {"user_id": "pages", "metadata": {"new": True}})
        for row in rows:
            found.append(row["session_id"])
            assert client.post(f"/api/conversations/{row['session_id']}/end").status_code == 200

    def delete(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            found.append(row["session_id"])
            assert client.delete(f"/api/conversations/{row['session_id']}").status_code == 204

    assert walk(client, "conversations", end, user_id="pages", active=True, limit=3) == [3, 3, 1]
    assert found == made[::-1]
    found.clear()
    assert walk(client, "conversations", delete, user_id="pages", limit=2) == [2] * 5
    assert found[3:] == made[::-1]
    assert client.get("/api/conversations", params={"user_id": "pages"}).json()["conversations"] == []


def test_pages_below_a_conversation(client: httpx.Client) -> None:
    place = make(client, "conversations", {"user_id": "below"})["place"].removeprefix("/api/")
    for number in range(5):
        make(client, f"{place}/messages", {"message_role": "user", "content": f"message {number}"})
        make(client, f"{place}/contexts", {"content": f"context {number}", "type": "file"})
    for name in ("message", "context"):
        found: list[str] = []
        sizes = walk(client, f"{place}/{name}s", lambda rows: found.extend(row["content"] for row in rows), limit=2)  # noqa: B023
        assert sizes == [2, 2, 1]
        assert found == [f"{name} {number}" for number in range(5)]
    assert_problem(client.get(f"/api/conversations/{NOBODY}/messages"), 404, NOBODY)


def test_pages_of_worktree_sessions_that_change(client: httpx.Client) -> None:
    room = {"workspace": "/pages"}
    for number in range(7):
        times = dict.fromkeys(("createdAt", "updatedAt"), f"2026-01-02T03:04:0{number}Z")
        session = {**SESSION, **times, "id": f"p{number}", "instances": []}
        make(client, "worktree/sessions", session, **room)
    for order, wanted in (("changed", "654321"), ("created", "6543210")):
        numbers, found = iter(range(9)), list[str]()

        def say(rows: list[dict[str, Any]]) -> None:
            found.extend(row["id"][1:] for row in rows)  # noqa: B023
            number = next(numbers)  # noqa: B023
            message = {"id": f"{order}{number}", "role": "user", "content": "?", "timestamp": "2026-01-02T03:05:00Z"}  # noqa: B023
            make(client, f"worktree/sessions/p{number}/messages", message, **room)

        walk(client, "worktree/sessions", say, **room, order=order, limit=3)
        assert "".join(found) == wanted
    bad = client.get("/api/worktree/sessions", params={**room, "order": "odd"})
    assert_problem(bad, 400, "order is 'odd'; it may be 'changed', 'created'")


def test_pages_of_a_search(client: httpx.Client) -> None:
    made = [make(client, "codegen/sessions", {"design_goal": f"walrus {number}"})["id"] for number in range(5)]
    found: list[int] = []
    sizes = walk(client, "codegen/sessions", lambda rows: found.extend(row["id"] for row in rows), q="walrus", limit=2)
    assert (found, sizes) == (made[::-1], [2, 2, 1])


def test_a_page_has_an_end_in_bytes(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resources.PAGE_BYTES == 8_000_000
    monkeypatch.setattr(resources, "PAGE_BYTES", 80_000)
    text = "x" * 30_000
    session = make(client, "codegen/sessions", {"design_goal": "large"})
    began = make(client, "conversations", {"user_id": "large"})
    for number in range(7):
        make(client, "codegen/sessions", {"design_goal": f"elephant {text}"})
        make(client, f"codegen/sessions/{session['id']}/iterations", {"code": text})
        make(client, f"conversations/{began['session_id']}/messages", {"message_role": "user", "content": text})
        make(client, f"conversations/{began['session_id']}/contexts", {"type": "file", "content": text})
        make(client, "conversations", {"user_id": "larger", "metadata": {"text": text}})
        make(client, "worktree/sessions", {**SESSION, "id": f"large{number}", "task": text}, workspace="/large")
    for path, asked in {
        "codegen/sessions": {"q": "elephant"},
        f"codegen/sessions/{session['id']}/iterations": {},
        f"conversations/{began['session_id']}/messages": {},
        f"conversations/{began['session_id']}/contexts": {},
        "conversations": {"user_id": "larger"},
        "worktree/sessions": {"workspace": "/large"},
    }.items():
        assert walk(client, path, len, **asked, limit=500) == [3, 3, 1], path


LISTS = [
    "codegen/sessions",
    "codegen/sessions?q=a",
    "codegen/sessions/{0}/iterations",
    "conversations",
    "conversations/{1}/messages",
    "conversations/{1}/contexts",
    "worktree/sessions?workspace=/w",
]
CURSORS: list[Any] = [
    {"at": 50}, {"after": []}, {"after": 5}, {"after": [1, 2, 3, 4, 5, 6]}, {"after": [[]]}, {"after": [{}, "a"]},
    {"after": ["\ud800"] * 3}, {"after": [2**64]}, {"after": [True]}, {"after": [-1]}, {"after": [None]}, [], 5,
    {"after": [{"bytes": "x"}]}, {"after": [{"bytes": 5}]},
]  # fmt: skip
"""What no page gives; the first is what one gave once."""


@pytest.mark.parametrize("path", LISTS)
def test_what_is_no_cursor_is_refused(client: httpx.Client, path: str) -> None:
    session = make(client, "codegen/sessions", {"design_goal": "a"})
    began = make(client, "conversations", {"user_id": "a"})
    place = f"/api/{path.format(session['id'], began['session_id'])}"
    for cursor in ("!", "ab", "é", *map(written, CURSORS)):
        asked = httpx.URL(place).copy_merge_params({"cursor": cursor})
        assert_problem(client.get(asked), 400)
    assert_problem(client.get(httpx.URL(place).copy_merge_params({"cursor": "x" * 20_001})), 422, "query.cursor")


def written(cursor: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode().rstrip("=")


def test_worktree(client: httpx.Client) -> None:
    made = make(client, "worktree/sessions", SESSION, **ROOM)
    assert client.get("/api/worktree/sessions/s1", params=ROOM).json() == SESSION
    assert ROOM["workspace"] in [row["path"] for row in client.get("/api/worktree/workspaces").json()["workspaces"]]
    place = "/api/worktree/sessions/s1"
    message = {"id": "m1", "role": "user", "content": "Which cache?", "timestamp": "2026-01-02T03:05:00Z"}
    said = make(client, "worktree/sessions/s1/messages", message, **ROOM)
    assert said["chatHistory"] == [message]
    assert_problem(client.patch(place, params=ROOM, json={"task": "x"}, headers=match(made["tag"])), 412)
    answer = client.patch(f"{place}/instances/1", params=ROOM, json={"status": "completed"}, headers=match(said["tag"]))
    assert answer.json()["instances"][0]["status"] == "completed"
    done = client.patch(place, params=ROOM, json={"status": "completed"}, headers=match(answer.headers["etag"])).json()
    assert (done["status"], done["mine"], done["task"]) == ("completed", {"kept": [1, None]}, "add a cache")
    asked = {**ROOM, "status": ["completed", "failed"], "search_query": "cache"}
    assert [row["id"] for row in client.get("/api/worktree/sessions", params=asked).json()["sessions"]] == ["s1"]
    assert client.get("/api/worktree/sessions", params={**ROOM, "session_type": "debate"}).json()["sessions"] == []
    assert_problem(client.get(place, params={"workspace": "/other"}), 404)
    assert client.delete(place, params=ROOM).status_code == 204
    assert_problem(client.get(place, params=ROOM), 404, "'s1'")


def test_a_change_of_a_worktree_session_is_one_of_now(client: httpx.Client) -> None:
    room = {"workspace": "/changed"}
    for identity in ("c1", "c2"):
        times = dict.fromkeys(("createdAt", "updatedAt"), f"2026-01-02T03:04:0{identity[1]}Z")
        make(client, "worktree/sessions", {**SESSION, **times, "id": identity}, **room)

    def changed(body: dict[str, Any]) -> str:
        answer = client.patch("/api/worktree/sessions/c1", params=room, json=body, headers=match("*"))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["updatedAt"])

    def first() -> str:
        return str(client.get("/api/worktree/sessions", params={**room, "limit": 1}).json()["sessions"][0]["id"])

    assert (changed({}), changed({"id": "c1"}), first()) == (*["2026-01-02T03:04:01Z"] * 2, "c2")
    since = datetime.now(UTC) - timedelta(seconds=1)
    assert timedelta(0) <= datetime.fromisoformat(changed({"status": "completed"})) - since < timedelta(minutes=1)
    assert first() == "c1"
    assert changed({"status": "failed", "updatedAt": "2026-01-01T00:00:00Z"}) == "2026-01-01T00:00:00Z"
    assert first() == "c2"
    other = client.patch("/api/worktree/sessions/c1", params=room, json={"id": "c2", "task": "x"}, headers=match("*"))
    assert_problem(other, 422, "id is 'c2'; it may be left out, or 'c1'.")
    assert client.get("/api/worktree/sessions/c1", params=room).json()["task"] == SESSION["task"]


NOBODY = "0199d3c6-7c1e-7a8e-8d4f-0c2f6a1b2c3d"


@pytest.mark.parametrize("identity", ["é ☃ \u202e", "a?b=c&d#e", "100%", "a\\b;c", "x" * 1000])
def test_ids_of_all_sorts_are_found_where_it_says(client: httpx.Client, identity: str) -> None:
    session = {**SESSION, "id": identity}
    added = client.post("/api/worktree/sessions", params=ROOM, json=session)
    assert added.status_code == 201, added.text
    found = client.get(added.headers["location"])
    assert (found.status_code, found.json()) == (200, session)
    message = {"id": f"of {identity}", "role": "user", "content": "Which?", "timestamp": "2026-01-02T03:05:00Z"}
    path = added.headers["location"].replace("?", "/messages?")
    said = client.post(path, json=message)
    assert client.get(said.headers["location"]).json()["chatHistory"] == [message]
    assert client.delete(said.headers["location"]).status_code == 204


@pytest.mark.parametrize("identity", ["a\r\nX-Mine: 1", "a\nb", "a\0b", "a/b", "..", ".", "", "x" * 1001, "\ud800"])
def test_ids_that_no_path_can_have_are_refused(client: httpx.Client, identity: str) -> None:
    headers = {"content-type": "application/json"}
    body = json.dumps({**SESSION, "id": identity})
    answer = client.post("/api/worktree/sessions", params={"workspace": "/odd"}, content=body, headers=headers)
    assert_problem(answer, 422, "id")
    assert client.get("/api/worktree/sessions", params={"workspace": "/odd"}).json()["sessions"] == []


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "codegen/sessions", {}, 422, "body.design_goal"),
    ("POST", "codegen/sessions", {"design_goal": "a", "more": 1}, 422, "body.more"),
    ("POST", "codegen/sessions", {"design_goal": "a", "parent_session_id": 10**9}, 422, "parent_session_id"),
    *(
        ("POST", "codegen/sessions", {"design_goal": "a", "parent_session_id": odd}, 422, "body.parent_session_id")
        for odd in (True, 1.0, "1")
    ),
    *(
        ("PATCH", "codegen/errors/1", {"error_message": "a", "error_line": odd}, 422, "body.error_line")
        for odd in (True, 1.0, "1")
    ),
    ("GET", "worktree/sessions?workspace=/w&status=asleep", None, 400, "status is 'asleep'"),
    ("PATCH", "worktree/sessions/none/instances/1?workspace=/w", {"status": "won"}, 404, "'none'"),
    ("POST", "codegen/sessions/999999999/iterations", {"code": "a"}, 404, "session 999999999"),
    ("POST", "codegen/iterations/999999999/errors", {"error_message": "a"}, 404, "iteration 999999999"),
    ("PATCH", "codegen/errors/999999999", {"error_message": "a"}, 404, "error 999999999"),
    ("GET", "codegen/sessions/0", None, 422, "path.number"),
    ("GET", "codegen/sessions/999999999/chain", None, 404, "session 999999999"),
    ("GET", "codegen/sessions?limit=501", None, 422, "query.limit"),
    ("POST", f"conversations/{NOBODY}/messages", {"message_role": "user", "content": "a"}, 404, NOBODY),
    ("DELETE", f"conversations/{NOBODY}", None, 404, NOBODY),
    ("GET", "conversations/none", None, 422, "it may be a UUID"),
    ("POST", "conversations", {"user_id": "u", "metadata": 3}, 422, "body.metadata"),
    ("POST", "worktree/sessions?workspace=/w", {"id": "x"}, 422, ""),
    ("POST", "worktree/sessions?workspace=/w", {**SESSION, "id": "y", "status": "asleep"}, 422, "status"),
    ("POST", "worktree/sessions", SESSION, 422, "query.workspace"),
    ("GET", "worktree/sessions?workspace=/w&date_from=soon", None, 400, "date_from"),
    ("PATCH", "worktree/sessions/none?workspace=/w", {"task": "a"}, 404, "'none'"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]} {case[1][:40]}")
def test_what_is_refused(client: httpx.Client, case: tuple[str, str, Any, int, str]) -> None:
    method, path, body, status, words = case
    headers = match("*") if method == "PATCH" else {}
    assert_problem(client.request(method, f"/api/{path}", json=body, headers=headers), status, words)


@pytest.mark.parametrize("body", [b"\xff", b'{"design_goal": "\xe9"}'])
def test_a_body_that_is_no_utf8_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/api/codegen/sessions", content=body, headers={"content-type": "application/json"})
    assert_problem(answer, 400, "parsing the body")


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [64, 500, 900])
def test_what_is_nested_too_deeply_is_not_stored(client: httpx.Client, depth: int) -> None:
    for path, body in {
        "conversations": {"user_id": f"deep {depth}", "metadata": {"a": nested(depth)}},
        "worktree/sessions": {**SESSION, "id": f"deep{depth}", "chatHistory": [], "mine": nested(depth)},
    }.items():
        assert_problem(client.post(f"/api/{path}", params=ROOM, json=body), 422, "nested too deeply")
        assert client.get(f"/api/{path}", params={**ROOM, "user_id": f"deep {depth}"}).status_code == 200
    found = client.get("/api/conversations", params={"user_id": f"deep {depth}"}).json()
    assert found["conversations"] == []


def test_what_others_have_nested_is_shown_all_the_same(tmp_path: Path) -> None:
    with ConversationStore(tmp_path / "c.db") as store:
        for depth in (62, 500, 50_000):
            store.create_session(f"deep {depth}", {"depth": depth})
        with closing(sqlite3.connect(tmp_path / "c.db", isolation_level=None)) as other:
            for depth in (62, 500, 50_000):
                text = "[" * depth + '"deep"' + "]" * depth
                other.execute("UPDATE sessions SET metadata = ? WHERE user_id = ?", [text, f"deep {depth}"])
        with start(create_app(stores=[store])) as running:
            rows = httpx.get(f"{running.url}/api/conversations").json()["conversations"]
    shown = {row["user_id"]: row["metadata"] for row in rows}
    assert len(rows) == 3
    assert shown["deep 62"] == nested(62)
    assert json.dumps(shown["deep 500"]).strip("[]") == '"\\u2026"'
    assert "deep" in shown["deep 50000"]


@pytest.mark.parametrize("text", ["x" * 1_000_000, "'; DROP TABLE session; --", "🎉 é \u202e", "%s ? :a {}"])
def test_texts_of_all_sorts(client: httpx.Client, text: str) -> None:
    made = make(client, "codegen/sessions", {"design_goal": text})
    assert client.get(made["place"]).json()["design_goal"] == text


def test_a_nul_is_kept_or_refused(client: httpx.Client) -> None:
    answer = client.post("/api/codegen/sessions", json={"design_goal": "a\0b"})
    if answer.status_code == 201:
        assert answer.json()["design_goal"] == "a\0b"
    else:
        assert_problem(answer, 422, "design_goal")


def test_a_lone_surrogate_is_refused(client: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post("/api/codegen/sessions", content=b'{"design_goal": "\\ud800"}', headers=headers)
    assert_problem(answer, 422, "design_goal")


def test_a_kind_that_is_not_served(tmp_path: Path) -> None:
    with CodegenStore(tmp_path / "a.db") as store, start(create_app(stores=[store])) as running:
        assert_problem(httpx.get(f"{running.url}/api/conversations"), 404, "--store conversation=URL")
        with pytest.raises(Exception, match="Two stores of one kind"):
            create_app(stores=[store, store])
