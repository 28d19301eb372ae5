"""A lab's catalog over a data set: its tables are views of exactly the files that the manifests name."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sessionlab import canonical
from sessionlab.errors import LabError
from sessionlab.export.manifest import TABLES, Manifest
from sessionlab.kinds import KINDS
from sessionlab.model import DERIVED
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


def refuse_others(manifests: Mapping[str, Manifest], place: str) -> None:
    """Refuse a data set with tables of another version.

    Raises:
        LabError: it has some.
    """
    for manifest in manifests.values():
        if manifest.schema != canonical.VERSION:
            later = manifest.schema > canonical.VERSION
            raise LabError(
                f"The source {manifest.source!r} of {place} has schema version {manifest.schema}, and this sessionlab"
                f" reads version {canonical.VERSION}. {'Update sessionlab' if later else 'Export it again'}."
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
        maker.execute(f"CREATE VIEW main.{quote(table.name)} AS {_select(table, files_of(manifests, table, root))}")
    for each in KINDS.values():
        maker.execute(f"DROP SCHEMA {quote(each.name)} CASCADE")
    kind, name = _NATIVE
    maker.execute(f"CREATE SCHEMA {quote(kind)}")
    for native in KINDS[kind].tables:
        if native.name == name:
            maker.execute(native.lab.ddl(kind))


def _select(table: Table, files: list[str]) -> str:
    if not files:
        columns = (f"CAST(NULL AS {column.type.value}) AS {quote(column.name)}" for column in table)
        return f"SELECT {', '.join(columns)} WHERE false"
    listed = ", ".join(map(literal, files))
    return f"SELECT {', '.join(map(quote, table.names))} FROM read_parquet([{listed}], hive_partitioning = false)"


def copy_tables(connection: DuckDBPyConnection, path: Path) -> None:
    """Write what a connection's default catalog has views of to a new file, as tables, so that it needs no other."""
    canonical.copy(connection, path)
    with canonical.attached(connection, path) as (catalog, target):
        for table in TABLES:
            name = f"main.{quote(table.name)}"
            connection.execute(f"DROP VIEW {target}.{name}")
            connection.execute(f"CREATE TABLE {target}.{name} AS FROM {catalog}.{name}")
