"""Worktree sessions in SQLite beside the JSON files: the calls of an editor, in turn, on sessions of real sizes."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessionlab.stores import JsonWorktreeStore, WorktreeStore
from sessionlab.stores.worktree_calls import WorktreeCalls

Session = dict[str, Any]

_CALLS = 40
_NUMBERS = itertools.count(1)
_MANY = 10_000
_GROWN = 1.5
"""More than this, and a call has grown: less than that differs between two runs of the same."""

# What each call is asked: the most milliseconds, and how many times as fast as the files it is to be.
ASKED = {
    "create": (5.0, 2.0),
    "get one": (3.0, 2.0),
    "update": (8.0, 2.0),
    "delete": (5.0, 2.0),
    "get all of 10": (15.0, 1.0),
    "get all of 100": (50.0, 1.0),
    "get all of 100, changed": (50.0, 1.0),
}


def session() -> Session:
    """Make a session of the size that they have in the files of an editor: four agents, five messages, 5 kB."""
    number = next(_NUMBERS)
    runs = [_instance(number, place) for place in range(1, 5)]
    return {
        "id": f"comp-{number:012x}",
        "type": "competition",
        "task": f"Task {number}: " + "find the shortest way through the maze, and write it down. " * 5,
        "status": "completed",
        "createdAt": f"2025-07-11T19:{number // 60 % 60:02}:{number % 60:02}.380589+00:00",
        "updatedAt": f"2025-07-12T07:{number // 60 % 60:02}:{number % 60:02}.762799+00:00",
        "completedAt": "2025-07-12T07:32:55.762799+00:00",
        "instances": runs,
        "chatHistory": [_message(number, place) for place in range(5)],
        **dict.fromkeys(("model", "timeoutSeconds")),
        "preserveWorktrees": False,
        "winnerId": 2,
        "runtimeMix": ["claude", "codex"],
        **dict.fromkeys(("totalDuration", "totalFilesChanged", "totalLinesAdded", "totalLinesDeleted")),
    }


def _instance(number: int, place: int) -> Session:
    return {
        "instanceId": place,
        "worktreePath": f"/home/dev/project/.worktrees/competition-{number:08x}/instance-{place}",
        "branch": f"claude-competition-{number:08x}-{place}",
        "agentName": f"agent-{place}",
        "status": "completed",
        "tmuxSessionId": f"tmux-competition-{number:08x}-{place}",
        "output": "resolved",
        "startTime": "2025-07-11T19:11:52.380589+00:00",
        "endTime": "2025-07-11T19:31:52.380589+00:00",
        **dict.fromkeys(("filesChanged", "linesAdded", "linesDeleted")),
        "runtime": "claude",
        "model": "claude-sonnet-4",
        "runtimeLabel": "Claude Code",
    }


def _message(number: int, place: int) -> Session:
    return {
        "id": f"msg-{number:010x}-{place}",
        "role": "assistant" if place else "user",
        "content": f"Run {place}: " + "all tests pass but the one of the maze with two ways out. " * 3,
        "timestamp": "2025-07-11T19:31:52.380589+00:00",
        "instanceId": place or None,
    }


@dataclass
class Work:
    """What is done to one store, and the seconds that each call has taken."""

    store: WorktreeCalls
    here: str
    ids: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def fill(self, number: int, workspace: str | None = None) -> None:
        """Put sessions into a workspace."""
        made = [session() for _ in range(number)]
        self.store.batch_create_sessions(workspace or self.here, made)
        self.ids += [each["id"] for each in made]

    def timed(self, name: str, call: Callable[[], Any]) -> Any:
        """Do a call and note how long it took."""
        began = time.perf_counter()
        found = call()
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)
        return found

    def change(self) -> None:
        """Do each call on one session once, and leave as many as there were."""
        new, store, here = session(), self.store, self.here
        one = self.ids[next(_NUMBERS) % len(self.ids)]
        self.timed("create", lambda: store.create_session(here, new))
        found = self.timed("get one", lambda: store.get_session(here, one))
        self.timed("update", lambda: store.update_session(here, {**found, "status": "failed", "winnerId": 3}))
        self.timed("delete", lambda: store.delete_session(here, new["id"]))

    def get_all(self) -> None:
        """Get all sessions just after a change, and once more."""
        self.timed("get all of 100, changed", lambda: self.store.get_all_sessions(self.here))
        self.timed("get all of 100", lambda: self.store.get_all_sessions(self.here))
        self.timed("get all of 10", lambda: self.store.get_all_sessions("/ten"))

    def median(self, name: str) -> float:
        """Give the median of a call's times, in milliseconds."""
        return statistics.median(self.seconds[name]) * 1e3


def report(rounds: int) -> Iterator[str]:
    """Time the calls on both, and say what came out, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _report(Path(folder), rounds * _CALLS)


def _report(folder: Path, calls: int) -> Iterator[str]:
    with closing(WorktreeStore(folder / "small.db")) as small, closing(WorktreeStore(folder / "large.db")) as large:
        json, sqlite = Work(JsonWorktreeStore(folder / "json"), "/here"), Work(small, "/here")
        grown = Work(large, "/here")
        for work in (json, sqlite):
            work.fill(100)
            work.store.batch_create_sessions("/ten", [session() for _ in range(10)])
        for _ in range(_MANY // 1000):
            grown.fill(1000)
        both = [json, sqlite]
        for _ in range(calls):
            both.reverse()  # who comes second finds the machine's caches full of the other's
            for work in (*both, grown):
                work.change()
            for work in both:
                work.get_all()
        grown.timed(f"get all of {_MANY:,}", lambda: grown.store.get_all_sessions("/here"))
        yield from _lines(json, sqlite, grown)


def _lines(json: Work, sqlite: Work, grown: Work) -> Iterator[str]:
    yield f"{'':<26}{'JSON':>10}{'SQLite':>10}{'JSON/SQLite':>13}{'asked':>8}{'at most':>10}{f'of {_MANY:,}':>12}"
    for name, (most, times) in ASKED.items():
        files, ours = json.median(name), sqlite.median(name)
        sound = files / ours >= times and ours <= most
        line = f"{name:<26}{files:>7.2f} ms{ours:>7.2f} ms{files / ours:>13.2f}{times:>8.1f}{most:>7.0f} ms"
        if name in grown.seconds:
            larger = grown.median(name)
            sound = sound and larger / ours <= _GROWN
            line += f"{larger:>9.2f} ms"
        yield f"{line}  {'yes' if sound else 'NO'}"
    for name in grown.seconds.keys() - ASKED.keys():
        yield f"{name:<26}{'':>10}{'':>10}{'':>13}{'':>8}{'':>10}{grown.median(name):>9.0f} ms"
