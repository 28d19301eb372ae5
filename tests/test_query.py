"""The values of a query: a list for ``?``, names for ``$name``, and what is to be said of anything else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pytest

from sessionlab import QueryError
from sessionlab.query import ask


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.mark.parametrize("value", ["x", b"x", 3, date(2026, 1, 2), Decimal("1.5")])
def test_a_value_alone_is_no_list_of_values(connection: duckdb.DuckDBPyConnection, value: Any) -> None:
    with pytest.raises(QueryError) as caught:
        ask(connection, "SELECT ?", value)
    assert f"as [{value!r}]; for $name by their names, as name={value!r}." in str(caught.value)


@pytest.mark.parametrize("values", [{1, 2}, pd.Series([1, 2]), (number for number in (1, 2))])
def test_values_in_no_order_or_of_another_library_are_no_list(
    connection: duckdb.DuckDBPyConnection, values: Any
) -> None:
    with pytest.raises(QueryError, match=rf"this is a {type(values).__name__}\. Try list\(…\)"):
        ask(connection, "SELECT ?", values)


def test_values_by_name_join_a_mapping_but_no_list(connection: duckdb.DuckDBPyConnection) -> None:
    assert ask(connection, "SELECT $a + $b", {"a": 1}, {"b": 2}).fetchall() == [(3,)]
    assert ask(connection, "SELECT $a", None, {"a": 4}).fetchall() == [(4,)]
    assert ask(connection, "SELECT ?", [5], {}).fetchall() == [(5,)]
    with pytest.raises(QueryError, match=r"for \? or for \$name, not both: there is a list, and a, b by name"):
        ask(connection, "SELECT $a", [1], {"a": 2, "b": 3})
