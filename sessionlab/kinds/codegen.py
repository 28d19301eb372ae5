"""codegen: a design goal, the iterations of code written for it, and the errors that each one made."""

from __future__ import annotations

from sessionlab.kinds.declare import Kind, NativeTable
from sessionlab.schema import Column, Type

CODEGEN = Kind(
    name="codegen",
    tables=(
        NativeTable(
            "session",
            (
                Column("id", Type.INTEGER, required=True),
                Column("design_goal", required=True, long=True),
                Column("parent_session_id", Type.INTEGER),
                Column("created_at", Type.TIME),
            ),
            key=("id",),
        ),
        NativeTable(
            "iteration",
            (
                Column("id", Type.INTEGER, required=True),
                Column("session_id", Type.INTEGER, required=True),
                Column("code", long=True),
                Column("feedback", long=True),
                Column("created_at", Type.TIME),
            ),
            key=("id",),
            parent="session",
            nest=("iterations",),
            link="session_id",
        ),
        NativeTable(
            "error",
            (
                Column("id", Type.INTEGER, required=True),
                Column("iteration_id", Type.INTEGER, required=True),
                Column("error_type"),
                Column("error_message", long=True),
                Column("error_line", Type.INTEGER),
                Column("created_at", Type.TIME),
            ),
            key=("id",),
            parent="iteration",
            nest=("errors",),
            link="iteration_id",
        ),
    ),
    hallmarks=frozenset({"design_goal"}),
    recency=("created_at",),
)
