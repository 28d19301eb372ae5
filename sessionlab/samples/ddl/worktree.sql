CREATE TABLE workspaces (
    id {serial},
    workspace_path TEXT NOT NULL UNIQUE,
    workspace_hash TEXT NOT NULL UNIQUE,
    created_at {text_time} NOT NULL DEFAULT ({now}),
    last_accessed_at {text_time} NOT NULL DEFAULT ({now}),
    CHECK(workspace_path <> '')
) {strict};

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL REFERENCES workspaces(id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    task TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at {text_time} NOT NULL,
    updated_at {text_time} NOT NULL,
    completed_at {text_time},
    model TEXT,
    timeout_seconds INTEGER,
    preserve_worktrees {flag},
    winner_id INTEGER,
    total_duration INTEGER,
    total_files_changed INTEGER,
    total_lines_added INTEGER,
    total_lines_deleted INTEGER,
    integration_phase TEXT,
    integration_instance_id INTEGER,
    CHECK(type IN ('competition', 'ensemble', 'debate')),
    CHECK(status IN ('running', 'completed', 'failed', 'paused')),
    CHECK(integration_phase IN ('pending', 'in_progress', 'completed')),
    CHECK(id <> ''),
    CHECK(task <> '')
) {strict};

CREATE TABLE session_runtime_mix (
    id {serial},
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    runtime TEXT NOT NULL,
    UNIQUE(session_id, runtime)
) {strict};

CREATE TABLE instances (
    id {serial},
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    instance_id INTEGER NOT NULL,
    worktree_path TEXT NOT NULL,
    branch TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    status TEXT NOT NULL,
    tmux_session_id TEXT NOT NULL,
    output TEXT,
    start_time {text_time},
    end_time {text_time},
    files_changed INTEGER,
    lines_added INTEGER,
    lines_deleted INTEGER,
    runtime TEXT,
    model TEXT,
    runtime_label TEXT,
    UNIQUE(session_id, instance_id),
    CHECK(instance_id >= 0),
    CHECK(status IN ('idle', 'running', 'completed', 'failed', 'paused', 'archived'))
) {strict};

CREATE TABLE chat_messages (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    timestamp {text_time} NOT NULL,
    instance_id INTEGER,
    CHECK(role IN ('user', 'assistant', 'system')),
    CHECK(id <> ''),
    CHECK(content <> '')
) {strict};

-- after loading
CREATE INDEX idx_workspaces_path ON workspaces(workspace_path);
CREATE INDEX idx_workspaces_hash ON workspaces(workspace_hash);
CREATE INDEX idx_sessions_workspace ON sessions(workspace_id);
CREATE INDEX idx_sessions_status ON sessions(status);
CREATE INDEX idx_sessions_type ON sessions(type);
CREATE INDEX idx_sessions_created_at ON sessions(created_at DESC);
CREATE INDEX idx_sessions_updated_at ON sessions(updated_at DESC);
CREATE INDEX idx_runtime_mix_session ON session_runtime_mix(session_id);
CREATE INDEX idx_instances_session ON instances(session_id);
CREATE INDEX idx_instances_status ON instances(status);
CREATE INDEX idx_instances_session_instance ON instances(session_id, instance_id);
CREATE INDEX idx_chat_messages_session ON chat_messages(session_id);
CREATE INDEX idx_chat_messages_timestamp ON chat_messages(timestamp);
CREATE INDEX idx_chat_messages_role ON chat_messages(role);
