"""Sample records as JSON: a folder of files, or one file.

DuckDB writes a chunk as JSON Lines, which are then dealt out to the files: a ``COPY`` for each small file
takes six times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sessionlab.schema import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class JsonFolder:
    """One file for every hundred sessions or so; ``.jsonl`` files hold lines, the others an array."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = folder.with_suffix(".part")
        folder.mkdir()

    def add(self, con: DuckDBPyConnection) -> None:
        """Write the files of this chunk."""
        with _write_lines(con, self._lines).open("rb") as lines:
            for name, sessions in _files(con):
                with (self._folder / name).open("wb") as file:
                    part = islice(lines, sessions)
                    file.writelines(part if name.endswith(".jsonl") else _array(part))

    def finish(self) -> None:
        """Nothing is left to do: every file is whole."""

    def close(self) -> None:
        """Remove what was only needed on the way."""
        self._lines.unlink(missing_ok=True)


class JsonFile:
    """One array in one file."""

    def __init__(self, path: Path) -> None:
        self._lines = path.with_suffix(".part")
        self._file: BinaryIO = path.open("wb")

    def add(self, con: DuckDBPyConnection) -> None:
        """Append the chunk."""
        with _write_lines(con, self._lines).open("rb") as lines:
            self._file.writelines(_elements(lines, first=not self._file.tell()))

    def finish(self) -> None:
        """Close the array."""
        self._file.write(b"\n]\n")

    def close(self) -> None:
        """Close the file, and remove what was only needed on the way."""
        self._file.close()
        self._lines.unlink(missing_ok=True)


def _write_lines(con: DuckDBPyConnection, path: Path) -> Path:
    """Write the chunk's documents as JSON Lines, file by file."""
    con.execute("CREATE OR REPLACE TABLE nested AS FROM documents")
    con.execute(f"COPY (SELECT unnest(document) FROM nested ORDER BY file, _n) TO {literal(str(path))} (FORMAT json)")
    return path


def _files(con: DuckDBPyConnection) -> list[tuple[str, int]]:
    """Give the names of the chunk's files and how many documents each holds, in the order of the lines."""
    return con.execute("SELECT file, count(*) FROM nested GROUP BY file ORDER BY file").fetchall()


def _array(lines: Iterator[bytes]) -> Iterator[bytes]:
    yield from _elements(lines, first=True)
    yield b"\n]\n"


def _elements(lines: Iterator[bytes] | BinaryIO, *, first: bool) -> Iterator[bytes]:
    """Give the lines as elements of an array that is opened before the first and not closed."""
    for line in lines:
        yield b"[\n" if first else b",\n"
        yield line.removesuffix(b"\n")
        first = False
