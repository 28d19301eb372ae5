"""Reading JSON files record by record: sound records go into a file of our own, the others are set aside.

It is the slow way, for the files that the fast one stumbles over; what it writes then goes the fast way too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

from sessionlab.errors import InvalidRecord
from sessionlab.kinds import KINDS, Kind, Record
from sessionlab.loaders.check import check, kind_of
from sessionlab.loaders.decode import decode, encode
from sessionlab.loaders.fields import ORIGIN
from sessionlab.loaders.files import shown, stem
from sessionlab.loaders.forms import Form
from sessionlab.loaders.numbering import Numbering
from sessionlab.loaders.packing import BROKEN
from sessionlab.loaders.plain import plain
from sessionlab.loaders.split import Piece, split
from sessionlab.loaders.unpack import Unpacked, unpacked

Reject = Callable[[str, int | None, str, bytes], None]
"""Takes what is set aside: file, index of the record in it (None: the file itself), reason, raw bytes."""
Found = Iterator[tuple[Piece, Any]]
"""Pieces of a file, decoded."""

_UTF16 = "it is UTF-16 or binary, and JSON is UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8"
_MOST_TO_ADOPT = 1 << 26
"""Bytes up to which a document whose records have no ids is read whole, to be told by all of them."""


@dataclass
class Cleaned:
    """Sound records of one kind, each a line in ``path``, with its origin in it."""

    kind: Kind
    path: Path
    records: int = 0
    largest: int = 0


@dataclass
class _Latest:
    """Which records of a file stay: of two with one id, the one updated last; of two as late, the one further down."""

    kinds: list[Kind] = field(default_factory=list)
    losers: set[int] = field(default_factory=set)
    _best: dict[tuple[str, str], tuple[tuple[str, ...], int]] = field(default_factory=dict)

    def add(self, kind: Kind, flat: Record) -> bool:
        """Take one more record; say whether another of its id is there."""
        key, place = (kind.name, str(flat[kind.id.name])), len(self.kinds)
        recency = tuple(flat[name] or "" for name in kind.recency)
        self.kinds.append(kind)
        known = self._best.get(key)
        if known is not None and recency < known[0]:
            self.losers.add(place)
        else:
            self._best[key] = recency, place
            if known is not None:
                self.losers.add(known[1])
        return known is not None


@dataclass
class Cleaner:
    """Collects the sound records of many files by kind, in files under ``folder``."""

    folder: Path
    reject: Reject
    kind: Kind | None = None
    cleaned: dict[str, Cleaned] = field(default_factory=dict)
    superseded: list[tuple[str, str, str]] = field(default_factory=list)
    """Kind, session id and file of each record that lost to a later one of its own file."""

    def clean(self, path: str) -> None:
        """Read one file. Whatever is wrong with it or in it goes to ``reject``; nothing is raised for its sake."""
        name = shown(path)
        with ExitStack() as stack:
            try:
                found = stack.enter_context(unpacked(path, self.folder))
            except PermissionError:
                self.reject(name, None, "no permission to read it", b"")
            except BROKEN as error:
                self.reject(name, None, f"it cannot be read: {error}", b"")
            else:
                self._clean(name, found)

    def _clean(self, name: str, found: Unpacked) -> None:
        head = found.data[found.start : found.start + 4]
        if found.trouble:
            self.reject(name, None, found.trouble, b"")
        elif found.form is Form.EMPTY:
            self.reject(name, None, "the file is empty", found.data[:])
            return
        if b"\0" in head or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self.reject(name, None, _UTF16, found.data[:])
            return
        pieces = split(found.data, found.start, found.form, self._is_record)
        self._keep(name, self._adopted(name, self._decoded(name, pieces)))

    def _decoded(self, name: str, pieces: Iterator[Piece]) -> Found:
        for piece in pieces:
            reasons, value = [piece.trouble] if piece.trouble else [], None
            try:
                value = decode(piece.raw) if piece.raw or not reasons else None
            except InvalidRecord as error:
                reasons.append(str(error))
            if reasons:
                self.reject(name, piece.index, "; ".join(reasons), piece.raw)
            else:
                yield piece, value

    def _is_record(self, raw: bytes) -> bool:
        try:
            return self._fits(decode(raw))
        except InvalidRecord:
            return False

    def _fits(self, value: Any) -> bool:
        try:
            check(kind_of(value, self.kind), value)
        except InvalidRecord:
            return False
        return True

    def _adopted(self, name: str, found: Found) -> Found:
        """Give ids to the records of a document that has none: of one in which no record is sound as it stands."""
        waiting: list[tuple[Piece, Any]] = []
        size = 0
        for piece, value in found:
            waiting.append((piece, value))
            size += len(piece.raw)
            if size > _MOST_TO_ADOPT or self._fits(value):
                return chain(waiting, found)
        return iter(self._adopt(name, waiting))

    def _adopt(self, name: str, waiting: list[tuple[Piece, Any]]) -> list[tuple[Piece, Any]]:
        values = [value for _, value in waiting]
        for kind in [self.kind] if self.kind else KINDS.values():
            # Where somebody has said the kind, what tells it need not be there; yet something of it must be.
            shows = kind.fits if self.kind is None else kind.known_keys.intersection
            fits = any(isinstance(value, dict) and shows(value) for value in values)
            records = kind.adopt(values, stem(name)) if kind.adopt and fits else None
            if records is not None:
                pieces = [piece for piece, _ in waiting]
                if len(records) < len(pieces):
                    pieces = [Piece(0, b"[" + b",".join(piece.raw for piece in pieces) + b"]")]
                return list(zip(pieces, records, strict=True))
        return waiting

    def _keep(self, name: str, records: Found) -> None:
        """Write the sound records of a file; of two with one id, only the one updated last."""
        latest, numbering = _Latest(), Numbering()
        with tempfile.TemporaryFile(dir=self.folder) as spool:
            for piece, value in records:
                try:
                    kind = kind_of(value, self.kind)
                    check(kind, value)
                    flat = plain(kind, value)
                    numbering.tell_apart(kind, flat)
                    line = encode({**flat, ORIGIN: name})
                except InvalidRecord as error:
                    self.reject(name, piece.index, str(error), piece.raw)
                    continue
                spool.write(line)
                if latest.add(kind, flat):
                    self.superseded.append((kind.name, str(flat[kind.id.name]), name))
            spool.seek(0)
            self._write(spool, latest)

    def _write(self, spool: IO[bytes], latest: _Latest) -> None:
        with ExitStack() as stack:
            targets: dict[str, IO[bytes]] = {}
            for place, (kind, line) in enumerate(zip(latest.kinds, spool, strict=True)):
                if place in latest.losers:
                    continue
                told = self.cleaned.setdefault(kind.name, Cleaned(kind, self.folder / f"{kind.name}.jsonl"))
                told.records += 1
                told.largest = max(told.largest, len(line))
                if kind.name not in targets:
                    targets[kind.name] = stack.enter_context(told.path.open("ab"))
                targets[kind.name].write(line)
