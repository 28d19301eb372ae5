"""Sample records as JSON: a folder of files, or one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.schema import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_HEAD, _TAIL = b"[\n", b"\n]\n"


class JsonFolder:
    """One file for every hundred sessions or so; ``.jsonl`` files hold lines, the others an array."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def add(self, con: DuckDBPyConnection) -> None:
        """Write the files of this chunk."""
        con.execute("CREATE OR REPLACE TABLE nested AS FROM documents")
        for (name,) in con.execute("SELECT DISTINCT file FROM nested ORDER BY file").fetchall():
            _copy(con, self._folder / name, f"file = {literal(name)}")

    def finish(self) -> None:
        """Nothing is left to do: every file is whole."""

    def close(self) -> None:
        """Nothing is held."""


class JsonFile:
    """One array in one file, put together from the arrays of the chunks."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_suffix(".part")
        self._file = path.open("wb")

    def add(self, con: DuckDBPyConnection) -> None:
        """Append the chunk without its brackets."""
        con.execute("CREATE OR REPLACE TABLE nested AS FROM documents")
        _copy(con, self._part, "true")
        self._file.write(b",\n" if self._file.tell() else _HEAD)
        self._file.write(self._part.read_bytes().removeprefix(_HEAD).removesuffix(_TAIL))

    def finish(self) -> None:
        """Close the array."""
        self._file.write(_TAIL)
        self._part.unlink()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _copy(con: DuckDBPyConnection, path: Path, condition: str) -> None:
    array = "false" if path.suffix == ".jsonl" else "true"
    con.execute(
        f"COPY (SELECT unnest(document) FROM nested WHERE {condition} ORDER BY _n)"
        f" TO {literal(str(path))} (FORMAT json, ARRAY {array})"
    )
