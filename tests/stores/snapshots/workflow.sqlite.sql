CREATE TABLE session_states (
	id TEXT DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))) NOT NULL, 
	created_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	updated_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	thread_id TEXT NOT NULL, 
	run_id TEXT, 
	user_prompt TEXT, 
	topic TEXT, 
	difficulty TEXT, 
	problem_description TEXT, 
	problem_tests TEXT, 
	code TEXT, 
	tests_passed BOOLEAN, 
	code_attempts INTEGER DEFAULT 0, 
	problem_attempts INTEGER DEFAULT 0, 
	workflow_status TEXT DEFAULT 'running' CONSTRAINT ck_session_states_workflow_status CHECK ("workflow_status" IN ('running', 'completed', 'failed')), 
	PRIMARY KEY (id), 
	UNIQUE (thread_id)
);
CREATE INDEX IF NOT EXISTS idx_session_states_created_at ON session_states (created_at);
CREATE INDEX IF NOT EXISTS idx_session_states_difficulty ON session_states (difficulty);
CREATE INDEX IF NOT EXISTS idx_session_states_run_id ON session_states (run_id);
CREATE INDEX IF NOT EXISTS idx_session_states_topic ON session_states (topic);
CREATE INDEX IF NOT EXISTS idx_session_states_workflow_status ON session_states (workflow_status);
CREATE VIEW IF NOT EXISTS session_states_summary AS SELECT id, thread_id, run_id, created_at, updated_at, topic, difficulty, tests_passed, code_attempts, problem_attempts, workflow_status, CASE WHEN json_valid(problem_tests) AND json_type(problem_tests) = 'array' THEN json_array_length(problem_tests) END AS test_count FROM session_states;
CREATE TRIGGER IF NOT EXISTS session_states_touch AFTER UPDATE ON session_states WHEN new.updated_at IS old.updated_at BEGIN UPDATE session_states SET updated_at = (strftime('%Y-%m-%d %H:%M:%f', 'now')) WHERE thread_id = new.thread_id; END;
CREATE INDEX IF NOT EXISTS "idx_session_states_newest" ON "session_states" (coalesce(strftime('%Y-%m-%d %H:%M:%f', "created_at"), "created_at") DESC, "created_at" DESC, "id" DESC);
CREATE VIRTUAL TABLE IF NOT EXISTS "session_states_fts" USING fts5("user_prompt", "topic", "problem_description", content = '', tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE IF NOT EXISTS "session_states_fts_keys" (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TRIGGER IF NOT EXISTS "session_states_fts_insert" AFTER INSERT ON "session_states" BEGIN INSERT INTO "session_states_fts_keys" (key) VALUES (new."id"); INSERT INTO "session_states_fts" (rowid, "user_prompt", "topic", "problem_description") SELECT (SELECT number FROM "session_states_fts_keys" WHERE key = new."id"), new."user_prompt", new."topic", new."problem_description"; END;
CREATE TRIGGER IF NOT EXISTS "session_states_fts_delete" AFTER DELETE ON "session_states" BEGIN INSERT INTO "session_states_fts" ("session_states_fts", rowid, "user_prompt", "topic", "problem_description") SELECT 'delete', (SELECT number FROM "session_states_fts_keys" WHERE key = old."id"), old."user_prompt", old."topic", old."problem_description"; DELETE FROM "session_states_fts_keys" WHERE key = old."id"; END;
CREATE TRIGGER IF NOT EXISTS "session_states_fts_update" AFTER UPDATE OF "user_prompt", "topic", "problem_description" ON "session_states" BEGIN INSERT INTO "session_states_fts" ("session_states_fts", rowid, "user_prompt", "topic", "problem_description") SELECT 'delete', (SELECT number FROM "session_states_fts_keys" WHERE key = old."id"), old."user_prompt", old."topic", old."problem_description"; INSERT INTO "session_states_fts" (rowid, "user_prompt", "topic", "problem_description") SELECT (SELECT number FROM "session_states_fts_keys" WHERE key = new."id"), new."user_prompt", new."topic", new."problem_description"; END;
INSERT INTO "session_states_fts_keys" (key) SELECT "id" FROM "session_states";
INSERT INTO "session_states_fts" (rowid, "user_prompt", "topic", "problem_description") SELECT (SELECT number FROM "session_states_fts_keys" WHERE key = each."id"), "user_prompt", "topic", "problem_description" FROM "session_states" AS each;
CREATE TABLE IF NOT EXISTS "sessionlab_workflow_version" (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
DELETE FROM "sessionlab_workflow_version";
INSERT INTO "sessionlab_workflow_version" (version_num) VALUES ('0003');
