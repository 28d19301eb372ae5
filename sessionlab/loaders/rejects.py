"""What a load sets aside, on disk until the end: there may be more of it than memory holds."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.schema import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MOST_KEPT = 1 << 27
"""Bytes of a raw text beyond which only its beginning is kept: it is no record, but a file of something else."""
_LARGE = 1 << 21
_BUFFER = 1 << 20


@dataclass
class Rejects:
    """Collects rejects in files under ``parent``: small ones as lines of one, large ones each in one of its own."""

    parent: Path
    _lines: list[bytes] = field(default_factory=list)
    _waiting: int = 0
    _large: list[tuple[str | None, int | None, str, Path]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rejects-", dir=self.parent))

    def add(self, file: str | None, record: int | None, reason: str, raw: bytes | str) -> None:
        r"""Set something aside, whole. What is no UTF-8 in it is shown as ``\xff``."""
        if len(raw) > _MOST_KEPT:
            reason = f"{reason} (of its {len(raw):,} bytes, the first {_MOST_KEPT:,} are kept here)"
        kept = raw[:_MOST_KEPT]
        text = _sayable(kept if isinstance(kept, str) else kept.decode(errors="backslashreplace"))
        if len(text) > _LARGE:
            path = self._folder / f"reject-{len(self._large)}"
            path.write_bytes(text.encode())
            self._large.append((file, record, _sayable(reason), path))
            return
        line = {"file": file, "record": record, "reason": _sayable(reason), "raw": text}
        self._lines.append(json.dumps(line, ensure_ascii=False).encode())
        self._waiting += len(self._lines[-1])
        if self._waiting > _BUFFER:
            self._flush()

    def _flush(self) -> None:
        with self._path.open("ab") as file:
            file.writelines(line + b"\n" for line in self._lines)
        self._lines, self._waiting = [], 0

    @property
    def _path(self) -> Path:
        return self._folder / "rejects.jsonl"

    def write(self, connection: DuckDBPyConnection, source: str) -> None:
        """Put all of them into the lab's ``rejects``."""
        now = datetime.now(UTC).replace(tzinfo=None)
        self._flush()
        connection.execute(
            "INSERT INTO main.rejects SELECT ?, file, record, reason, raw, ?"
            f" FROM read_json({literal(str(self._path))},"
            f" format = 'newline_delimited', hive_partitioning = false, maximum_object_size = {16 * _LARGE},"
            " columns = {file: 'VARCHAR', record: 'BIGINT', reason: 'VARCHAR', raw: 'VARCHAR'})",
            [source, now],
        )
        for file, record, reason, path in self._large:
            raw = path.read_bytes().decode()
            connection.execute(
                "INSERT INTO main.rejects VALUES (?, ?, ?, ?, ?, ?)", [source, file, record, reason, raw, now]
            )


def _sayable(text: str) -> str:
    """Give a text without halves of surrogate pairs, which no database takes."""
    return text.encode(errors="backslashreplace").decode()
