"""Data sets in object storage: read by DuckDB's own httpfs where that is installed, else through fsspec."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from sessionlab.errors import LabError, MissingExtra
from sessionlab.export.manifest import INDEX, MANIFEST, Manifest, read_index, read_manifest
from sessionlab.schema import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_HTTPFS = {"http", "https", "s3", "gs", "gcs", "r2", "hf"}


def scheme_of(place: str) -> str | None:
    """Give the scheme of a URL; None for a path.

    >>> scheme_of("s3://bucket/lake"), scheme_of("lake")
    ('s3', None)
    """
    found = _URL.match(place)
    return found["scheme"].lower() if found else None


class Remote:
    """A data set at a URL, as it was when it was first read.

    Folders cannot be listed everywhere, so its index says which sources it has.
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
        if self._filesystem is not None:
            connection.register_filesystem(self._filesystem)
        elif not (scheme in _HTTPFS and _has_httpfs(connection)):
            connection.register_filesystem(_fsspec(scheme))
        place = f"{self.root}/{INDEX}"
        folders = read_index(self._read(connection, place), place)
        manifests = ((name, f"{self.root}/{name}/{MANIFEST}") for name in folders)
        self._manifests = {name: read_manifest(self._read(connection, at), at) for name, at in manifests}

    def manifests(self) -> dict[str, Manifest]:
        """Give the manifests by the folder of their source."""
        return self._manifests or {}

    def state(self) -> str:
        """Stand for what is seen of it, which does not change: attach it again to see what is new."""
        return self.root

    def _read(self, connection: DuckDBPyConnection, place: str) -> str:
        with _told(place):
            rows = connection.execute(f"SELECT content FROM read_text({literal(place)})").fetchall()
        if not rows:
            raise LabError(f"There is no data set at {self.root}: {place} is not there.")
        return str(rows[0][0])


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


def _fsspec(scheme: str) -> Any:
    try:
        return importlib.import_module("fsspec").filesystem(scheme)
    except (ImportError, ValueError) as error:
        raise MissingExtra(
            f"{scheme}:// can be read by DuckDB's extension httpfs (INSTALL httpfs, once, with a network) or through"
            f" fsspec (pip install fsspec, and s3fs, gcsfs, adlfs or aiohttp for the storage), and here is neither:"
            f" {error}."
        ) from error
