"""Each metric beside the same SQL typed by hand into DuckDB, on one lab, in one process; and the dashboard."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from sessionlab import Lab

AT_MOST = 1.2
"""What is asked of a metric: its time as a ratio to that of the typed SQL."""
DASHBOARD_SECONDS, DASHBOARD_MB = 2.0, 2.0
"""What is asked of the dashboard: to be built in this time, and to weigh no more than this."""

_BY_KIND = {"success_rate", "attempts", "durations"}
"""The metrics whose typed query groups by kind."""
_ALONG = {"winners": "meetings"}
"""What else has to be typed: who beat whom, which the ratings of winners are fitted to."""


@cache
def typed() -> dict[str, str]:
    """Give the queries of ``typed.sql`` by their names."""
    text = Path(__file__).with_name("typed.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def report(folder: Path, rounds: int, names: Sequence[str] = ()) -> Iterator[str]:
    """Time the metrics over ``lab.duckdb`` in a folder, and say what came out, a line each."""
    import duckdb

    bare = duckdb.connect()
    bare.execute(f"ATTACH '{folder / 'lab.duckdb'}' AS lab (READ_ONLY)")
    bare.execute("USE lab")
    bare.execute(typed()["macros"])
    with Lab(folder / "lab.duckdb") as lab:
        for name in names or sorted(typed().keys() - {"macros", *_ALONG.values()}):
            yield _line(name, *_medians([partial(_ours, lab, name), partial(_typed, bare, name)], rounds))
        if not names:
            yield _dashboard(lab, rounds)


def _ours(lab: Lab, name: str) -> list[Any]:
    rows: list[Any] = getattr(lab.metrics, name)(**({"by": "kind"} if name in _BY_KIND else {})).fetchall()
    return rows


def _typed(bare: Any, name: str) -> list[Any]:
    for query in filter(None, (_ALONG.get(name), name)):
        rows: list[Any] = bare.sql(typed()[query]).fetchall()
    return rows


def _medians(ways: Sequence[Callable[[], list[Any]]], rounds: int) -> list[float]:
    """Run each way once to warm up, all of them must answer with as many rows, and then in turn."""
    assert len({len(way()) for way in ways}) == 1, "the typed query is not the same"
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for taken, way in zip(seconds, ways, strict=True):
            began = time.perf_counter()
            way()
            taken.append(time.perf_counter() - began)
    return [statistics.median(taken) for taken in seconds]


def _line(name: str, ours: float, limit: float) -> str:
    verdict = "yes" if ours <= AT_MOST * limit else "NO"
    ratio = f"{ours / limit:5.2f} x typed, asked ≤ {AT_MOST}: {verdict}"
    return f"  {name:<24}{ours * 1000:9.1f} ms   typed {limit * 1000:9.1f} ms   {ratio}"


def _dashboard(lab: Lab, rounds: int) -> str:
    (seconds,) = _medians([lambda: [lab.dashboard().to_dict()]], rounds)
    megabytes = len(json.dumps(lab.dashboard().to_dict())) / 1e6
    verdict = "yes" if seconds < DASHBOARD_SECONDS and megabytes < DASHBOARD_MB else "NO"
    asked = f"asked < {DASHBOARD_SECONDS} s, < {DASHBOARD_MB} MB: {verdict}"
    return f"  {'dashboard':<24}{seconds * 1000:9.1f} ms   {megabytes:.2f} MB   {asked}"
