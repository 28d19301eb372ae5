"""The store of worktree: workspaces, sessions with instances and chat, and what the way from JSON files leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import sqlalchemy as sa

from sessionlab.schema import Column
from sessionlab.stores.declare import INDEXED, Field, FullText, Index, Made, StoreSchema, StoreTable
from sessionlab.stores.values import FLAG, KEPT, TEXT, WHOLE, ValueType

TYPES = ("competition", "ensemble", "debate")
STATUSES = ("running", "completed", "failed", "paused")

_NOW = Field(
    TEXT,
    null=False,
    default={
        "sqlite": "(strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        "postgresql": """to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.MS"Z"')""",
    },
)
_ID = Field(WHOLE, null=False, counted=True)
_TEXT_ID = Field(null=False, not_empty=True)
_NEEDED = Field(null=False)
_TIME, _NEEDED_TIME = Field(TEXT), Field(TEXT, null=False)
"""Times are kept as they were written, to the last digit."""

_STRICT_FLAG = ValueType(
    sa.Boolean().with_variant(sa.Integer(), "sqlite"),
    "True or False",
    {"sqlite": FLAG.encode["sqlite"], "postgresql": FLAG.encode["postgresql"]},
    {"sqlite": bool},
)
_OF_SESSION = Field(null=False, refers="sessions.id", cascade=True)

_KEPT = (Column("absent"), Column("extra"))
_KEPT_FIELDS = {"extra": Field(KEPT)}
"""``extra`` keeps the keys that no column is for; ``absent`` names the options that were left out, not null."""

_COMPLETE = """
SELECT
    s.id, s.workspace_id, w.workspace_path, s.type, s.task, s.status, s.created_at, s.updated_at, s.completed_at,
    s.model, s.timeout_seconds, s.preserve_worktrees, s.winner_id, s.total_duration, s.total_files_changed,
    s.total_lines_added, s.total_lines_deleted,
    (SELECT count(*) FROM instances AS i WHERE i.session_id = s.id) AS instance_count,
    (SELECT count(*) FROM chat_messages AS m WHERE m.session_id = s.id) AS message_count,
    (SELECT {mix} FROM (SELECT runtime, id FROM session_runtime_mix WHERE session_id = s.id ORDER BY id) AS r)
        AS runtime_mix
FROM sessions AS s JOIN workspaces AS w ON s.workspace_id = w.id
"""
_VIEW = Made(
    "session_complete",
    make={
        "sqlite": ("CREATE VIEW IF NOT EXISTS session_complete AS" + _COMPLETE.format(mix="group_concat(r.runtime)"),),
        # A view of that name that is there already may have other columns, and is somebody's.
        "postgresql": (
            "DO $$ BEGIN IF to_regclass('session_complete') IS NULL THEN CREATE VIEW session_complete AS"
            + _COMPLETE.format(mix="string_agg(r.runtime, ',' ORDER BY r.id)")
            + "; END IF; END $$",
        ),
    },
    drop={
        "sqlite": ("DROP VIEW IF EXISTS session_complete",),
        "postgresql": ("DROP VIEW IF EXISTS session_complete",),
    },
)


def _document_triggers() -> Iterator[Made]:
    """Make what drops a session's document when anybody changes a row of it, this program or another.

    In Postgres it locks the session first, as those who write a document do: none is written of rows that change.
    """
    for column in ("id", "session_id"):
        name = f"session_documents_drop_{column}"
        function = (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF TG_OP <> 'INSERT' THEN {_dropped(f'OLD.{column}')} END IF;"
            f" IF TG_OP <> 'DELETE' THEN {_dropped(f'NEW.{column}')} END IF; RETURN NULL; END $$"
        )
        tables = ("sessions",) if column == "id" else ("session_runtime_mix", "instances", "chat_messages")
        events = ("UPDATE",) if column == "id" else ("INSERT", "UPDATE", "DELETE")
        for table, event in itertools.product(tables, events):
            yield _document_trigger(table, event, column, name, function)


def _dropped(value: str) -> str:
    """Drop the document of a session in the schema of the table that has changed, whatever the search path is."""
    return "".join(
        f"EXECUTE format('{statement} = $1{end}', TG_TABLE_SCHEMA) USING {value};"
        for statement, end in (
            ("SELECT 1 FROM %I.sessions WHERE id", " FOR NO KEY UPDATE"),
            ("DELETE FROM %I.session_documents WHERE session_id", ""),
        )
    )


def _document_trigger(table: str, event: str, column: str, function: str, making: str) -> Made:
    name = f"{table}_document_{event.lower()}"
    rows = {"INSERT": f"new.{column}", "DELETE": f"old.{column}", "UPDATE": f"old.{column}, new.{column}"}[event]
    drop = f"DELETE FROM session_documents WHERE session_id IN ({rows});"
    return Made(
        name,
        make={
            "sqlite": (f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON {table} BEGIN {drop} END",),
            "postgresql": (
                making,
                f"DROP TRIGGER IF EXISTS {name} ON {table}",
                f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
            ),
        },
        drop={
            "sqlite": (f"DROP TRIGGER IF EXISTS {name}",),
            "postgresql": (
                f"DROP TRIGGER IF EXISTS {name} ON {table}",
                f"DROP FUNCTION IF EXISTS {function}() CASCADE",
            ),
        },
    )


WORKTREE = StoreSchema(
    kind="worktree",
    tables=(
        StoreTable(
            "workspaces",
            {
                "id": _ID,
                "workspace_path": Field(null=False, not_empty=True, unique=True),
                "workspace_hash": Field(null=False, unique=True),
                "created_at": _NOW,
                "last_accessed_at": _NOW,
            },
            strict=True,
        ),
        StoreTable(
            "sessions",
            {
                "id": _TEXT_ID,
                "workspace_id": Field(WHOLE, null=False, refers="workspaces.id", cascade=True),
                "type": Field(null=False, one_of=TYPES),
                "task": _TEXT_ID,
                "status": Field(null=False, one_of=STATUSES),
                "created_at": _NEEDED_TIME,
                "updated_at": _NEEDED_TIME,
                "completed_at": _TIME,
                "preserve_worktrees": Field(_STRICT_FLAG),
                "integration_phase": Field(one_of=("pending", "in_progress", "completed")),
                **_KEPT_FIELDS,
            },
            strict=True,
            own=_KEPT,
            added=("integration_phase", "integration_instance_id", "absent", "extra"),
        ),
        StoreTable(
            "session_runtime_mix",
            {"id": _ID, "session_id": _OF_SESSION, "runtime": _NEEDED},
            key=("id",),
            unique=(("session_id", "runtime"),),
            strict=True,
        ),
        StoreTable(
            "instances",
            {
                "id": _ID,
                "session_id": _OF_SESSION,
                "instance_id": Field(null=False, at_least=0),
                "worktree_path": _NEEDED,
                "branch": _NEEDED,
                "agent_name": _NEEDED,
                "status": Field(null=False, one_of=("idle", "running", "completed", "failed", "paused", "archived")),
                "tmux_session_id": _NEEDED,
                "start_time": _TIME,
                "end_time": _TIME,
                **_KEPT_FIELDS,
            },
            key=("id",),
            unique=(("session_id", "instance_id"),),
            strict=True,
            own=_KEPT,
            added=("absent", "extra"),
        ),
        StoreTable(
            "chat_messages",
            {
                "id": _TEXT_ID,
                "session_id": _OF_SESSION,
                "role": Field(null=False, one_of=("user", "assistant", "system")),
                "content": _TEXT_ID,
                "timestamp": _NEEDED_TIME,
                "seq": Field(WHOLE),
                **_KEPT_FIELDS,
            },
            strict=True,
            own=(Column("seq"), *_KEPT),
            added=("seq", "absent", "extra"),
        ),
        # A session as JSON, to be read at once. It goes when a row of the session changes, and the rows tell again.
        StoreTable(
            "session_documents",
            {"session_id": _OF_SESSION, "digest": _NEEDED, "document": Field(KEPT, null=False)},
            key=("session_id",),
            strict=True,
            own=(Column("session_id"), Column("digest"), Column("document")),
            added=("session_id", "digest", "document"),
        ),
        StoreTable(
            "migration_metadata",
            {
                "id": Field(WHOLE, null=False, default="1", at_least=1, at_most=1),
                "schema_version": Field(WHOLE, null=False, default="1"),
                "migrated_at": _NOW,
                "migration_status": Field(
                    null=False, default="'pending'", one_of=("pending", "in_progress", "completed", "failed")
                ),
                "last_updated_at": _NOW,
            },
            key=("id",),
            strict=True,
            own=tuple(
                map(
                    Column,
                    ("id", "schema_version", "migrated_at", "json_backup_path", "migration_status", "last_updated_at"),
                )
            ),
            added=("id", "schema_version", "migrated_at", "json_backup_path", "migration_status", "last_updated_at"),
        ),
        StoreTable(
            "set_aside",
            {
                "id": _ID,
                "workspace_hash": _NEEDED,
                "place": Field(WHOLE, null=False),
                "reason": _NEEDED,
                "record": _NEEDED,
            },
            key=("id",),
            strict=True,
            own=tuple(map(Column, ("id", "workspace_hash", "place", "session_id", "reason", "record"))),
            added=("id", "workspace_hash", "place", "session_id", "reason", "record"),
        ),
    ),
    indexes=(
        Index("idx_workspaces_path", "workspaces", ("workspace_path",)),
        Index("idx_workspaces_hash", "workspaces", ("workspace_hash",)),
        Index("idx_sessions_workspace", "sessions", ("workspace_id",)),
        Index("idx_sessions_status", "sessions", ("status",)),
        Index("idx_sessions_type", "sessions", ("type",)),
        Index("idx_sessions_created_at", "sessions", ("-created_at",)),
        Index("idx_sessions_updated_at", "sessions", ("-updated_at",)),
        Index("idx_runtime_mix_session", "session_runtime_mix", ("session_id",)),
        Index("idx_instances_session", "instances", ("session_id",)),
        Index("idx_instances_status", "instances", ("status",)),
        Index("idx_instances_session_instance", "instances", ("session_id", "instance_id")),
        Index("idx_chat_messages_session", "chat_messages", ("session_id",)),
        Index("idx_chat_messages_timestamp", "chat_messages", ("timestamp",)),
        Index("idx_chat_messages_role", "chat_messages", ("role",)),
        Index("idx_set_aside_workspace", "set_aside", ("workspace_hash",)),
        Index("idx_sessions_composite", "sessions", ("workspace_id", "status", "-created_at"), since=INDEXED),
    ),
    made=(_VIEW, *_document_triggers()),
    searches=(
        FullText("sessions", "id", ("task",), text_key=True),
        FullText("chat_messages", "id", ("content",), text_key=True),
    ),
)
