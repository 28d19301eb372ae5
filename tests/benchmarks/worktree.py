"""Worktree sessions in SQLite beside the JSON files: the calls of an editor, in turn, on sessions of real sizes."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessionlab.stores import JsonWorktreeStore, WorktreeStore
from sessionlab.stores.worktree_calls import WorktreeCalls
from tests.benchmarks.measure import within
from tests.benchmarks.result import OURS, Asked, Figure, Result, beside

Session = dict[str, Any]

_CALLS = 40
_NUMBERS = itertools.count(1)
_MANY = 10_000
_GROWN = 1.5
"""More than this, and a call has grown: less than that differs between two runs of the same."""

_GROWN_WAY = f"ours, of {_MANY:,} sessions"

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

    def figure(self, way: str, name: str) -> Figure:
        """Give the median of a call's times."""
        return Figure(way, statistics.median(self.seconds[name]), len(self.seconds[name]))


def results(rounds: int) -> Iterator[Result]:
    """Time the calls on both, and how those on SQLite grow with the sessions of a workspace."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _results(Path(folder), rounds * _CALLS)


def _results(folder: Path, calls: int) -> Iterator[Result]:
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
        for name, (most, times) in ASKED.items():
            yield _result(name, most / 1e3, times, {OURS: sqlite, "the JSON files": json, _GROWN_WAY: grown})


def _result(name: str, most: float, times: float, works: Mapping[str, Work]) -> Result:
    """Set the calls of one name side by side. What has grown is ours as well, so it is asked of that one."""
    figures = {way: work.figure(way, name) for way, work in works.items() if name in work.seconds}
    asked = [*beside(figures, {"the JSON files": 1 / times}, {}), within("the call", figures[OURS].seconds, most)]
    if _GROWN_WAY in figures:
        growth = figures[_GROWN_WAY].seconds / figures[OURS].seconds
        asked.append(Asked(f"{_GROWN_WAY} beside ours", growth, _GROWN))
    return Result("worktree", name, "", tuple(figures.values()), tuple(asked))
