"""One pass over JSON files that writes nothing: which DuckDB can read straight, and which want a closer look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sessionlab.loaders.files import shown
from sessionlab.loaders.forms import how_to_read
from sessionlab.loaders.groups import Group, How, Scan, Structures
from sessionlab.loaders.quick import Quick
from sessionlab.loaders.scratch import Scratch, by_halves
from sessionlab.schema import literal

_BATCH = 1000

_TEXT = r'"(?:[^"\\]|\\.)*"'
_COMMA = r",\s*[}\]]"
_NUMBER = r"[:,\[]\s*-?(?:nan|inf|[0-9.]+e\+?[0-9]{3})"


def scan(paths: Sequence[str], scratch: Scratch, found: Scan) -> Iterator[Group]:
    """Look through JSON files, and give groups of them to read: each when it is full, the others at the end.

    Args:
        paths: Absolute paths.
        scratch: Where to try to read them.
        found: Takes in what is found. Of its kind is every record taken to be, rather than told by its keys.

    Raises:
        duckdb.InterruptException: another thread has stopped ``scratch``.
    """
    quick = Quick(found.kind)
    others: dict[How, list[str]] = {}
    for path in paths:
        scratch.go_on()
        how = how_to_read(path, scratch.go_on) if shown(path) == path else None
        if how is None:
            found.closer.append(path)
        elif not _place_quickly(path, how, quick, found):
            others.setdefault(how, []).append(path)
        yield from found.full()
    for how, alike in others.items():
        for path, structures in _structures(alike, how, scratch):
            _place(path, how, structures, found)
            yield from found.full()
    yield from found.groups


def _place_quickly(path: str, how: How, quick: Quick, found: Scan) -> bool:
    """Place a file that is quickly known to be sound; say whether it is."""
    sound = quick.look(path, *how)
    if sound is None:
        return False
    if sound.records:
        found.add(path, how, sound.kind.name, [sound.shape], sound.records)
    else:
        found.empty.append(path)
    return True


def _place(path: str, how: How, structures: Structures | None, found: Scan) -> None:
    if structures is None:
        found.closer.append(path)
    elif not structures:
        found.empty.append(path)
    else:
        found.place(path, how, structures)


def _structures(paths: list[str], how: How, scratch: Scratch) -> Iterator[tuple[str, Structures | None]]:
    """Yield each file with the structures of its records, or with None where the reader stumbles over it."""

    def read(some: list[str]) -> dict[str, Structures]:
        by_path: dict[str, Structures] = {path: [] for path in some}
        for path, structure, odd, count in scratch.fetch(_query(some, how)):
            by_path[path].append((structure, odd, count))
        return by_path

    for start in range(0, len(paths), _BATCH):
        for some, by_path in by_halves(paths[start : start + _BATCH], read):
            yield from by_path.items() if by_path is not None else ((path, None) for path in some)


def _query(paths: list[str], how: How) -> str:
    """Ask for the structures in each file, how many records have them, and whether one of these is odd.

    The reader takes a comma before a closing bracket, NaN and infinity, none of which is JSON, and numbers beyond any
    double. A record that seems to have such is searched again without its texts. Only one with a real number can have
    the latter.
    """
    return f"""
        SELECT filename, structure, odd, count(*)
        FROM (
            SELECT
                filename,
                json_structure(json)::VARCHAR AS structure,
                CASE
                    WHEN regexp_matches(json::VARCHAR, '{_COMMA}')
                        OR contains(structure, 'DOUBLE') AND regexp_matches(json::VARCHAR, '{_NUMBER}', 'i')
                    THEN regexp_matches(regexp_replace(json::VARCHAR, '{_TEXT}', '""', 'g'), '{_COMMA}|{_NUMBER}', 'i')
                    ELSE false
                END AS odd
            FROM read_json_objects(
                [{listed(paths)}], format = '{how[0].value}', compression = '{how[1]}',
                filename = true, hive_partitioning = false
            )
        )
        GROUP BY ALL
    """


def listed(paths: Sequence[str]) -> str:
    """List paths for the reader, the signs of a glob in them taken for themselves."""
    return ", ".join(literal(_plain(path)) for path in paths)


def _plain(path: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path) if {*"*?["} & {*path} else path
