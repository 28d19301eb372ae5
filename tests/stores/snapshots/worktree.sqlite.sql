CREATE TABLE migration_metadata (
	id INTEGER DEFAULT 1 NOT NULL CONSTRAINT ck_migration_metadata_id CHECK ("id" >= 1 AND "id" <= 1), 
	schema_version INTEGER DEFAULT 1 NOT NULL, 
	migrated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL, 
	json_backup_path TEXT, 
	migration_status TEXT DEFAULT 'pending' NOT NULL CONSTRAINT ck_migration_metadata_migration_status CHECK ("migration_status" IN ('pending', 'in_progress', 'completed', 'failed')), 
	last_updated_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL, 
	PRIMARY KEY (id)
)
 STRICT;
CREATE TABLE set_aside (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace_hash TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	session_id TEXT, 
	reason TEXT NOT NULL, 
	record TEXT NOT NULL
)
 STRICT;
CREATE TABLE workspaces (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	workspace_path TEXT NOT NULL CONSTRAINT ck_workspaces_workspace_path CHECK ("workspace_path" <> ''), 
	workspace_hash TEXT NOT NULL, 
	created_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL, 
	last_accessed_at TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) NOT NULL, 
	UNIQUE (workspace_path), 
	UNIQUE (workspace_hash)
)
 STRICT;
CREATE TABLE sessions (
	id TEXT NOT NULL CONSTRAINT ck_sessions_id CHECK ("id" <> ''), 
	workspace_id INTEGER NOT NULL, 
	type TEXT NOT NULL CONSTRAINT ck_sessions_type CHECK ("type" IN ('competition', 'ensemble', 'debate')), 
	task TEXT NOT NULL CONSTRAINT ck_sessions_task CHECK ("task" <> ''), 
	status TEXT NOT NULL CONSTRAINT ck_sessions_status CHECK ("status" IN ('running', 'completed', 'failed', 'paused')), 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	completed_at TEXT, 
	model TEXT, 
	timeout_seconds INTEGER, 
	preserve_worktrees INTEGER, 
	winner_id INTEGER, 
	total_duration INTEGER, 
	total_files_changed INTEGER, 
	total_lines_added INTEGER, 
	total_lines_deleted INTEGER, 
	integration_phase TEXT CONSTRAINT ck_sessions_integration_phase CHECK ("integration_phase" IN ('pending', 'in_progress', 'completed')), 
	integration_instance_id INTEGER, 
	absent TEXT, 
	extra TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT fk_sessions_workspace_id FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
)
 STRICT;
CREATE TABLE chat_messages (
	id TEXT NOT NULL CONSTRAINT ck_chat_messages_id CHECK ("id" <> ''), 
	session_id TEXT NOT NULL, 
	role TEXT NOT NULL CONSTRAINT ck_chat_messages_role CHECK ("role" IN ('user', 'assistant', 'system')), 
	content TEXT NOT NULL CONSTRAINT ck_chat_messages_content CHECK ("content" <> ''), 
	timestamp TEXT NOT NULL, 
	instance_id INTEGER, 
	seq INTEGER, 
	absent TEXT, 
	extra TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT fk_chat_messages_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
)
 STRICT;
CREATE TABLE instances (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	session_id TEXT NOT NULL, 
	instance_id INTEGER NOT NULL CONSTRAINT ck_instances_instance_id CHECK ("instance_id" >= 0), 
	worktree_path TEXT NOT NULL, 
	branch TEXT NOT NULL, 
	agent_name TEXT NOT NULL, 
	status TEXT NOT NULL CONSTRAINT ck_instances_status CHECK ("status" IN ('idle', 'running', 'completed', 'failed', 'paused', 'archived')), 
	tmux_session_id TEXT NOT NULL, 
	output TEXT, 
	start_time TEXT, 
	end_time TEXT, 
	files_changed INTEGER, 
	lines_added INTEGER, 
	lines_deleted INTEGER, 
	runtime TEXT, 
	model TEXT, 
	runtime_label TEXT, 
	absent TEXT, 
	extra TEXT, 
	CONSTRAINT uq_instances_session_id_instance_id UNIQUE (session_id, instance_id), 
	CONSTRAINT fk_instances_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
)
 STRICT;
CREATE TABLE session_documents (
	session_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (session_id), 
	CONSTRAINT fk_session_documents_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
)
 STRICT;
CREATE TABLE session_runtime_mix (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	session_id TEXT NOT NULL, 
	runtime TEXT NOT NULL, 
	CONSTRAINT uq_session_runtime_mix_session_id_runtime UNIQUE (session_id, runtime), 
	CONSTRAINT fk_session_runtime_mix_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
)
 STRICT;
CREATE INDEX IF NOT EXISTS idx_chat_messages_role ON chat_messages (role);
CREATE INDEX IF NOT EXISTS idx_chat_messages_session ON chat_messages (session_id);
CREATE INDEX IF NOT EXISTS idx_chat_messages_timestamp ON chat_messages (timestamp);
CREATE INDEX IF NOT EXISTS idx_instances_session ON instances (session_id);
CREATE INDEX IF NOT EXISTS idx_instances_session_instance ON instances (session_id, instance_id);
CREATE INDEX IF NOT EXISTS idx_instances_status ON instances (status);
CREATE INDEX IF NOT EXISTS idx_runtime_mix_session ON session_runtime_mix (session_id);
CREATE INDEX IF NOT EXISTS idx_sessions_created_at ON sessions (created_at DESC);
CREATE INDEX IF NOT EXISTS idx_sessions_status ON sessions (status);
CREATE INDEX IF NOT EXISTS idx_sessions_type ON sessions (type);
CREATE INDEX IF NOT EXISTS idx_sessions_updated_at ON sessions (updated_at DESC);
CREATE INDEX IF NOT EXISTS idx_sessions_workspace ON sessions (workspace_id);
CREATE INDEX IF NOT EXISTS idx_set_aside_workspace ON set_aside (workspace_hash);
CREATE INDEX IF NOT EXISTS idx_workspaces_hash ON workspaces (workspace_hash);
CREATE INDEX IF NOT EXISTS idx_workspaces_path ON workspaces (workspace_path);
CREATE VIEW IF NOT EXISTS session_complete AS
SELECT
    s.id, s.workspace_id, w.workspace_path, s.type, s.task, s.status, s.created_at, s.updated_at, s.completed_at,
    s.model, s.timeout_seconds, s.preserve_worktrees, s.winner_id, s.total_duration, s.total_files_changed,
    s.total_lines_added, s.total_lines_deleted,
    (SELECT count(*) FROM instances AS i WHERE i.session_id = s.id) AS instance_count,
    (SELECT count(*) FROM chat_messages AS m WHERE m.session_id = s.id) AS message_count,
    (SELECT group_concat(r.runtime) FROM (SELECT runtime, id FROM session_runtime_mix WHERE session_id = s.id ORDER BY id) AS r)
        AS runtime_mix
FROM sessions AS s JOIN workspaces AS w ON s.workspace_id = w.id
;
CREATE TRIGGER IF NOT EXISTS sessions_document_update AFTER UPDATE ON sessions BEGIN DELETE FROM session_documents WHERE session_id IN (old.id, new.id); END;
CREATE TRIGGER IF NOT EXISTS session_runtime_mix_document_insert AFTER INSERT ON session_runtime_mix BEGIN DELETE FROM session_documents WHERE session_id IN (new.session_id); END;
CREATE TRIGGER IF NOT EXISTS session_runtime_mix_document_update AFTER UPDATE ON session_runtime_mix BEGIN DELETE FROM session_documents WHERE session_id IN (old.session_id, new.session_id); END;
CREATE TRIGGER IF NOT EXISTS session_runtime_mix_document_delete AFTER DELETE ON session_runtime_mix BEGIN DELETE FROM session_documents WHERE session_id IN (old.session_id); END;
CREATE TRIGGER IF NOT EXISTS instances_document_insert AFTER INSERT ON instances BEGIN DELETE FROM session_documents WHERE session_id IN (new.session_id); END;
CREATE TRIGGER IF NOT EXISTS instances_document_update AFTER UPDATE ON instances BEGIN DELETE FROM session_documents WHERE session_id IN (old.session_id, new.session_id); END;
CREATE TRIGGER IF NOT EXISTS instances_document_delete AFTER DELETE ON instances BEGIN DELETE FROM session_documents WHERE session_id IN (old.session_id); END;
CREATE TRIGGER IF NOT EXISTS chat_messages_document_insert AFTER INSERT ON chat_messages BEGIN DELETE FROM session_documents WHERE session_id IN (new.session_id); END;
CREATE TRIGGER IF NOT EXISTS chat_messages_document_update AFTER UPDATE ON chat_messages BEGIN DELETE FROM session_documents WHERE session_id IN (old.session_id, new.session_id); END;
CREATE TRIGGER IF NOT EXISTS chat_messages_document_delete AFTER DELETE ON chat_messages BEGIN DELETE FROM session_documents WHERE session_id IN (old.session_id); END;
CREATE INDEX IF NOT EXISTS idx_sessions_composite ON sessions (workspace_id, status, created_at DESC);
CREATE VIRTUAL TABLE IF NOT EXISTS "sessions_fts" USING fts5("task", content = '', tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE IF NOT EXISTS "sessions_fts_keys" (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TRIGGER IF NOT EXISTS "sessions_fts_insert" AFTER INSERT ON "sessions" BEGIN INSERT INTO "sessions_fts_keys" (key) VALUES (new."id"); INSERT INTO "sessions_fts" (rowid, "task") SELECT (SELECT number FROM "sessions_fts_keys" WHERE key = new."id"), new."task"; END;
CREATE TRIGGER IF NOT EXISTS "sessions_fts_delete" AFTER DELETE ON "sessions" BEGIN INSERT INTO "sessions_fts" ("sessions_fts", rowid, "task") SELECT 'delete', (SELECT number FROM "sessions_fts_keys" WHERE key = old."id"), old."task"; DELETE FROM "sessions_fts_keys" WHERE key = old."id"; END;
CREATE TRIGGER IF NOT EXISTS "sessions_fts_update" AFTER UPDATE OF "task" ON "sessions" BEGIN INSERT INTO "sessions_fts" ("sessions_fts", rowid, "task") SELECT 'delete', (SELECT number FROM "sessions_fts_keys" WHERE key = old."id"), old."task"; INSERT INTO "sessions_fts" (rowid, "task") SELECT (SELECT number FROM "sessions_fts_keys" WHERE key = new."id"), new."task"; END;
INSERT INTO "sessions_fts_keys" (key) SELECT "id" FROM "sessions";
INSERT INTO "sessions_fts" (rowid, "task") SELECT (SELECT number FROM "sessions_fts_keys" WHERE key = each."id"), "task" FROM "sessions" AS each;
CREATE VIRTUAL TABLE IF NOT EXISTS "chat_messages_fts" USING fts5("content", content = '', tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE IF NOT EXISTS "chat_messages_fts_keys" (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TRIGGER IF NOT EXISTS "chat_messages_fts_insert" AFTER INSERT ON "chat_messages" BEGIN INSERT INTO "chat_messages_fts_keys" (key) VALUES (new."id"); INSERT INTO "chat_messages_fts" (rowid, "content") SELECT (SELECT number FROM "chat_messages_fts_keys" WHERE key = new."id"), new."content"; END;
CREATE TRIGGER IF NOT EXISTS "chat_messages_fts_delete" AFTER DELETE ON "chat_messages" BEGIN INSERT INTO "chat_messages_fts" ("chat_messages_fts", rowid, "content") SELECT 'delete', (SELECT number FROM "chat_messages_fts_keys" WHERE key = old."id"), old."content"; DELETE FROM "chat_messages_fts_keys" WHERE key = old."id"; END;
CREATE TRIGGER IF NOT EXISTS "chat_messages_fts_update" AFTER UPDATE OF "content" ON "chat_messages" BEGIN INSERT INTO "chat_messages_fts" ("chat_messages_fts", rowid, "content") SELECT 'delete', (SELECT number FROM "chat_messages_fts_keys" WHERE key = old."id"), old."content"; INSERT INTO "chat_messages_fts" (rowid, "content") SELECT (SELECT number FROM "chat_messages_fts_keys" WHERE key = new."id"), new."content"; END;
INSERT INTO "chat_messages_fts_keys" (key) SELECT "id" FROM "chat_messages";
INSERT INTO "chat_messages_fts" (rowid, "content") SELECT (SELECT number FROM "chat_messages_fts_keys" WHERE key = each."id"), "content" FROM "chat_messages" AS each;
CREATE TABLE IF NOT EXISTS "sessionlab_worktree_version" (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
DELETE FROM "sessionlab_worktree_version";
INSERT INTO "sessionlab_worktree_version" (version_num) VALUES ('0003');
