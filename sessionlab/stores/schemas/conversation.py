"""The store of conversation: sessions, the contexts given to them, and their messages."""

from __future__ import annotations

from sessionlab.stores.declare import INDEXED, NOW, Field, FullText, Index, StoreSchema, StoreTable
from sessionlab.stores.moments import newest_index
from sessionlab.stores.values import OBJECT, UUID, varchar

_ID = Field(UUID, null=False)
_SESSION = Field(UUID, null=False, refers="sessions.session_id", cascade=True)
_METADATA = Field(OBJECT)
_NOW = Field(default=NOW)

CONVERSATION = StoreSchema(
    kind="conversation",
    tables=(
        StoreTable(
            "sessions",
            {"session_id": _ID, "user_id": Field(varchar(255), null=False), "start_time": _NOW, "metadata": _METADATA},
        ),
        StoreTable(
            "contexts",
            {
                "context_id": _ID,
                "session_id": _SESSION,
                "content": Field(null=False),
                "type": Field(null=False),
                "created_at": _NOW,
            },
        ),
        StoreTable(
            "conversations",
            {
                "conversation_id": _ID,
                "session_id": _SESSION,
                "message_role": Field(null=False),
                "content": Field(null=False),
                "timestamp": _NOW,
                "metadata": _METADATA,
            },
        ),
    ),
    indexes=(
        Index("idx_contexts_composite", "contexts", ("session_id", "created_at"), since=INDEXED),
        Index(
            "idx_conversations_composite",
            "conversations",
            ("session_id", "timestamp"),
            since=INDEXED,
        ),
    ),
    made=(
        newest_index("idx_conversation_newest", "sessions", "start_time", "session_id"),
        newest_index("idx_conversation_user_newest", "sessions", "start_time", "session_id", first="user_id"),
    ),
    searches=(FullText("conversations", "conversation_id", ("content",), text_key=True),),
)
