"""Checking a store: whether it is sound, whole, and holds only what its declaration takes. Nothing in it is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sessionlab.errors import QueryError, StoreError
from sessionlab.schema import quote
from sessionlab.stores.database import Database
from sessionlab.stores.driver import Refusal
from sessionlab.stores.integrity import damage, parts, readable, server, strangers
from sessionlab.stores.problems import Look, Problem, VerifyReport
from sessionlab.stores.schemas import schema_of
from sessionlab.stores.verify_rows import keys, references, values
from sessionlab.stores.verify_search import searches
from sessionlab.stores.versions import version_held

Check = Callable[..., Iterator[Problem]]

_WHOLE: dict[str, tuple[Check, ...]] = {"integrity": (damage, server), "parts": (parts,), "references": (strangers,)}
_OF_TABLE: dict[str, Check] = {"integrity": readable, "keys": keys, "references": references, "values": values}
"""The checks of the whole database, and those of each table, by the name that a problem has."""


def verify(database: Database, kind: str) -> VerifyReport:
    """Check the store of a kind in a database, which others may go on writing to.

    Each check sees one moment. One that cannot be done is a problem, and does not stop the others.

    Raises:
        StoreError: there is no store of the kind, it is of a later version, or the database cannot be reached.
    """
    if database.current() is not None:
        raise StoreError("A store cannot be verified within a transaction. Leave it first.")
    schema = schema_of(kind)
    version = version_held(database, schema)
    look = Look(database, schema, database.columns(), version)
    return VerifyReport(kind, database.where, version, schema.head, _counts(look), tuple(_problems(look)))


def _problems(look: Look) -> Iterator[Problem]:
    """Do all checks."""
    for name, checks in _WHOLE.items():
        for check in checks:
            yield from _found("", name, look, check)
    for table in look.tables():
        for name, check in _OF_TABLE.items():
            yield from _found(table.name, name, look, check, table)
    for search in look.schema.searches:
        yield from _found(search.table, "search", look, searches, search)


def _found(table: str, name: str, look: Look, check: Check, *of: object) -> Iterator[Problem]:
    try:
        yield from check(look, *of)
    except (StoreError, QueryError, Refusal) as error:
        # A database that is out of reach is no problem of the store: then this raises.
        look.ask("SELECT 1")
        advice = f"If it is refused, look at the user's rights. If it is damaged: {look.database.go_back}"
        yield Problem(table, name, f"it cannot be checked: {error}", advice)


def _counts(look: Look) -> dict[str, int]:
    counts = {}
    for table in look.tables():
        try:
            ((counts[table.name],),) = look.ask(f"SELECT count(*) FROM {quote(table.name)}")
        except StoreError:
            continue  # the checks have said why
    return counts
