"""Full-text search: FTS5 with triggers on SQLite, a GIN index over ``to_tsvector`` on Postgres.

Nothing of it is a column of the table searched, so that whoever reads the table finds only what was put there. A word
is what stands between spaces and signs, on both engines; upper and lower case are one.
"""

from __future__ import annotations

import string
from typing import Any

import sqlalchemy as sa

from sessionlab.errors import QueryError
from sessionlab.schema import literal, quote
from sessionlab.stores.declare import FullText
from sessionlab.stores.values import Engine

_LONGEST = 100_000
"""How many characters of a row Postgres searches: a ``tsvector`` holds 1 MB, and no row may fail for its length."""

_MOST_WORDS = 200
"""How many words a search may have: the databases work through them one inside the other."""

_SIGNS = string.punctuation
_SPACES = " " * len(_SIGNS)


def make(search: FullText, engine: Engine) -> tuple[str, ...]:
    """Give the statements that make a search, and find what is there already."""
    if engine == "postgresql":
        index, table = quote(index_name(search)), quote(search.table)
        return (f"CREATE INDEX IF NOT EXISTS {index} ON {table} USING gin ({_vector(search)})",)
    return (*_tables(search), *_triggers(search), *_fill(search))


def drop(search: FullText, engine: Engine) -> tuple[str, ...]:
    """Give the statements that take a search away."""
    name = index_name(search)
    if engine == "postgresql":
        return (f"DROP INDEX IF EXISTS {quote(name)}",)
    triggers = (f"DROP TRIGGER IF EXISTS {quote(f'{name}_{event}')}" for event in ("insert", "delete", "update"))
    return (*triggers, f"DROP TABLE IF EXISTS {quote(name)}", f"DROP TABLE IF EXISTS {quote(f'{name}_keys')}")


def matching(search: FullText, engine: Engine, table: sa.Table, text: str) -> sa.ColumnElement[bool]:
    """Give the condition that a row of the searched table has all words of a text. A text of no words matches none.

    Raises:
        QueryError: it is no text, or has too many words.
    """
    words = _words(text)
    if not words:
        return sa.false()
    if engine == "postgresql":
        query = sa.func.plainto_tsquery(sa.text("'simple'"), sa.literal(" ".join(words)))
        return sa.literal_column(_vector(search)).op("@@", is_comparison=True)(query)
    name = index_name(search)
    rows: sa.Select[Any] = sa.select(sa.column("rowid")).select_from(sa.table(name))
    rows = rows.where(sa.column(name).op("MATCH", is_comparison=True)(" ".join(f'"{word}"' for word in words)))
    if search.text_key:
        keys = sa.table(f"{name}_keys", sa.column("number"), sa.column("key"))
        rows = sa.select(keys.c.key).where(keys.c.number.in_(rows))
    return table.c[search.key].in_(rows)


def _words(text: Any) -> list[str]:
    """Split a text into words; what no text in a database can have, as a NUL, parts them as a sign does."""
    if not isinstance(text, str):
        raise QueryError(f"The words to search for are {text!r}; they may be a text.")
    writable = text.encode("utf-8", "replace").decode()
    words = list(dict.fromkeys(writable.translate(str.maketrans(f"{_SIGNS}\0", f"{_SPACES} ")).split()))
    if len(words) > _MOST_WORDS:
        raise QueryError(f"The text to search for has {len(words):,} words; it may have {_MOST_WORDS}.")
    return words


def index_name(search: FullText) -> str:
    """Give the name of a search's index, with which the names of all its parts begin."""
    return f"{search.table}_fts"


def _vector(search: FullText) -> str:
    longest = _LONGEST // len(search.columns)
    texts = " || ' ' || ".join(f"left(coalesce({quote(column)}, ''), {longest})" for column in search.columns)
    return f"to_tsvector('simple', translate({texts}, {literal(_SIGNS)}, {literal(_SPACES)}))"


def _tables(search: FullText) -> tuple[str, ...]:
    """Make the index, which keeps no texts of its own, and the numbers of the rows where their key is a text.

    SQLite's own row numbers will not do: VACUUM may change them.
    """
    name = index_name(search)
    index = f"CREATE VIRTUAL TABLE IF NOT EXISTS {quote(name)} USING {fts5(search)}"
    keys = f"CREATE TABLE IF NOT EXISTS {quote(f'{name}_keys')} (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)"
    return (index, keys) if search.text_key else (index,)


def fts5(search: FullText) -> str:
    """Give what makes a table of SQLite an index for a search."""
    columns = ", ".join(map(quote, search.columns))
    return f"fts5({columns}, content = '', tokenize = 'unicode61 remove_diacritics 0')"


def _triggers(search: FullText) -> tuple[str, ...]:
    keys = quote(f"{index_name(search)}_keys")
    key = quote(search.key)
    add_key = f"INSERT INTO {keys} (key) VALUES (new.{key}); " if search.text_key else ""
    drop_key = f" DELETE FROM {keys} WHERE key = old.{key};" if search.text_key else ""
    columns = ", ".join(map(quote, search.columns))
    return (
        _trigger(search, "insert", "INSERT", add_key + _add(search, "new")),
        _trigger(search, "delete", "DELETE", _remove(search) + drop_key),
        _trigger(search, "update", f"UPDATE OF {columns}", f"{_remove(search)} {_add(search, 'new')}"),
    )


def _trigger(search: FullText, name: str, event: str, body: str) -> str:
    called = quote(f"{index_name(search)}_{name}")
    return f"CREATE TRIGGER IF NOT EXISTS {called} AFTER {event} ON {quote(search.table)} BEGIN {body} END"


def _add(search: FullText, row: str) -> str:
    columns = ", ".join(map(quote, search.columns))
    values = ", ".join(f"{row}.{quote(column)}" for column in search.columns)
    return f"INSERT INTO {quote(index_name(search))} (rowid, {columns}) SELECT {number_of(search, row)}, {values};"


def _remove(search: FullText) -> str:
    """Take a row's texts out; an index that keeps no texts must be told them."""
    name, columns = quote(index_name(search)), ", ".join(map(quote, search.columns))
    values = ", ".join(f"old.{quote(column)}" for column in search.columns)
    return f"INSERT INTO {name} ({name}, rowid, {columns}) SELECT 'delete', {number_of(search, 'old')}, {values};"


def number_of(search: FullText, row: str) -> str:
    """Give the SQL of the number by which the index knows a row of the table searched."""
    key = f"{row}.{quote(search.key)}"
    return f"(SELECT number FROM {quote(f'{index_name(search)}_keys')} WHERE key = {key})" if search.text_key else key


def _fill(search: FullText) -> tuple[str, ...]:
    """Find the rows that are there already."""
    name, table, key = quote(index_name(search)), quote(search.table), quote(search.key)
    keys, columns = quote(f"{index_name(search)}_keys"), ", ".join(map(quote, search.columns))
    fill = f"INSERT INTO {name} (rowid, {columns}) {texts(search)}"
    fill_keys = f"INSERT INTO {keys} (key) SELECT {key} FROM {table}"
    return (fill_keys, fill) if search.text_key else (fill,)


def texts(search: FullText) -> str:
    """Give the query of what is to be found: the number of each row, and its texts."""
    columns = ", ".join(map(quote, search.columns))
    return f"SELECT {number_of(search, 'each')}, {columns} FROM {quote(search.table)} AS each"
