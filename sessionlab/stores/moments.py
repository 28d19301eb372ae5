"""Ordering rows by time, also where several programs have written it in several ways.

Postgres has a type for moments. In SQLite they are texts, in which ``2026-04-10T…+02:00`` of one program stands behind
``2026-04-10 …`` of another; what puts them in order is an expression, and an index on that expression keeps it fast.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sessionlab.schema import quote
from sessionlab.stores.database import Database
from sessionlab.stores.declare import INDEXED, NOW, Made
from sessionlab.stores.values import TIME, Engine

_FORM = "'%Y-%m-%d %H:%M:%f'"

Order = sa.ColumnElement[Any]


def now(database: Database) -> datetime:
    """Give the time of a database's clock, which says when its rows are made: that of this machine may differ."""
    ((moment,),) = database.run(f"SELECT {NOW[database.engine]}", reads=True).rows
    found: datetime = TIME.decode[database.engine](moment)
    return found


def oldest_first(column: sa.Column[Any], engine: Engine) -> list[Order]:
    """Order rows by a time, the oldest first, those without one last."""
    return [moment.asc().nulls_last() for moment in moments(column, engine)]


def newest_first(column: sa.Column[Any], engine: Engine) -> list[Order]:
    """Order rows by a time, the newest first, those without one last."""
    return [moment.desc().nulls_last() for moment in moments(column, engine)]


def moments(column: sa.Column[Any], engine: Engine) -> list[Order]:
    """Give what puts rows in the order of a time: the moment, and where that is not all, the time as it is written."""
    if engine == "postgresql":
        return [column]
    return [sa.func.coalesce(sa.func.strftime(sa.literal_column(_FORM), column), column), column]


def newest_index(name: str, table: str, column: str, key: str, first: str | None = None) -> Made:
    """Declare the index that gives a table's rows the newest first.

    Args:
        name: What it is called.
        table: The table.
        column: The column that says when.
        key: The column that decides between rows of the same moment.
        first: A column to look rows up by before.
    """
    when, prefix = quote(column), f"{quote(first)}, " if first else ""
    newest: dict[Engine, str] = {
        "sqlite": f"coalesce(strftime({_FORM}, {when}), {when}) DESC, {when} DESC",
        "postgresql": f"{when} DESC NULLS LAST",
    }
    make = "CREATE INDEX IF NOT EXISTS {} ON {} ({}{}, {} DESC)"
    return Made(
        name,
        {
            engine: (make.format(quote(name), quote(table), prefix, columns, quote(key)),)
            for engine, columns in newest.items()
        },
        {"sqlite": (f"DROP INDEX IF EXISTS {quote(name)}",), "postgresql": (f"DROP INDEX IF EXISTS {quote(name)}",)},
        since=INDEXED,
    )
