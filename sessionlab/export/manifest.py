"""What a data set says of itself: one manifest for each source, and an index of them.

A data set is a folder::

    index.json                                    the folders of the sources
    codecache/manifest.json                       which files are the source's rows, and what they hold
    codecache/20250102T030405-1a2b3c4d/           one export of it
        sessions/kind=codegen/data_0.parquet
        attempts/…  messages/…  errors/…  sources/…

A manifest is only ever replaced whole, and the files that it names never change, so whoever reads it has a whole
source, whatever is written beside it. A folder without a manifest is an export that has not come to its end.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sessionlab.errors import LabError
from sessionlab.model import ATTEMPTS, ERRORS, MESSAGES, SESSIONS, SOURCES

VERSION = 1
"""The version of the layout and of the manifests. A data set of a later one is refused."""

MANIFEST = "manifest.json"
INDEX = "index.json"
TABLES = (SESSIONS, ATTEMPTS, MESSAGES, ERRORS, SOURCES)
"""The tables that a data set holds."""

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class File:
    """One Parquet file: its path from the source's folder on, and how much is in it."""

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What there is of one source.

    Attributes:
        source: The source's name.
        writer: Who exported it, and alone may do so again.
        state: Stands for what was exported, and how; the same again need not be written.
        exported_at: When, in UTC.
        sessionlab: The version that wrote it.
        schema: The version of the tables.
        partition_by: What the files are told apart by.
        redacted: What was taken out: ``how``, ``salted``, ``columns``; None where nothing was.
        rows: Rows of each table.
        files: The files of each table.
        former: Folders of earlier exports that stay for who reads them, and until when (seconds of the epoch).
        version: The version of the layout.
    """

    source: str
    writer: str
    state: str
    exported_at: str
    sessionlab: str
    schema: int
    partition_by: Sequence[str]
    redacted: Mapping[str, Any] | None
    rows: Mapping[str, int]
    files: Mapping[str, Sequence[File]]
    former: Mapping[str, float] = field(default_factory=dict)
    version: int = VERSION

    @property
    def folders(self) -> set[str]:
        """The folders, within the source's one, that the files are in."""
        return {file.path.split("/")[0] for listed in self.files.values() for file in listed}

    def text(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), indent=1)


def read_manifest(text: str, place: str) -> Manifest:
    """Read a manifest back.

    Raises:
        LabError: it is none, or of a later version.
    """
    found = _checked(text, place)
    try:
        files = {table: [File(**file) for file in listed] for table, listed in found.pop("files").items()}
        return Manifest(files=files, **found)
    except (TypeError, KeyError, AttributeError) as error:
        raise LabError(f"{place} is no manifest of a data set: {error}.") from error


def read_index(text: str, place: str) -> list[str]:
    """Give the folders that an index lists.

    Raises:
        LabError: it is none, or of a later version.
    """
    found = _checked(text, place).get("sources")
    if not isinstance(found, list):
        raise LabError(f"{place} is no index of a data set: it lists no sources.")
    return [str(folder) for folder in found]


def index_text(folders: Sequence[str]) -> str:
    """Write an index.

    >>> read_index(index_text(["codecache"]), "index.json")
    ['codecache']
    """
    return json.dumps({"version": VERSION, "sources": sorted(folders)}, indent=1)


def _checked(text: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
        version = int(found["version"])
    except (ValueError, TypeError, KeyError) as error:
        raise LabError(
            f"{place} is not of a data set that sessionlab wrote: {type(error).__name__}: {error}."
        ) from error
    if version > VERSION:
        raise LabError(
            f"{place} is of layout version {version}, and this sessionlab knows {VERSION} at most. Update sessionlab."
        )
    return dict(found)


def folder_for(source: str) -> str:
    """Name the folder of a source: its name where that makes a good one, else one with a sign made from it.

    >>> folder_for("codecache"), folder_for("../My runs")
    ('codecache', 'my-runs-013e722d')
    """
    if _PLAIN.fullmatch(source) and source != INDEX:
        return source
    readable = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:40]
    return f"{readable or 'source'}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
