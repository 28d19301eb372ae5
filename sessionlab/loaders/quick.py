"""A quick way to know that a whole file is sound: decoding it with a type for all that its records may hold.

The decoder is strict: it refuses a key that its type does not have, ``1.5`` for a whole number, a number for a text, a
``null`` record, NaN, and whatever else is no JSON. So a file that it takes can be read straight. What keys there are is
learned from its refusals. It is some times faster than the pass that asks DuckDB for the structure of each record,
which then looks at the files that were refused, and says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from sessionlab.json_values import is_nested_deeper
from sessionlab.kinds import KINDS, Kind, detect
from sessionlab.loaders.forms import Form
from sessionlab.loaders.quick_types import (
    Structure,
    free_fields,
    required_fields,
    struct_of,
    unseen,
    values,
    without_empty,
)
from sessionlab.loaders.structure import Shape, Unfit, known_keys, shape_of

_MOST = 32 << 20
"""Bytes of the largest file that is decoded as a whole: in memory it takes some times as much."""
_LEVELS = 50
"""Free-form JSON that nests deeper is left to those who look closer."""

_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`(?: - at `\$([^`]*)`)?")
_INDEX = re.compile(r"\[[^]]*\]")


@dataclass(frozen=True)
class Sound:
    """What a sound file holds: records of one kind, how many, and their keys."""

    kind: Kind
    shape: Shape
    records: int


class Quick:
    """Decodes files one by one, and remembers which keys it has seen.

    ``kind`` is that of all records, where somebody has said so.
    """

    def __init__(self, kind: Kind | None = None) -> None:
        self._kind = kind
        self._learned: dict[str, _Learned] = {}
        self._last: _Learned | None = None

    def look(self, path: str, form: Form, packing: str) -> Sound | None:
        """Tell what a file holds; None if it is not known to be sound."""
        if packing != "none":
            return None
        try:
            small = Path(path).stat().st_size <= _MOST
            return self._look(Path(path).read_bytes(), form) if small else None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Unfit):
            return None

    def _look(self, data: bytes, form: Form) -> Sound:
        if self._last:
            try:
                return self._last.sound(data, form)
            except msgspec.ValidationError:
                pass  # of another kind, perhaps
        records = {frozenset(record) for record in _decode(dict[str, msgspec.Raw], data, form)}
        kind = self._kind or _kind_of(records)
        known = self._learned.get(kind.name)
        # A copy learns: the keys of a file that is refused in the end are no good for the next.
        learned = _Learned(kind, self._kind is not None, deepcopy(known.structure) if known else {})
        learned.add(sorted({key for keys in records for key in keys}))
        while True:
            try:
                sound = learned.sound(data, form)
            except msgspec.ValidationError as error:
                learned.learn(str(error))
            else:
                self._last = self._learned[kind.name] = learned
                return sound


def _kind_of(records: Iterable[frozenset[str]]) -> Kind:
    found = [detect(keys, KINDS) for keys in records]
    if not found or found[0] is None or any(kind is not found[0] for kind in found):
        raise Unfit("its records are of no kind, or of several")
    return found[0]


def _decode(type_: Any, data: bytes, form: Form) -> Sequence[Any]:
    if form is Form.ARRAY:
        records: list[Any] = msgspec.json.decode(data, type=list[type_])
        return records
    decoder = msgspec.json.Decoder(type_)
    return decoder.decode_lines(data) if form is Form.LINES else [decoder.decode(data)]


@dataclass
class _Learned:
    """The keys that records of a kind were seen to have, and the type of such a record.

    ``told`` is whether somebody has said that all records are of this kind, so that they need not show it.
    """

    kind: Kind
    told: bool
    structure: Structure

    def sound(self, data: bytes, form: Form) -> Sound:
        """Decode a file.

        Raises:
            msgspec.ValidationError: it does not fit the keys that were learned so far.
            Unfit: it does, and yet wants a closer look.
        """
        records = _decode(self._type, data, form)
        if not records:
            return Sound(self.kind, Shape(), 0)
        if not (self.told or self._tells_kind or all(map(self._shows_kind, records))):
            raise Unfit("a record has none of the keys that tell its kind")
        if any(is_nested_deeper(value, _LEVELS) for way in self._free for value in values(records, way)):
            raise Unfit("it nests too deep")
        return Sound(self.kind, self._shape, len(records))

    def add(self, keys: Iterable[str]) -> None:
        """Learn keys of the records themselves."""
        known = known_keys(self.kind, self.kind.root)
        for key in keys:
            if key not in self.structure:
                self.structure[key] = unseen(known, key, "")

    def learn(self, refusal: str) -> None:
        """Learn the key that a refusal names.

        Raises:
            Unfit: it is not for a key that was unknown.
        """
        found = _UNKNOWN.fullmatch(refusal)
        if found is None:
            raise Unfit(refusal)
        table, at, inside = self.kind.root, self.structure, ""
        for name in filter(None, _INDEX.sub("", found[2] or "").split(".")):
            held = at[name]
            at, inside = (held[0], "") if isinstance(held, list) else (held, f"{name}.")
            table = known_keys(self.kind, table).nests.get(name, table)
        if found[1] in at:
            raise Unfit(refusal)
        at[found[1]] = unseen(known_keys(self.kind, table), found[1], inside)
        for made in ("_type", "_shape", "_free", "_hallmarks", "_tells_kind"):
            self.__dict__.pop(made, None)

    @cached_property
    def _type(self) -> Any:
        return struct_of(self.kind, self.kind.root, self.structure)

    @cached_property
    def _shape(self) -> Shape:
        """The shape that the reader is asked for; no other kind may have a claim to such records."""
        if not self.told and any(kind.fits(self.structure) for kind in KINDS.values() if kind is not self.kind):
            raise Unfit("it may be of another kind")
        return shape_of(self.kind, without_empty(self.structure))

    @cached_property
    def _free(self) -> list[list[str]]:
        """The ways to the fields that may hold any JSON."""
        return list(free_fields(self.kind, self.kind.root, self.structure))

    @cached_property
    def _hallmarks(self) -> list[str]:
        """The fields that tell the kind."""
        return [f"f{place}" for place, key in enumerate(self.structure) if key in self.kind.hallmarks]

    @cached_property
    def _tells_kind(self) -> bool:
        """Whether no record can do without a field that tells the kind."""
        return not {*self._hallmarks}.isdisjoint(required_fields(self._type))

    def _shows_kind(self, record: Any) -> bool:
        return any(getattr(record, name) is not None for name in self._hallmarks)
