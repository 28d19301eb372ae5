"""The cube as a chart can hold it: codes in the order in which they are shown, and their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sessionlab.charts.labels import UNKNOWN as UNKNOWN_LABEL
from sessionlab.charts.labels import Other, label, ordered, outside
from sessionlab.charts.shorten import distinct
from sessionlab.dashboard.cube import COUNTS, UNKNOWN
from sessionlab.dashboard.plan import Category, Plan
from sessionlab.metrics.arguments import session_column
from sessionlab.metrics.query import constant
from sessionlab.schema import quote

Cell = tuple[int | None, ...]

ATTEMPTS = "tries"
"""The column of the cells that holds the attempts, up to the plan's cap."""

_LONGEST = 1400
"""How many pixels a label may take: what shows all of it has room for some two hundred characters."""


@dataclass(frozen=True)
class Dimension:
    """A column of the cells: its name there, its name for a reader, and of each code the label and what it stands for.

    That is an SQL condition on ``sessions``, which holds for those that were counted under the code.
    """

    field: str
    title: str
    labels: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Cube:
    """Counted sessions, and what a reader must know about them.

    A cell holds a code for each of ``dimensions``; then the first day of its bucket, as days since 1970, None
    where the start is not known; then ``sessions``, ``judged`` and ``passed``. ``cut`` says what was coarsened or
    gathered to make the cube small, and ``notes`` what else is to be said; ``sql`` is the query that counted.
    """

    by: tuple[str, ...]
    dimensions: Mapping[str, Dimension]
    cells: list[Cell]
    bucket: str | None = None
    cut: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sql: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Name the columns of the cells."""
        return (*self.dimensions, "start", *COUNTS)

    @property
    def days(self) -> list[int]:
        """Give the days on which the buckets begin, in order."""
        return sorted({day for *_, day, _sessions, _judged, _passed in self.cells if day is not None})

    @property
    def sessions(self) -> int:
        """Count all sessions."""
        return sum(cell[-3] or 0 for cell in self.cells)

    @property
    def most(self) -> int:
        """Count the sessions of the largest label."""
        return max((max(sizes(self.cells, place).values()) for place in range(len(self.dimensions))), default=0)

    def csv(self) -> str:
        """Write the cells as CSV, which takes a quarter of the room of JSON."""
        lines = (",".join("" if value is None else str(value) for value in cell) for cell in self.cells)
        return "\n".join([",".join(self.fields), *lines])


def coded(rows: Sequence[Cell], plan: Plan, categories: Sequence[Category]) -> tuple[dict[str, Dimension], list[Cell]]:
    """Put the rows of the cube's query into the order in which they are shown, and name their columns and codes."""
    dimensions: dict[str, Dimension] = {}
    codes: list[dict[int | None, int]] = []
    for place, category in enumerate(categories):
        order = _order(category, plan.kept[category.column], sizes(rows, place))
        dimensions[category.column] = _dimension(category.column, plan.kept[category.column], order.values())
        codes.append({code: shown for shown, code in enumerate(order)})
    tried = _tried(sizes(rows, len(categories)))
    labels, conditions = zip(*(_tries(tries, plan.cap) for tries in tried), strict=True) if tried else ((), ())
    dimensions[ATTEMPTS] = Dimension(ATTEMPTS, "attempts", labels, conditions)
    codes.append({tries: shown for shown, tries in enumerate(tried)})
    return dimensions, [_recoded(row, codes, dated=plan.bucket is not None) for row in rows]


def _recoded(row: Cell, codes: Sequence[Mapping[int | None, int]], *, dated: bool) -> Cell:
    """Replace the codes of the query by those that are shown, and put None where it has no time."""
    rest = row[len(codes) :]
    return (*(own[code] for own, code in zip(codes, row, strict=False)), *(rest if dated else (None, *rest)))


def sizes(rows: Sequence[Cell], place: int) -> Counter[int]:
    """Count the sessions of each code of a column."""
    sizes: Counter[int] = Counter()
    for row in rows:
        sizes[row[place] or 0] += row[-3] or 0
    return sizes


def _dimension(column: str, kept: Sequence[Any], values: Collection[Any]) -> Dimension:
    labels = tuple(distinct(map(label, values), _LONGEST))
    return Dimension(column, column, labels, tuple(_condition(column, kept, value) for value in values))


def _condition(column: str, kept: Sequence[Any], value: Any) -> str:
    """Write the condition that a column has a value, or one of those that were gathered."""
    if value is None:
        return f"{quote(column)} IS NULL"
    if isinstance(value, Other):
        return outside(column, [*kept, None]) if kept else f"{quote(column)} IS NOT NULL"
    return f"{quote(column)} = {constant(value, session_column(column).type)}"


def _order(category: Category, kept: Sequence[Any], sizes: Mapping[int, int]) -> dict[int, Any]:
    """Give the value of each code, in the order in which to show them: as in the charts."""
    others = Other(max(1, category.distinct - len(kept)))
    meaning = {code: None if code == UNKNOWN else kept[code] if code < len(kept) else others for code in sorted(sizes)}
    codes = {value: code for code, value in meaning.items()}
    shown = ordered(category.column, {value: sizes[code] for code, value in meaning.items()})
    return {codes[value]: value for value in shown}


def _tried(found: Collection[int]) -> list[int]:
    """Give the numbers of attempts from the least to the most, with those between that nobody took; unknown last."""
    known = [tries for tries in found if tries != UNKNOWN]
    return [*range(min(known, default=0), max(known, default=-1) + 1), *([UNKNOWN] if UNKNOWN in found else [])]


def _tries(tries: int, cap: int) -> tuple[str, str]:
    """Give the label of a number of attempts, and the condition that it stands for."""
    if tries == UNKNOWN:
        return UNKNOWN_LABEL, "(attempts IS NULL OR attempts < 0)"
    return (f"{tries}+", f"attempts >= {tries}") if tries == cap else (str(tries), f"attempts = {tries}")
