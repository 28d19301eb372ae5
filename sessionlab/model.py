"""The canonical model: the tables of a lab's ``main`` schema, the same whatever the sessions come from.

Times are UTC; NULL means "not known". ``sessions`` is stored, one row a session; ``attempts``, ``messages`` and
``errors`` are views over the native tables of every kind. Of a session's columns a kind gives all but the last, which
is counted from its attempts.
"""

from __future__ import annotations

from sessionlab import entrants
from sessionlab.schema import Column, Table, Type

_TEXT, _INT, _BOOL, _TIME, _JSON = Type.TEXT, Type.INTEGER, Type.BOOLEAN, Type.TIME, Type.JSON

SESSIONS = Table(
    "sessions",
    (
        Column("source", required=True),
        Column("kind", required=True),
        Column("session_id", required=True, random=True),
        Column("parent_session_id"),
        Column("goal", long=True),
        Column("topic"),
        Column("difficulty"),
        Column("mode"),
        Column("status"),
        Column("success", _BOOL),
        Column("attempts", _INT),
        Column("problem_attempts", _INT),
        Column("errors", _INT),
        Column("messages", _INT),
        Column("user_id"),
        Column("agent"),
        Column("model"),
        Column("run_id"),
        Column("workspace"),
        Column("started_at", _TIME),
        Column("ended_at", _TIME),
        Column("duration_s", Type.REAL),
        Column("extra", _JSON, long=True),
        Column(entrants.COLUMN, _JSON),
    ),
    key=("source", "session_id"),
)

ATTEMPTS = Table(
    "attempts",
    (
        Column("source"),
        Column("kind"),
        Column("session_id"),
        Column("attempt", _INT),
        Column("attempt_id"),
        Column("status"),
        Column("success", _BOOL),
        Column("winner", _BOOL),
        Column("agent"),
        Column("model"),
        Column("runtime"),
        Column("code"),
        Column("feedback"),
        Column("errors", _INT),
        Column("files_changed", _INT),
        Column("lines_added", _INT),
        Column("lines_deleted", _INT),
        Column("started_at", _TIME),
        Column("ended_at", _TIME),
    ),
    key=("source", "session_id", "attempt"),
)

MESSAGES = Table(
    "messages",
    (
        Column("source"),
        Column("kind"),
        Column("session_id"),
        Column("message_id"),
        Column("seq", _INT),
        Column("role"),
        Column("type"),
        Column("content"),
        Column("attempt", _INT),
        Column("sent_at", _TIME),
        Column("extra", _JSON),
    ),
    key=("source", "session_id", "seq"),
)

ERRORS = Table(
    "errors",
    (
        Column("source"),
        Column("kind"),
        Column("session_id"),
        Column("attempt", _INT),
        Column("error_id"),
        Column("error_type"),
        Column("message"),
        Column("line", _INT),
        Column("occurred_at", _TIME),
    ),
    key=("source", "session_id", "error_id"),
)

SOURCES = Table(
    "sources",
    (
        Column("source"),
        Column("kind"),
        Column("uri"),
        Column("loaded_at", _TIME),
        Column("fingerprint"),
        Column("rows", _JSON),
        Column("rejected", _INT),
        Column("superseded", _INT),
        Column("duration_s", Type.REAL),
    ),
    key=("source",),
)

FILES = Table(
    "files",
    (
        Column("source"),
        Column("path"),
        Column("size", _INT),
        Column("mtime_ns", _INT),
        Column("rows", _INT),
        Column("rejected", _INT),
        Column("gone", _BOOL),
    ),
    key=("source", "path"),
)

REJECTS = Table(
    "rejects",
    (
        Column("source"),
        Column("file"),
        Column("record", _INT),
        Column("reason"),
        Column("raw", long=True),
        Column("rejected_at", _TIME),
    ),
)

DERIVED = (ATTEMPTS, MESSAGES, ERRORS)
"""Canonical tables that are views over the native ones."""
