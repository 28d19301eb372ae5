"""One pass over JSON files that writes nothing: which DuckDB can read straight, and which want a closer look."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessionlab.kinds import KINDS, Kind, detect
from sessionlab.loaders.files import shown
from sessionlab.loaders.forms import Form, how_to_read
from sessionlab.loaders.quick import Quick
from sessionlab.loaders.scratch import Scratch, by_halves
from sessionlab.loaders.structure import Shape, Unfit, shape_of
from sessionlab.schema import literal

_BATCH = 1000
_MOST_GROUPS = 8
"""Files of one kind and form that differ so much that more statements than this would be needed go record by record."""
_FIRST, _GROWTH = 48 << 20, 8
"""Bytes of files that make the first group worth reading while the pass goes on, and how much larger each next one is.

Looking is some times as fast as reading, and few groups leave few half-filled row groups behind.
"""

_TEXT = r'"(?:[^"\\]|\\.)*"'
_COMMA = r",\s*[}\]]"
_NUMBER = r"[:,\[]\s*-?(?:nan|inf|[0-9.]+e\+?[0-9]{3})"
_Structures = list[tuple[str, bool, int]]
_How = tuple[Form, str]


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

    def place(self, path: str, how: _How, structures: _Structures) -> None:
        """Put a file into a group that it fits, or among those that want a closer look."""
        told = [self._verdict(structure) for structure, _, _ in structures]
        kinds = {verdict[0].name for verdict in told if verdict}
        if None in told or len(kinds) != 1 or any(odd for _, odd, _ in structures):
            self.closer.append(path)
            return
        shapes = [verdict[1] for verdict in told if verdict]
        self.add(path, how, kinds.pop(), shapes, sum(count for _, _, count in structures))

    def add(self, path: str, how: _How, kind: str, shapes: Sequence[Shape], records: int) -> None:
        """Put a file of sound records into a group, or among those that want a closer look if there is none for it."""
        group = self._group(kind, how, shapes)
        if group is None:
            self.closer.append(path)
            return
        for shape in shapes:
            group.shape.merge(shape)
        group.paths.append(path)
        group.records += records
        group.size += Path(path).stat().st_size

    def full(self) -> Iterator[Group]:
        """Give away the groups that are worth reading now."""
        for group in [group for group in self.groups if group.size >= self._enough]:
            self.groups.remove(group)
            self._enough *= _GROWTH
            yield group

    def _group(self, kind: str, how: _How, shapes: Sequence[Shape]) -> Group | None:
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


def scan(paths: Sequence[str], scratch: Scratch, found: Scan) -> Iterator[Group]:
    """Look through JSON files, and give groups of them to read: each when it is full, the others at the end.

    Args:
        paths: Absolute paths.
        scratch: Where to try to read them.
        found: Takes in what is found. Of its kind is every record taken to be, rather than told by its keys.

    Raises:
        duckdb.InterruptException: another thread has stopped ``scratch``.
    """
    quick = Quick(found.kind)
    for how, batch in _batches(paths, found.closer):
        others: list[str] = []
        for path in batch:
            scratch.go_on()
            _place_quickly(path, how, quick, found, others)
            yield from found.full()
        for path, structures in _structures(others, how, scratch):
            _place(path, how, structures, found)
            yield from found.full()
    yield from found.groups


def _place_quickly(path: str, how: _How, quick: Quick, found: Scan, others: list[str]) -> None:
    """Place a file that is quickly known to be sound; put it among the others if it is not."""
    sound = quick.look(path, *how)
    if sound is None:
        others.append(path)
    elif not sound.records:
        found.empty.append(path)
    else:
        found.add(path, how, sound.kind.name, [sound.shape], sound.records)


def _place(path: str, how: _How, structures: _Structures | None, found: Scan) -> None:
    if structures is None:
        found.closer.append(path)
    elif not structures:
        found.empty.append(path)
    else:
        found.place(path, how, structures)


def _batches(paths: Sequence[str], closer: list[str]) -> Iterator[tuple[_How, list[str]]]:
    """Deal out files that are read alike; those that the reader need not even try go to ``closer``."""
    alike: dict[_How, list[str]] = {}
    for path in paths:
        how = how_to_read(path) if shown(path) == path else None
        if how is None:
            closer.append(path)
        else:
            alike.setdefault(how, []).append(path)
    for how, files in alike.items():
        for start in range(0, len(files), _BATCH):
            yield how, files[start : start + _BATCH]


def _structures(paths: list[str], how: _How, scratch: Scratch) -> Iterator[tuple[str, _Structures | None]]:
    """Yield each file with the structures of its records, or with None where the reader stumbles over it."""

    def read(some: list[str]) -> dict[str, _Structures]:
        by_path: dict[str, _Structures] = {path: [] for path in some}
        for path, structure, odd, count in scratch.fetch(_query(some, how)):
            by_path[path].append((structure, odd, count))
        return by_path

    for some, by_path in by_halves(paths, read) if paths else ():
        yield from by_path.items() if by_path is not None else ((path, None) for path in some)


def _query(paths: list[str], how: _How) -> str:
    """Ask for the structures in each file, how many records have them, and whether one of these is odd.

    The reader takes a comma before a closing bracket, NaN and infinity, none of which is JSON, and numbers beyond any
    double. A record that seems to have such is searched again without its texts. Only one with a real number can have
    the latter.
    """
    return f"""
        SELECT filename, structure, odd, count(*)
        FROM (
            SELECT
                filename,
                json_structure(json)::VARCHAR AS structure,
                CASE
                    WHEN regexp_matches(json::VARCHAR, '{_COMMA}')
                        OR contains(structure, 'DOUBLE') AND regexp_matches(json::VARCHAR, '{_NUMBER}', 'i')
                    THEN regexp_matches(regexp_replace(json::VARCHAR, '{_TEXT}', '""', 'g'), '{_COMMA}|{_NUMBER}', 'i')
                    ELSE false
                END AS odd
            FROM read_json_objects(
                [{listed(paths)}], format = '{how[0].value}', compression = '{how[1]}',
                filename = true, hive_partitioning = false
            )
        )
        GROUP BY ALL
    """


def listed(paths: Sequence[str]) -> str:
    """List paths for the reader, the signs of a glob in them taken for themselves."""
    return ", ".join(literal(_plain(path)) for path in paths)


def _plain(path: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path) if {*"*?["} & {*path} else path
