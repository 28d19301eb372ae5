"""Making, adopting, upgrading and downgrading: the same tables in the end, whichever way."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from sessionlab.errors import StoreError
from sessionlab.stores import STORES, open_store
from sessionlab.stores.database import open_database
from sessionlab.stores.migrations import current, downgrade, revisions, upgrade
from sessionlab.stores.schemas import SCHEMAS
from sessionlab.stores.tables import ddl, making_tables, tables_of
from tests.stores.conftest import Engine

KINDS = sorted(STORES)


def objects(url: str) -> set[tuple[str, ...]]:
    """List all that is in a database, by type, name and what defines it."""
    database = open_database(url)
    queries = {
        "sqlite": "SELECT type, name, coalesce(sql, '') FROM sqlite_master",
        "postgresql": (
            "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " UNION ALL SELECT 'column', table_name, concat(column_name, data_type, is_nullable, column_default)"
            " FROM information_schema.columns WHERE table_schema = current_schema()"
            " UNION ALL SELECT 'constraint', conrelid::regclass::text, conname || pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
            " UNION ALL SELECT 'trigger', tgrelid::regclass::text, pg_get_triggerdef(pg_trigger.oid)"
            " FROM pg_trigger JOIN pg_class AS t ON t.oid = tgrelid"
            " WHERE NOT tgisinternal AND t.relnamespace = current_schema()::regnamespace"
            " UNION ALL SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = current_schema()"
        ),
    }
    try:
        return {tuple(map(str, row)) for row in database.run(queries[database.engine], reads=True).rows}
    finally:
        database.close()


def run_script(url: str, statements: list[str]) -> None:
    database = open_database(url)
    try:
        with database.transaction():
            database.run_script(statements)
    finally:
        database.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_store_is_at_head(kind: str, store_url: str) -> None:
    with open_store(kind, store_url) as store:
        assert store.version == SCHEMAS[kind].head
    assert current(store_url, kind) == SCHEMAS[kind].head


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.parametrize("kind", KINDS)
def test_its_tables_are_those_declared(kind: str, store_url: str, engine: Engine) -> None:
    open_store(kind, store_url).close()
    database = open_database(store_url)
    with database.sqlalchemy().connect() as connection:
        declared = tables_of(kind, engine)
        names = {index.name for table in declared.tables.values() for index in table.indexes} | set(declared.tables)
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, type_, _: type_ not in ("table", "index") or name in names,
            },
        )
        assert compare_metadata(context, declared) == []
        connection.execute(sa.text(f"ALTER TABLE {SCHEMAS[kind].tables[0].name} ADD COLUMN another integer"))
        assert len(compare_metadata(context, declared)) == 1
        connection.rollback()
    database.close()


@pytest.mark.parametrize("kind", KINDS)
def test_down_and_up_again_gives_the_same(kind: str, store_url: str) -> None:
    open_store(kind, store_url).close()
    before = objects(store_url)
    assert downgrade(store_url, kind, "0001") == "0001"
    assert objects(store_url) < before
    assert upgrade(store_url, kind) == SCHEMAS[kind].head
    assert objects(store_url) == before


@pytest.mark.parametrize("kind", KINDS)
def test_down_to_nothing_leaves_nothing(kind: str, store_url: str) -> None:
    open_store(kind, store_url).close()
    assert downgrade(store_url, kind, "base") is None
    database = open_database(store_url)
    assert database.columns().keys() <= {SCHEMAS[kind].version_table}
    database.close()


@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_another_program_are_adopted(kind: str, store_url: str, engine: Engine) -> None:
    open_store(kind, store_url).close()
    made = objects(store_url)
    downgrade(store_url, kind, "base")
    run_script(store_url, [f"DROP TABLE {SCHEMAS[kind].version_table}", *making_tables(kind, engine)])
    open_store(kind, store_url).close()
    assert objects(store_url) == made


@pytest.mark.parametrize("kind", KINDS)
def test_an_older_store_is_brought_up_when_it_is_opened(kind: str, store_url: str) -> None:
    open_store(kind, store_url).close()
    downgrade(store_url, kind, "0001")
    with open_store(kind, store_url) as store:
        assert store.version == SCHEMAS[kind].head


@pytest.mark.parametrize("version", ["base", "0001"])
def test_many_open_a_store_at_once_that_is_to_be_made_or_brought_up(version: str, store_url: str) -> None:
    open_store("codegen", store_url).close()
    downgrade(store_url, "codegen", version)

    def opened(_: int) -> str | None:
        with open_store("codegen", store_url) as store:
            return store.version

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(opened, range(6))) == ["0003"] * 6


def test_many_stores_are_brought_up_at_once(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.db" for number in range(6)]
    for path in paths:
        open_store("codegen", path).close()
        downgrade(path, "codegen", "0001")
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda path: upgrade(path, "codegen"), paths)) == ["0003"] * 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_of_a_later_version_is_refused_and_left_alone(kind: str, store_url: str) -> None:
    open_store(kind, store_url).close()
    run_script(store_url, [f"UPDATE {SCHEMAS[kind].version_table} SET version_num = '9999'"])
    before = objects(store_url)
    for call in (
        lambda: open_store(kind, store_url),
        lambda: upgrade(store_url, kind),
        lambda: current(store_url, kind),
    ):
        with pytest.raises(StoreError, match=r"version 9999; this sessionlab knows 0001 to .* Nothing was changed"):
            call()
    assert objects(store_url) == before


@pytest.mark.parametrize("kind", KINDS)
def test_other_tables_of_those_names_are_refused(kind: str, store_url: str) -> None:
    table = SCHEMAS[kind].tables[0].name
    run_script(store_url, [f"CREATE TABLE {table} (other integer)"])
    with pytest.raises(StoreError, match=f"it lacks {table}\\."):
        open_store(kind, store_url)
    assert current(store_url, kind) is None


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_revision_is_refused(kind: str, store_url: str) -> None:
    with pytest.raises(StoreError, match=r"cannot go to 'nowhere': .* The revisions are 0001, 0002, 0003"):
        upgrade(store_url, kind, "nowhere")


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_script_of_each_revision(kind: str) -> None:
    assert revisions(kind) == list(SCHEMAS[kind].revisions)


@pytest.mark.parametrize("kind", KINDS)
def test_the_statements_are_the_known_ones(kind: str, engine: Engine) -> None:
    """A revision that is out must not change: what the declaration makes of it is compared with a file."""
    tables, after = ddl(kind, engine)
    text = ";\n".join([*tables, *after]) + ";\n"
    file = Path(__file__).parent / "snapshots" / f"{kind}.{engine}.sql"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        pytest.fail(f"{file.name} was missing and is written; look at it and run again.")
    assert text == file.read_text(encoding="utf-8")


def test_asking_for_a_version_makes_nothing(tmp_path: Path, schema_url: str) -> None:
    for call in (current, partial(downgrade, revision="base")):
        with pytest.raises(StoreError, match="There is no file"):
            call(tmp_path / "store.db", "codegen")
    assert list(tmp_path.iterdir()) == []
    assert current(schema_url, "codegen") is None
    database = open_database(schema_url, make=False)
    schema = schema_url.partition("schema=")[2]
    assert database.run("SELECT count(*) FROM pg_namespace WHERE nspname = %s", (schema,)).rows == [(0,)]
    database.close()


def test_a_refused_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE session (other)")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"it lacks session\.id, .*, iteration, error\. Nothing was changed"):
        open_store("codegen", path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_kind_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no store of the kind 'dreams'\. There are: codegen"):
        open_store("dreams", tmp_path / "a.db")
    with pytest.raises(StoreError, match=r"no store of the kind 'dreams'\. There are: codegen"):
        current(tmp_path / "a.db", "dreams")


def test_a_store_that_is_not_there_goes_nowhere_down(store_url: str) -> None:
    open_store("codegen", store_url).close()
    for revision in ("0001", "base"):
        with pytest.raises(StoreError, match="holds no conversation store"):
            downgrade(store_url, "conversation", revision)
    with open_store("codegen", store_url) as store:
        assert store.version == SCHEMAS["codegen"].head
