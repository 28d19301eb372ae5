from __future__ import annotations

import duckdb
import pytest

from sessionlab import canonical, entrants
from sessionlab.kinds import KINDS
from sessionlab.model import ATTEMPTS, DERIVED, ERRORS, FILES, MESSAGES, REJECTS, SESSIONS, SOURCES
from sessionlab.schema import Table


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    canonical.create(connection)
    return connection


def shape(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return [(name, type_) for name, type_, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]


@pytest.mark.parametrize(
    "table", [SESSIONS, ATTEMPTS, MESSAGES, ERRORS, SOURCES, FILES, REJECTS], ids=lambda table: table.name
)
def test_a_canonical_table_has_its_columns_and_types(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    declared = [(column.name, column.type.value) for column in table]
    assert shape(connection, f"main.{table.name}") == declared


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_gives_canonical_columns_and_types(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    found = {
        name
        for (name,) in connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = $1", [kind]
        ).fetchall()
    }
    assert "canonical_sessions" in found
    for table in (SESSIONS, *DERIVED):
        assert KINDS[kind].gives(table) is (f"canonical_{table.name}" in found)
        if f"canonical_{table.name}" in found:
            assert shape(connection, f"{kind}.canonical_{table.name}") == [
                (column.name, column.type.value) for column in table if column.name != entrants.COLUMN
            ], table.name


def test_creating_again_changes_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("INSERT INTO sources (source) VALUES ('x')")
    before = connection.execute("SELECT sql FROM duckdb_tables() UNION ALL SELECT sql FROM duckdb_views()").fetchall()
    connection.execute("UPDATE sessionlab SET definition = 'of an earlier day'")
    canonical.bring_up(connection)
    after = connection.execute("SELECT sql FROM duckdb_tables() UNION ALL SELECT sql FROM duckdb_views()").fetchall()
    assert after == before
    assert connection.execute("SELECT source FROM sources").fetchall() == [("x",)]
    assert connection.execute("SELECT version FROM sessionlab").fetchall() == [(canonical.VERSION,)]


def test_a_lab_of_an_earlier_day_is_brought_up(connection: duckdb.DuckDBPyConnection) -> None:
    """And one of today is left alone, as looking at each view takes a while."""
    connection.execute("DROP VIEW attempts")
    canonical.bring_up(connection)
    assert not connection.execute("FROM duckdb_views() WHERE view_name = 'attempts'").fetchall()
    connection.execute("CREATE OR REPLACE TABLE sessionlab AS SELECT 1 AS version")
    canonical.bring_up(connection)
    assert connection.execute("SELECT count(*) FROM attempts").fetchall() == [(0,)]
    assert connection.execute("SELECT version FROM sessionlab").fetchall() == [(canonical.VERSION,)]


def test_removing_a_source_leaves_the_others_in_every_table(connection: duckdb.DuckDBPyConnection) -> None:
    tables = connection.execute(
        "SELECT DISTINCT schema_name || '.' || table_name FROM duckdb_columns() AS c SEMI JOIN duckdb_tables() AS t"
        " USING (table_oid) WHERE column_name = 'source'"
    ).fetchall()
    assert len(tables) > 10
    for (table,) in tables:
        connection.execute(f"INSERT INTO {table} (source) VALUES ('x'), ('y')")
    canonical.remove(connection, "x")
    for (table,) in tables:
        assert connection.execute(f"SELECT source FROM {table}").fetchall() == [("y",)], table
