"""The history of a session: what is in it, in which order, and that it can be shown, whatever its texts hold."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sessionlab import Lab
from sessionlab.errors import NotFound, QueryError
from sessionlab.history import Event, History, history
from sessionlab.history.page import STYLE
from sessionlab.model import ATTEMPTS, ERRORS, MESSAGES, SESSIONS

REAL = Path(__file__).parents[2] / "shared" / "real"
NOON = datetime(2026, 1, 1, 12)

Rows = Iterable[Mapping[str, Any]]


class Bench:
    """A lab's tables by hand."""

    def __init__(self) -> None:
        self.lab = duckdb.connect()
        for table in (SESSIONS, ATTEMPTS, MESSAGES, ERRORS):
            self.lab.execute(table.ddl("main"))
        self.lab.execute("CREATE SCHEMA conversation")
        self.lab.execute(
            "CREATE TABLE conversation.contexts (source VARCHAR, file VARCHAR, extra JSON, context_id VARCHAR,"
            " session_id VARCHAR, content VARCHAR, type VARCHAR, created_at TIMESTAMP)"
        )

    def add(self, table: str, rows: Rows) -> None:
        key = {"source": "s", "session_id": "1"} | ({} if "." in table else {"kind": "codegen"})
        for row in rows:
            whole = {**key, **row}
            marks = ", ".join("?" * len(whole))
            self.lab.execute(f"INSERT INTO {table} ({', '.join(whole)}) VALUES ({marks})", list(whole.values()))

    def ask(self, query: str, params: Mapping[str, Any], /) -> duckdb.DuckDBPyRelation:
        return self.lab.sql(query, params=dict(params)) if params else self.lab.sql(query)

    def history(self, **asked: Any) -> History:
        return history(self.ask, **{"session_id": "1", **asked})


@pytest.fixture
def bench() -> Bench:
    return Bench()


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def told(found: History) -> list[str]:
    return [event.what + (f" {event.attempt}" if event.attempt is not None else "") for event in found.events]


class TestOrder:
    def test_events_come_in_order_of_time(self, bench: Bench) -> None:
        bench.add("sessions", [{"started_at": at(0), "ended_at": at(4), "status": "failed", "goal": "sort"}])
        bench.add("attempts", [{"attempt": 1, "started_at": at(1)}, {"attempt": 2, "started_at": at(4)}])
        bench.add("errors", [{"attempt": 2, "error_id": "9", "occurred_at": at(4.5)}])
        bench.add("errors", [{"attempt": 1, "error_id": "8", "occurred_at": at(1)}])
        bench.add("messages", [{"seq": 1, "message_id": "m", "sent_at": at(2)}])
        found = bench.history()
        assert told(found) == ["started", "attempt 1", "error 1", "message", "attempt 2", "error 2", "ended"]
        assert [event.at for event in found][-2:] == [at(4.5), at(4)]
        assert len(found) == 7

    def test_what_has_no_time_stands_with_its_attempt(self, bench: Bench) -> None:
        bench.add("sessions", [{"started_at": at(0), "ended_at": at(9), "success": True}])
        bench.add(
            "attempts", [{"attempt": 1, "started_at": at(1)}, {"attempt": 2}, {"attempt": 3, "started_at": at(5)}]
        )
        bench.add("errors", [{"attempt": number, "error_id": f"e{number}"} for number in (1, 2, 3)])
        messages: list[dict[str, Any]] = [{"attempt": 1}, {"attempt": None}, {"attempt": 3}, {"sent_at": at(10)}]
        bench.add(
            "messages", [{"seq": number, "message_id": f"m{number}", **row} for number, row in enumerate(messages)]
        )
        expected = (
            "started, message 1, message, attempt 1, error 1, attempt 2, error 2, message 3, attempt 3, error 3, "
        )
        assert ", ".join(told(bench.history())) == expected + "ended, message"

    def test_without_any_time_attempts_tell_the_order(self, bench: Bench) -> None:
        bench.add("sessions", [{"success": True}])
        bench.add("attempts", [{"attempt": 1}, {"attempt": 2}])
        bench.add("errors", [{"attempt": 1, "error_id": "e"}])
        bench.add(
            "messages", [{"seq": 1, "attempt": 1, "message_id": "m"}, {"seq": 2, "attempt": 2, "message_id": "n"}]
        )
        expected = ["started", "message 1", "attempt 1", "error 1", "message 2", "attempt 2", "ended"]
        assert told(bench.history()) == expected

    def test_a_running_session_has_no_end(self, bench: Bench) -> None:
        bench.add("sessions", [{"started_at": at(0), "status": "running"}])
        assert told(bench.history()) == ["started"]

    def test_nothing_of_another_session_is_told(self, bench: Bench) -> None:
        bench.add("sessions", [{}, {"source": "t"}, {"kind": "workflow"}, {"session_id": "2"}])
        for other in ({"source": "t"}, {"kind": "workflow"}, {"session_id": "2"}):
            bench.add("attempts", [{"attempt": 1, **other}])
            bench.add("errors", [{"attempt": 1, "error_id": "e", **other}])
            bench.add("messages", [{"seq": 1, "message_id": "m", **other}])
        assert told(bench.history(source="s", kind="codegen")) == ["started"]


class TestEvents:
    def test_code_is_compared_with_the_last_code(self, bench: Bench) -> None:
        codes = ["a\nb\nc", None, "a\nB\nc", "a\nB\nc"]
        bench.add("sessions", [{}])
        bench.add("attempts", [{"attempt": number, "code": code} for number, code in enumerate(codes, 1)])
        attempts = [event for event in bench.history().events if event.what == "attempt"]
        whole = list(difflib.unified_diff(["a", "b", "c"], ["a", "B", "c"], lineterm=""))
        assert [event.diff for event in attempts] == [None, None, "\n".join(whole[2:]), ""]
        assert [event.code for event in attempts] == codes

    def test_an_event_holds_its_text_and_the_rest_of_its_row(self, bench: Bench) -> None:
        bench.add("sessions", [{"goal": "sort", "ended_at": at(1), "status": "failed", "success": False}])
        bench.add("attempts", [{"attempt": 1, "feedback": "no", "agent": "z", "winner": False, "errors": 1}])
        bench.add("errors", [{"attempt": 1, "error_id": "e", "error_type": "T", "message": "oh", "line": 7}])
        started, attempt, error, ended = bench.history().events
        assert started == Event(None, "started", text="sort")
        assert attempt == Event(
            None, "attempt", attempt=1, text="no", facts={"winner": False, "agent": "z", "errors": 1}
        )
        assert error == Event(None, "error", attempt=1, text="oh", facts={"error_type": "T", "line": 7})
        assert ended == Event(at(1), "ended", facts={"status": "failed", "success": False})

    def test_an_attempt_that_is_a_message_is_told_once(self, bench: Bench) -> None:
        kind = {"kind": "conversation"}
        bench.add("sessions", [{"started_at": at(0), **kind}])
        bench.add("attempts", [{"attempt": 1, "attempt_id": "m2", "feedback": "yes", "started_at": at(2), **kind}])
        bench.add("messages", [{"seq": 1, "message_id": "m1", "attempt": 1, "sent_at": at(1), **kind}])
        bench.add(
            "messages", [{"seq": 2, "message_id": "m2", "attempt": 1, "sent_at": at(2), "content": "yes", **kind}]
        )
        bench.add("conversation.contexts", [{"context_id": "c", "content": "be kind", "created_at": at(1)}])
        bench.add("conversation.contexts", [{"context_id": "c", "session_id": "2"}])
        found = bench.history()
        assert told(found) == ["started", "context", "message 1", "message 1"]
        assert found.events[1].text == "be kind"


class TestFinding:
    def test_a_number_finds_its_text(self, bench: Bench) -> None:
        bench.add("sessions", [{"goal": "sort"}])
        assert bench.history(session_id=1).session["goal"] == "sort"

    def test_an_id_of_several_sources_is_refused(self, bench: Bench) -> None:
        bench.add("sessions", [{"goal": "one"}, {"source": "t", "goal": "other"}])
        with pytest.raises(QueryError, match=r"2 sessions have the id '1'\. Say which with source=: s, t\."):
            bench.history()
        assert bench.history(source="t").session["goal"] == "other"

    def test_an_id_of_several_kinds_is_refused(self, bench: Bench) -> None:
        bench.add("sessions", [{}, {"kind": "workflow"}])
        with pytest.raises(QueryError, match="kind=: codegen, workflow"):
            bench.history(source="s")
        assert bench.history(kind="workflow").session["kind"] == "workflow"

    def test_what_is_missing_is_said(self, bench: Bench) -> None:
        with pytest.raises(NotFound, match=r"^There is no session '1'\.$"):
            bench.history()
        with pytest.raises(NotFound, match=r"from 'x'\. There are some from: no source yet\."):
            bench.history(source="x")
        bench.add("sessions", [{"session_id": name} for name in ("run-1001", "run-1002", "other")])
        with pytest.raises(NotFound, match=r"no session 'run-1003'\. Near to it: 'run-1001', 'run-1002'\."):
            bench.history(session_id="run-1003")
        with pytest.raises(NotFound, match=r"from 'x'\. There are some from: s\."):
            bench.history(session_id="nothing", source="x")
        with pytest.raises(NotFound, match=r"no session 'other' of source 'x', but one of s \(codegen\)"):
            bench.history(session_id="other", source="x")

    def test_an_id_is_a_value_and_never_sql(self, bench: Bench) -> None:
        bench.add("sessions", [{"session_id": "it's; --"}])
        assert bench.history(session_id="it's; --").session["session_id"] == "it's; --"


class Page(HTMLParser):
    """Reads a page: its tags, what is in them, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not dict(attrs).keys() - {"class"}
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = "<script>alert('1')</script>&amp;\"</pre></details><b>\u202e\x01]]>"


class TestShown:
    def nasty(self, bench: Bench) -> History:
        bench.add("sessions", [{"session_id": NASTY, "goal": NASTY, "model": NASTY, "status": NASTY, "success": True}])
        key = {"session_id": NASTY, "attempt": 1}
        bench.add("attempts", [{**key, "code": NASTY, "feedback": NASTY, "agent": NASTY, "status": NASTY}])
        bench.add("attempts", [{**key, "attempt": 2, "code": f"{NASTY}\n+{NASTY}"}])
        bench.add("errors", [{**key, "error_id": NASTY, "error_type": NASTY, "message": NASTY}])
        bench.add("messages", [{**key, "seq": 1, "message_id": "m", "role": NASTY, "type": NASTY, "content": NASTY}])
        return bench.history(session_id=NASTY)

    def test_no_text_is_taken_for_html(self, bench: Bench) -> None:
        page = Page(self.nasty(bench)._repr_html_())
        assert page.seen <= {"style", "div", "b", "span", "pre", "details", "summary", "ins", "del", "i"}
        assert page.open == []
        assert page.text.count("<script>") >= 10

    def test_it_stands_on_light_and_dark(self) -> None:
        for ground in re.findall(r"(?<!-)(?:background|color):([^;}]+)", STYLE):
            assert ground == "inherit" or float(ground.removeprefix("rgba(").removesuffix(")").split(",")[3]) < 0.5

    def test_long_texts_are_folded_and_cut_and_it_is_said(self, bench: Bench) -> None:
        text = "\n".join(f"line {number}" for number in range(200_000))
        bench.add("sessions", [{"goal": "short"}])
        bench.add("attempts", [{"attempt": 1, "code": text, "feedback": text}, {"attempt": 2, "code": f"{text}\nmore"}])
        found = bench.history()
        page = found._repr_html_()
        assert len(page) < 100_000
        assert page.count("<details>") == 3
        assert re.search(r"… [\d,]+ characters left out …", page)
        assert "code, not compared" in page
        assert found.events[1].text == text
        assert len(str(found)) < 10_000
        assert "characters left out" in str(found)

    def test_long_histories_are_cut_in_the_middle_and_it_is_said(self, bench: Bench) -> None:
        bench.add("sessions", [{"started_at": at(0), "ended_at": at(1), "success": True}])
        bench.lab.execute(
            "INSERT INTO messages BY NAME SELECT 's' AS source, 'codegen' AS kind, '1' AS session_id, i AS seq,"
            " 'm' || i AS message_id, repeat('<&> ', 10_000) AS content FROM range(3_000) AS t (i)"
        )
        found = bench.history()
        assert len(found) == 3_002
        for shown in (found._repr_html_(), str(found)):
            assert "… 2,502 events left out; " in shown
            assert "ended: after" not in shown
            assert "ended" in shown
        assert len(found._repr_html_()) < 1_500_000

    def test_changes_of_code_are_marked(self, bench: Bench) -> None:
        bench.add("sessions", [{"started_at": at(0)}])
        rows = [{"attempt": 1, "code": "a\nb"}, {"attempt": 2, "code": "a\nc", "started_at": at(61), "success": False}]
        bench.add("attempts", rows)
        page = bench.history()._repr_html_()
        assert "<del>-b</del><ins>+c</ins>" in page
        assert "code, +1 −1 lines, 50 % of them as before" in page
        assert "2026-01-01 13:01:00 +1:01:00" in page
        assert "sl-h-bad" in page

    def test_as_text_it_reads_from_top_to_bottom(self, bench: Bench) -> None:
        bench.add(
            "sessions",
            [{"started_at": at(0), "ended_at": at(2), "goal": "sort", "status": "failed", "duration_s": 120}],
        )
        bench.add("attempts", [{"attempt": 1, "code": "f()", "status": "failed", "errors": 1, "started_at": at(1)}])
        bench.add("errors", [{"attempt": 1, "error_id": "e", "error_type": "TypeError", "line": 1, "message": "no"}])
        assert str(bench.history()).splitlines() == [
            "codegen session 1 of s",
            "2026-01-01 12:00:00  started",
            "    sort",
            "2026-01-01 12:01:00  attempt 1: failed, 1 error",
            "    f()",
            "no time              error of attempt 1: TypeError, line 1",
            "    no",
            "2026-01-01 12:02:00  ended: failed, after 120 s",
        ]
        assert repr(bench.history()) == "<history of codegen session '1' of 's': 4 events>"


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real sessions are not at {REAL}")
@pytest.mark.parametrize("source", ["codegen/mini_swe.db", "conversation/mini_swe.db", "worktree", "workflow"])
def test_real_sessions_are_told_whole(source: str) -> None:
    lab = Lab()
    lab.load(str(REAL / source), name="real")

    def ask(query: str, params: Mapping[str, Any], /) -> duckdb.DuckDBPyRelation:
        return lab.sql(query, params)

    ((longest, attempts, messages, errors),) = lab.sql(
        "SELECT session_id, attempts, coalesce(messages, 0), coalesce(errors, 0) FROM sessions"
        " ORDER BY attempts DESC LIMIT 1"
    ).fetchall()
    found = history(ask, longest)
    counts = {what: sum(event.what == what for event in found) for what in ("attempt", "message", "error")}
    talked = found.session["kind"] == "conversation"
    assert counts == {"attempt": 0 if talked else attempts, "message": messages, "error": errors}
    times = [event.at for event in found if event.at]
    assert times == sorted(times)
    assert Page(found._repr_html_()).open == []
