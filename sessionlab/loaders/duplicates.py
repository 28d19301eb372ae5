"""Two records with one id in a source: the one updated last stays, the other is counted as superseded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sessionlab.kinds import Kind, NativeTable
from sessionlab.loaders.numbering import parents
from sessionlab.loaders.target import Target, table_of
from sessionlab.schema import literal, quote


def files_with_duplicates(kind: Kind, paths: Sequence[str], target: Target) -> set[str]:
    """Find the files in which one id stands twice, so that it cannot be told what hangs on which row."""
    return {file for table in (kind.root, *parents(kind)) for file in _files_with(table, kind, paths, target)}


def _files_with(table: NativeTable, kind: Kind, paths: Sequence[str], target: Target) -> Iterator[str]:
    """Find the files with two rows of one id in a table."""
    name, key = table_of(kind, table.name), quote(table.key[0])
    if _any_duplicates(name, key, target):
        found = target.execute(
            f"SELECT DISTINCT file FROM (SELECT file FROM {name} WHERE source = ?"
            f" AND file IN (SELECT unnest(?::VARCHAR[])) GROUP BY file, {key} HAVING count(*) > 1)",
            [target.source, list(paths)],
        )
        yield from (file for (file,) in found.fetchall())


def _any_duplicates(table: str, key: str, target: Target) -> bool:
    return bool(target.count(f"SELECT count(*) - count(DISTINCT {key}) FROM {table} WHERE source = ?", [target.source]))


def drop_superseded(kind: Kind, target: Target) -> int:
    """Of the records that share an id over several files, keep the one updated last; the file's path settles a tie.

    Returns:
        How many were dropped. Each stands in ``main.superseded`` with the file that it lost to, so that a refresh can
        bring it back once that file changes.
    """
    root, key = table_of(kind, kind.root.name), quote(kind.id.name)
    if not _any_duplicates(root, key, target):
        return 0
    order = ", ".join(f"{quote(name)} DESC NULLS LAST" for name in kind.recency)
    target.execute(
        "CREATE OR REPLACE TEMP TABLE losers AS SELECT * FROM (\n"
        f"    SELECT {key} AS id, file, first(file) OVER latest AS winner, row_number() OVER latest AS place\n"
        f"    FROM {root} WHERE source = ?\n"
        f"    WINDOW latest AS (PARTITION BY {key} ORDER BY {order}, file DESC)\n"
        ") WHERE place > 1",
        [target.source],
    )
    for table in reversed(kind.tables):
        if not table.per_file:
            link = quote(table.link or kind.id.name)
            target.execute(
                f"DELETE FROM {table_of(kind, table.name)}"
                f" WHERE source = ? AND (file, {link}) IN ({_lost(kind, table, target)})",
                [target.source],
            )
    target.execute(
        f"INSERT INTO main.superseded SELECT ?, {literal(kind.name)}, id::VARCHAR, file, winner FROM losers",
        [target.source],
    )
    return target.count("SELECT count(*) FROM losers")


def _lost(kind: Kind, table: NativeTable, target: Target) -> str:
    """Select the file and the id of what rows of this table hang on (of the root: are) that lost."""
    parent = next((above for above in kind.tables if above.name == table.parent), None)
    if parent is None or parent is kind.root:
        return "SELECT file, id FROM losers"
    lost = _lost(kind, parent, target)
    return (
        f"SELECT file, {quote(parent.key[0])} FROM {table_of(kind, parent.name)}"
        f" WHERE source = {literal(target.source)} AND (file, {quote(str(parent.link))}) IN ({lost})"
    )


def drop_superseded_rows(kind: Kind, target: Target) -> int:
    """Of a database's root rows that share an id, for want of a key there, keep the one updated last; count the others.

    Where that does not tell, what the rows say does, so that two loads keep the same one.
    """
    root, key = table_of(kind, kind.root.name), quote(kind.id.name)
    if not _any_duplicates(root, key, target):
        return 0
    order = ", ".join(f"{quote(name)} DESC NULLS LAST" for name in kind.recency)
    return target.count(
        f"DELETE FROM {root} WHERE rowid IN (SELECT rowid FROM (\n"
        f"    SELECT rowid,"
        f" row_number() OVER (PARTITION BY {key} ORDER BY {order}, r::VARCHAR DESC, rowid DESC) AS place\n"
        f"    FROM {root} AS r WHERE source = ?) WHERE place > 1)",
        [target.source],
    )
