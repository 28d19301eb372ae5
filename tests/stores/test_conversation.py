"""The store of conversations: each method on both engines, on the happy path, for missing rows and refused values."""

from __future__ import annotations

import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from sessionlab import ConversationStore, InvalidRecord, Lab, NotFound, QueryError, open_store
from tests.stores.conftest import Engine

REAL = Path(__file__).parents[3] / "shared" / "real" / "conversation" / "mini_swe.db"

HOSTILE = "x'); DROP TABLE sessions; --\" \\ % %s ? :a {b} $1"
UNICODE = "Grüße 数独 🧪 e\u0301 \u202e\x01\t\r\n"
LONG = "lang und breit, " * 65_536
NOBODY = "00000000-0000-7000-8000-000000000000"
METADATA = {"topic": "sorting", "nested": {"list": [1, 2.5, None, True, "ü"]}, "": {}}


@pytest.fixture
def store(store_url: str) -> Iterator[ConversationStore]:
    with open_store("conversation", store_url) as store:
        yield store


def is_now(moment: Any) -> bool:
    assert isinstance(moment, datetime)
    return timedelta(0) <= datetime.now(UTC) - moment + timedelta(seconds=1) < timedelta(minutes=1)


def test_a_session_comes_back(store: ConversationStore) -> None:
    session = store.create_session("user-1", METADATA)
    assert str(uuid.UUID(session)) == session
    found = store.get_session(session)
    assert found is not None
    assert is_now(found.pop("start_time"))
    assert found == {"session_id": session, "user_id": "user-1", "end_time": None, "metadata": METADATA}
    assert store.get_session(store.create_session("u"), ["metadata"]) == {"metadata": None}
    assert store.get_session(session.upper(), ["user_id"]) == {"user_id": "user-1"}
    assert store.get_session(uuid.UUID(session), "user_id") == {"user_id": "user-1"}  # type: ignore[arg-type]


def test_metadata_may_be_any_mapping(store: ConversationStore) -> None:
    session = store.create_session("u", MappingProxyType({"a": 1}))
    assert store.get_session(session, ["metadata"]) == {"metadata": {"a": 1}}
    assert store.get_session(store.create_session("u", {}), ["metadata"]) == {"metadata": {}}


def test_a_context_comes_back(store: ConversationStore) -> None:
    session = store.create_session("u")
    context = store.add_context(session, "You are careful.", "system")
    (found,) = store.get_contexts(session)
    assert is_now(found.pop("created_at"))
    assert found == {"context_id": context, "session_id": session, "content": "You are careful.", "type": "system"}


def test_a_message_comes_back(store: ConversationStore) -> None:
    session = store.create_session("u")
    message = store.add_message(session, "assistant", "sorted(x)", METADATA)
    (found,) = store.get_messages(session)
    assert is_now(found.pop("timestamp"))
    assert found == {
        "conversation_id": message,
        "session_id": session,
        "message_role": "assistant",
        "content": "sorted(x)",
        "metadata": METADATA,
    }


def test_what_is_not_there(store: ConversationStore) -> None:
    assert store.get_session(NOBODY) is None
    assert store.get_session_history(NOBODY) is None
    assert store.get_contexts(NOBODY) == store.get_messages(NOBODY) == store.list_sessions() == []
    assert store.search_messages("nothing") == []


def test_changes_of_what_is_not_there(store: ConversationStore) -> None:
    calls: list[Callable[[], None]] = [
        lambda: store.end_session(NOBODY),
        lambda: store.end_session(NOBODY, {"a": 1}),
        lambda: store.update_session(NOBODY, "u"),
        lambda: store.update_session(NOBODY),
        lambda: store.delete_session(NOBODY),
    ]
    for call in calls:
        with pytest.raises(NotFound, match=f"There is no session with session_id '{NOBODY}'"):
            call()


def test_a_session_ends_once(store: ConversationStore) -> None:
    session, other = store.create_session("u", {"topic": "a", "model": "b"}), store.create_session("u")
    store.end_session(session)
    ended = store.get_session(session)
    assert ended is not None
    assert is_now(ended["end_time"])
    assert ended["end_time"] >= ended["start_time"]
    time.sleep(0.005)
    store.end_session(session, {"success": True, "model": "c"})
    assert store.get_session(session) == {**ended, "metadata": {"topic": "a", "model": "c", "success": True}}
    assert store.get_session(other, ["end_time"]) == {"end_time": None}
    store.end_session(other, {"success": False})
    assert store.get_session(other, ["metadata"]) == {"metadata": {"success": False}}


def test_updates_change_what_is_given_and_nothing_else(store: ConversationStore) -> None:
    session, other = store.create_session("u", {"a": 1}), store.create_session("v", {"b": 2})
    before, untouched = store.get_session(session), store.get_session(other)
    assert before is not None
    store.update_session(session)
    assert store.get_session(session) == before
    store.update_session(session, "w")
    assert store.get_session(session) == {**before, "user_id": "w"}
    store.update_session(session, metadata={"c": 3})
    assert store.get_session(session) == {**before, "user_id": "w", "metadata": {"c": 3}}
    store.update_session(session, metadata=None)
    assert store.get_session(session) == {**before, "user_id": "w", "metadata": None}
    assert store.get_session(other) == untouched


def test_sessions_are_listed_the_newest_first(store: ConversationStore) -> None:
    made = [store.create_session(f"user-{number % 2}") for number in range(6)]
    for session in made[:3]:
        store.end_session(session)

    def listed(*arguments: Any, **named: Any) -> str:
        return "".join(str(made.index(row["session_id"])) for row in store.list_sessions(*arguments, **named))

    assert listed() == "543210"
    assert listed("user-1") == "531"
    assert listed(active=True) == "543"
    assert listed(active=False) == "210"
    assert listed("user-0", False) == "20"
    assert listed(limit=2) + listed(limit=2, offset=2) + listed(limit=2, offset=4) == "543210"
    assert listed(offset=6) == listed(HOSTILE) == ""


def test_limits_and_offsets_are_bounded(store: ConversationStore) -> None:
    limits: list[Any] = [0, -1, 10_001, "5", True, None]
    for limit in limits:
        with pytest.raises(QueryError, match=f"limit is {limit!r}; it may be a whole number from 1 to 10,000"):
            store.list_sessions(limit=limit)
        with pytest.raises(QueryError, match=f"limit is {limit!r}; it may be a whole number from 1 to 10,000"):
            store.search_messages("a", limit=limit)
    offsets: list[Any] = [-1, "5", True, None, 2**63]
    for offset in offsets:
        with pytest.raises(QueryError, match=f"offset is {offset!r}; it may be a whole number from 0"):
            store.list_sessions(offset=offset)


def test_a_deleted_session_takes_all_with_it(store: ConversationStore) -> None:
    gone, stays = store.create_session("u"), store.create_session("u")
    for session in (gone, stays):
        store.add_context(session, "context", "file")
        store.add_message(session, "user", "find me")
    store.delete_session(gone)
    assert store.get_session(gone) is None
    assert store.get_contexts(gone) == store.get_messages(gone) == []
    assert [row["session_id"] for row in store.search_messages("find")] == [stays]
    assert len(store.get_contexts(stays)) == len(store.get_messages(stays)) == 1


def test_messages_and_contexts_are_in_order(store: ConversationStore) -> None:
    one, other = store.create_session("u"), store.create_session("u")
    with store.transaction():
        messages = [store.add_message((one, other)[place % 2], "user", f"message {place}") for place in range(20)]
        contexts = [store.add_context(one, f"context {place}", "file") for place in range(10)]
    assert [row["conversation_id"] for row in store.get_messages(one)] == messages[::2]
    assert [row["context_id"] for row in store.get_contexts(one)] == contexts


def test_of_one_moment_the_index_decides(store: ConversationStore) -> None:
    session, moment = store.create_session("u"), datetime(2026, 4, 10, 1, 2, 3, 456_789, UTC)
    rows = [("d", 10, 0), ("b", 9, 0), ("e", None, 0), ("a", 99, -1), ("f", 1, 1), ("c", 9, 0)]
    store.insert_messages(
        {
            "session_id": session,
            "message_role": "user",
            "content": content,
            "timestamp": moment + timedelta(microseconds=later),
            "metadata": None if index is None else {"index": index},
        }
        for content, index, later in rows
    )
    assert "".join(row["content"] for row in store.get_messages(session)) == "abcdef"
    with Lab() as lab:
        lab.load(store)
        assert lab.sql("SELECT string_agg(content, '' ORDER BY seq) FROM messages").fetchall() == [("abcdef",)]


def test_messages_are_in_order_however_their_time_is_written(tmp_path: Path) -> None:
    path = tmp_path / "mixed.db"
    times = [
        ("b", "2026-04-10T09:00:00.5+02:00"),
        ("d", "2026-04-10 10:30:00"),
        ("e", None),
        ("a", "2026-04-10T05:00:00Z"),
        ("c", "2026-04-10 08:00:00.25"),
    ]
    with open_store("conversation", path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        session = store.create_session("u")
        for content, moment in times:
            row = (content, session, "user", content, moment)
            other.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, NULL)", row)
        assert "".join(row["content"] for row in store.get_messages(session)) == "abcde"


def test_a_history_is_whole_and_nested(store: ConversationStore) -> None:
    session, other = store.create_session("u", METADATA), store.create_session("u")
    store.add_context(session, "a", "system")
    store.add_context(other, "b", "file")
    store.add_message(session, "user", "c")
    store.add_message(session, "assistant", "d")
    store.add_message(other, "user", "e")
    history = store.get_session_history(session)
    assert history is not None
    assert history.pop("contexts") == store.get_contexts(session) != []
    assert history.pop("conversations") == store.get_messages(session) != []
    assert history == store.get_session(session)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, _: s.create_session(None), "sessions.user_id is None; it may be a text of at most 255 characters."),
        (lambda s, _: s.create_session(5), "sessions.user_id is 5; it may be a text of at most 255 characters."),
        (lambda s, _: s.create_session("u", [1]), "sessions.metadata is [1]; it may be a JSON object or None."),
        (lambda s, _: s.create_session("u", "{}"), "sessions.metadata is '{}'; it may be a JSON object or None."),
        (
            lambda s, _: s.create_session("u", {"a": float("inf")}),
            "sessions.metadata is {'a': inf}; it may be a JSON object or None.",
        ),
        (lambda s, _: s.create_session("u", {"a": {1}}), "sessions.metadata is {'a': {1}}; it may be a JSON object"),
        (lambda s, _: s.get_session("abc"), "sessions.session_id is 'abc'; it may be a UUID."),
        (
            lambda s, i: s.update_session(i, None),
            "sessions.user_id is None; it may be a text of at most 255 characters.",
        ),
        (lambda s, i: s.update_session(i, metadata=3), "sessions.metadata is 3; it may be a JSON object or None."),
        (lambda s, i: s.end_session(i, [3]), "sessions.metadata is [3]; it may be a JSON object or None."),
        (lambda s, _: s.list_sessions(5), "sessions.user_id is 5; it may be a text of at most 255 characters."),
        (lambda s, i: s.add_context(i, None, "file"), "contexts.content is None; it may be a text."),
        (lambda s, i: s.add_context(i, "c", None), "contexts.type is None; it may be a text."),
        (
            lambda s, _: s.add_context(NOBODY, "c", "file"),
            f"contexts.session_id is '{NOBODY}'; it may be the session_id of a session.",
        ),
        (lambda s, i: s.add_message(i, None, "c"), "conversations.message_role is None; it may be a text."),
        (lambda s, i: s.add_message(i, "user", b"c"), "conversations.content is b'c'; it may be a text."),
        (
            lambda s, i: s.add_message(i, "user", "c", 5),
            "conversations.metadata is 5; it may be a JSON object or None.",
        ),
        (
            lambda s, _: s.add_message(NOBODY, "user", "c"),
            f"conversations.session_id is '{NOBODY}'; it may be the session_id of a session.",
        ),
        (lambda s, _: s.add_message("abc", "user", "c"), "conversations.session_id is 'abc'; it may be a UUID."),
        (lambda s, _: s.add_message(None, "user", "c"), "conversations.session_id is None; it may be a UUID."),
    ],
)
def test_refused_values(
    store: ConversationStore, call: Callable[[ConversationStore, str], object], message: str
) -> None:
    session = store.create_session("u", METADATA)
    store.add_message(session, "user", "content")
    before = store.get_session_history(session)
    with pytest.raises(InvalidRecord) as caught:
        call(store, session)
    assert str(caught.value).startswith(message)
    assert store.get_session_history(session) == before
    assert len(store.list_sessions()) == 1


@pytest.mark.parametrize("text", [HOSTILE, UNICODE, LONG, ""], ids=["sql", "unicode", "1 MB", "empty"])
def test_texts_come_back_as_they_were(store: ConversationStore, text: str) -> None:
    user = text[:255]
    session = store.create_session(user, {text: [text]})
    store.add_context(session, text, text)
    store.add_message(session, text, text, {"a": {text: text}})
    assert store.get_session(session, ["user_id", "metadata"]) == {"user_id": user, "metadata": {text: [text]}}
    assert store.get_contexts(session, ["content", "type"]) == [{"content": text, "type": text}]
    assert store.get_messages(session, ["message_role", "content", "metadata"]) == [
        {"message_role": text, "content": text, "metadata": {"a": {text: text}}}
    ]
    assert [row["session_id"] for row in store.list_sessions(user)] == [session]
    store.end_session(session, {text: text})
    assert store.get_session(session, ["metadata"]) == {"metadata": {text: text}}
    store.delete_session(session)
    assert store.list_sessions() == []


def test_nul_characters_are_kept_or_refused_by_name(store: ConversationStore, engine: Engine) -> None:
    session = store.create_session("u")
    for content, metadata, name in (("a\0b", {}, "content"), ("a", {"b": [{"c": "a\0b"}]}, "metadata")):
        if engine == "sqlite":
            store.add_message(session, name, content, metadata)
            assert store.get_messages(session, ["content", "metadata"])[-1] == {
                "content": content,
                "metadata": metadata,
            }
        else:
            with pytest.raises(InvalidRecord, match=rf"{name} is .*without NUL characters, which Postgres cannot keep"):
                store.add_message(session, "user", content, metadata)


def test_fields_name_columns_only(store: ConversationStore) -> None:
    with pytest.raises(QueryError, match="sessions has session_id, user_id, start_time, end_time, metadata"):
        store.get_session(NOBODY, ["nope"])
    with pytest.raises(QueryError, match="contexts has context_id, session_id, content, type, created_at"):
        store.get_contexts(NOBODY, [HOSTILE])
    with pytest.raises(QueryError, match="conversations has conversation_id, session_id, message_role, content"):
        store.get_messages(NOBODY, [])


def test_the_search_finds_words_of_messages(store: ConversationStore) -> None:
    one, other = store.create_session("u"), store.create_session("u")
    first = store.add_message(one, "user", "Sort a_list in-place")
    second = store.add_message(other, "assistant", "sort über alles")
    store.add_message(one, "user", "resort")

    def found(*arguments: Any, **named: Any) -> list[str]:
        return [row["conversation_id"] for row in store.search_messages(*arguments, **named)]

    assert found("SORT") == [second, first]
    assert found("sort", limit=1) == [second]
    assert found("sort", one) == [first]
    assert found("list place") == [first]
    assert found("Über") == [second]
    assert found("'") == found(HOSTILE) == []
    store.delete_session(other)
    assert found("sort") == [first]


def rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Twenty sessions with their contexts and messages, ids and times and all."""
    start = datetime(2026, 4, 10, 1, 2, 3, 456_000, UTC)
    sessions, contexts, messages = [], [], []
    for number in range(20):
        session, begun = f"{number:08x}-0000-4000-8000-000000000000", start + timedelta(minutes=number)
        end = begun + timedelta(seconds=30) if number % 3 else None
        metadata = {"topic": f"topic {number % 4}", "success": number % 2 == 0, "mode": "agent"}
        sessions.append(
            {
                "session_id": session,
                "user_id": f"user {number}",
                "start_time": begun,
                "end_time": end,
                "metadata": metadata if number else None,
            }
        )
        contexts.append(
            {
                "context_id": f"{number:08x}-0000-4000-8000-00000000000c",
                "session_id": session,
                "content": f"context {number}",
                "type": "system",
                "created_at": begun,
            }
        )
        messages += [
            {
                "conversation_id": f"{number:08x}-0000-4000-8000-{turn:012x}",
                "session_id": session,
                "message_role": ("user", "assistant")[turn % 2],
                "content": f"{UNICODE} {number}.{turn}",
                "timestamp": begun + timedelta(seconds=turn),
                "metadata": {"index": turn} if turn else None,
            }
            for turn in range(4)
        ]
    return sessions, contexts, messages


def test_many_rows_go_in_at_once(store: ConversationStore) -> None:
    sessions, contexts, messages = rows()
    assert store.insert_sessions(sessions) == [row["session_id"] for row in sessions]
    assert store.insert_contexts(contexts) == [row["context_id"] for row in contexts]
    assert store.insert_messages(messages) == [row["conversation_id"] for row in messages]
    assert store.list_sessions() == sessions[::-1]
    for number, session in enumerate(sessions):
        assert store.get_session_history(session["session_id"]) == {
            **session,
            "contexts": contexts[number : number + 1],
            "conversations": messages[4 * number : 4 * number + 4],
        }
    assert len(store.search_messages("数独", limit=1000)) == 80
    assert store.insert_messages([]) == []


def test_many_rows_get_ids_and_times(store: ConversationStore) -> None:
    sessions = store.insert_sessions([{"user_id": f"user {number}"} for number in range(100)])
    messages = store.insert_messages(
        {"session_id": sessions[7], "message_role": "user", "content": f"message {number}"} for number in range(100)
    )
    store.insert_contexts([{"session_id": sessions[7], "content": "a", "type": "file"}])
    assert len({*sessions, *messages}) == 200
    found = store.get_messages(sessions[7])
    assert [row["conversation_id"] for row in found] == messages
    assert [row["content"] for row in found] == [f"message {number}" for number in range(100)]
    assert is_now(found[0]["timestamp"])
    assert is_now(store.get_contexts(sessions[7])[0]["created_at"])
    assert [row["session_id"] for row in store.list_sessions()] == sessions[::-1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"session_id": NOBODY}, f"conversations.session_id is '{NOBODY}'; it may be the session_id of a session."),
        ({"message_role": None}, "Row 1: conversations.message_role is None; it may be a text."),
        ({"metadata": [1]}, "Row 1: conversations.metadata is [1]; it may be a JSON object or None."),
        ({"timestamp": "soon"}, "Row 1: conversations.timestamp is 'soon'; it may be a datetime or a text in ISO 8601"),
        ({"conversation_id": "1"}, "Row 1: conversations.conversation_id is '1'; it may be a UUID."),
        ({"role": "user"}, "Rows for conversations have 'role'; they may have conversation_id, session_id,"),
    ],
)
def test_of_many_rows_all_or_none_go_in(store: ConversationStore, row: dict[str, Any], message: str) -> None:
    good = {"session_id": store.create_session("u"), "message_role": "user", "content": "c"}
    with pytest.raises(InvalidRecord) as caught:
        store.insert_messages([good, {**good, **row}])
    assert str(caught.value).startswith(message)
    assert store.get_messages(good["session_id"]) == []


def test_rows_are_mappings(store: ConversationStore) -> None:
    rows: list[Any] = [{"user_id": "a"}, "b"]
    for insert in (store.insert_sessions, store.insert_contexts, store.insert_messages):
        with pytest.raises(InvalidRecord, match="Row 1 is 'b'; it may be a mapping of fields to values"):
            insert(rows)
    assert store.list_sessions() == []


def test_a_lab_reads_the_same_of_both_engines(tmp_path: Path, schema_url: str) -> None:
    found = []
    for url in (f"sqlite:///{tmp_path / 'a.db'}", schema_url):
        with open_store("conversation", url) as store, Lab() as lab:
            for insert, made in zip(
                (store.insert_sessions, store.insert_contexts, store.insert_messages), rows(), strict=True
            ):
                insert(made)
            report = lab.load(store, strict=True)
            assert (report.kinds, report.rejected, list(report.ignored)) == (("conversation",), 0, [])
            found.append(
                [
                    lab.sql(f"SELECT * EXCLUDE (source) REPLACE ({extra}) FROM {table} ORDER BY ALL").fetchall()
                    for table, extra in (
                        ("sessions", "extra->'topic' AS extra"),
                        ("attempts", "status AS status"),
                        ("messages", "extra->'index' AS extra"),
                    )
                ]
            )
    assert found[0] == found[1]
    assert list(map(len, found[0])) == [20, 40, 80]


def test_a_store_that_another_program_has_made(tmp_path: Path) -> None:
    path, session = tmp_path / "made.db", "0d9f7b1e-1111-4222-8333-444455556666"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE sessions (session_id TEXT PRIMARY KEY, user_id TEXT, start_time DATETIME, end_time DATETIME,"
            " metadata JSON);"
            "CREATE TABLE contexts (context_id TEXT PRIMARY KEY, session_id TEXT REFERENCES sessions(session_id),"
            " content TEXT, type TEXT, created_at DATETIME);"
            "CREATE TABLE conversations (conversation_id TEXT PRIMARY KEY,"
            " session_id TEXT REFERENCES sessions(session_id), message_role TEXT, content TEXT, timestamp DATETIME,"
            " metadata JSON);"
            f"INSERT INTO sessions VALUES ('{session}', NULL, '2026-04-10T06:25:51.873744+00:00', NULL, 'no object');"
            f"INSERT INTO contexts VALUES ('c', '{session}', 'You are', 'system', NULL);"
            f"INSERT INTO conversations VALUES ('m', '{session}', 'user', 'old words', '2026-04-10T06:25:51Z', '[1');"
        )
    with open_store("conversation", path) as store:
        assert store.version == "0003"
        begun = store.get_session(store.create_session("u"), ["start_time"])
        assert begun is not None
        assert is_now(begun["start_time"])
        (other,) = store.insert_sessions([{"user_id": "u"}])
        assert [row["session_id"] for row in store.list_sessions(limit=1)] == [other]
        assert store.get_session(session, ["user_id", "start_time", "metadata"]) == {
            "user_id": None,
            "start_time": datetime(2026, 4, 10, 6, 25, 51, 873_744, UTC),
            "metadata": "no object",
        }
        new = store.add_message(session, "assistant", "new words")
        assert [row["conversation_id"] for row in store.get_messages(session)] == ["m", new]
        assert [row["conversation_id"] for row in store.search_messages("words")] == [new, "m"]
        store.end_session(session, {"success": True})
        assert store.get_session(session, ["metadata"]) == {"metadata": {"success": True}}
        store.delete_session(session)
        assert store.get_session(session) is None
        assert store.get_messages(session) == store.get_contexts(session) == []


@pytest.mark.skipif(not REAL.is_file(), reason=f"the real sessions are not at {REAL}")
def test_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "mini_swe.db"
    shutil.copyfile(REAL, path)
    with open_store("conversation", path) as store:
        sessions = store.list_sessions(limit=1000)
        histories = [store.get_session_history(row["session_id"]) for row in sessions]
        assert len(histories) == 99
        assert sum(len(each["conversations"]) for each in histories if each) == 15_948
        for history in histories:
            assert history is not None
            places = [(row["timestamp"], row["metadata"]["index"]) for row in history["conversations"]]
            assert places == sorted(places)
        assert store.search_messages("separability")
        session = sessions[5]["session_id"]
        new = store.add_message(session, "user", "one more")
        assert store.get_messages(session)[-1]["conversation_id"] == new
