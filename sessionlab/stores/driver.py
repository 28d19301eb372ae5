"""What a kind of database has to offer, that transactions and retries can be made of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine as SqlAlchemyEngine

from sessionlab.stores.values import Engine

Rows = Sequence[Sequence[Any]]


class ConnectionLost(Exception):
    """The connection is gone, or the server wants all to be done again.

    ``harmless`` says that nothing can have been kept, so that all may be.
    """

    def __init__(self, error: Exception, *, harmless: bool) -> None:
        super().__init__(str(error))
        self.harmless = harmless


class Refusal(Exception):
    """The database refuses a value. What it said is translated by who knows the table."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Done:
    """What a statement did: the rows that it gave, and how many it changed."""

    rows: Rows
    changed: int


class Driver(ABC):
    """What differs from one kind of database to the other: connections, and what is done on one."""

    engine: Engine
    where: str
    """What messages call it; holds no password."""
    url: str
    """What to connect with, password and all."""
    schema_lock: str
    """The statement that keeps all others from changing the schema until the transaction ends."""
    go_back: str = "Go back to a backup."
    """What to do about damage."""

    def settle(self) -> None:  # noqa: B027 - most databases need nothing
        """Do what a database needs that is known to be a store, or to become one."""

    @abstractmethod
    def run_alone(self, text: str, values: Sequence[Any], *, reads: bool) -> Done:
        """Run one statement that is kept at once."""

    @abstractmethod
    def run_on(self, connection: Any, text: str, values: Sequence[Any]) -> Done:
        """Run one statement within a connection's transaction."""

    @abstractmethod
    def lend(self) -> Any:
        """Lend a connection for a transaction, as a context."""

    @abstractmethod
    def begin(self, connection: Any, purpose: str) -> None:
        """Begin a transaction to ``write``, to ``read``, or to write ``alone``."""

    @abstractmethod
    def commit(self, connection: Any) -> None:
        """Keep what a transaction did."""

    @abstractmethod
    def roll_back(self, connection: Any) -> None:
        """Undo what a transaction did; never raises for a connection that is gone."""

    @abstractmethod
    def fill(
        self, table: str, names: Sequence[str], columns: Sequence[Sequence[Any]], counted: str | None
    ) -> Sequence[int]:
        """Insert many rows, given by their columns, within the thread's transaction.

        Gives their new numbers if a column is ``counted``.
        """

    @abstractmethod
    def sqlalchemy(self) -> SqlAlchemyEngine:
        """Give an engine of SQLAlchemy whose transactions also hold changes of the schema, for migrations."""

    @abstractmethod
    def run_script(self, statements: Sequence[str]) -> None:
        """Run statements without values within the thread's transaction."""

    @abstractmethod
    def columns(self) -> dict[str, set[str]]:
        """Give the columns of each table."""

    @abstractmethod
    def close(self) -> None:
        """Let go of all connections."""

    @abstractmethod
    def forsake(self) -> None:
        """Forget all connections without touching them: after a fork they are the parent's."""
