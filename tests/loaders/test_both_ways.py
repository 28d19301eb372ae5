"""What DuckDB reads straight and what is read record by record come out the same."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionlab import canonical
from sessionlab.kinds import KINDS, Kind, NativeTable
from sessionlab.loaders.json import JsonSource
from sessionlab.loaders.target import LAB, Target, prepare
from sessionlab.schema import Column, Type, quote
from tests.loaders.records import looked_through

TEXTS = st.text(max_size=12) | st.sampled_from(["", "null", "{}", "a: NaN, b", '","', "\\", "\x00", "é😀", ", ]"])
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 20)
REALS = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.sampled_from(
    [
        "2025-11-13T03:46:40.123456789+00:00",
        "2025-11-13 03:46:40.123",
        "2025-11-13",
        1763005600,
        1763005600123.5,
        "0",
        0,
    ]
)
FREE = st.recursive(
    TEXTS | st.integers(-(2**70), 2**70) | REALS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.TEXT: TEXTS,
    Type.INTEGER: NUMBERS,
    Type.REAL: REALS,
    Type.BOOLEAN: st.booleans(),
    Type.TIME: TIMES,
    Type.JSON: FREE,
}
UNKNOWN = st.dictionaries(
    st.text(string.ascii_lowercase, min_size=3, max_size=5).map(lambda name: f"u{name}")
    | st.sampled_from(["e", "r", "extra"]),
    FREE,
    max_size=3,
)


def field(column: Column) -> st.SearchStrategy[Any]:
    value = VALUES[column.type]
    return value if column.required else value | st.none()


@st.composite
def rows(draw: st.DrawFn, kind: Kind, table: NativeTable) -> dict[str, Any]:
    """Draw a row as JSON has it: columns under one of their names or absent, unknown keys, nested rows."""
    row: dict[str, Any] = draw(UNKNOWN)
    for column in table.columns:
        if column.name != table.link and (column.required or draw(st.booleans())):
            names = [name for name in column.names if "." not in name]
            row[draw(st.sampled_from(names))] = draw(field(column))
    for child in kind.children(table):
        nested = TEXTS if child.scalar else rows(kind, child)
        row[child.nest[0]] = draw(st.lists(nested | st.none(), max_size=2) | st.none())
    return row


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with closing(duckdb.connect()) as connection:
        connection.execute(f"ATTACH ':memory:' AS {LAB}")
        prepare(connection)
        canonical.create(connection)
        yield Target(connection, "some", tmp_path_factory.mktemp("scratch"))


def load(target: Target, path: Path, kind: Kind, *, closer: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Give all native rows of a file, its JSON decoded."""
    source = JsonSource(str(path), kind)
    source.closer = {str(path)} if closer else set()
    canonical.remove(target.connection, target.source)
    source.load(target)
    assert target.rejected == 0, target.first_rejects
    return {table.name: sorted(native(target, kind, table), key=repr) for table in kind.tables}


def native(target: Target, kind: Kind, table: NativeTable) -> Iterator[tuple[Any, ...]]:
    columns = [*table.lab]
    listed = ", ".join(quote(column.name) for column in columns)
    for row in target.execute(f"SELECT {listed} FROM {quote(kind.name)}.{quote(table.name)}").fetchall():
        yield tuple(
            json.loads(value, parse_int=float) if column.type is Type.JSON and value is not None else value
            for column, value in zip(columns, row, strict=True)
        )


@pytest.mark.parametrize("name", KINDS)
@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.data())
def test_same_rows(target: Target, tmp_path: Path, name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    records = data.draw(st.lists(rows(kind, kind.root), min_size=1, max_size=5))
    path = tmp_path / "some.json"
    path.write_text(json.dumps(records), encoding="utf-8")

    straight = load(target, path, kind, closer=False)
    assert load(target, path, kind, closer=True) == straight


@pytest.mark.parametrize("name", KINDS)
def test_what_is_usual_is_read_straight(tmp_path: Path, name: str) -> None:
    """Else the test above would compare the slow way with itself."""
    from tests.kinds.rows import Example, camel

    example = Example(KINDS[name], camel)
    free = {"real": 1.5, "texts": ["info: x", "nan, inf", "{1,}", ",]"], "more": {"a": [1, 2.5, None]}}
    path = tmp_path / "some.json"
    path.write_text(json.dumps([{**example.record, "free": free}]))
    found = looked_through([str(path)])
    assert (found.closer, [group.paths for group in found.groups]) == ([], [[str(path)]])
