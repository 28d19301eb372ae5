"""Checking what a database keeps by itself: its pages, indexes, constraints, and that no part of a store is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sessionlab.errors import StoreError
from sessionlab.schema import literal, quote
from sessionlab.stores.declare import INITIAL, StoreTable
from sessionlab.stores.fulltext import index_name
from sessionlab.stores.problems import Look, Problem
from sessionlab.stores.tables import tables_of

_MOST = 100
_ABOUT_VALUES = re.compile(r"(?:CHECK constraint failed|[A-Z]+ value) in (\w+)")
_OR_COPY = "Or copy what can still be read by sessionlab store backup."
_OURS = "t.relnamespace = current_schema()::regnamespace"


def damage(look: Look) -> Iterator[Problem]:
    """Find damage in an SQLite file."""
    if not look.is_sqlite:
        return
    tables = {table.name for table in look.tables()}
    for (line,) in look.ask(f"PRAGMA integrity_check({_MOST})"):
        about = _ABOUT_VALUES.match(line)
        if line == "ok" or (about and about[1] in tables):
            continue  # what our tables may hold is checked by the declaration, row by row
        index = "index" in line
        yield Problem("", "integrity", line, "Run REINDEX." if index else f"{look.database.go_back} {_OR_COPY}")


def strangers(look: Look) -> Iterator[Problem]:
    """Find orphans of foreign keys that only the file declares."""
    if not look.is_sqlite:
        return
    declared = {
        (table.name, column.name)
        for table in look.tables()
        for column, asked, _ in look.schema.columns(table)
        if asked.refers
    }
    query = (
        "SELECT c.'table', f.'from', c.parent, count(*), min(c.rowid) FROM pragma_foreign_key_check AS c"
        " JOIN pragma_foreign_key_list(c.'table') AS f ON f.id = c.fkid AND f.seq = 0 GROUP BY 1, 2, 3"
    )
    for table, column, parent, count, first in look.ask(query):
        if (table, column) not in declared:
            advice = f"Delete them, or bring back the rows of {parent}."
            found = f"orphans: {column} refers to no row of {parent}"
            yield Problem(table, "references", found, advice, count, (f"rowid {first}",))


_SWITCHED_OFF = {
    "index {} is not valid": (
        "SELECT t.relname, i.relname FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid"
        f" JOIN pg_class AS t ON t.oid = x.indrelid WHERE {_OURS} AND NOT (x.indisvalid AND x.indisready)",
        "REINDEX INDEX {1}",
    ),
    "constraint {} was not checked against the rows": (
        "SELECT t.relname, c.conname FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid"
        f" WHERE {_OURS} AND NOT c.convalidated",
        "ALTER TABLE {0} VALIDATE CONSTRAINT {1}",
    ),
    "trigger {} is switched off": (
        "SELECT t.relname, g.tgname FROM pg_trigger AS g JOIN pg_class AS t ON t.oid = g.tgrelid"
        f" WHERE {_OURS} AND g.tgenabled = 'D'",
        "ALTER TABLE {0} ENABLE TRIGGER {1}",
    ),
}
"""What may be unsound: how to find it, and the statement that helps."""

_FAILURES = "SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database WHERE datname = current_database()"
_AMCHECK = (
    "SELECT n.nspname FROM pg_extension AS e JOIN pg_depend AS d ON d.refobjid = e.oid AND d.deptype = 'e'"
    " AND d.classid = 'pg_proc'::regclass JOIN pg_proc AS f ON f.oid = d.objid"
    " JOIN pg_namespace AS n ON n.oid = f.pronamespace WHERE e.extname = 'amcheck'"
    " AND f.proname = 'bt_index_check' AND f.pronargs = 1 AND has_function_privilege(f.oid, 'execute')"
)
_COMPARE = (
    "SELECT {0}.bt_index_check(x.indexrelid) FROM pg_index AS x JOIN pg_class AS t ON t.oid = x.indrelid"
    " JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_am AS a ON a.oid = i.relam"
    f" WHERE {_OURS} AND a.amname = 'btree' AND t.relname = {{1}}"
)


def server(look: Look) -> Iterator[Problem]:
    """Find what Postgres itself knows to be unsound."""
    if look.is_sqlite:
        return
    tables = {table.name for table in look.tables()}
    for found, (query, repair) in _SWITCHED_OFF.items():
        for table, name in look.ask(f"{query} ORDER BY 1, 2"):
            if table in tables:
                advice = f"Run {repair.format(quote(table), quote(name))}."
                yield Problem(table, "integrity", found.format(name), advice)
    ((failures,),) = look.ask(_FAILURES)
    if failures:
        yield Problem(
            "",
            "integrity",
            f"{failures} pages of the database had wrong checksums",
            f"{look.database.go_back} {_OR_COPY}",
        )


def readable(look: Look, table: StoreTable) -> Iterator[Problem]:
    """Let Postgres read every row of a table, with what is stored beside it, and compare its indexes with them.

    The indexes are compared if the server has the means, and the user the right.

    Raises:
        StoreError: the rows cannot be read.
    """
    if look.is_sqlite:
        return
    look.ask(f"SELECT sum(length(each::text)) FROM {quote(table.name)} AS each")
    for (schema,) in look.ask(_AMCHECK):
        try:
            look.ask(_COMPARE.format(quote(schema), literal(table.name)))
        except StoreError as error:
            yield Problem(
                table.name, "integrity", f"an index is damaged: {error}", f"Run REINDEX TABLE {quote(table.name)}."
            )


def parts(look: Look) -> Iterator[Problem]:
    """Find tables, indexes, views and triggers that a store of its version has, and this one has not."""
    for table in look.schema.tables:
        lacking = [
            column.name
            for column, _, _ in look.schema.columns(table)
            if table.name in look.there and column.name not in look.there[table.name]
        ]
        if look.version is not None and (lacking or table.name not in look.there):
            found = f"it lacks {', '.join(lacking)}" if lacking else "the table is not there"
            yield Problem(table.name, "parts", found, look.database.go_back)
    there = {name for (name,) in look.ask(_NAMES["sqlite" if look.is_sqlite else "postgresql"])}
    for name, table_name, since in _expected(look):
        if name not in there:
            yield Problem(table_name, "parts", f"{name} is not there", _remake(look, since))


_NAMES = {
    "sqlite": "SELECT name FROM sqlite_master",
    "postgresql": (
        f"SELECT t.relname FROM pg_class AS t WHERE {_OURS} UNION SELECT g.tgname FROM pg_trigger AS g"
        f" JOIN pg_class AS t ON t.oid = g.tgrelid WHERE {_OURS}"
    ),
}


def _expected(look: Look) -> Iterator[tuple[str, str, str]]:
    """List what a store has beside its tables: name, table, and since which revision."""
    if look.version is None:
        return
    metadata = tables_of(look.schema.kind, look.database.engine)
    indexes = [(str(i.name), t.name, i.info["since"]) for t in metadata.sorted_tables for i in t.indexes]
    made = [(each.name, "", each.since) for each in look.schema.made if each.make.get(look.database.engine)]
    searches = []
    for each in look.schema.searches:
        endings = (
            ["", "_insert", "_delete", "_update", *(["_keys"] if each.text_key else [])] if look.is_sqlite else [""]
        )
        searches += [(f"{index_name(each)}{ending}", each.table, each.since) for ending in endings]
    yield from (each for each in sorted([*indexes, *made, *searches]) if each[2] <= look.version)


def _remake(look: Look, since: str) -> str:
    """Say how to get back what is missing."""
    if since == INITIAL:
        return f"{look.database.go_back} Or make it again as a new store has it."
    before = look.schema.revisions[look.schema.revisions.index(since) - 1]
    return f"Make it anew: sessionlab store downgrade URL --to {before}, then upgrade."
