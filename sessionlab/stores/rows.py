"""The rows of one table of a store: insert, get, change, delete, and insert many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sessionlab.errors import InvalidRecord, NotFound, QueryError
from sessionlab.stores.checks import encoder, is_plain, shown
from sessionlab.stores.database import Database
from sessionlab.stores.declare import StoreSchema, StoreTable
from sessionlab.stores.driver import Done, Refusal
from sessionlab.stores.refusals import explain
from sessionlab.stores.statements import Row, Statement
from sessionlab.stores.tables import tables_of
from sessionlab.stores.values import Engine


class Unset(Enum):
    """The type of :data:`UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


INSERTS: dict[Engine, Callable[[sa.Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""What inserts a row or changes the one that is there already."""

UNSET: Final = Unset.UNSET
"""Stands for "leave it as it is" in an update, where None means "clear it"."""


class Rows:
    """The rows of a table. ``table`` is SQLAlchemy's, for statements that need more than the methods here."""

    def __init__(self, database: Database, schema: StoreSchema, declared: StoreTable) -> None:
        self.name = declared.name
        self.table: sa.Table = tables_of(schema.kind, database.engine).tables[declared.name]
        columns = {column.name: (asked, type_) for column, asked, type_ in schema.columns(declared)}
        engine = database.engine
        self.encoders = {name: encoder(self.name, name, *each, engine) for name, each in columns.items()}
        self.decoders = {name: type_.decode[engine] for name, (_, type_) in columns.items() if engine in type_.decode}
        self._database, self._columns = database, columns
        self._fields = {name: asked for name, (asked, _) in columns.items()}
        self._counted = next((name for name, asked in self._fields.items() if asked.counted), None)
        self._known: dict[Any, Statement] = {}

    def insert(self, values: Mapping[str, Any]) -> Any:
        """Insert a row; give its number if the database counts them, else its key (the first of several columns).

        Raises:
            InvalidRecord: a value is refused.
        """
        encoded = self.encode(values)
        key = self._counted or self.table.primary_key.columns.values()[0].name
        statement = self.statement(
            ("insert", tuple(encoded)),
            lambda: sa.insert(self.table).values(self._new(encoded)).returning(self.table.c[key]),
        )
        return self.write(statement, encoded, encoded).rows[0][0]

    def save(self, values: Mapping[str, Any], key: str, once: Sequence[str] = ()) -> Any:
        """Insert a row, or change the one that has the same ``key``; give its primary key.

        Args:
            values: What is given, with the key. What is left out has its default in a new row, and stays in an old one.
            key: The field that no two rows have the same of.
            once: The fields that an old row keeps.

        Raises:
            InvalidRecord: a value is refused.
        """
        encoded = self.encode(values)
        statement = self.statement(("save", key, tuple(encoded)), lambda: self._save(encoded, key, once))
        return self.write(statement, encoded, encoded).rows[0][0]

    def get(self, where: Mapping[str, Any], fields: Iterable[str] | None = None) -> Row | None:
        """Give the row that has some values, or None."""
        found = self.all(where, fields)
        return found[0] if found else None

    def all(
        self, where: Mapping[str, Any], fields: Iterable[str] | None = None, order: Sequence[str] = ()
    ) -> list[Row]:
        """Give all rows that have some values; ``order`` names columns, the last to the first with a ``-``.

        Raises:
            QueryError: ``fields`` names what is no column.
        """
        names = self.named(fields)
        encoded = self.encode(where, as_key=True)
        statement = self.statement(
            ("select", names, tuple(encoded), tuple(order)), lambda: self._select(names, tuple(encoded), order)
        )
        return self.read(statement, encoded)

    def change(self, where: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        """Change the row that has some values; what is UNSET stays. With nothing to change, it must still be there.

        Raises:
            NotFound: there is no such row.
            InvalidRecord: a value is refused.
        """
        key = {f"where_{name}": value for name, value in self.encode(where, as_key=True).items()}
        encoded = self.encode({name: value for name, value in changes.items() if value is not UNSET})
        if not encoded:
            if not self.all(where, [self.table.c[0].name]):
                raise self.missing(where)
            return
        statement = self.statement(("update", tuple(encoded), tuple(where)), lambda: self._update(encoded, where))
        if not self.write(statement, {**encoded, **key}, encoded).changed:
            raise self.missing(where)

    def delete(self, where: Mapping[str, Any]) -> int:
        """Delete the rows that have some values; give how many."""
        encoded = self.encode(where, as_key=True)
        statement = self.statement(
            ("delete", tuple(where)), lambda: sa.delete(self.table).where(*self._equal(tuple(encoded)))
        )
        return self.write(statement, encoded, {}).changed

    def insert_many(self, rows: Iterable[Mapping[str, Any]], allowed: Sequence[str]) -> Sequence[int]:
        """Insert many rows in one transaction; give their numbers, in order, if the database counts them.

        Args:
            rows: Mappings with some of the fields; one that others have and a row has not is None.
            allowed: The fields that the rows may have.

        Raises:
            InvalidRecord: a row is no mapping, or a value is refused; the message says which, and nothing is inserted.
        """
        given = mappings(rows)
        if not given:
            return ()
        names = self._names_in(given, allowed)
        columns = self._encoded(given, names)
        try:
            return self._database.transact(lambda: self._database.fill(self.name, names, columns, self._counted))
        except Refusal as refusal:
            for place, row in enumerate(given):
                self._check(row, names, place)
            rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
            raise explain(refusal, self._database, self.name, self._fields, rows) from None

    def encode(self, values: Mapping[str, Any], *, as_key: bool = False) -> Row:
        """Check values and turn them into what the driver takes; None ``as_key`` finds nothing."""
        encoders = self.encoders
        if as_key:
            return {name: None if value is None else encoders[name](value) for name, value in values.items()}
        return {name: encoders[name](value) for name, value in values.items()}

    def named(self, fields: Iterable[str] | None) -> tuple[str, ...]:
        """Check the names of columns; None stands for all of them.

        Raises:
            QueryError: one is none; the message lists them.
        """
        if fields is None:
            return tuple(self.encoders)
        names = tuple(dict.fromkeys([fields] if isinstance(fields, str) else fields))
        unknown = [name for name in names if name not in self.encoders]
        if unknown or not names:
            found = ", ".join(map(shown, unknown)) or "no field"
            raise QueryError(f"fields names {found}; {self.name} has {', '.join(self.encoders)}.")
        return names

    def read(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """Run a statement that reads; the values must be encoded.

        Raises:
            QueryError: the database does not take a value to look for.
        """
        return statement.rows(self._database.run(statement.text, statement.values(values), reads=True).rows)

    def write(self, statement: Statement, values: Mapping[str, Any], shown_as: Mapping[str, Any]) -> Done:
        """Run a statement that writes; what is refused is explained by the values ``shown_as``, encoded too."""
        try:
            return self._database.run(statement.text, statement.values(values))
        except Refusal as refusal:
            raise explain(refusal, self._database, self.name, self._fields, [shown_as]) from None

    def find(self, core: sa.Select[Any]) -> list[Row]:
        """Run a SELECT made for the occasion; it gives rows of this table, or some columns of them."""
        return self.read(Statement(core, self._database.engine, self.decoders), {})

    def statement(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Statement:
        """Give a statement that has been compiled before, or make it; the key must tell it from all others."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Statement(make(), self._database.engine, self.decoders)
        return found

    def missing(self, where: Mapping[str, Any]) -> NotFound:
        """Say that there is no such row."""
        wanted = " and ".join(f"{name} {shown(value)}" for name, value in where.items())
        return NotFound(f"There is no {self.name.removesuffix('s')} with {wanted}.")

    def _select(self, names: Sequence[str], where: Sequence[str], order: Sequence[str]) -> sa.Select[Any]:
        columns = self.table.c
        ordered = [columns[name[1:]].desc() if name.startswith("-") else columns[name] for name in order]
        return sa.select(*(columns[name] for name in names)).where(*self._equal(where)).order_by(*ordered)

    def _equal(self, where: Sequence[str], prefix: str = "") -> list[sa.ColumnElement[bool]]:
        columns = self.table.c
        return [columns[name] == sa.bindparam(f"{prefix}{name}", type_=columns[name].type) for name in where]

    def _update(self, changes: Iterable[str], where: Mapping[str, Any]) -> sa.Update:
        return sa.update(self.table).values(_bound(changes)).where(*self._equal(tuple(where), "where_"))

    def _new(self, given: Iterable[str]) -> dict[str, Any]:
        """Give the values of a new row, defaults and all: tables that another program has made may have none."""
        defaults = ((name, asked.default_on(self._database.engine)) for name, asked in self._fields.items())
        stated: dict[str, Any] = {name: sa.literal_column(default) for name, default in defaults if default is not None}
        return {**stated, **_bound(given)}

    def _save(self, values: Iterable[str], key: str, once: Sequence[str]) -> Any:
        insert = INSERTS[self._database.engine](self.table).values(self._new(values))
        kept = {key, *once}
        # With nothing to change, the key is set to what it is: a row that is not changed is not given back.
        changed = [name for name in values if name not in kept] or [key]
        saved = insert.on_conflict_do_update(
            index_elements=[key], set_={name: insert.excluded[name] for name in changed}
        )
        return saved.returning(*self.table.primary_key.columns)

    def _names_in(self, rows: Sequence[Mapping[str, Any]], allowed: Sequence[str]) -> tuple[str, ...]:
        found = set(chain.from_iterable(rows))
        unknown = found.difference(allowed)
        if unknown:
            names = ", ".join(sorted(map(shown, unknown)))
            raise InvalidRecord(f"Rows for {self.name} have {names}; they may have {', '.join(allowed)}.")
        return tuple(name for name in allowed if name in found or not self._fields[name].null)

    def _encoded(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Sequence[Any]]:
        """Give the columns of rows; one of plain values is checked as a whole, which is many times as fast."""
        columns = [_column(rows, name) for name in names]
        for place, name in enumerate(names):
            if not is_plain(columns[place], *self._columns[name]):
                columns[place] = self._encoded_column(columns[place], name)
        return columns

    def _encoded_column(self, values: Sequence[Any], name: str) -> list[Any]:
        encode = self.encoders[name]
        try:
            return [encode(value) for value in values]
        except InvalidRecord:
            for place, value in enumerate(values):
                self._check({name: value}, (name,), place)
            raise

    def _check(self, row: Mapping[str, Any], names: Sequence[str], place: int) -> None:
        try:
            self.encode({name: row.get(name) for name in names})
        except InvalidRecord as error:
            raise InvalidRecord(f"Row {place}: {error}") from None


def mappings(rows: Any) -> list[Mapping[str, Any]]:
    """Give rows that were given to be inserted as a list.

    Raises:
        InvalidRecord: they are no list, or one of them is no mapping; the message says which.
    """
    if isinstance(rows, str | Mapping) or not isinstance(rows, Iterable):
        raise InvalidRecord(f"The rows are {shown(rows)}; they may be a list of mappings.")
    given = rows if isinstance(rows, list) else list(rows)
    if not all(issubclass(type_, Mapping) for type_ in set(map(type, given))):
        place, row = next((place, row) for place, row in enumerate(given) if not isinstance(row, Mapping))
        raise InvalidRecord(f"Row {place} is {shown(row)}; it may be a mapping of fields to values.")
    return given


def _bound(names: Iterable[str]) -> dict[str, Any]:
    return {name: sa.bindparam(name) for name in names}


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Sequence[Any]:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]
