"""How one text became another: unified diffs, and figures of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff

_MOST_LINES = 10_000
"""Texts of more lines are not compared: difflib may take minutes for them."""


@dataclass(frozen=True)
class TextChange:
    """A text and what became of it.

    Attributes:
        diff: A unified diff without file names; None where a text is not known or too long to be compared, and empty
            where they are equal.
        similarity: 0 to 1, the part of the lines that both have; None as above.
        added: Lines of the new text that the old one has not.
        removed: Lines of the old text that the new one has not.
    """

    diff: str | None = None
    similarity: float | None = None
    added: int | None = None
    removed: int | None = None

    @property
    def summary(self) -> str:
        """The figures in words.

        >>> TextChange("", 1.0, 0, 0).summary
        'unchanged'
        """
        if self.diff is None or self.similarity is None:
            return "not compared"
        if not self.diff:
            return "unchanged"
        return f"+{self.added:,} −{self.removed:,} lines, {100 * self.similarity:.0f} % of them as before"


def compare_texts(old: str | None, new: str | None) -> TextChange:
    r"""Compare two texts line by line.

    >>> change = compare_texts("a\nb\nc", "a\nB\nc")
    >>> change.added, change.removed, round(change.similarity, 2)
    (1, 1, 0.67)
    >>> print(change.diff)
    @@ -1,3 +1,3 @@
     a
    -b
    +B
     c
    """
    if old is None or new is None:
        return TextChange()
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > _MOST_LINES:
        return TextChange()
    lines = _unified(before, after)
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    whole = len(before) + len(after)
    similarity = (whole - added - removed) / whole if whole else 1.0
    return TextChange("\n".join(lines), similarity, added, removed)


def words_alike(old: str | None, new: str | None) -> float | None:
    """Tell how alike two short texts are, word by word: 0 to 1, by Ratcliff and Obershelp's method.

    >>> words_alike("sort a list", "sort the list")
    0.6666666666666666
    """
    if old is None or new is None:
        return None
    before, after = old.split(), new.split()
    if max(len(before), len(after)) > _MOST_LINES:
        return None
    return SequenceMatcher(None, before, after, autojunk=False).ratio()


def _unified(before: Sequence[str], after: Sequence[str]) -> list[str]:
    return list(unified_diff(before, after, lineterm=""))[2:]
