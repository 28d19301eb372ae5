"""Write ``lifelines.json``: what lifelines makes of some random sessions.

    python -m venv other && other/bin/pip install lifelines && other/bin/python tests/metrics/lifelines_cases.py

It has an environment of its own, as lifelines 0.30 wants a pandas before 3.
"""

from __future__ import annotations

import importlib
import json
import random
from pathlib import Path
from typing import Any

Session = tuple[int, bool | None]

OUTCOMES: list[list[bool | None]] = [
    [True, False],
    [True, False, None],
    [True, True, True, False, None],
    [True, False, False],
]

EDGES: list[list[Session]] = [
    [(1, True)],
    [(1, False)],
    [(3, None)],
    [(1, True), (2, True), (2, True), (5, True)],
    [(1, False), (2, False), (2, False), (5, False)],
    [(2, True), (2, False), (2, None), (3, None), (3, True)],
    [(0, False), (0, True), (0, None), (1, None), (1, True), (2, False)],
]


def sessions(seed: int) -> list[Session]:
    """Draw sessions: their attempts, and whether they passed; many of them end together."""
    draw = random.Random(seed)
    most = draw.choice([2, 5, 40])
    outcomes = draw.choice(OUTCOMES)
    return [(draw.randint(0, most), draw.choice(outcomes)) for _ in range(draw.choice([2, 8, 60, 500]))]


def curve(given: list[Session]) -> list[list[float]]:
    """Estimate the chance to have passed: attempt, at risk, passed, rate, low, high."""
    known = [(attempts - (success is None), success is True) for attempts, success in given]
    known = [(attempt, passed) for attempt, passed in known if attempt >= 1]
    if not known:
        return []
    fitter: Any = importlib.import_module("lifelines").KaplanMeierFitter()
    fitter.fit(*zip(*known, strict=True))
    bounds = 1 - fitter.confidence_interval_.to_numpy()
    rows = zip(
        fitter.event_table.index,
        fitter.event_table["at_risk"],
        fitter.event_table["observed"],
        fitter.cumulative_density_.to_numpy()[:, 0],
        bounds.max(axis=1),
        bounds.min(axis=1),
        strict=True,
    )
    return [[*map(float, (*row[:4], row[5], row[4]))] for row in rows if row[0] > 0]


if __name__ == "__main__":
    cases = [*EDGES, *(sessions(seed) for seed in range(40))]
    lines = [json.dumps({"sessions": case, "curve": curve(case)}) for case in cases]
    Path(__file__).with_name("lifelines.json").write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
