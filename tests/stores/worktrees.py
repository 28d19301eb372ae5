"""Worktree sessions for tests: one with a value of its own in every field, and strategies with the quirks of files."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Session = dict[str, Any]


def session(number: int = 1, **changes: Any) -> Session:
    """Make a session with all fields; sessions of other numbers have other values."""
    whole: Session = {
        "id": f"session-{number}",
        "type": "competition",
        "task": f"Sort list {number}",
        "status": "completed",
        "createdAt": f"2025-01-{number % 28 + 1:02}T10:00:00.001Z",
        "updatedAt": f"2025-01-{number % 28 + 1:02}T11:00:00.123456789+00:00",
        "completedAt": f"2025-01-{number % 28 + 1:02}T11:00:01Z",
        "instances": [instance(number, 0), instance(number, 1)],
        "chatHistory": [message(number, 1), message(number, 2)],
        "model": f"model-{number}",
        "timeoutSeconds": 100 + number,
        "preserveWorktrees": number % 2 == 0,
        "winnerId": number % 2,
        "runtimeMix": ["zeta", "alpha", f"runtime-{number}"],
        "totalDuration": 2_000 + number,
        "totalFilesChanged": 3_000 + number,
        "totalLinesAdded": 4_000 + number,
        "totalLinesDeleted": 5_000 + number,
        "integrationPhase": "in_progress",
        "integrationInstanceId": 6_000 + number,
        "evaluation": {"score": 0.5, "notes": ["neat", None]},
    }
    return {**whole, **changes}


def instance(number: int, place: int, **changes: Any) -> Session:
    """Make one of a session's instances with all fields."""
    whole: Session = {
        "instanceId": place,
        "worktreePath": f"/w/{number}/{place}",
        "branch": f"branch-{number}-{place}",
        "agentName": f"agent-{place}",
        "status": ["running", "archived"][place % 2],
        "tmuxSessionId": f"tmux-{number}-{place}",
        "output": f"output {number} {place}",
        "startTime": "2025-01-01T10:00:01.5Z",
        "endTime": "2025-01-01T10:30:02+00:00",
        "filesChanged": 10 + place,
        "linesAdded": 20 + place,
        "linesDeleted": 30 + place,
        "runtime": f"runtime-{place}",
        "model": f"model-{place}",
        "runtimeLabel": f"Runtime {place}",
        "testsPassed": place == 1,
    }
    return {**whole, **changes}


def message(number: int, place: int, **changes: Any) -> Session:
    """Make one of a session's messages with all fields; the later ones have the earlier times."""
    whole: Session = {
        "id": f"message-{number}-{place}",
        "role": ["user", "assistant"][place % 2],
        "content": f"Message {place} about list {number}",
        "timestamp": f"2025-01-01T10:00:{59 - place}Z",
        "instanceId": place,
        "tokens": 1.5,
    }
    return {**whole, **changes}


def small(number: int, **changes: Any) -> Session:
    """Make a session with no more than it needs."""
    whole: Session = {
        "id": f"session-{number}",
        "type": "debate",
        "task": f"Debate {number}",
        "status": "running",
        "createdAt": f"2025-02-01T10:00:{number:02}Z",
        "updatedAt": f"2025-02-01T10:00:{number:02}Z",
        "instances": [],
        "chatHistory": [],
    }
    return {**whole, **changes}


ONE_MOMENT = (
    "2025-01-13T10:00:00Z",
    "2025-01-13 10:00:00+00:00",
    "2025-01-13T10:00:00.000Z",
    "2025-01-13T10:00:00.000000000",
    "20250113T100000Z",
    "2025-01-13T19:00+09",
    "2025-01-13T04:30:00,0-05:30",
)
"""Texts that all say the same time."""

DATED: tuple[tuple[Session, str], ...] = (
    *(({"date_from": text, "date_to": text}, "0123456") for text in ONE_MOMENT),
    ({"date_from": "2025-01-13T10:00:00.0000000001Z"}, "7"),
    ({"date_from": "2025-01-13T10:00:00.000000001"}, "7"),
    ({"date_from": "2025-01-13T10:00:00.0000000011"}, ""),
    ({"date_to": "2025-01-13T09:59:59.999999999"}, ""),
    ({"date_from": "20250113", "date_to": "20250113"}, "01234567"),
    ({"date_from": "2025-01-13", "date_to": "2025-W03-1"}, "01234567"),
    ({"date_from": "20250114"}, ""),
    ({"date_to": "20250112"}, ""),
)
"""Filters by date, and the numbers of those of :func:`dated` that they find."""


def dated() -> list[Session]:
    """Make sessions of one moment, each written in another way, and one that is a nanosecond later."""
    times = [*ONE_MOMENT, "2025-01-13T19:00:00.000000001+09:00"]
    return [small(number, createdAt=time) for number, time in enumerate(times)]


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6)
_WHOLE = st.integers(0, 2**63 - 1)
_TIMES = st.sampled_from(
    [
        "2025-07-11T19:11:52.380Z",
        "2025-07-11T19:11:52.380589123+00:00",
        "2025-07-12 08:00:00",
        "2025-07-12T17:30:00+09:00",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
_OTHER_KEYS = st.dictionaries(
    st.sampled_from(["testsPassed", "evaluation", "extra", "absent", "seq", ""]), _JSON, max_size=2
)


def _objects(
    needed: dict[str, st.SearchStrategy[Any]], **options: st.SearchStrategy[Any]
) -> st.SearchStrategy[Session]:
    """Make objects whose options may be null or left out, with keys that nobody has declared."""
    optional = {key: st.none() | values for key, values in options.items()}
    known = st.fixed_dictionaries(needed, optional=optional)
    return st.builds(lambda own, other: {**own, **other}, known, _OTHER_KEYS)


INSTANCES = st.lists(
    _objects(
        {
            "instanceId": st.integers(0, 3),
            "worktreePath": _TEXTS,
            "branch": _TEXTS,
            "agentName": _TEXTS,
            "status": st.sampled_from(["idle", "running", "archived"]),
            "tmuxSessionId": _TEXTS,
        },
        output=_TEXTS,
        startTime=_TIMES,
        filesChanged=_WHOLE,
        runtime=_TEXTS,
    ),
    max_size=2,
    unique_by=lambda each: each["instanceId"],
)
_NUMBERS = iter(range(1, 1_000_000_000))
MESSAGES = st.lists(
    _objects(
        {
            "role": st.sampled_from(["user", "assistant", "system"]),
            "content": _TEXTS,
            "timestamp": _TIMES,
        },
        instanceId=st.integers(0, 3),
    ),
    max_size=2,
)
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["competition", "ensemble", "debate"]),
    "task": _TEXTS,
    "status": st.sampled_from(["running", "completed", "failed", "paused", "round_1", "round_3"]),
    "createdAt": _TIMES,
    "updatedAt": _TIMES,
}
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "completedAt": _TIMES,
    "instances": INSTANCES,
    "chatHistory": MESSAGES,
    "model": _TEXTS,
    "preserveWorktrees": st.booleans(),
    "winnerId": _WHOLE,
    "runtimeMix": st.lists(st.sampled_from(["claude", "codex", ""]), max_size=3),
    "integrationPhase": st.sampled_from(["pending", "completed"]),
}


def numbered(found: Session) -> Session:
    """Give the messages of a made session ids that no other has: one they share is refused, and has its own test."""
    if found.get("chatHistory"):
        found["chatHistory"] = [{**each, "id": f"message {next(_NUMBERS)}"} for each in found["chatHistory"]]
    return found


def sessions(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Session]:
    """Make sessions as files have them."""
    return _objects({"id": ids, **CHANGES}, **OPTIONS).map(numbered)


def updates(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Session]:
    """Make what changes some of a session."""
    optional = {**CHANGES, **{key: st.none() | values for key, values in OPTIONS.items()}}
    some = st.fixed_dictionaries({"id": ids}, optional=optional)
    return st.builds(lambda own, other: {**own, **other}, some, _OTHER_KEYS).map(numbered)
