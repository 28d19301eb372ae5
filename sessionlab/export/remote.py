"""Data sets in object storage: read by DuckDB's own httpfs where that is installed, else through fsspec."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from sessionlab.errors import LabError, MissingExtra
from sessionlab.export.manifest import INDEX, MANIFEST, Manifest, folder_for, read_index, read_manifest
from sessionlab.schema import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_UNLISTED = {"http", "https"}
_HTTPFS = _UNLISTED | {"s3", "gs", "gcs", "r2", "hf"}


def scheme_of(place: str) -> str | None:
    """Give the scheme of a URL; None for a path.

    >>> scheme_of("s3://bucket/lake"), scheme_of("lake")
    ('s3', None)
    """
    found = _URL.match(place)
    return found["scheme"].lower() if found else None


class Remote:
    """A data set at a URL, as it was when it was first read.

    Web servers do not list folders, so there its index says which sources it has; elsewhere the manifests are found.
    """

    def __init__(self, url: str, filesystem: Any = None) -> None:
        self.root = url.rstrip("/")
        self._filesystem = filesystem
        self._manifests: dict[str, Manifest] | None = None

    def open(self, connection: DuckDBPyConnection) -> None:
        """Have a connection read such URLs, and read the manifests.

        Raises:
            MissingExtra: neither httpfs nor fsspec can be had.
            LabError: it cannot be read.
        """
        scheme = str(scheme_of(self.root))
        if self._filesystem is not None or not (scheme in _HTTPFS and _has_httpfs(connection)):
            connection.register_filesystem(_dated(self._filesystem or _fsspec(scheme)))
        texts = self._listed(connection) if scheme in _UNLISTED else self._read(connection, f"*/{MANIFEST}")
        if not texts:
            self._read_one(connection, INDEX)
        found = [read_manifest(text, place) for place, text in texts.items()]
        self._manifests = {folder_for(manifest.source): manifest for manifest in found}

    def _listed(self, connection: DuckDBPyConnection) -> dict[str, str]:
        """Read the manifests that the index lists."""
        folders = read_index(self._read_one(connection, INDEX), f"{self.root}/{INDEX}")
        return {f"{self.root}/{name}": self._read_one(connection, f"{name}/{MANIFEST}") for name in folders}

    def manifests(self) -> dict[str, Manifest]:
        """Give the manifests by the folder of their source."""
        return self._manifests or {}

    def state(self) -> str:
        """Stand for what is seen of it, which does not change: attach it again to see what is new."""
        return self.root

    def _read_one(self, connection: DuckDBPyConnection, name: str) -> str:
        for text in self._read(connection, name).values():
            return text
        raise LabError(f"There is no data set at {self.root}: {self.root}/{name} is not there.")

    def _read(self, connection: DuckDBPyConnection, names: str) -> dict[str, str]:
        """Read text files whole, by their names; the name may be a pattern."""
        place = f"{self.root}/{names}"
        with _told(place):
            return dict(connection.execute(f"SELECT filename, content FROM read_text({literal(place)})").fetchall())


@contextmanager
def _told(place: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError, RuntimeError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise LabError(f"{place} cannot be read: {said}. Is it the URL of a data set, and may you read it?") from error


def _has_httpfs(connection: DuckDBPyConnection) -> bool:
    """Load DuckDB's extension if this machine has it; nothing is downloaded."""
    try:
        connection.execute("LOAD httpfs")
    except duckdb.Error:
        return False
    return True


def _dated(filesystem: Any) -> Any:
    """Have a file system that knows no times of change, as that for HTTP, say one: a data set's files never change."""
    if type(filesystem).modified is importlib.import_module("fsspec").AbstractFileSystem.modified:
        filesystem.modified = lambda _: datetime.fromtimestamp(0, UTC)
    return filesystem


def _fsspec(scheme: str) -> Any:
    try:
        return importlib.import_module("fsspec").filesystem(scheme)
    except (ImportError, ValueError) as error:
        raise MissingExtra(
            f"{scheme}:// can be read by DuckDB's extension httpfs (INSTALL httpfs, once, with a network) or through"
            f" fsspec (pip install fsspec, and s3fs, gcsfs, adlfs or aiohttp for the storage), and here is neither:"
            f" {error}."
        ) from error
    except (TypeError, OSError) as error:
        raise LabError(
            f"What reads {scheme}:// cannot be set up by its URL alone: {error}. Give it set up, as"
            f" Lab.attach(…, filesystem=fsspec.filesystem({scheme!r}, …))."
        ) from error
