"""Making a store, telling how old it is, and taking over what another program has made."""

from __future__ import annotations

from sessionlab.errors import StoreError
from sessionlab.schema import quote
from sessionlab.stores.database import Database
from sessionlab.stores.declare import INITIAL, StoreSchema
from sessionlab.stores.schemas import SCHEMAS, schema_of
from sessionlab.stores.tables import ddl, making, making_lacking, stamp


def make_ready(database: Database, kind: str) -> None:
    """Bring the store of a kind up to the latest version: make it, take it over, or change it step by step.

    Raises:
        StoreError: it is of a later version, or what is there is no store of the kind.
    """
    schema = schema_of(kind)
    version = version_of(database, schema)
    if version is None:
        is_there(database, schema)
    database.settle()
    if version == schema.head:
        return
    database.transact(lambda: _make_or_adopt(database, schema))
    if version_of(database, schema) != schema.head:
        from sessionlab.stores.migrations import move

        move(database, kind, "head")


def version_of(database: Database, schema: StoreSchema) -> str | None:
    """Give the version of a store, None if nothing says one.

    Raises:
        StoreError: it is one that this program does not know: a later one.
    """
    if schema.version_table not in database.columns():
        return None
    rows = database.run(f"SELECT version_num FROM {quote(schema.version_table)}", reads=True).rows
    version = str(rows[0][0]) if rows else None
    if version is not None and version not in schema.revisions:
        raise StoreError(
            f"{database.where} is a {schema.kind} store of version {version}; this sessionlab knows"
            f" {schema.revisions[0]} to {schema.head}. Nothing was changed."
            " Use the sessionlab that made it, or a later one."
        )
    return version


def version_held(database: Database, schema: StoreSchema) -> str | None:
    """Give the version of a store that has to be there, None if nothing says one.

    Raises:
        StoreError: there is no store of the kind, or it is of a later version.
    """
    version = version_of(database, schema)
    if version is None and not is_there(database, schema):
        raise StoreError(f"{database.where} holds no {schema.kind} store. 'sessionlab store init' makes one.")
    return version


def _make_or_adopt(database: Database, schema: StoreSchema) -> None:
    """Make a store where nothing is; note down the first version where another program has made the tables."""
    database.run(database.schema_lock)
    if version_of(database, schema) is not None:
        return
    if not is_there(database, schema):
        tables, after = ddl(schema.kind, database.engine)
        database.run_script([*tables, *after])
        return
    lacking = making_lacking(schema.kind, database.engine, database.columns())
    database.run_script([*lacking, *making(schema.kind, database.engine, INITIAL), *stamp(schema.kind, INITIAL)])


def is_there(database: Database, schema: StoreSchema) -> bool:
    """Whether the tables of a kind are there, with their columns, but for what may be added; False if none of them is.

    Raises:
        StoreError: some are, or they are others of that name; the message says what lacks.
    """
    there = database.columns()
    if not any(table.name in there for table in schema.tables):
        return False
    lacking = [
        f"{table.name}.{column.name}" if table.name in there else table.name
        for table in schema.tables
        for column, _, _ in schema.columns(table)
        if column.name not in table.added and column.name not in there.get(table.name, set())
    ]
    if lacking:
        raise StoreError(
            f"{database.where} has tables of the names that a {schema.kind} store has, but it is none: it lacks"
            f" {', '.join(dict.fromkeys(lacking))}. Nothing was changed. Name another file or schema."
        )
    return True


def kinds_in(database: Database) -> list[str]:
    """List the kinds of which a database holds a store, or tables that may be taken over as one."""
    there = database.columns()
    schemas = SCHEMAS.values()
    return [each.kind for each in schemas if _says_version(database, each, there) or _fits(database, each)]


def _says_version(database: Database, schema: StoreSchema, there: dict[str, set[str]]) -> bool:
    table = schema.version_table
    return table in there and bool(database.run(f"SELECT 1 FROM {quote(table)}", reads=True).rows)


def _fits(database: Database, schema: StoreSchema) -> bool:
    try:
        return is_there(database, schema)
    except StoreError:
        return False


def rows_in(database: Database, kind: str) -> dict[str, int]:
    """Count the rows of each table of a store that is there."""
    there = database.columns()
    tables = [table.name for table in schema_of(kind).tables if table.name in there]
    return {name: database.run(f"SELECT count(*) FROM {quote(name)}", reads=True).rows[0][0] for name in tables}
