"""Which JSON files a path, a folder or a glob stands for, and how they stand now."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from glob import iglob
from pathlib import Path
from types import MappingProxyType

from sessionlab.errors import SourceError
from sessionlab.loaders.heads import databases_among, is_database
from sessionlab.loaders.links import once

SUFFIXES = (".json", ".jsonl", ".ndjson")
COMPRESSED = ("", ".gz", ".zst")
_ENDINGS = tuple(suffix + packed for suffix in SUFFIXES for packed in COMPRESSED)
WILD = frozenset("*?[")
_FEW = 5
_STEM = re.compile(r"\.(json|jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)

_LOADING = re.compile(r"\..+\.loading")
"""The folder in which a lab is being written, perhaps by this load."""

_SPELLED = re.compile(rb"\\x([89a-f][0-9a-f])")


Noted = Mapping[str, tuple[int, int]]
"""Files that a lab has read, by the name that it keeps: the size and the mtime_ns that they had."""

NOTHING: Noted = MappingProxyType({})


@dataclass(frozen=True)
class FileState:
    """A file as it stood when it was listed: what a refresh compares. ``path`` is the name that the lab keeps."""

    path: str
    size: int
    mtime_ns: int


@dataclass
class Listing:
    """What stands at a place: the JSON files, the other files, and the folders that would not open.

    ``plain`` tells that no path goes by a link below the place.
    """

    paths: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    plain: bool = True

    def take_in(self, other: Listing) -> None:
        """Add what another listing has."""
        self.paths += other.paths
        self.ignored += other.ignored
        self.closed += other.closed

    def in_order(self, noted: Noted) -> Listing:
        """Give the same with each file once, by whatever links it is reached, sorted."""
        ignored = set(self.ignored).difference(self.paths)
        if self.plain:
            return Listing(sorted(set(self.paths)), sorted(ignored), sorted(set(self.closed)))
        paths = once(self.paths, lambda path: shown(path) in noted)
        return Listing(paths, once(ignored), sorted(set(self.closed)), plain=False)


def real_path(pattern: str) -> Path:
    """Give the one name of a path or a glob, so that a source is the same by whatever way one comes to it.

    Links to folders are followed, and ``..`` is gone; a file keeps its own name, as that may be all that names it.
    """
    path = Path(pattern).expanduser().absolute()
    plain = next((part for part in (path, *path.parents) if not WILD & set(str(part))), path)
    try:
        rest = path.relative_to(plain)
        return (plain.resolve() if plain.is_dir() else plain.parent.resolve() / plain.name) / rest
    except OSError:
        return path


def expand(pattern: str, noted: Noted = NOTHING) -> Listing:
    """List the JSON files that a path, a folder (all below it) or a glob stands for, as absolute paths, sorted.

    A glob stands for the files that it matches, whatever their names, but for databases and what stands beside them;
    and for all that is below the folders that it matches. A file that several paths lead to is listed by the one that
    is noted, or else by the first. What is as it was noted is not looked into.

    Raises:
        SourceError: there is no such path, it may not be looked at, or nothing matches.
    """
    path = Path(pattern).expanduser()
    try:
        if path.is_file():
            return Listing([str(path.absolute())])
        found = _below(path.absolute()) if path.is_dir() else _matching(str(path.absolute()), noted)
        found = found.in_order(noted)
        if not found.paths and not found.closed:
            raise SourceError(_nothing_at(pattern, path, found.ignored))
    except PermissionError as error:
        raise SourceError(f"No permission to read {error.filename or pattern}.") from error
    return found


def _below(folder: Path) -> Listing:
    found = Listing()
    for entry in _entries(str(folder), found.closed):
        found.plain &= not entry.is_symlink()
        wanted = is_json_name(entry.name) and _may_be_read(entry)
        (found.paths if wanted else found.ignored).append(entry.path)
    return found


def _entries(folder: str, closed: list[str]) -> Iterator[os.DirEntry[str]]:
    """Walk all that is below a folder but the folders, of which those that would not open are noted.

    The folder's own listing tells what is a file, so that none has to be looked at for that.
    """
    try:
        with os.scandir(folder) as listing:
            entries = list(listing)
    except OSError as error:
        closed.append(str(error.filename))
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not _LOADING.fullmatch(entry.name):
                yield from _entries(entry.path, closed)
        elif not (entry.is_symlink() and entry.is_dir()):
            yield entry


def _matching(pattern: str, noted: Noted) -> Listing:
    found = Listing(plain=False)
    folders: set[Path] = set()
    for path in map(Path, iglob(pattern, recursive=True)):  # noqa: PTH207
        if path.is_file():
            (found.ignored if _is_no_source(path, noted) else found.paths).append(str(path))
        elif path.is_dir() and folders.isdisjoint(path.parents):  # a folder comes before those in it
            folders.add(path)
            found.take_in(_below(path))
    return found


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    """Whether reading something would come to an end: a pipe's does not. A link to nowhere is left to be set aside."""
    return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())


def _is_no_source(path: Path, noted: Noted) -> bool:
    """Whether a file that a glob matches is a database or has nothing in it; what is named as JSON is read as such.

    One that is as it was when it was read before still is what it was.
    """
    if is_json_name(path.name):
        return False
    state = next(states([str(path)]), None)
    if state and noted.get(state.path) == (state.size, state.mtime_ns):
        return False
    return state is None or state.size == 0 or is_database(str(path))


def _nothing_at(pattern: str, path: Path, found: list[str]) -> str:
    if databases := databases_among(found):
        listed = ", ".join([*databases[:_FEW], *(["…"] if len(databases) > _FEW else [])])
        return f"{pattern} has no JSON files, but SQLite databases. Load each by its own path: {listed}"
    if path.is_dir():
        others = f", only {', '.join(Path(name).name for name in found[:_FEW])}" if found else ""
        return f"The folder {pattern} has no JSON files ({', '.join(SUFFIXES)}, also .gz and .zst){others}."
    if path.parent.is_dir() and not WILD & set(pattern):
        return f"There is no file {pattern}. Its folder has {_near(path)}."
    if found:
        return (
            f"Nothing that {pattern} matches can be read, only {', '.join(Path(name).name for name in found[:_FEW])}."
        )
    return f"Nothing matches {pattern}. Give a file, a folder, a glob, a sqlite:/// or a postgresql:// URL."


def _near(path: Path) -> str:
    """Name a few files of a path's folder: those that are named most like it first, and no hidden ones."""
    names = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))
    alike = get_close_matches(path.name, names, _FEW)
    return ", ".join([*alike, *(name for name in names if name not in alike)][:_FEW]) or "no files"


def is_json_name(name: str) -> bool:
    """Whether a folder's file is one of those that a load of the folder reads."""
    return name.lower().endswith(_ENDINGS)


def stem(path: str) -> str:
    """Give a file's name without its JSON endings.

    >>> stem("/logs/0b50d7a2e8b917de.json.gz")
    '0b50d7a2e8b917de'
    """
    return _STEM.sub("", Path(path).name)


STEM_SQL = r"regexp_replace(parse_filename(file, false, 'system'), '\.(json|jsonl|ndjson)(\.gz|\.zst)?$', '', 'i')"
"""The same as :func:`stem`, over a column ``file``."""


def shown(path: str) -> str:
    r"""Give the name under which the lab keeps a path: the path, with bytes that are no UTF-8 spelled out.

    >>> shown("/logs/caf\udce9.json")
    '/logs/caf\\xe9.json'
    """
    return path if path.isprintable() else os.fsencode(path).decode(errors="backslashreplace")


def unshown(name: str) -> str:
    """Give the path that is kept under a name."""
    if "\\x" not in name or os.path.lexists(name):
        return name
    return os.fsdecode(_SPELLED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(name)))


def states(paths: Iterable[str]) -> Iterator[FileState]:
    """Stat each file; one that has just vanished is left out, a link to nowhere is not."""
    for path in paths:
        try:
            found = os.stat(path)  # noqa: PTH116 - ten thousand files: a Path each would cost more than the call
        except OSError:
            if os.path.lexists(path):
                yield FileState(shown(path), 0, 0)
            continue
        yield FileState(shown(path), found.st_size, found.st_mtime_ns)
