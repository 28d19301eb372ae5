"""Each metric beside the same SQL typed by hand, SQL on a store in SQLite, and pandas; and the dashboard."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab import Lab
from sessionlab.dashboard.read import read_cube
from tests.benchmarks import frames
from tests.benchmarks.measure import in_turn, within
from tests.benchmarks.result import OURS, Asked, Result, beside

if TYPE_CHECKING:
    import duckdb

ASKED_AT = "large"
"""The size at which something is asked of a metric."""
AT_MOST = {"typed SQL": 1.1, "pandas from the store": 1 / 20}
"""What is asked of a metric's time, beside others."""
CUBE_SECONDS, DASHBOARD_SECONDS, DASHBOARD_MB = 0.5, 2.0, 2.0
"""What is asked of the dashboard: of the count that it is made of, of all of it, and of its size."""

_BY_KIND = {"success_rate", "attempts", "durations"}
"""The metrics whose typed query groups by kind."""
_ALONG = {"winners": "meetings"}
"""What else has to be typed: who beat whom, which the ratings of winners are fitted to."""


@cache
def typed(file: str = "typed.sql") -> dict[str, str]:
    """Give the queries of a file by their names."""
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def results(folder: Path, size: str, rounds: int, names: Sequence[str], *, peers: bool) -> Iterator[Result]:
    """Time the metrics over ``lab.duckdb`` in a folder, beside others over the same or over ``store.db``."""
    with (
        Lab(folder / "lab.duckdb") as lab,
        closing(_bare(folder)) as bare,
        closing(sqlite3.connect(folder / "store.db")) as store,
    ):
        for name in names or sorted(frames.METRICS):
            figures = in_turn(_ways(name, lab, bare, store, peers=peers), rounds)
            asked = tuple(beside(figures, AT_MOST, {})) if size == ASKED_AT else ()
            yield Result("metrics", name, size, tuple(figures.values()), asked)
        if not names:
            yield _dashboard(lab, size, rounds)


def _bare(folder: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    bare = duckdb.connect()
    bare.execute(f"ATTACH '{folder / 'lab.duckdb'}' AS lab (READ_ONLY)")
    bare.execute("USE lab")
    bare.execute(typed()["macros"])
    return bare


def _ways(
    name: str, lab: Lab, bare: duckdb.DuckDBPyConnection, store: sqlite3.Connection, *, peers: bool
) -> dict[str, Callable[[], Any]]:
    ways: dict[str, Callable[[], Any]] = {OURS: partial(_ours, lab, name), "typed SQL": partial(_typed, bare, name)}
    assert len(ways[OURS]()) == len(ways["typed SQL"]()), "the typed query is not the same"
    if peers:
        if query := typed("stored.sql").get(name):
            ways["SQL on the store"] = lambda: store.execute(query).fetchall()
        ways["pandas from the store"] = partial(frames.measure, store, name)
        if name in frames.WITH_CARE:
            ways["pandas, each message folded once"] = partial(frames.measure, store, name, with_care=True)
    return ways


def _ours(lab: Lab, name: str) -> list[Any]:
    rows: list[Any] = getattr(lab.metrics, name)(**({"by": "kind"} if name in _BY_KIND else {})).fetchall()
    return rows


def _typed(bare: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    for query in filter(None, (_ALONG.get(name), name)):
        rows: list[Any] = bare.sql(typed()[query]).fetchall()
    return rows


def _dashboard(lab: Lab, size: str, rounds: int) -> Result:
    ways: dict[str, Callable[[], Any]] = {
        OURS: lambda: lab.dashboard().to_dict(),
        "its count alone": lambda: read_cube(lab.sql),
    }
    figures = in_turn(ways, rounds)
    megabytes = len(json.dumps(lab.dashboard().to_dict())) / 1e6
    asked = (
        within("the dashboard", figures[OURS].seconds, DASHBOARD_SECONDS),
        within("its count alone", figures["its count alone"].seconds, CUBE_SECONDS),
        Asked("its size", megabytes, DASHBOARD_MB, "MB"),
    )
    return Result("metrics", "dashboard", size, tuple(figures.values()), asked if size == ASKED_AT else ())
