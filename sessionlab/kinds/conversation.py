"""conversation: a session of messages between a user and an assistant, with the contexts given to it."""

from __future__ import annotations

from sessionlab.kinds.declare import Kind, NativeTable
from sessionlab.schema import Column, Type

CONVERSATION = Kind(
    name="conversation",
    tables=(
        NativeTable(
            "sessions",
            (
                Column("session_id", required=True, random=True),
                Column("user_id"),
                Column("start_time", Type.TIME),
                Column("end_time", Type.TIME),
                Column("metadata", Type.JSON),
            ),
            key=("session_id",),
        ),
        NativeTable(
            "contexts",
            (
                Column("context_id", required=True, random=True),
                Column("session_id", required=True),
                Column("content", long=True),
                Column("type"),
                Column("created_at", Type.TIME),
            ),
            key=("context_id",),
            parent="sessions",
            nest=("contexts",),
            link="session_id",
        ),
        NativeTable(
            "conversations",
            (
                Column("conversation_id", required=True, random=True),
                Column("session_id", required=True),
                Column("message_role"),
                Column("content", long=True),
                Column("timestamp", Type.TIME),
                Column("metadata", Type.JSON),
            ),
            key=("conversation_id",),
            parent="sessions",
            nest=("conversations",),
            link="session_id",
        ),
    ),
    hallmarks=frozenset({"conversations", "contexts", "start_time"}),
    recency=("end_time", "start_time"),
)
