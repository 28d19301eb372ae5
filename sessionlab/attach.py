"""Attaching a lab's file to read it, once it is sure that it is one."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import duckdb

from sessionlab import canonical
from sessionlab.errors import LabBusy, LabError
from sessionlab.loaders.heads import is_sqlite, is_stream
from sessionlab.schema import literal, quote

_HOLDER = re.compile(r"lock is held in (?P<program>.+?) \(PID (?P<process>\d+)\)")


def attach(connection: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> int:
    """Attach a lab's file read-only under a name, and give its version; after an error the name is free again.

    Raises:
        LabBusy: somebody has it open for writing.
        LabError: it is no lab, or one of a later version.
    """
    if is_stream(str(path)):
        raise LabError(f"{path} is no lab: it is a pipe or a device. Give the lab a path of its own.")
    if is_sqlite(str(path)):  # DuckDB would look for what reads it on the network
        raise LabError(
            f"{path} is no lab: it is an SQLite database. Load it into one: Lab('lab.duckdb').load({str(path)!r})."
        )
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS {quote(catalog)} (READ_ONLY)")
    except duckdb.Error as error:
        raise _refused(path, error) from error
    try:
        version = _version_of(connection, path, catalog)
        if version > canonical.VERSION:
            raise LabError(
                f"The lab {path} has schema version {version}, and this sessionlab knows {canonical.VERSION} at most."
                " Update sessionlab."
            )
        return version
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute(f"DETACH {quote(catalog)}")
        raise


def _refused(path: Path, error: duckdb.Error) -> LabError:
    """Say what DuckDB's complaint about a file means for the lab's user."""
    said = str(error).splitlines()[0]
    holder = _HOLDER.search(said)
    if isinstance(error, duckdb.ResourceInUseException):
        return LabBusy(
            f"The lab {path} is open for writing in this very program ({said}). Close it there and try again."
        )
    if "Could not set lock" in said:
        who = f"process {holder['process']} ({holder['program']})" if holder else "another program"
        return LabBusy(f"The lab {path} is open for writing in {who}. Close it there and try again.")
    if "not a valid DuckDB" in said:
        return LabError(f"{path} is no lab: it is not a DuckDB file. Give the lab a path of its own.")
    if (path / "index.json").is_file():
        return LabError(f"{path} is a data set, which is only read. Open it with Lab.attach({str(path)!r}).")
    if path.is_dir():
        return LabError(f"{path} is a folder, and a lab is a file. Try {path / 'lab.duckdb'}.")
    return LabError(f"The lab {path} cannot be opened: {said}")


def _version_of(connection: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> int:
    schema = f"{quote(catalog)}.main"
    try:
        # What is there is asked for, as DuckDB takes ten times as long to list its tables.
        found = connection.execute(f"SELECT max(version) FROM {schema}.sessionlab").fetchall()[0][0]
        connection.execute(f"SELECT source, kind, session_id FROM {schema}.sessions LIMIT 0")
        return int(found or 0)
    except duckdb.CatalogException:
        raise _no_lab(connection, path, catalog) from None
    except (duckdb.Error, ValueError) as error:
        raise LabError(f"{path} cannot be read as a lab: {str(error).splitlines()[0]}") from error


def _no_lab(connection: duckdb.DuckDBPyConnection, path: Path, catalog: str) -> LabError:
    """Say what a DuckDB file has instead of a lab's tables."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name LIMIT 6", [catalog]
    ).fetchall()
    found = ", ".join(name for (name,) in tables) or "no tables"
    return LabError(f"{path} is a DuckDB file but no lab: it has {found}. Give the lab a path of its own.")
