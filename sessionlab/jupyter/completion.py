"""Completion: tables, columns and variables in SQL, arguments and columns behind a metric's magic."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult

from sessionlab.entrants import COMPARED
from sessionlab.errors import SessionlabError
from sessionlab.jupyter.arguments import CHART, names
from sessionlab.lab import Lab
from sessionlab.metrics import METRICS
from sessionlab.metrics.arguments import BUCKETS
from sessionlab.model import SESSIONS

Tables = Mapping[str, list[str]]

_COLUMNS = """
SELECT CASE schema_name WHEN 'main' THEN '' ELSE schema_name || '.' END || table_name, column_name
FROM duckdb_columns()
WHERE NOT internal AND database_name IN (current_database(), 'temp') AND NOT starts_with(table_name, 'canonical_')
  AND table_name NOT IN ('sessionlab', 'hints', 'superseded', 'numbered', 'history_attempts')
ORDER BY table_oid, column_index
"""
_SQL = re.compile(r"\s*%%sql\b|.*%sql\s", re.DOTALL)
_METRIC = re.compile(r"(?:[^%]*=)?\s*%(\w+)\s(.*)")
_OPEN_ARGUMENT = re.compile(r"""(?:^|\s)(\w+)=(?:"[^"]*|'[^']*|\S*)$""")
_CHOICES = {"bucket": BUCKETS, "of": COMPARED}


class Completion:
    """A matcher for IPython's completer. In SQL it speaks alone; Python's names would only be in the way."""

    matcher_api_version = 2
    matcher_identifier = "sessionlab"

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self.__qualname__ = "sessionlab.Completion"

    def __call__(self, context: CompletionContext) -> SimpleMatcherResult:
        """Complete the word before the cursor."""
        found = list(self._candidates(context))
        token = context.token
        fitting = [word for word in dict.fromkeys(found) if word.lower().startswith(token.lower())]
        return SimpleMatcherResult(completions=[SimpleCompletion(word) for word in fitting], suppress=bool(found))

    def _candidates(self, context: CompletionContext) -> Iterable[str]:
        if _SQL.match(_before(context)):
            return self._in_sql(context)
        return _in_metric(context.text_until_cursor)

    def _in_sql(self, context: CompletionContext) -> Iterable[str]:
        if re.search(r"\$\w*$", context.text_until_cursor):
            return [name for name in self._variables if not name.startswith("_")]
        tables = self._tables()
        qualifier, dot, _ = context.token.rpartition(".")
        mentioned = _mentioned(context.full_text, tables)
        columns = [column for table in mentioned or ["sessions"] for column in tables.get(table, [])]
        if dot and not any(table.startswith(f"{qualifier}.") for table in tables):
            return [f"{qualifier}.{column}" for column in columns]
        return [*columns, *tables]

    def _tables(self) -> Tables:
        """Give the lab's tables and their columns; none where there is no lab to ask."""
        lab, tables = self._variables.get("lab"), defaultdict[str, list[str]](list)
        if isinstance(lab, Lab):
            try:
                for table, column in lab.sql(_COLUMNS).fetchall():
                    tables[table].append(column)
            except SessionlabError:  # as of a closed lab: no reason to fail while somebody types
                pass
        return tables


def _before(context: CompletionContext) -> str:
    """Give the cell up to the cursor if it is all SQL, else the line up to it."""
    whole = context.full_text.lstrip()
    return whole if whole.startswith("%%sql") else context.text_until_cursor


def _mentioned(query: str, tables: Tables) -> list[str]:
    words = set(re.findall(r"[\w.]+", query))
    return [table for table in tables if table in words]


def _in_metric(line: str) -> Iterable[str]:
    found = _METRIC.fullmatch(line)
    if not found or found[1] not in METRICS:
        return []
    argument = _OPEN_ARGUMENT.search(found[2])
    if argument is None:
        return [*(f"{name}=" for name in names(found[1])), CHART]
    return _CHOICES.get(argument[1], SESSIONS.names)
