"""Reading JSON files record by record: sound records go into a file of our own, the others are set aside with the reason.

It is the slow way, for the files that the fast one stumbles over; what it writes then goes the fast way too.
"""

from __future__ import annotations

import json
import mmap
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import zstandard

from sessionlab.errors import InvalidRecord
from sessionlab.kinds import KINDS, Kind, Record, detect
from sessionlab.loaders.check import check, decode
from sessionlab.loaders.files import Form, form_of, form_of_text, open_unpacked, packing_of, stem
from sessionlab.loaders.plain import plain
from sessionlab.loaders.read import ORIGIN
from sessionlab.loaders.split import Bytes, Slice, split
from sessionlab.loaders.times import utc_time
from sessionlab.schema import Type

Reject = Callable[[str, int | None, str, bytes], None]
"""Takes what is set aside: file, index of the record in it (None: the file itself), reason, raw bytes."""

_BOM = b"\xef\xbb\xbf"
_FOREIGN_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00": "UTF-16 or binary"}
_MAYBE_RECORD = re.compile(rb"(?<=[,\[\s])\s*\{")


@dataclass
class Cleaned:
    """Sound records of one kind, each a line in ``path``, with its origin in it."""

    kind: Kind
    path: Path
    records: int = 0
    largest: int = 0


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
        try:
            with _bytes_of(path) as (data, form):
                reason = _foreign(data, form)
                if reason:
                    self.reject(path, None, reason, data[:])
                else:
                    self._clean(path, data, form)
        except PermissionError:
            self.reject(path, None, "no permission to read it", b"")
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
            self.reject(path, None, f"it cannot be read: {error}", b"")

    def _clean(self, path: str, data: Bytes, form: Form) -> None:
        decoded = (self._decoded(path, data, part) for part in split(data, form))
        records = [found for some in decoded for found in some] if self._may_adopt(data, form) else None
        if records is not None:
            adopted = self._adopted(records, path)
            self._keep(path, adopted if adopted is not None else iter(records))
        else:
            self._keep(path, (found for some in decoded for found in some))

    def _decoded(self, path: str, data: Bytes, part: Slice) -> Iterator[tuple[Slice, Any]]:
        """Decode one slice; where it is broken, look for sound records in it and reject the rest."""
        try:
            if part.trouble and not part.raw:
                raise InvalidRecord(part.trouble)
            yield part, decode(part.raw, part.depth)
        except InvalidRecord as error:
            reason = f"{part.trouble}; {error}" if part.trouble and part.raw else str(error)
            yield from self._salvaged(path, part, reason)

    def _salvaged(self, path: str, part: Slice, reason: str) -> Iterator[tuple[Slice, Any]]:
        """Find whole records in a broken stretch: a bracket or quote too many must not take the good ones after it along."""
        rest, found = 0, []
        for start in _MAYBE_RECORD.finditer(part.raw, 1):
            if start.end() - 1 < rest:
                continue
            record = _record_at(part.raw, start.end() - 1, self.kind)
            if record:
                if not found:
                    self.reject(path, part.index, reason, part.raw[: start.start()])
                found.append(record)
                rest = record[1]
        if not found:
            self.reject(path, part.index, reason, part.raw)
        for value, _ in found:
            yield Slice(part.index, part.raw), value
        tail = part.raw[rest:].strip(b" \t\r\n,]") if found else b""
        if tail:
            self.reject(path, part.index, "text between or after records", tail)

    def _may_adopt(self, data: Bytes, form: Form) -> bool:
        """Whether the file may be a document whose records carry no ids: then it is read whole."""
        kinds = [self.kind] if self.kind else list(KINDS.values())
        small = len(data) < 1 << 26
        return small and form is not Form.LINES and any(kind.adopt for kind in kinds)

    def _adopted(self, records: list[tuple[Slice, Any]], path: str) -> Iterator[tuple[Slice, Any]] | None:
        values = [value for _, value in records]
        for kind in [self.kind] if self.kind else KINDS.values():
            if kind.adopt and any(isinstance(value, dict) and kind.fits(value) for value in values):
                adopted = kind.adopt(values, stem(path))
                if adopted is not None:
                    parts = [part for part, _ in records]
                    return iter(list(zip(parts, adopted, strict=False)))
        return None

    def _keep(self, path: str, records: Iterator[tuple[Slice, Any]]) -> None:
        """Write the sound records of a file; of two with one id, only the one updated last."""
        best: dict[tuple[str, str], tuple[tuple[Any, ...], int]] = {}
        losers: set[int] = set()
        with tempfile.TemporaryFile(dir=self.folder) as spool:
            kinds: list[Kind] = []
            for part, value in records:
                kind = self._checked(path, part, value)
                if kind is None:
                    continue
                key, recency = (kind.name, _text_of(kind, value, path)), _recency(kind, value)
                if key in best:
                    self.superseded.append((*key, path))
                    losers.add(best[key][1] if recency >= best[key][0] else len(kinds))
                if key not in best or recency >= best[key][0]:
                    best[key] = recency, len(kinds)
                kinds.append(kind)
                spool.write(_line(kind, value, path))
            spool.seek(0)
            self._write(spool, kinds, losers)

    def _checked(self, path: str, part: Slice, value: Any) -> Kind | None:
        try:
            kind = self.kind or (detect(value, KINDS) if isinstance(value, dict) else None)
            if kind is None:
                raise InvalidRecord(_no_kind(value))
            check(kind, value)
        except InvalidRecord as error:
            self.reject(path, part.index, str(error), part.raw)
            return None
        return kind

    def _write(self, spool: IO[bytes], kinds: Sequence[Kind], losers: set[int]) -> None:
        with ExitStack() as stack:
            targets: dict[str, IO[bytes]] = {}
            for place, (kind, line) in enumerate(zip(kinds, spool, strict=True)):
                if place in losers:
                    continue
                told = self.cleaned.setdefault(kind.name, Cleaned(kind, self.folder / f"{kind.name}.jsonl"))
                told.records += 1
                told.largest = max(told.largest, len(line))
                if kind.name not in targets:
                    targets[kind.name] = stack.enter_context(told.path.open("ab"))
                targets[kind.name].write(line)


def _line(kind: Kind, record: Record, path: str) -> bytes:
    return json.dumps({**plain(kind, record), ORIGIN: path}, ensure_ascii=False).encode() + b"\n"


def _no_kind(value: Any) -> str:
    needs = "; ".join(kind.needs() for kind in KINDS.values())
    if not isinstance(value, dict):
        return f"a record is a JSON object, and this is a {type(value).__name__}"
    return f"it fits no kind: it has {', '.join(list(value)[:10]) or 'no keys at all'}; {needs}"


def _record_at(raw: bytes, start: int, kind: Kind | None) -> tuple[Record, int] | None:
    text = raw[start:].decode(errors="replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    told = kind or detect(value, KINDS)
    stop = start + len(text[:end].encode())
    try:
        if told is None:
            return None
        check(told, value)
        return decode(raw[start:stop], 0), stop
    except InvalidRecord:
        return None


def _text_of(kind: Kind, record: Record, path: str) -> str:
    return str(next((record[name] for name in kind.id.names if record.get(name) is not None), path))


def _recency(kind: Kind, record: Record) -> tuple[Any, ...]:
    times = {column.name: column for column in kind.root.columns if column.type is Type.TIME}
    told: list[Any] = []
    for name in kind.recency:
        values = [record[key] for key in times[name].names if record.get(key) is not None]
        told.append((1, utc_time(values[0])) if values else (0, None))
    return tuple((known, moment or 0) for known, moment in told)


def _foreign(data: Bytes, form: Form) -> str | None:
    if form is Form.EMPTY:
        return "the file is empty"
    if form is not Form.FOREIGN:
        return None
    head = bytes(data[:16])
    for mark, name in _FOREIGN_MARKS.items():
        if mark in head[:4]:
            return f"it is {name}, and JSON is UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8"
    return f"it is not JSON: it begins with {head[:8]!r}"


@contextmanager
def _bytes_of(path: str) -> Iterator[tuple[Bytes, Form]]:
    """Map a file's bytes, unpacked and without byte order mark, and tell its form."""
    form = form_of(path)
    with tempfile.TemporaryFile() as unpacked, Path(path).open("rb") as file:
        source: IO[bytes] = file
        if packing_of(path) != "none":
            with open_unpacked(path) as packed:
                shutil.copyfileobj(packed, unpacked)
            unpacked.flush()
            source = unpacked
        if source.seek(0, 2) == 0:
            yield b"", form
            return
        with mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:3] == _BOM:
                rest = data[3:]
                yield rest, form_of_text(rest)
            else:
                yield data, form
