"""A lab's catalog over a data set: its tables are views of exactly the files that the manifests name."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sessionlab import canonical
from sessionlab.entrants import competitions
from sessionlab.errors import LabError
from sessionlab.export.manifest import TABLES, Manifest
from sessionlab.kinds import KINDS
from sessionlab.model import ATTEMPTS, DERIVED, SESSIONS
from sessionlab.schema import Table, literal, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NATIVE = "conversation", "contexts"
"""The native table that a history looks into; no other one is in a data set."""


def files_of(manifests: Mapping[str, Manifest], table: Table, root: str) -> list[str]:
    """List the files of a table, from the data set's root on; the manifests are by the folder of their source."""
    return [
        f"{root}/{name}/{file.path}"
        for name, manifest in manifests.items()
        for file in manifest.files.get(table.name, ())
    ]


def refuse_later(manifests: Mapping[str, Manifest], place: str) -> None:
    """Refuse a data set with tables of a later version.

    Raises:
        LabError: it has some.
    """
    for manifest in manifests.values():
        if manifest.schema > canonical.VERSION:
            raise LabError(
                f"The source {manifest.source!r} of {place} has schema version {manifest.schema}, and this sessionlab"
                f" knows {canonical.VERSION} at most. Update sessionlab."
            )


def attach_views(connection: DuckDBPyConnection, manifests: Mapping[str, Manifest], root: str, catalog: str) -> None:
    """Attach a catalog of views, read-only as a lab's file is.

    Raises:
        LabError: a file cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="sessionlab-") as folder:
        file = literal(str(Path(folder, "views.duckdb")))
        connection.execute(f"ATTACH {file} AS {quote(catalog)}")
        try:
            with closing(connection.cursor()) as maker:
                maker.execute(f"USE {quote(catalog)}")
                _create(maker, manifests, root)
        except duckdb.Error as error:
            raise LabError(f"The data set {root} cannot be read: {str(error).splitlines()[0]}") from error
        finally:
            connection.execute(f"DETACH {quote(catalog)}")
        connection.execute(f"ATTACH {file} AS {quote(catalog)} (READ_ONLY)")


def _create(maker: DuckDBPyConnection, manifests: Mapping[str, Manifest], root: str) -> None:
    """Make the views, and empty tables in place of what a data set has not got."""
    canonical.create(maker)
    for table in TABLES:
        kind = "VIEW" if table in DERIVED else "TABLE"
        maker.execute(f"DROP {kind} main.{quote(table.name)}")
        rows = _sessions(manifests, root) if table is SESSIONS else _select(table, files_of(manifests, table, root))
        maker.execute(f"CREATE VIEW main.{quote(table.name)} AS {rows}")
    for each in KINDS.values():
        maker.execute(f"DROP SCHEMA {quote(each.name)} CASCADE")
    kind, name = _NATIVE
    maker.execute(f"CREATE SCHEMA {quote(kind)}")
    for native in KINDS[kind].tables:
        if native.name == name:
            maker.execute(native.lab.ddl(kind))


def _sessions(manifests: Mapping[str, Manifest], root: str) -> str:
    """Write the query of the sessions; version 1 left it to the attempts who took part in them."""
    earlier = {name: manifest for name, manifest in manifests.items() if manifest.schema < 2}
    tried, had = (files_of(earlier, table, root) for table in (ATTEMPTS, SESSIONS))
    rows = _select(SESSIONS, [file for file in files_of(manifests, SESSIONS, root) if file not in had])
    if not had:
        return rows
    found = competitions(f"({_select(ATTEMPTS, tried)})")
    return f"{rows} UNION ALL BY NAME FROM {_read(had)} LEFT JOIN ({found}) USING (source, kind, session_id)"


def _select(table: Table, files: list[str]) -> str:
    if not files:
        columns = (f"CAST(NULL AS {column.type.value}) AS {quote(column.name)}" for column in table)
        return f"SELECT {', '.join(columns)} WHERE false"
    return f"SELECT {', '.join(map(quote, table.names))} FROM {_read(files)}"


def _read(files: list[str]) -> str:
    return f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"


def copy_tables(connection: DuckDBPyConnection, path: Path) -> None:
    """Write what a connection's default catalog has views of to a new file, as tables, so that it needs no other."""
    canonical.copy(connection, path)
    with canonical.attached(connection, path) as (catalog, target):
        for table in TABLES:
            name = f"main.{quote(table.name)}"
            connection.execute(f"DROP VIEW {target}.{name}")
            connection.execute(f"CREATE TABLE {target}.{name} AS FROM {catalog}.{name}")
