"""Reading a cube: what is there, how finely it can be counted, and the count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sessionlab.charts.shorten import shortened
from sessionlab.dashboard import cube
from sessionlab.dashboard.cells import Cell, Cube, coded
from sessionlab.dashboard.plan import CAPS, LIMIT, Category, Facts, Plan, finest, ladder
from sessionlab.errors import QueryError
from sessionlab.metrics.arguments import columns_named

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

Run = Callable[[str], "DuckDBPyRelation"]
"""Takes SQL over the canonical tables and gives its relation."""

SENSIBLE = ("topic", "difficulty", "mode", "agent", "run_id", "workspace", "user_id", "source")
"""What to compare success by unless that is said: the first of these that is known of any session."""

ALWAYS = {"kind": 12, "model": 12, "status": 10}
"""The columns that every cube has, and how many of their values are shown."""

SHOWN = 24
"""How many values of the other columns are shown."""

MOST_COLUMNS = 4
"""By how many columns success can be compared at once."""

_RUNGS = 8
_SURE = 0.96


def read_cube(run: Run, *, by: str | Sequence[str] | None = None, where: str | None = None, limit: int = LIMIT) -> Cube:
    """Count the sessions by the columns of ``by``, kind, model, status, attempts and time, in ``limit`` cells at most.

    Raises ``QueryError`` as the metrics do, and for more than four columns.
    """
    columns = SENSIBLE if by is None else columns_named(by)
    if by is not None and len(columns) > MOST_COLUMNS:
        raise QueryError(f"A dashboard compares by {MOST_COLUMNS} columns at most, not by {len(columns)}.")
    known = _one(run(cube.known_sql(_each(columns), where)))
    if by is None:
        columns = next(((column,) for column in columns if known[f"known_{column}"]), columns[-1:])
    facts = _facts(run, known, columns, where)
    plan, rows = _counted(run, facts, where, limit)
    dimensions, cells = coded(rows, plan, facts.categories)
    return Cube(
        by=columns,
        dimensions=dimensions,
        cells=cells,
        bucket=plan.bucket,
        cut=tuple(_cut(plan, facts)),
        notes=tuple(_notes(known, columns, where)),
        sql=cube.cube_sql(plan, where),
    )


def _each(columns: Sequence[str]) -> tuple[str, ...]:
    """Add the columns that every cube has."""
    return tuple(dict.fromkeys((*columns, *ALWAYS)))


def _facts(run: Run, known: Mapping[str, Any], columns: Sequence[str], where: str | None) -> Facts:
    """Ask for the largest values of each column."""
    values = _one(run(cube.values_sql(_each(columns), where)))
    categories = []
    for column in _each(columns):
        asked = column in columns
        rows = run(cube.largest_sql(column, SHOWN if asked else ALWAYS[column], where)).fetchall()
        categories.append(
            Category(
                column,
                values=tuple(value for value, _ in rows),
                sizes=tuple(size for _, size in rows),
                distinct=values[f"values_{column}"],
                unknown=known["sessions"] > known[f"known_{column}"],
                weight=3 if asked else 1,
            )
        )
    return Facts(known["sessions"], tuple(categories), known["first"], known["last"], known["most"])


def _counted(run: Run, facts: Facts, where: str | None, limit: int) -> tuple[Plan, list[Cell]]:
    """Count by the finest plan that fits; there are never more cells than sessions."""
    plans = [finest(facts)] if facts.sessions <= limit else _fitting(run, facts, where, limit)
    for plan in plans[:-1]:
        # One more than may be is enough to see that it does not fit.
        rows = run(f"{cube.cube_sql(plan, where)}\nLIMIT {limit + 1}").fetchall()
        if len(rows) <= limit:
            return plan, rows
    return plans[-1], run(cube.cube_sql(plans[-1], where)).fetchall()


def _fitting(run: Run, facts: Facts, where: str | None, limit: int) -> list[Plan]:
    """Give the plans that probably fit, the finest first; the last one does in any case."""
    rungs = ladder(facts, limit)
    if len(rungs) == 1:
        return rungs
    step = max(1, len(rungs) // _RUNGS)
    tried = rungs[:-1:step]
    sizes = run(cube.sizes_sql(tried, where)).fetchall()[0]
    first = next((rung * step for rung, size in enumerate(sizes) if size <= _SURE * limit), len(rungs) - 1)
    return rungs[first:]


def _cut(plan: Plan, facts: Facts) -> Iterator[str]:
    """Say what the cube does not tell apart."""
    for category in facts.categories:
        kept, column = len(plan.kept[category.column]), category.column
        if kept < category.distinct:
            yield f"{column}: the {kept} largest of {category.distinct:,} values, the rest as other"
    if plan.cap < min(CAPS[0], facts.attempts or 0):
        yield f"attempts: {plan.cap} and more as one"
    usual = finest(facts).bucket
    if plan.bucket != usual:
        yield f"time: by {plan.bucket} instead of {usual}" if plan.bucket else "time: left out"


def _notes(known: Mapping[str, Any], columns: Sequence[str], where: str | None) -> Iterator[str]:
    """Say what else a reader must know."""
    if where is not None:
        yield f"where {shortened(where, 110)}"
    if not known["sessions"]:
        return
    if missing := [column for column in _each(columns) if not known[f"known_{column}"]]:
        yield f"not known of any session: {', '.join(missing)}"
    if undated := known["sessions"] - known["dated"]:
        yield f"{undated:,} sessions without a start are counted, but not on the timeline"


def _one(relation: DuckDBPyRelation) -> dict[str, Any]:
    return dict(zip(relation.columns, relation.fetchall()[0], strict=True))
