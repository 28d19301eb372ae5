CREATE TABLE sessions (
	session_id UUID NOT NULL, 
	user_id VARCHAR(255) NOT NULL, 
	start_time TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP, 
	end_time TIMESTAMP WITH TIME ZONE, 
	metadata JSONB, 
	PRIMARY KEY (session_id)
);
CREATE TABLE contexts (
	context_id UUID NOT NULL, 
	session_id UUID NOT NULL, 
	content TEXT NOT NULL, 
	type TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP, 
	PRIMARY KEY (context_id), 
	CONSTRAINT fk_contexts_session_id FOREIGN KEY(session_id) REFERENCES sessions (session_id) ON DELETE CASCADE
);
CREATE TABLE conversations (
	conversation_id UUID NOT NULL, 
	session_id UUID NOT NULL, 
	message_role TEXT NOT NULL, 
	content TEXT NOT NULL, 
	timestamp TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP, 
	metadata JSONB, 
	PRIMARY KEY (conversation_id), 
	CONSTRAINT fk_conversations_session_id FOREIGN KEY(session_id) REFERENCES sessions (session_id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_contexts_composite ON contexts (session_id, created_at);
CREATE INDEX IF NOT EXISTS idx_conversations_composite ON conversations (session_id, timestamp);
CREATE INDEX IF NOT EXISTS "idx_conversation_newest" ON "sessions" ("start_time" DESC NULLS LAST, "session_id" DESC);
CREATE INDEX IF NOT EXISTS "idx_conversation_user_newest" ON "sessions" ("user_id", "start_time" DESC NULLS LAST, "session_id" DESC);
CREATE INDEX IF NOT EXISTS "conversations_fts" ON "conversations" USING gin (to_tsvector('simple', translate(left(coalesce("content", ''), 100000), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                ')));
CREATE TABLE IF NOT EXISTS "sessionlab_conversation_version" (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
DELETE FROM "sessionlab_conversation_version";
INSERT INTO "sessionlab_conversation_version" (version_num) VALUES ('0003');
