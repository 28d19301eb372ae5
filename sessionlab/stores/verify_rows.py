"""Checking the rows of a store against its declaration: keys, references, values.

A store of ours refuses most of what is looked for. One that another program has made may not, nor does a database whose
constraints have been switched off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from sessionlab.schema import Column, quote
from sessionlab.stores.checks import may_be, shown
from sessionlab.stores.declare import Field, StoreTable
from sessionlab.stores.problems import FEW, Look, Problem, shown_key
from sessionlab.stores.tables import condition_of
from sessionlab.stores.values import KEPT, OBJECT, TIME, ValueType

_HEX = "[0-9a-f]"
_UUID = "-".join(_HEX * length for length in (8, 4, 4, 4, 12))
_DAY = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"
_FORMS: dict[type[TypeEngine[Any]], str] = {
    sa.BigInteger: "typeof({0}) = 'integer'",
    sa.Boolean: "typeof({0}) = 'integer' AND {0} IN (0, 1)",
    sa.TIMESTAMP: f"typeof({{0}}) = 'text' AND {{0}} GLOB '{_DAY}' AND julianday({{0}}) >= julianday('0001-01-01')",
    JSONB: "typeof({0}) = 'text' AND json_valid({0})",
    sa.Uuid: f"typeof({{0}}) = 'text' AND {{0}} GLOB '{_UUID}'",
}
"""How SQLite is to hold the types that are more than texts there."""

Asked = tuple[Column, Field, ValueType]


def keys(look: Look, table: StoreTable) -> Iterator[Problem]:
    """Find rows that share what no two rows may have in common."""
    single = [(column.name,) for column, asked, _ in look.schema.columns(table) if asked.unique]
    for names in dict.fromkeys([look.key(table), *single, *table.unique]):
        if names and look.there[table.name].issuperset(names):
            yield from _shared(look, table, names)


def _shared(look: Look, table: StoreTable, names: tuple[str, ...]) -> Iterator[Problem]:
    columns = ", ".join(map(quote, names))
    given = " AND ".join(f"{quote(name)} IS NOT NULL" for name in names)
    groups = f"SELECT {columns}, count(*) FROM {quote(table.name)} WHERE {given} GROUP BY {columns} HAVING count(*) > 1"
    found = look.ask(groups)
    if found:
        yield Problem(
            table.name,
            "keys",
            f"several rows have the same {' and '.join(names)}",
            "Keep one of each, and delete the others or give them a value of their own.",
            sum(row[-1] for row in found),
            tuple(shown_key(row[:-1]) for row in found[:FEW]),
        )


def references(look: Look, table: StoreTable) -> Iterator[Problem]:
    """Find rows that refer to one that is not there."""
    for column, asked, _ in look.schema.columns(table):
        parent, _, key = (asked.refers or "").partition(".")
        if column.name not in look.there[table.name] or key not in look.there.get(parent, ()):
            continue
        name = quote(column.name)
        exists = f"EXISTS (SELECT 1 FROM {quote(parent)} AS parent WHERE parent.{quote(key)} = each.{name})"
        orphan = f"each.{name} IS NOT NULL AND NOT {exists}"
        ((count,),) = look.ask(f"SELECT count(*) FROM {quote(table.name)} AS each WHERE {orphan}")
        if count:
            found = f"orphans: {column.name} is the {key} of no {parent}"
            clear = f", or set {column.name} to NULL" if asked.null else ""
            advice = f"Delete them, or bring back the rows of {parent}{clear}."
            yield Problem(table.name, "references", found, advice, count, look.examples(table, orphan))


def values(look: Look, table: StoreTable) -> Iterator[Problem]:
    """Find values that the declaration refuses, in one walk over the table."""
    key = look.key(table)
    refused = {
        each[0].name: (each, _refused(*each, key=each[0].name in key, sqlite=look.is_sqlite))
        for each in look.schema.columns(table)
        if each[0].name in look.there[table.name]
    }
    asked = {name: condition for name, (_, condition) in refused.items() if condition}
    counts = ", ".join(f"count(CASE WHEN {condition} THEN 1 END)" for condition in asked.values())
    (found,) = look.ask(f"SELECT {counts} FROM {quote(table.name)}") if asked else ((),)
    for (name, condition), count in zip(asked.items(), found, strict=True):
        if count:
            yield _refusal(look, table, refused[name][0], condition, count)


def _refusal(look: Look, table: StoreTable, column: Asked, condition: str, count: int) -> Problem:
    declared, asked, type_ = column
    query = f"SELECT {quote(declared.name)} FROM {quote(table.name)} WHERE {condition} LIMIT 1"
    ((value,),) = look.ask(query)
    found = f"{declared.name} is {shown(value)}{' or another' if count > 1 else ''}"
    wanted = may_be(value, asked, type_, look.database.engine)
    if declared.name in look.key(table):
        wanted = wanted.removesuffix(" or None")
    examples = look.examples(table, condition)
    return Problem(table.name, "values", f"{found}; it may be {wanted}", "Change or delete them.", count, examples)


def _refused(column: Column, asked: Field, type_: ValueType, *, key: bool, sqlite: bool) -> str:
    """Give the condition that a column holds what the declaration refuses, or no text if nothing can be refused."""
    name = quote(column.name)
    wrong = [f"{name} IS NULL"] if key or not asked.null else []
    if check := condition_of(column.name, asked):
        wrong.append(f"NOT ({check})")
    if form := _form(name, type_) if sqlite else _form_on_postgres(name, type_):
        wrong.append(f"({name} IS NOT NULL AND NOT coalesce({form}, false))")
    return " OR ".join(wrong)


def _form(name: str, type_: ValueType) -> str:
    """Give the condition that SQLite, which takes anything anywhere, holds a value of a type."""
    if type_ is OBJECT:
        return f"CASE WHEN json_valid({name}) THEN json_type({name}) = 'object' END"
    sql = JSONB() if type_ is KEPT else type_.sql
    form = next((form for sort, form in _FORMS.items() if isinstance(sql, sort)), "typeof({0}) = 'text'")
    most = f" AND length({name}) <= {sql.length}" if isinstance(sql, sa.String) and sql.length else ""
    return form.format(name) + most


def _form_on_postgres(name: str, type_: ValueType) -> str:
    """Give the condition that Postgres, whose own types refuse most, holds a value of a type."""
    if type_ is TIME:
        return f"({name} >= '0001-01-01' AND {name} < '10000-01-01')"
    return f"jsonb_typeof({name}::jsonb) = 'object'" if type_ is OBJECT else ""
