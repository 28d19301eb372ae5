"""A consistent copy of a store that others go on writing to: whole under its name, or not there at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal, get_args

from sessionlab.disk import sync, sync_tree
from sessionlab.errors import StoreError
from sessionlab.stores.database import Database
from sessionlab.stores.postgres import PostgresDatabase
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.sqlite import SqliteDatabase
from sessionlab.stores.versions import version_held

Form = Literal["sqlite", "dump", "parquet"]
"""What a backup may be: an SQLite file, what ``pg_restore`` reads, or a folder of Parquet files."""

Write = Callable[[Path], None]


def back_up(database: Database, kind: str, target: str | os.PathLike[str], form: Form | None = None) -> Path:
    """Write a backup of a store and give its path.

    Args:
        database: Where the store is.
        kind: Its kind.
        target: Where the backup is to be; nothing may be there.
        form: What it is to be. A copy of an SQLite store is an SQLite file; of Postgres it is a dump where there is a
            ``pg_dump`` that knows the server's version, else Parquet files.

    Raises:
        StoreError: there is no store of the kind, something is there already, the form is not to be had, or it cannot
            be written.
    """
    path = Path(target).expanduser().absolute()
    _refuse_to_overwrite(path)
    version_held(database, schema_of(kind))
    write = _writer(database, kind, form)
    try:
        _publish(path, write)
    except OSError as error:
        raise StoreError(f"{database.where} cannot be copied to {path}: {error.strerror or error}.") from error
    return path


def _writer(database: Database, kind: str, form: Form | None) -> Write:
    """Choose what writes a backup."""
    if form is not None and form not in get_args(Form):
        raise StoreError(f"A backup cannot be {form!r}; it may be {', '.join(get_args(Form))}.")
    if isinstance(database, SqliteDatabase):
        if form not in (None, "sqlite"):
            raise StoreError(f"{database.where} is an SQLite file, and so is its backup; {form} is for Postgres.")
        return database.backup
    if not isinstance(database, PostgresDatabase) or form == "sqlite":
        raise StoreError(f"{database.where} is a Postgres database; its backup may be dump or parquet.")
    return _postgres_writer(database, kind, form)


def _postgres_writer(database: PostgresDatabase, kind: str, form: Form | None) -> Write:
    from sessionlab.stores.backup_dump import dump, lacking
    from sessionlab.stores.backup_parquet import write_parquet

    why = lacking(database) if form != "parquet" else "not asked for"
    if why is None:
        return lambda path: dump(database, path)
    if form == "dump":
        raise StoreError(f"{database.where} cannot be dumped: {why} A backup as Parquet files needs no pg_dump.")
    return lambda path: write_parquet(database, kind, path)


def _publish(path: Path, write: Write) -> None:
    """Write into a folder aside, and give the whole its name: a kill leaves nothing under that name."""
    if not path.parent.is_dir():
        raise StoreError(f"There is no folder {path.parent} to keep the backup {path.name} in. Make it.")
    aside = Path(mkdtemp(prefix=f".{path.name}-", suffix=".unfinished", dir=path.parent))
    try:
        written = aside / path.name
        write(written)
        (sync_tree if written.is_dir() else sync)(written)
        _name(written, path)
        sync(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _name(written: Path, path: Path) -> None:
    """Give a file or folder its name, unless somebody has taken that in the meantime."""
    if written.is_dir():
        _refuse_to_overwrite(path)
        written.rename(path)
        return
    try:
        path.hardlink_to(written)
    except FileExistsError:
        _refuse_to_overwrite(path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        # A file system without hard links: here the name could be taken between these two lines.
        _refuse_to_overwrite(path)
        written.rename(path)


def _refuse_to_overwrite(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise StoreError(f"A backup never overwrites: {path} exists. Name another file.")
