"""Checking that a store's full-text search knows the texts that its tables have. On Postgres it cannot know others."""

from __future__ import annotations

from collections.abc import Iterator

from sessionlab.errors import StoreError
from sessionlab.schema import quote
from sessionlab.stores.declare import FullText
from sessionlab.stores.fulltext import fts5, index_name, texts
from sessionlab.stores.problems import FEW, Look, Problem

_FRESH = "sessionlab_fresh"
_WORDS = {"main": "sessionlab_words_kept", "temp": "sessionlab_words_fresh"}
_ADVICE = "Make the search anew: sessionlab store downgrade URL --to 0002, then upgrade."


def searches(look: Look, search: FullText) -> Iterator[Problem]:
    """Find what a search does not know, or knows that is not there."""
    name = index_name(search)
    parts = {name, *([f"{name}_keys"] if search.text_key else [])}
    if not look.is_sqlite or not look.there.keys() >= {search.table, *parts}:
        return
    _check_index(look, name)
    yield from look.database.glance(lambda: [*_rows(look, search), *_words(look, search)])


def _check_index(look: Look, name: str) -> None:
    """Let SQLite check an index in itself, which for SQLite is no read: so it is done alone, and where one may write.

    Raises:
        StoreError: the index is damaged.
    """
    try:
        look.database.run(f"INSERT INTO {quote(name)} ({quote(name)}) VALUES ('integrity-check')")
    except StoreError as error:
        if "readonly" not in str(error):
            raise


def _rows(look: Look, search: FullText) -> Iterator[Problem]:
    """Compare the rows of a table with those that its index has."""
    table, key, known = quote(search.table), quote(search.key), _known(search)
    unknown = f"FROM {table} AS each WHERE NOT EXISTS (SELECT 1 FROM ({known}) WHERE key = each.{key})"
    ((count,),) = look.ask(f"SELECT count(*) {unknown}")
    if count:
        examples = look.ask(f"SELECT each.{key} {unknown} ORDER BY 1 LIMIT {FEW}")
        yield _problem(search, "rows that the search does not find", count, [row[0] for row in examples])
    gone = f"FROM ({known}) AS known WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {key} = known.key)"
    ((count,),) = look.ask(f"SELECT count(*) {gone}")
    if count:
        examples = look.ask(f"SELECT coalesce(known.key, known.number) {gone} ORDER BY 1 LIMIT {FEW}")
        yield _problem(search, "the search knows rows that are gone", count, [row[0] for row in examples])


def _known(search: FullText) -> str:
    """Give the query of the rows that an index has: their numbers, and the keys of the table's rows."""
    name = index_name(search)
    documents = quote(f"{name}_docsize")
    if not search.text_key:
        return f"SELECT id AS number, id AS key FROM {documents}"
    return f"SELECT id AS number, key FROM {documents} LEFT JOIN {quote(f'{name}_keys')} ON number = id"


def _words(look: Look, search: FullText) -> Iterator[Problem]:
    """Compare how often each word stands in an index and in one made anew, and find the rows behind a difference."""
    look.database.run_script(_compare(search))
    try:
        different = " UNION ".join(
            f"SELECT term FROM (SELECT term, doc, cnt FROM {one} EXCEPT SELECT term, doc, cnt FROM {other})"
            for one, other in (_WORDS.values(), list(_WORDS.values())[::-1])
        )
        words = look.ask(f"SELECT count(*), min(term) FROM ({different})")
        ((count, word),) = words
        if count:
            found = f"the search knows other words than the texts have: {count:,}, as {word!r}"
            yield _problem(search, found, *_where(look, search, different))
    finally:
        look.database.run_script([f"DROP TABLE temp.{name}" for name in (*_WORDS.values(), *_PLACES.values(), _FRESH)])


_PLACES = {"main": "sessionlab_places_kept", "temp": "sessionlab_places_fresh"}


def _compare(search: FullText) -> list[str]:
    """Give the statements that index the texts anew, aside, and lay open the words of both indexes."""
    indexes = {"main": index_name(search), "temp": _FRESH}
    opened = [
        f"CREATE VIRTUAL TABLE temp.{names[place]} USING fts5vocab('{place}', {quote(index)}, '{form}')"
        for names, form in ((_WORDS, "row"), (_PLACES, "instance"))
        for place, index in indexes.items()
    ]
    columns = ", ".join(map(quote, search.columns))
    fill = f"INSERT INTO temp.{_FRESH} (rowid, {columns}) {texts(search)}"
    return [f"CREATE VIRTUAL TABLE temp.{_FRESH} USING {fts5(search)}", fill, *opened]


def _where(look: Look, search: FullText, different: str) -> tuple[int, list[object]]:
    """Count the rows in which words differ, and give the keys of the first few."""
    kept, fresh = (
        f"SELECT term, doc, col, offset FROM {name} WHERE term IN ({different})" for name in _PLACES.values()
    )
    rows = f"SELECT doc FROM ({kept} EXCEPT {fresh}) UNION SELECT doc FROM ({fresh} EXCEPT {kept})"
    known = f"SELECT DISTINCT coalesce(key, doc) AS row FROM ({rows}) LEFT JOIN ({_known(search)}) ON number = doc"
    ((count,),) = look.ask(f"SELECT count(*) FROM ({known})")
    return count, [row[0] for row in look.ask(f"{known} ORDER BY 1 LIMIT {FEW}")]


def _problem(search: FullText, found: str, rows: int, examples: list[object]) -> Problem:
    return Problem(search.table, "search", found, _ADVICE, rows, tuple(map(str, examples)))
