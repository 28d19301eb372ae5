"""One pass over JSON files that writes nothing: which can be read straight by DuckDB, as what, and which want a closer look."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import duckdb
import zstandard

from sessionlab.kinds import KINDS, Kind, detect
from sessionlab.loaders.files import Form, form_of, packing_of
from sessionlab.loaders.structure import Shape, Unfit, shape_of
from sessionlab.schema import literal

_BATCH = 1000
_GLOB_SIGNS = frozenset("*?[")
# NaN and infinity are not JSON, but the reader takes them. They look like any real number in the structure, so a record with a
# real number is searched for them.
_STRUCTURES = r"""
SELECT filename, structure, odd, count(*)
FROM (
    SELECT
        filename,
        json_structure(json)::VARCHAR AS structure,
        CASE
            WHEN contains(structure, 'DOUBLE') THEN regexp_matches(json::VARCHAR, '[:,\[]\s*-?(nan|inf)', 'i')
            ELSE false
        END AS odd
    FROM read_json_objects([{paths}], format = '{form}', compression = '{packing}', filename = true)
)
GROUP BY ALL
"""


@dataclass
class Group:
    """Files that one statement reads: of one kind, one form and one packing. ``records`` counts what is in them."""

    kind: Kind
    form: Form
    packing: str
    paths: list[str] = field(default_factory=list)
    shape: Shape = field(default_factory=Shape)
    records: int = 0


@dataclass
class Scan:
    """What the pass found: groups to read straight, and files to read record by record."""

    groups: dict[tuple[str, Form, str], Group] = field(default_factory=dict)
    closer: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Files that are sound and hold no record, as ``[]``."""


def scan(paths: Sequence[str], kind: Kind | None = None) -> Scan:
    """Look through JSON files.

    Args:
        paths: Absolute paths.
        kind: Take every record to be of this kind, rather than tell by its keys.
    """
    found = Scan()
    verdicts: dict[str, tuple[Kind, Shape] | None] = {}
    for (form, packing), batch in _batches(paths, found):
        for path, structures in _structures(batch, form, packing):
            if structures is None:
                found.closer.append(path)
            elif not structures:
                found.empty.append(path)
            else:
                _place(found, verdicts, path, form, packing, structures, kind)
    return found


def _batches(paths: Sequence[str], found: Scan) -> Iterator[tuple[tuple[Form, str], list[str]]]:
    alike: dict[tuple[Form, str], list[str]] = {}
    for path in paths:
        try:
            how = form_of(path), packing_of(path)
        except (OSError, EOFError, zlib.error, zstandard.ZstdError):
            found.closer.append(path)
            continue
        if how[0] in (Form.EMPTY, Form.FOREIGN) or _GLOB_SIGNS & set(path):
            found.closer.append(path)
        else:
            alike.setdefault(how, []).append(path)
    for how, files in alike.items():
        for start in range(0, len(files), _BATCH):
            yield how, files[start : start + _BATCH]


def _structures(paths: list[str], form: Form, packing: str) -> Iterator[tuple[str, list[tuple[str, bool, int]] | None]]:
    """Yield each file with the structures of its records, or with None where the reader stumbles over it.

    The reader stops at the first broken file and does not always name it, so a batch that fails is halved. It works in a database
    of its own: nesting beyond a hundred levels makes DuckDB 2.0 shut the whole database down.
    """
    text = _STRUCTURES.format(paths=", ".join(map(literal, paths)), form=form.value, packing=packing)
    try:
        with closing(duckdb.connect()) as connection:
            rows = connection.execute(text).fetchall()
    except duckdb.Error:
        if len(paths) == 1:
            yield paths[0], None
            return
        middle = len(paths) // 2
        yield from _structures(paths[:middle], form, packing)
        yield from _structures(paths[middle:], form, packing)
        return
    by_path: dict[str, list[tuple[str, bool, int]]] = {path: [] for path in paths}
    for path, structure, odd, count in rows:
        by_path[path].append((structure, odd, count))
    yield from by_path.items()


def _place(
    found: Scan,
    verdicts: dict[str, tuple[Kind, Shape] | None],
    path: str,
    form: Form,
    packing: str,
    structures: list[tuple[str, bool, int]],
    kind: Kind | None,
) -> None:
    """Put a file into the group it fits, or among those that want a closer look."""
    for structure, _, _ in structures:
        if structure not in verdicts:
            verdicts[structure] = _verdict(json.loads(structure), kind)
    told = [verdicts[structure] for structure, _, _ in structures]
    kinds = {verdict[0].name for verdict in told if verdict}
    if None in told or len(kinds) != 1 or any(odd for _, odd, _ in structures):
        found.closer.append(path)
        return
    (name,) = kinds
    group = found.groups.setdefault((name, form, packing), Group(KINDS[name], form, packing))
    try:
        for verdict in told:
            if verdict:
                group.shape.merge(verdict[1])
    except Unfit:
        found.closer.append(path)
        return
    group.paths.append(path)
    group.records += sum(count for _, _, count in structures)


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
