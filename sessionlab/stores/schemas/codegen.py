"""The store of codegen: sessions, their iterations, and the errors of those."""

from __future__ import annotations

from sessionlab.stores.declare import INDEXED, NOW, Field, FullText, Index, StoreSchema, StoreTable

_ID = Field(null=False, counted=True)
_CREATED = Field(default=NOW)

CODEGEN = StoreSchema(
    kind="codegen",
    tables=(
        StoreTable(
            "session",
            {
                "id": _ID,
                "design_goal": Field(null=False),
                "parent_session_id": Field(refers="session.id"),
                "created_at": _CREATED,
            },
        ),
        StoreTable(
            "iteration",
            {
                "id": _ID,
                "session_id": Field(null=False, refers="session.id"),
                "code": Field(null=False),
                "created_at": _CREATED,
            },
        ),
        StoreTable(
            "error",
            {
                "id": _ID,
                "iteration_id": Field(null=False, refers="iteration.id"),
                "error_type": Field(one_of=("syntax", "runtime")),
                "created_at": _CREATED,
            },
        ),
    ),
    indexes=(
        Index("idx_session_parent", "session", ("parent_session_id",), since=INDEXED),
        Index("idx_iteration_composite", "iteration", ("session_id", "id"), since=INDEXED),
        Index("idx_error_composite", "error", ("iteration_id", "id"), since=INDEXED),
    ),
    searches=(FullText("session", "id", ("design_goal",)),),
)
