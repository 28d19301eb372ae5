"""What the revisions do: make or drop what the declaration says that they bring."""

from __future__ import annotations

from typing import Any

from alembic import op

from sessionlab.stores.tables import dropping, making, making_tables
from sessionlab.stores.values import Engine


def make_tables(kind: str) -> None:
    """Make the tables of a kind."""
    _run(making_tables(kind, _engine()))


def make(kind: str, revision: str) -> None:
    """Make what a revision brings beside the tables."""
    _run(making(kind, _engine(), revision))


def drop(kind: str, revision: str) -> None:
    """Take back what a revision brings."""
    _run(dropping(kind, _engine(), revision))


def _engine() -> Engine:
    return "sqlite" if op.get_bind().dialect.name == "sqlite" else "postgresql"


def _run(statements: list[str]) -> None:
    # The driver's own way: SQLAlchemy's would read a "%" in a statement as the place of a value.
    driver: Any = op.get_bind().connection.dbapi_connection
    for statement in statements:
        driver.execute(statement)
