"""Files that go together: groups that one statement reads, gathered as files are found to be sound."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessionlab.kinds import KINDS, Kind, detect
from sessionlab.loaders.forms import Form
from sessionlab.loaders.structure import Shape, Unfit, shape_of

_MOST_GROUPS = 8
"""Files of one kind and form that differ so much that more statements than this would be needed go record by record."""
_FIRST, _GROWTH = 16 << 20, 8
"""Bytes of files that make the first group worth reading while the pass goes on, and how much larger each next one is.

Looking is some times as fast as reading, and few groups leave few half-filled row groups behind.
"""

How = tuple[Form, str]
"""How a file is read: its form and its packing."""
Structures = list[tuple[str, bool, int]]
"""The structures of a file's records: each, whether it is odd, and how many records have it."""


@dataclass
class Group:
    """Files that one statement reads: of one kind, one form and one packing.

    ``records`` counts what is in them, ``size`` the bytes.
    """

    kind: Kind
    form: Form
    packing: str
    paths: list[str] = field(default_factory=list)
    shape: Shape = field(default_factory=Shape)
    records: int = 0
    size: int = 0


@dataclass
class Scan:
    """What the pass finds: groups to read straight, and files to read record by record."""

    kind: Kind | None = None
    groups: list[Group] = field(default_factory=list)
    """Those that are not full yet."""
    closer: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Files that are sound and hold no record, as ``[]``."""
    _enough: int = field(default_factory=lambda: _FIRST)
    _verdicts: dict[str, tuple[Kind, Shape] | None] = field(default_factory=dict)

    def place(self, path: str, how: How, structures: Structures) -> None:
        """Put a file into a group that it fits, or among those that want a closer look."""
        told = [self._verdict(structure) for structure, _, _ in structures]
        kinds = {verdict[0].name for verdict in told if verdict}
        if None in told or len(kinds) != 1 or any(odd for _, odd, _ in structures):
            self.closer.append(path)
            return
        shapes = [verdict[1] for verdict in told if verdict]
        self.add(path, how, kinds.pop(), shapes, sum(count for _, _, count in structures))

    def add(self, path: str, how: How, kind: str, shapes: Sequence[Shape], records: int) -> None:
        """Put a file of sound records into a group, or among those that want a closer look if there is none for it."""
        group = self._group(kind, how, shapes)
        if group is None:
            self.closer.append(path)
            return
        for shape in shapes:
            group.shape.merge(shape)
        group.paths.append(path)
        group.records += records
        with suppress(OSError):  # it has vanished, which its reading will tell
            group.size += Path(path).stat().st_size

    def full(self) -> Iterator[Group]:
        """Give away the groups that are worth reading now."""
        for group in [group for group in self.groups if group.size >= self._enough]:
            self.groups.remove(group)
            self._enough *= _GROWTH
            yield group

    def _group(self, kind: str, how: How, shapes: Sequence[Shape]) -> Group | None:
        together = Shape()
        for shape in shapes:
            if not together.takes(shape):
                return None
            together.merge(shape)
        alike = [group for group in self.groups if (group.kind.name, group.form, group.packing) == (kind, *how)]
        fitting = next((group for group in alike if group.shape.takes(together)), None)
        if fitting is None and len(alike) < _MOST_GROUPS:
            fitting = Group(KINDS[kind], *how)
            self.groups.append(fitting)
        return fitting

    def _verdict(self, structure: str) -> tuple[Kind, Shape] | None:
        if structure not in self._verdicts:
            self._verdicts[structure] = _verdict(json.loads(structure), self.kind)
        return self._verdicts[structure]


def _verdict(structure: Any, kind: Kind | None) -> tuple[Kind, Shape] | None:
    if not isinstance(structure, Mapping):
        return None
    told = kind or detect(structure, KINDS)
    if told is None:
        return None
    try:
        return told, shape_of(told, structure)
    except Unfit:
        return None
