"""Native rows made by hand, and the canonical ones that come of them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import duckdb
import pytest

from sessionlab import canonical
from sessionlab.kinds import KINDS
from sessionlab.schema import literal, quote

Row = dict[str, Any]


class Tables:
    """The tables of a lab. Rows that are put in have the source ``s`` unless they say another."""

    def __init__(self, kind: str) -> None:
        self.kind = KINDS[kind]
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        canonical.create(self.connection)

    def put(self, table: str, *rows: Row) -> None:
        for row in rows:
            full = {"source": "s", **row}
            columns, signs = ", ".join(map(quote, full)), ", ".join(["?"] * len(full))
            values = [json.dumps(value) if isinstance(value, dict | list) else value for value in full.values()]
            self.connection.execute(f"INSERT INTO {self.kind.name}.{table} ({columns}) VALUES ({signs})", values)

    def rows(self, name: str, *columns: str, source: str = "s", order: str = "ALL") -> list[tuple[Any, ...]]:
        """Give some columns of a kind's canonical rows."""
        selected = ", ".join(columns)
        view = f"{self.kind.name}.canonical_{name}"
        query = f"SELECT {selected} FROM {view} WHERE source = {literal(source)} ORDER BY {order}"
        return self.connection.execute(query).fetchall()

    def only(self, name: str) -> Row:
        """Give the one row there is, without what is NULL, and ``extra`` read."""
        (row,) = self.connection.sql(f"FROM {self.kind.name}.canonical_{name}").to_dicts()
        known = {column: value for column, value in row.items() if value is not None}
        return known | ({"extra": json.loads(known["extra"])} if "extra" in known else {})


@cache
def _made(kind: str) -> Tables:
    return Tables(kind)


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> Tables:
    """The empty tables of the kind that the module names."""
    made = _made(request.module.KIND)
    for table in made.kind.tables:
        made.connection.execute(f"DELETE FROM {made.kind.name}.{table.name}")
    return made
