"""Files that are reached by links: each is one file, by however many paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

_MANY = 20
"""From how many files of a folder on its own listing tells sooner which are links than a look at each of them."""


def linked(paths: Iterable[str]) -> dict[str, str]:
    """Give the real path of each path that goes by a link and leads somewhere.

    Plain paths are looked at by the folder, so that ten thousand of them take a moment only.
    """
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition(os.sep)
        folders.setdefault(folder, []).append(name)
    known = {"": False, os.sep: False}
    linked_names = (
        (folder, names if _goes_by_link(folder, known) else _links_among(folder, names))
        for folder, names in folders.items()
    )
    found = ((path, _real(path)) for folder, names in linked_names for path in _joined(folder, names))
    return {path: real for path, real in found if real}


def once(paths: Iterable[str], is_first: Callable[[str], bool] = lambda _: False) -> list[str]:
    """Sort paths, with each file by one of them only: by one that is to come first, or the first in order."""
    ordered = sorted(set(paths))
    links = linked(ordered)
    if not links:
        return ordered
    taken: dict[str, str] = {}
    for path in sorted(ordered, key=lambda path: not is_first(path)):
        taken.setdefault(links.get(path, path), path)
    return sorted(taken.values())


def _joined(folder: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{folder}{os.sep}{name}" for name in names)


def _goes_by_link(folder: str, known: dict[str, bool]) -> bool:
    """Whether a folder, or one that it is in, is a link, or a step back; each is asked once."""
    if folder not in known:
        is_link = folder.endswith(f"{os.sep}..") or os.path.islink(folder)  # noqa: PTH114 - a Path each costs more
        known[folder] = is_link or _goes_by_link(os.path.dirname(folder), known)  # noqa: PTH120 - as above
    return known[folder]


def _links_among(folder: str, names: Sequence[str]) -> Iterable[str]:
    """Find the links among some files of a folder."""
    if len(names) < _MANY:
        return [name for name, path in zip(names, _joined(folder, names), strict=True) if os.path.islink(path)]  # noqa: PTH114
    try:
        with os.scandir(folder or os.sep) as entries:
            links = {entry.name for entry in entries if entry.is_symlink()}
    except OSError:
        return []
    return links.intersection(names)


def _real(path: str) -> str | None:
    """Follow a path's links; None where they lead nowhere."""
    try:
        return os.path.realpath(path, strict=True)
    except OSError:
        return None
