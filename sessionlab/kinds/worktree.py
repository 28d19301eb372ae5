"""worktree: one task given to several agents at once, each in a git worktree of its own, and the chat about it."""

from __future__ import annotations

from sessionlab.kinds.declare import Kind, NativeTable, StandIn
from sessionlab.schema import Column, Type

# Two schemas of this store are about. The one with `workspaces.hash` and `sessions.session_type` keeps the runtimes of
# a session as a JSON text in one column; a text that is no JSON is kept as it stands.
_RUNTIMES_IN_A_COLUMN = """
SELECT NULL AS id, m.session_id, j.value AS runtime
FROM (
    SELECT id AS session_id, CASE typeof(runtime_mix) WHEN 'blob' THEN hex(runtime_mix) ELSE runtime_mix END AS mix
    FROM sessions
) AS m, json_each(CASE WHEN json_valid(m.mix) THEN m.mix ELSE json_array(m.mix) END) AS j
WHERE j.value IS NOT NULL
"""

WORKTREE = Kind(
    name="worktree",
    tables=(
        NativeTable(
            "sessions",
            (
                Column("id", required=True, random=True),
                Column("workspace_id", aliases=("workspace_hash", "workspaceHash")),
                Column("type", aliases=("session_type", "sessionType")),
                Column("task", required=True, long=True),
                Column("status"),
                Column("created_at", Type.TIME, "createdAt"),
                Column("updated_at", Type.TIME, "updatedAt"),
                Column("completed_at", Type.TIME, "completedAt"),
                Column("model"),
                Column("timeout_seconds", Type.INTEGER, "timeoutSeconds"),
                Column("preserve_worktrees", Type.BOOLEAN, "preserveWorktrees"),
                Column("winner_id", Type.INTEGER, "winnerId"),
                Column("total_duration", Type.INTEGER, "totalDuration"),
                Column("total_files_changed", Type.INTEGER, "totalFilesChanged"),
                Column("total_lines_added", Type.INTEGER, "totalLinesAdded"),
                Column("total_lines_deleted", Type.INTEGER, "totalLinesDeleted"),
                Column("integration_phase", key="integrationPhase"),
                Column("integration_instance_id", Type.INTEGER, "integrationInstanceId"),
            ),
            key=("id",),
            stem=("workspace_id",),
            unloaded=("absent",),
        ),
        NativeTable(
            "workspaces",
            (
                Column("id", aliases=("hash",), required=True),
                Column("workspace_path", aliases=("path",)),
                Column("workspace_hash", aliases=("hash",)),
                Column("created_at", Type.TIME),
                Column("last_accessed_at", Type.TIME, aliases=("last_accessed",)),
            ),
            key=("id",),
            stem=("id", "workspace_hash"),
            per_file=True,
        ),
        NativeTable(
            "session_runtime_mix",
            (Column("id", Type.INTEGER), Column("session_id", required=True), Column("runtime")),
            key=("session_id", "runtime"),
            parent="sessions",
            nest=("runtimeMix", "runtime_mix"),
            link="session_id",
            scalar="runtime",
            stand_in=StandIn("sessions", "runtime_mix", _RUNTIMES_IN_A_COLUMN),
        ),
        NativeTable(
            "instances",
            (
                Column("id", Type.INTEGER),
                Column("session_id", required=True),
                Column("instance_id", Type.INTEGER, "instanceId", required=True),
                Column("worktree_path", key="worktreePath"),
                Column("branch"),
                Column("agent_name", key="agentName"),
                Column("status"),
                Column("tmux_session_id", key="tmuxSessionId"),
                Column("output", long=True),
                Column("start_time", Type.TIME, "startTime"),
                Column("end_time", Type.TIME, "endTime"),
                Column("files_changed", Type.INTEGER, "filesChanged"),
                Column("lines_added", Type.INTEGER, "linesAdded"),
                Column("lines_deleted", Type.INTEGER, "linesDeleted"),
                Column("runtime"),
                Column("model"),
                Column("runtime_label", key="runtimeLabel"),
            ),
            key=("session_id", "instance_id"),
            parent="sessions",
            nest=("instances",),
            link="session_id",
            unloaded=("absent",),
        ),
        NativeTable(
            "chat_messages",
            (
                Column("id", random=True),
                Column("session_id", required=True),
                Column("role"),
                Column("content", long=True),
                Column("timestamp", Type.TIME),
                Column("instance_id", Type.INTEGER, "instanceId"),
            ),
            key=("id",),
            parent="sessions",
            nest=("chatHistory", "chat_history"),
            link="session_id",
            unloaded=("seq", "absent"),
        ),
    ),
    hallmarks=frozenset({"task", "instances", "chatHistory", "chat_history"}),
    recency=("updated_at", "created_at"),
    competes=True,
)
