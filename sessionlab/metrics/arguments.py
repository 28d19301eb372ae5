"""The checks that all metrics share: which columns and buckets there are, and what to say of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from sessionlab.errors import QueryError
from sessionlab.model import SESSIONS
from sessionlab.schema import Column

BUCKETS = ("day", "week", "month")
"""The spans of time that sessions can be grouped by."""

_COLUMNS = {column.name.lower(): column for column in SESSIONS}


def session_column(name: str) -> Column:
    """Find a column of ``sessions`` by its name in any case.

    >>> session_column("Topic").name
    'topic'

    Raises ``QueryError``, which lists the columns, where there is none.
    """
    try:
        return _COLUMNS[name.lower()]
    except (KeyError, AttributeError):
        raise QueryError(f"Sessions have no column {name!r}.{suggestion(name, SESSIONS.names)}") from None


def columns_named(by: str | Sequence[str]) -> tuple[str, ...]:
    """Give the names of the columns to group by, each once, as ``sessions`` spells them.

    Raises ``QueryError`` where there is no such column, or it is no name.
    """
    names = (by,) if isinstance(by, str) else by
    if not isinstance(names, Iterable):
        raise QueryError(
            f"Sessions are grouped by a column or several, as by='topic' or by=['kind', 'topic'], not {by!r}."
        )
    return tuple(dict.fromkeys(session_column(name).name for name in names))


def checked_bucket(bucket: str) -> str:
    """Give the bucket back, or raise ``QueryError``, which lists the buckets."""
    if bucket not in BUCKETS:
        raise QueryError(f"Time has no bucket {bucket!r}.{suggestion(bucket, BUCKETS)}")
    return bucket


def suggestion(wrong: object, known: Iterable[str]) -> str:
    """Say what was probably meant, and what else there is; begins with a blank, to stand after a sentence.

    >>> suggestion("topc", ["mode", "topic"])
    " Did you mean 'topic'? There are: mode, topic."
    """
    names = list(known)
    near = get_close_matches(str(wrong).lower(), names, n=2)
    guess = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"{guess} There are: {', '.join(names)}."
