"""Changing the schema of a store step by step, up and down, by Alembic.

Each kind has a folder of revisions here, and each store a table that keeps its version.
"""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from sessionlab.errors import StoreError
from sessionlab.stores.database import Database, open_database
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.versions import make_ready, version_held, version_of

_HERE = Path(__file__).parent

_one_at_a_time = threading.Lock()
"""Alembic keeps what it is doing in its module, where two threads would meet."""


def upgrade(url: str | os.PathLike[str] | None, kind: str, revision: str = "head") -> str | None:
    """Bring a store up to a revision, or make it; give the version that it has then.

    Raises:
        StoreError: there is no such revision, the store is of a later version, or it cannot be changed.
    """
    return _moved(url, kind, revision)


def downgrade(url: str | os.PathLike[str] | None, kind: str, revision: str) -> str | None:
    """Bring a store down to a revision; ``"base"`` removes its tables and all that is in them.

    Raises:
        StoreError: there is no such revision, or no such store, it is of a later version, or it cannot be changed.
    """
    return _moved(url, kind, revision, down=True)


def current(url: str | os.PathLike[str] | None, kind: str) -> str | None:
    """Give the version of a store; None if nothing there says one.

    Raises:
        StoreError: it cannot be opened, or is of a later version.
    """
    schema = schema_of(kind)
    with closing(open_database(url, make=False)) as database:
        return version_of(database, schema)


def _moved(url: str | os.PathLike[str] | None, kind: str, revision: str, *, down: bool = False) -> str | None:
    schema = schema_of(kind)
    with closing(open_database(url, make=not down)) as database:
        if (version_held if down else version_of)(database, schema) is None:
            make_ready(database, kind)
        move(database, kind, revision, down=down)
        return version_of(database, schema)


def move(database: Database, kind: str, revision: str, *, down: bool = False) -> None:
    """Bring the store in a database to a revision, in one transaction."""
    engine = database.sqlalchemy()
    try:
        with _one_at_a_time, engine.begin() as connection:
            connection.exec_driver_sql(database.schema_lock)
            config = config_for(kind)
            config.attributes["connection"] = connection
            (command.downgrade if down else command.upgrade)(config, revision)
    except CommandError as error:
        known = ", ".join(schema_of(kind).revisions)
        raise StoreError(f"{database.where} cannot go to {revision!r}: {error} The revisions are {known}.") from None
    except DBAPIError as error:
        raise StoreError(f"{database.where} cannot go to {revision!r}: {error.orig}. Nothing was changed.") from None
    finally:
        engine.dispose()


def config_for(kind: str) -> Config:
    """Give Alembic's configuration for a kind; it takes no file."""
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("version_locations", str(_HERE / kind).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["kind"] = kind
    return config


def revisions(kind: str) -> list[str]:
    """List the revisions that there are scripts of, the first one first."""
    script = ScriptDirectory.from_config(config_for(kind))
    return [each.revision for each in script.walk_revisions()][::-1]
