"""Sources: whatever a lab can load. A new one is a module here and a line in :func:`open_source`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sessionlab import livefiles
from sessionlab.display.cells import short
from sessionlab.errors import SourceError
from sessionlab.kinds import KINDS, Kind, kind_named
from sessionlab.loaders.target import Outcome, Target

_SQLITE_URL = "sqlite:///"


class Source(Protocol):
    """Something that a lab can load.

    ``uri`` tells it from all others and holds no password; ``name`` is the readable name that it goes by unless told
    otherwise.
    """

    uri: str
    name: str

    def ahead(self) -> AbstractContextManager[None]:
        """Begin, for the block in which a load follows, what needs no lab: it goes on while that is being opened."""

    def fingerprint(self) -> str | None:
        """Sum up the source's state cheaply, or None if files are to be compared one by one, or nothing can be."""

    def load(self, target: Target) -> Outcome:
        """Write the source's rows into the lab."""


@runtime_checkable
class OpenStore(Protocol):
    """A store that is open: it says where it is, password and all, and of which kind."""

    @property
    def url(self) -> str:
        """The URL of its database."""

    @property
    def kind(self) -> str:
        """The kind of its records."""


def url_of(source: Any) -> str | None:
    """Give the URL of a source that has one, password and all, for loading it again; None for any other."""
    from sessionlab.loaders.frame import is_frame

    if isinstance(source, str):
        return source
    return source.url if isinstance(source, OpenStore) and not is_frame(source) else None


def check_words(source: Any, others: tuple[Any, ...], words: Mapping[str, Any]) -> None:
    """See that what is said about a source is said by its word, and is a text.

    Args:
        source: What is to be loaded.
        others: What was given beside it without a word.
        words: What was given as ``kind`` and ``name``.

    Raises:
        SourceError: it is not.
    """
    if others:
        raise SourceError(_one_source_only(source, others[0]))
    for word, said in words.items():
        if said is not None and (not isinstance(said, str) or not said.strip()):
            a_text = f"a text, as {'codegen' if word == 'kind' else 'runs'!r}"
            raise SourceError(f"The {word} of a source is {a_text}; this is {short(repr(said))}.")


def _one_source_only(source: Any, other: Any) -> str:
    from sessionlab.loaders.frame import is_frame

    if isinstance(other, str) and (is_frame(source) or other in KINDS):
        what = "frame" if is_frame(source) else "source"
        hint = f"Say what {other!r} is: load({what}, {'name' if is_frame(source) else 'kind'}={other!r})."
    else:
        hint = "Load several one after the other, and give a name as name='runs', a kind as kind='codegen'."
    return f"load takes one source. {hint}"


def open_source(source: Any, kind: str | None = None, name: str | None = None) -> Source:
    """Find the loader for something, by what it is and by what is in it.

    Args:
        source: A path, a folder, a glob, a ``sqlite:///`` or ``postgresql://`` URL, a store, or a data frame.
        kind: The kind of all its records, where it is not to be told by content.
        name: The name for a data frame, which has none of its own.

    Raises:
        SourceError: there is no such thing, or nothing here reads it.
    """
    from sessionlab.loaders.frame import FrameSource, is_frame

    if isinstance(source, str | os.PathLike):
        return _open_path(os.fspath(source), kind_named(kind) if kind else None)
    if is_frame(source):
        return FrameSource(source, name, kind)
    if isinstance(source, OpenStore):
        return _open_path(source.url, kind_named(kind or source.kind))
    raise SourceError(
        f"A {type(source).__name__} is nothing to load. Give a path, a folder, a glob, a sqlite:/// or postgresql://"
        " URL, a store, or a pandas, Polars or Arrow table."
    )


def _open_path(text: str, kind: Kind | None) -> Source:
    from sessionlab.loaders.heads import is_duckdb, is_sqlite, is_stream

    if not text.strip():  # as of a shell's variable that is not set; it would be the folder that one is in
        raise SourceError("An empty text names no source. Give a path or a URL; '.' is the folder that you are in.")
    if text.startswith(("postgresql:", "postgres:")):
        from sessionlab.loaders.postgres import PostgresSource

        return PostgresSource(text, kind)
    path = text.removeprefix(_SQLITE_URL)
    file = Path(path).expanduser()
    if is_stream(str(file)):
        raise SourceError(f"{text} is a pipe or a device, and a source is read twice. Write it to a file first.")
    if text.startswith(_SQLITE_URL) or livefiles.backup_of(file) is not None or is_sqlite(str(file)):
        from sessionlab.loaders.sqlite import SqliteSource

        return SqliteSource(path, kind)
    if is_duckdb(str(file)):
        raise SourceError(f"{text} is a DuckDB file. A lab is opened, not loaded: Lab({text!r}).")
    from sessionlab.loaders.json import JsonSource

    return JsonSource(text, kind)


__all__ = ["OpenStore", "Outcome", "Source", "Target", "check_words", "open_source", "url_of"]
