"""Workspaces: folders that sessions belong to, and the hashes that name their JSON files."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from sessionlab.errors import InvalidRecord

WorkspacePath = str | os.PathLike[str]

_HASH = re.compile(r"[0-9a-f]{16}")


def now() -> str:
    """Give the time as the editor writes it: UTC, with milliseconds and a ``Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def workspace_hash(workspace_path: str) -> str:
    """Give the 16 hex digits that name a workspace's file: the SHA-256 of its canonical path.

    A path that does not exist here goes as it is written, without a slash at the end. A hash stands for itself, as
    those whose path nobody knows are called by it.

    >>> workspace_hash("/nowhere/project/")
    '7a029fd580dc2159'
    >>> workspace_hash("7a029fd580dc2159")
    '7a029fd580dc2159'
    """
    if _HASH.fullmatch(workspace_path):
        return workspace_path
    try:
        canonical = str(Path(workspace_path).resolve(strict=True))
    except (OSError, RuntimeError, ValueError):
        canonical = workspace_path.rstrip("/")
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def path_of(workspace_path: WorkspacePath) -> str:
    """Check the path of a workspace and give it as a text.

    Raises:
        InvalidRecord: it is none, or empty.
    """
    path = os.fspath(workspace_path) if isinstance(workspace_path, os.PathLike) else workspace_path
    if not isinstance(path, str) or not path.strip():
        raise InvalidRecord(f"workspace_path is {path!r}; it may be the path of a folder.")
    return path
