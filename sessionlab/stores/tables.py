"""A store's tables as SQLAlchemy has them, built from the declaration, and the statements that make them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable, DropIndex, DropTable

from sessionlab.schema import Column, literal, quote
from sessionlab.stores import fulltext
from sessionlab.stores.declare import INITIAL, Field, Index, StoreSchema, StoreTable
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.values import Engine, ValueType

DIALECTS: dict[Engine, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="format"),  # type: ignore[no-untyped-call]
}


@cache
def tables_of(kind: str, engine: Engine) -> sa.MetaData:
    """Give the tables and indexes of a kind's store on an engine."""
    schema, metadata = schema_of(kind), sa.MetaData()
    for table in schema.tables:
        _add_table(schema, table, metadata, engine)
    for index in schema.indexes:
        _add_index(index, metadata.tables[index.table])
    return metadata


def _add_table(schema: StoreSchema, table: StoreTable, metadata: sa.MetaData, engine: Engine) -> None:
    key = table.key or schema.native(table).key
    columns = [_column(table.name, *each, key=each[0].name in key, engine=engine) for each in schema.columns(table)]
    unique = [sa.UniqueConstraint(*names, name=f"uq_{table.name}_{'_'.join(names)}") for names in table.unique]
    counted = any(asked.counted for asked in table.fields.values())
    sa.Table(table.name, metadata, *columns, *unique, sqlite_autoincrement=counted, sqlite_strict=table.strict)


def _column(table: str, column: Column, asked: Field, type_: ValueType, *, key: bool, engine: Engine) -> sa.Column[Any]:
    parts: list[Any] = [sa.Identity()] if asked.counted else []
    if asked.refers:
        name = f"fk_{table}_{column.name}"
        parts.append(sa.ForeignKey(asked.refers, name=name, ondelete="CASCADE" if asked.cascade else None))
    if condition := condition_of(column.name, asked):
        parts.append(sa.CheckConstraint(condition, name=f"ck_{table}_{column.name}"))
    default = asked.default_on(engine)
    return sa.Column(
        column.name,
        type_.sql,
        *parts,
        primary_key=key,
        nullable=asked.null and not key,
        unique=asked.unique or None,
        server_default=None if default is None else sa.text(default),
    )


def condition_of(name: str, asked: Field) -> str:
    """Give the CHECK of a column, or no text if there is nothing to check."""
    checks = []
    if asked.one_of:
        checks.append(f"{quote(name)} IN ({', '.join(map(literal, asked.one_of))})")
    if asked.not_empty:
        checks.append(f"{quote(name)} <> ''")
    if asked.at_least is not None:
        checks.append(f"{quote(name)} >= {asked.at_least}")
    if asked.at_most is not None:
        checks.append(f"{quote(name)} <= {asked.at_most}")
    return " AND ".join(checks)


def _add_index(index: Index, table: sa.Table) -> None:
    columns = [table.c[name.removeprefix("-")] for name in index.columns]
    ordered = [c.desc() if name.startswith("-") else c for name, c in zip(index.columns, columns, strict=True)]
    sa.Index(index.name, *ordered, info={"since": index.since})


def making_tables(kind: str, engine: Engine) -> list[str]:
    """Give the statements that make a kind's tables, without anything else."""
    return [_compiled(CreateTable(table), engine) for table in tables_of(kind, engine).sorted_tables]


def making_lacking(kind: str, engine: Engine, there: Mapping[str, Set[str]]) -> list[str]:
    """Give the statements that add what a store of another program may lack, by the columns that are there."""
    statements = []
    for table in tables_of(kind, engine).sorted_tables:
        if table.name not in there:
            statements.append(_compiled(CreateTable(table), engine))
            continue
        lacking = [column for column in table.columns if column.name not in there[table.name]]
        specified = [_compiled(CreateColumn(column), engine) for column in lacking]
        statements += [f"ALTER TABLE {quote(table.name)} ADD COLUMN {text}" for text in specified]
    return statements


def making(kind: str, engine: Engine, revision: str) -> list[str]:
    """Give the statements of a revision, but for those of the tables. They do no harm where all is there already."""
    schema = schema_of(kind)
    indexes = [_compiled(CreateIndex(index, if_not_exists=True), engine) for index in _indexes(kind, engine, revision)]
    made = [text for each in schema.made if each.since == revision for text in each.make.get(engine, ())]
    searches = [text for each in schema.searches if each.since == revision for text in fulltext.make(each, engine)]
    return [*indexes, *made, *searches]


def dropping(kind: str, engine: Engine, revision: str) -> list[str]:
    """Give the statements that take a revision back."""
    schema = schema_of(kind)
    searches = [text for each in schema.searches if each.since == revision for text in fulltext.drop(each, engine)]
    made = [text for each in reversed(schema.made) if each.since == revision for text in each.drop.get(engine, ())]
    indexes = [_compiled(DropIndex(index, if_exists=True), engine) for index in _indexes(kind, engine, revision)]
    tables = reversed(tables_of(kind, engine).sorted_tables) if revision == INITIAL else ()
    return [*searches, *made, *indexes, *(_compiled(DropTable(table), engine) for table in tables)]


def ddl(kind: str, engine: Engine) -> tuple[list[str], list[str]]:
    """Give the statements of a whole store: those that make its tables, and those for after the rows are in."""
    schema = schema_of(kind)
    after = [text for revision in schema.revisions for text in making(kind, engine, revision)]
    return making_tables(kind, engine), [*after, *stamp(kind, schema.head)]


def stamp(kind: str, revision: str) -> list[str]:
    """Give the statements that note down a store's version, as Alembic does."""
    table = quote(schema_of(kind).version_table)
    return [
        f"CREATE TABLE IF NOT EXISTS {table} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        f"DELETE FROM {table}",
        f"INSERT INTO {table} (version_num) VALUES ({literal(revision)})",
    ]


def _indexes(kind: str, engine: Engine, revision: str) -> list[sa.Index]:
    found = (index for table in tables_of(kind, engine).sorted_tables for index in table.indexes)
    return sorted((index for index in found if index.info["since"] == revision), key=lambda index: str(index.name))


def _compiled(statement: Any, engine: Engine) -> str:
    return str(statement.compile(dialect=DIALECTS[engine])).strip()
