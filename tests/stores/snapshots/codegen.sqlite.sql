CREATE TABLE session (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	design_goal TEXT NOT NULL, 
	parent_session_id INTEGER, 
	created_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	CONSTRAINT fk_session_parent_session_id FOREIGN KEY(parent_session_id) REFERENCES session (id)
);
CREATE TABLE iteration (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	session_id INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	feedback TEXT, 
	created_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	CONSTRAINT fk_iteration_session_id FOREIGN KEY(session_id) REFERENCES session (id)
);
CREATE TABLE error (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	iteration_id INTEGER NOT NULL, 
	error_type TEXT CONSTRAINT ck_error_error_type CHECK ("error_type" IN ('syntax', 'runtime')), 
	error_message TEXT, 
	error_line INTEGER, 
	created_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	CONSTRAINT fk_error_iteration_id FOREIGN KEY(iteration_id) REFERENCES iteration (id)
);
CREATE INDEX IF NOT EXISTS idx_error_composite ON error (iteration_id, id);
CREATE INDEX IF NOT EXISTS idx_iteration_composite ON iteration (session_id, id);
CREATE INDEX IF NOT EXISTS idx_session_parent ON session (parent_session_id);
CREATE VIRTUAL TABLE IF NOT EXISTS "session_fts" USING fts5("design_goal", content = '', tokenize = 'unicode61 remove_diacritics 0');
CREATE TRIGGER IF NOT EXISTS "session_fts_insert" AFTER INSERT ON "session" BEGIN INSERT INTO "session_fts" (rowid, "design_goal") SELECT new."id", new."design_goal"; END;
CREATE TRIGGER IF NOT EXISTS "session_fts_delete" AFTER DELETE ON "session" BEGIN INSERT INTO "session_fts" ("session_fts", rowid, "design_goal") SELECT 'delete', old."id", old."design_goal"; END;
CREATE TRIGGER IF NOT EXISTS "session_fts_update" AFTER UPDATE OF "design_goal" ON "session" BEGIN INSERT INTO "session_fts" ("session_fts", rowid, "design_goal") SELECT 'delete', old."id", old."design_goal"; INSERT INTO "session_fts" (rowid, "design_goal") SELECT new."id", new."design_goal"; END;
INSERT INTO "session_fts" (rowid, "design_goal") SELECT each."id", "design_goal" FROM "session" AS each;
CREATE TABLE IF NOT EXISTS "sessionlab_codegen_version" (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
DELETE FROM "sessionlab_codegen_version";
INSERT INTO "sessionlab_codegen_version" (version_num) VALUES ('0003');
