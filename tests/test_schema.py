"""The words in which tables are declared."""

from __future__ import annotations

import duckdb
import pytest

from sessionlab.schema import Column, Table, Type, literal, quote

TABLE = Table(
    "odd 'name\"",
    (
        Column("id", Type.INTEGER, required=True),
        Column('say "x"', key="said", aliases=("told", "inner.told")),
        Column("t", Type.TIME),
    ),
    key=("id",),
)


def test_names() -> None:
    id_, said, _ = TABLE
    assert (id_.json_key, id_.names) == ("id", ("id",))
    assert (said.json_key, said.names) == ("said", ("said", 'say "x"', "told", "inner.told"))
    assert Column("a", key="a", aliases=("a", "b")).names == ("a", "b")
    assert TABLE.names == ("id", 'say "x"', "t")


def test_ddl_runs() -> None:
    connection = duckdb.connect()
    connection.execute(TABLE.ddl("main"))
    connection.execute(TABLE.ddl("main"))
    found = connection.execute(f"DESCRIBE {quote(TABLE.name)}").fetchall()
    assert [row[:2] for row in found] == [("id", "BIGINT"), ('say "x"', "VARCHAR"), ("t", "TIMESTAMP")]


@pytest.mark.parametrize("type_", Type)
def test_types_are_duckdbs(type_: Type) -> None:
    ((name,),) = duckdb.connect().execute(f"SELECT typeof(NULL::{type_.value})").fetchall()
    assert name == type_.value


@pytest.mark.parametrize("text", ["", "a", "it's", "'; DROP TABLE x; --", 'a"b', "\\", "a\nb", "é😀"])
def test_quoting(text: str) -> None:
    connection = duckdb.connect()
    assert connection.execute(f"SELECT {literal(text)}").fetchall() == [(text,)]
    if text:
        connection.execute(f"CREATE TABLE t ({quote(text)} INT)")
        assert connection.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = 't'").fetchall() == [
            (text,)
        ]


def test_columns_are_data() -> None:
    """Equal, hashable, and not to be changed."""
    assert Column("a") == Column("a")
    assert len({Column("a"), Column("a"), Column("b")}) == 2
    with pytest.raises(AttributeError):
        Column("a").name = "b"  # type: ignore[misc]
