"""Errors: which there are, with what differs from one to the next folded away."""

from __future__ import annotations

from collections.abc import Sequence

from sessionlab.metrics.query import Expressions, conditions_of, following, groups, names, nulls_last, query, select
from sessionlab.metrics.registry import metric
from sessionlab.schema import literal

_FOLDS = {
    r"\s+": " ",
    r"""\B'[^'\n]*'\B|\B"[^"\n]*"\B|\B`[^`\n]*`\B""": "<name>",
    r"""\b[A-Za-z][A-Za-z0-9+.-]*://[^\s'"<>)]+""": "<path>",
    r"(\b[A-Za-z]:|\B~|\B\.{1,2}|\B)([/\\]+[\w.@+~%-]*\w)+[/\\]?": "<path>",
    r"\b[\w.-]+(/[\w.-]+)+\.[A-Za-z]\w*": "<path>",
    r"\b(0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{12,})\b": "<hex>",
    r"(\B-)?\b\d+([.,]\d+)*([eE][+-]?\d+)?": "<n>",
}
"""What is folded into what, in this order; for RE2, which DuckDB has, as for Java's expressions, which Spark has.

A boundary before a quote tells it from an apostrophe. A path starts at a root, or ends on a suffix: and/or is none.
"""


_SESSION = ('"source"', '"kind"', '"session_id"')
"""What tells a session from all others, also where two kinds have one store."""


@metric
def errors(*, by: str | Sequence[str] = (), where: str | None = None, bucket: str | None = None) -> str:
    """Count the errors of each type and message, the most frequent first.

    Columns: ``error_type``; ``message``, with numbers, quoted names, paths, and hexadecimal numbers and hashes folded
    into ``<n>``, ``<name>``, ``<path>`` and ``<hex>``, and spaces into one; ``errors``; ``sessions``, those in which
    it occurred; ``last_seen``. Types, messages and times that are not known are NULL. ``bucket`` is of when the
    session started. Errors of no session, as of an attempt that is gone, are left out.

    >>> lab.metrics.errors().project("error_type, message, sessions").limit(1).fetchall()
    [('runtime', 'NameError: name <name> is not defined', 27)]
    """
    outer = groups(by, bucket)
    keys, own = names(outer), ["error_type", "message"]
    columns = {
        "error_type": "error_type",
        "message": "folded",
        "errors": "CAST(sum(errors) AS BIGINT)",
        "sessions": "count(*)",
        "last_seen": "max(last_seen)",
    }
    order = [*nulls_last(keys), "errors DESC", *nulls_last(own)]
    last = select(keys, columns, None, source="found", inner=own, order=order)
    return following(last, said=_said(outer, where), texts=_TEXTS, found=_found(outer))


def _said(outer: Expressions, where: str | None) -> str:
    """Give the errors of the sessions, with their messages as they stand."""
    columns = {"error_type": "error_type", "said": "message", "occurred_at": "occurred_at"}
    source = f"errors JOIN sessions USING ({', '.join(_SESSION)})"
    return query(outer | names(_others(outer)) | columns, source, conditions=conditions_of(where))


def _found(outer: Expressions) -> str:
    """Count the errors of each session by type and folded message."""
    columns = {"error_type": "error_type", "folded": "folded", "errors": "count(*)", "last_seen": "max(occurred_at)"}
    inner = [*_others(outer), "error_type", "folded"]
    return select(names(outer), columns, None, source="said LEFT JOIN texts USING (said)", inner=inner, order=[])


def _others(outer: Expressions) -> list[str]:
    """Name what tells a session and is not grouped by anyway."""
    return [key for key in _SESSION if key not in outer]


def folded(text: str) -> str:
    """Write the folds of a text, each on a line of its own, in order."""
    folds = [f"  {literal(pattern)}, {literal(token)}, 'g')" for pattern, token in _FOLDS.items()]
    return "trim(" + "regexp_replace(" * len(folds) + f"{text},\n" + ",\n".join(folds) + ")"


_TEXTS = select({}, {"said": "said", "folded": folded("said")}, None, source="said", inner=["said"], order=[])
"""Each message once with what it folds into: messages come again and again, and folding takes the most time by far."""
