"""A backup of a Postgres store by the server's own ``pg_dump``, in the format that ``pg_restore`` reads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from sessionlab.errors import StoreError
from sessionlab.schema import quote
from sessionlab.stores.postgres import PostgresDatabase

_PROGRAM = "pg_dump"


def lacking(database: PostgresDatabase) -> str | None:
    """Say why the database cannot be dumped, or None if it can."""
    if database.address.has_more_passwords():
        return "its URL has a password that pg_dump takes on the command line only, where others could read it."
    program = shutil.which(_PROGRAM)
    if program is None:
        return f"there is no {_PROGRAM} on the PATH."
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"\d+", said)
    ((server,),) = database.run("SELECT current_setting('server_version_num')::int / 10000", reads=True).rows
    if found is None or int(found[0]) < server:
        return f"{program} is of version {found[0] if found else 'unknown'}, and the server of version {server}."
    return None


def dump(database: PostgresDatabase, path: Path) -> None:
    """Dump the schema that a store is in, with all that is in it.

    The tables alone would not do: a trigger's function would be left behind.

    Raises:
        StoreError: it cannot be done.
    """
    address = database.address
    command = [
        _PROGRAM,
        "--format=custom",
        "--no-password",
        f"--schema={quote(address.schema)}",
        f"--file={path}",
        f"--dbname={address.for_command()}",
    ]
    secret = {"PGPASSWORD": address.password} if address.password else {}
    done = subprocess.run(  # noqa: S603 - no shell, and a program of the user's own PATH
        command, capture_output=True, text=True, check=False, env={**os.environ, **secret}, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise StoreError(str(address.refused(StoreError(done.stderr or f"{_PROGRAM} failed"))))
