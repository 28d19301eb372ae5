"""Every declared column of every kind, filled from JSON under each of its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessionlab.kinds import KINDS
from sessionlab.schema import quote
from tests.kinds.rows import Example, Naming, camel, last_alias, snake
from tests.loaders.records import Loaded, loaded, write

NAMINGS: dict[str, Naming] = {"usual names": camel, "the store's names": snake, "other names": last_alias}


def native_rows(found: Loaded, kind: str, table: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    listed = ", ".join(f"{quote(column)}::VARCHAR" for column in columns)
    return found.rows(f"SELECT {listed} FROM {quote(kind)}.{quote(table)}")


@pytest.mark.parametrize("closer", [False, True], ids=["straight", "closer"])
@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_column(tmp_path: Path, kind: str, naming: str, closer: bool) -> None:
    example = Example(KINDS[kind], NAMINGS[naming], nest=int(naming != "usual names"))
    path = write(tmp_path / "some.json", [example.record, *([5] if closer else [])])
    with loaded(path, kind=kind, strict=not closer) as found:
        for table in KINDS[kind].tables:
            if table.per_file:
                continue
            columns = (*table.names, "extra")
            expected = sorted((tuple(row[column] for column in columns) for row in example.rows[table.name]), key=repr)
            assert sorted(native_rows(found, kind, table.name, columns), key=repr) == expected
            assert found.rows(f"SELECT DISTINCT source, file FROM {kind}.{table.name}") == [("some", str(path))]


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_distinct(kind: str) -> None:
    """Else a column read into another one would not be seen."""
    example = Example(KINDS[kind], camel)
    for table, rows in example.rows.items():
        link = next(each.link for each in KINDS[kind].tables if each.name == table)
        for row in rows:
            values = [value for name, value in row.items() if value not in (None, "true") and name != link]
            assert len(set(values)) == len(values)
