"""The answer of a comparison, and how it shows itself: as text, as a table, in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.compare.proportions import Difference
from sessionlab.display import framed, table
from sessionlab.display.cells import cell, short
from sessionlab.display.report import Shown
from sessionlab.intervals import wilson

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Side:
    """The sessions that meet one condition.

    Attributes:
        condition: The condition as it was given.
        sessions: How many meet it.
        judged: How many of those are of known success.
        passed: How many of those succeeded.
    """

    condition: str
    sessions: int
    judged: int
    passed: int

    @property
    def rate(self) -> float | None:
        """The part of the judged sessions that succeeded; None where none is judged."""
        return self.passed / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The rate's 95 % Wilson score interval; None where none is judged."""
        return wilson(self.passed, self.judged) if self.judged else None


@dataclass(frozen=True)
class Pairs:
    """The judged sessions of both sides, paired by a key: one pair for each value that both sides have.

    Attributes:
        on: The columns that make the key.
        count: How many pairs there are.
        sessions_a: The judged sessions of the first side in them.
        sessions_b: The judged sessions of the second.
        both: Pairs in which all sessions of both sides succeeded.
        a_better: Pairs in which the first side has the higher rate; of single sessions, only it succeeded.
        b_better: Pairs in which the second has.
        neither: Pairs in which no session succeeded.
    """

    on: tuple[str, ...]
    count: int
    sessions_a: int
    sessions_b: int
    both: int
    a_better: int
    b_better: int
    neither: int

    @property
    def single(self) -> bool:
        """Tell whether each pair is one session against one."""
        return self.sessions_a == self.sessions_b == self.count

    @property
    def even(self) -> int:
        """The pairs in which both sides have the same rate, neither 0 nor 1."""
        return self.count - self.both - self.a_better - self.b_better - self.neither


@dataclass(frozen=True)
class Comparison(Shown):
    """Two conditions on sessions side by side.

    Attributes:
        a: The sessions that meet the first.
        b: The sessions that meet the second.
        pairs: How they were paired; None where all were compared with all.
        difference: The rate of ``a`` less that of ``b``, over the pairs if there are some; None where there is nothing
            to compare.
    """

    a: Side
    b: Side
    pairs: Pairs | None
    difference: Difference | None

    @property
    def alone_a(self) -> int | None:
        """The judged sessions of ``a`` that have no partner; None where nothing was paired."""
        return self.a.judged - self.pairs.sessions_a if self.pairs else None

    @property
    def alone_b(self) -> int | None:
        """The judged sessions of ``b`` that have no partner; None where nothing was paired."""
        return self.b.judged - self.pairs.sessions_b if self.pairs else None

    @property
    def verdict(self) -> str:
        """What it comes to, in one line: who is better by how much, or that this is not decisive."""
        if self.difference is None:
            return f"Nothing to compare: {self._lacking()}."
        ahead = self.difference.value if self.difference.value else 0.0
        side = f"b ({self.b.condition})" if ahead < 0 else f"a ({self.a.condition})"
        if self.difference.decisive:
            return f"{side} is better by {_points(abs(ahead))} ({self._evidence()}){self._over()}."
        lead = f"{side} is ahead by {_points(abs(ahead))}, but " if ahead else "the rates are equal, and "
        why = "the interval covers 0" if self.difference.covers_zero else "the test does not bear it out"
        return f"Not decisive: {lead}{why} ({self._evidence()}){self._over()}."

    def __rich__(self) -> Table:
        """Draw the comparison as a table."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title="comparison", title_justify="left", caption=Text(self.verdict), caption_justify="left")
        table.add_column(style="bold")
        for head in self._heads():
            table.add_column(Text(head), justify="right", overflow="fold")
        for word, a, b in self._lines():
            table.add_row(word, a, b)
        return table

    def _repr_html_(self) -> str:
        rows = ([cell(text) for text in line] for line in self._lines())
        return framed(f"<b>{html.escape(short(self.verdict, 1_000))}</b>", table(("", *self._heads()), rows))

    def _heads(self) -> tuple[str, str]:
        return f"a: {self.a.condition}", f"b: {self.b.condition}"

    def _lines(self) -> Iterable[tuple[str, str, str]]:
        """Give a word, the figure of ``a``, and the one of ``b``; what is about both stands under ``a``."""
        for word in ("sessions", "judged", "passed"):
            yield word, f"{getattr(self.a, word):,}", f"{getattr(self.b, word):,}"
        yield "rate", _percent(self.a.rate), _percent(self.b.rate)
        yield "95 % interval", _span(self.a.interval), _span(self.b.interval)
        if self.pairs:
            yield from self._pair_lines(self.pairs)
        if found := self.difference:
            bounds = f"{_signed(found.low)} to {_signed(found.high)}"
            yield "a less b in points, 95 % interval", _signed(found.value), bounds
            yield "p-value, test", _p(found.p_value).removeprefix("= "), found.test

    def _pair_lines(self, pairs: Pairs) -> Iterable[tuple[str, str, str]]:
        yield "judged without a partner", f"{self.alone_a:,}", f"{self.alone_b:,}"
        yield f"judged in {_paired_by(pairs)}", f"{pairs.sessions_a:,}", f"{pairs.sessions_b:,}"
        better = "pairs in which only this passed" if pairs.single else "pairs in which this has the higher rate"
        yield better, f"{pairs.a_better:,}", f"{pairs.b_better:,}"
        level = f"both passed: {pairs.both:,}", f"neither: {pairs.neither:,}"
        yield "pairs without a difference", level[0], level[1] + (f", in part: {pairs.even:,}" if pairs.even else "")

    def _evidence(self) -> str:
        """Name the interval, as seen from the side that is ahead, and the p-value."""
        if self.difference is None:
            return ""
        low, high, p = self.difference.low, self.difference.high, self.difference.p_value
        if self.difference.value < 0:
            low, high = -high, -low
        return f"95 % interval {_signed(low)} to {_signed(high)}, p {_p(p)}"

    def _over(self) -> str:
        return f", over {_paired_by(self.pairs)}" if self.pairs else ""

    def _lacking(self) -> str:
        """Say what there is not."""
        empty = [f"{name} ({side.condition})" for name, side in (("a", self.a), ("b", self.b)) if not side.judged]
        if empty:
            return f"no session of known success for {' or '.join(empty)}"
        return f"no {_key(self.pairs) if self.pairs else 'session'} has sessions of known success on both sides"


def _key(pairs: Pairs) -> str:
    return " and ".join(pairs.on)


def _paired_by(pairs: Pairs) -> str:
    return f"{pairs.count:,} pair{'' if pairs.count == 1 else 's'} by {_key(pairs)}"


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.1f} %"


def _span(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"


def _signed(difference: float) -> str:
    """Write a difference in points, with its sign."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def _p(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"= {value:.3g}" if value < 0.0995 else f"= {value:.2f}"
