CREATE TABLE sessions (
	session_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	start_time TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	end_time TIMESTAMP, 
	metadata TEXT, 
	PRIMARY KEY (session_id)
);
CREATE TABLE contexts (
	context_id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	content TEXT NOT NULL, 
	type TEXT NOT NULL, 
	created_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	PRIMARY KEY (context_id), 
	CONSTRAINT fk_contexts_session_id FOREIGN KEY(session_id) REFERENCES sessions (session_id) ON DELETE CASCADE
);
CREATE TABLE conversations (
	conversation_id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	message_role TEXT NOT NULL, 
	content TEXT NOT NULL, 
	timestamp TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), 
	metadata TEXT, 
	PRIMARY KEY (conversation_id), 
	CONSTRAINT fk_conversations_session_id FOREIGN KEY(session_id) REFERENCES sessions (session_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_contexts_composite ON contexts (session_id, created_at);
CREATE INDEX IF NOT EXISTS idx_conversations_composite ON conversations (session_id, timestamp);
CREATE INDEX IF NOT EXISTS "idx_conversation_newest" ON "sessions" (coalesce(strftime('%Y-%m-%d %H:%M:%f', "start_time"), "start_time") DESC, "start_time" DESC, "session_id" DESC);
CREATE INDEX IF NOT EXISTS "idx_conversation_user_newest" ON "sessions" ("user_id", coalesce(strftime('%Y-%m-%d %H:%M:%f', "start_time"), "start_time") DESC, "start_time" DESC, "session_id" DESC);
CREATE VIRTUAL TABLE IF NOT EXISTS "conversations_fts" USING fts5("content", content = '', tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE IF NOT EXISTS "conversations_fts_keys" (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TRIGGER IF NOT EXISTS "conversations_fts_insert" AFTER INSERT ON "conversations" BEGIN INSERT INTO "conversations_fts_keys" (key) VALUES (new."conversation_id"); INSERT INTO "conversations_fts" (rowid, "content") SELECT (SELECT number FROM "conversations_fts_keys" WHERE key = new."conversation_id"), new."content"; END;
CREATE TRIGGER IF NOT EXISTS "conversations_fts_delete" AFTER DELETE ON "conversations" BEGIN INSERT INTO "conversations_fts" ("conversations_fts", rowid, "content") SELECT 'delete', (SELECT number FROM "conversations_fts_keys" WHERE key = old."conversation_id"), old."content"; DELETE FROM "conversations_fts_keys" WHERE key = old."conversation_id"; END;
CREATE TRIGGER IF NOT EXISTS "conversations_fts_update" AFTER UPDATE OF "content" ON "conversations" BEGIN INSERT INTO "conversations_fts" ("conversations_fts", rowid, "content") SELECT 'delete', (SELECT number FROM "conversations_fts_keys" WHERE key = old."conversation_id"), old."content"; INSERT INTO "conversations_fts" (rowid, "content") SELECT (SELECT number FROM "conversations_fts_keys" WHERE key = new."conversation_id"), new."content"; END;
INSERT INTO "conversations_fts_keys" (key) SELECT "conversation_id" FROM "conversations";
INSERT INTO "conversations_fts" (rowid, "content") SELECT (SELECT number FROM "conversations_fts_keys" WHERE key = each."conversation_id"), "content" FROM "conversations" AS each;
CREATE TABLE IF NOT EXISTS "sessionlab_conversation_version" (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
DELETE FROM "sessionlab_conversation_version";
INSERT INTO "sessionlab_conversation_version" (version_num) VALUES ('0003');
