CREATE TABLE session_states (
	id UUID DEFAULT gen_random_uuid() NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP, 
	thread_id VARCHAR(255) NOT NULL, 
	run_id VARCHAR(255), 
	user_prompt TEXT, 
	topic VARCHAR(50), 
	difficulty VARCHAR(20), 
	problem_description TEXT, 
	problem_tests JSONB, 
	code TEXT, 
	tests_passed BOOLEAN, 
	code_attempts BIGINT DEFAULT 0, 
	problem_attempts BIGINT DEFAULT 0, 
	workflow_status VARCHAR(20) DEFAULT 'running' CONSTRAINT ck_session_states_workflow_status CHECK ("workflow_status" IN ('running', 'completed', 'failed')), 
	PRIMARY KEY (id), 
	UNIQUE (thread_id)
);
CREATE INDEX IF NOT EXISTS idx_session_states_created_at ON session_states (created_at);
CREATE INDEX IF NOT EXISTS idx_session_states_difficulty ON session_states (difficulty);
CREATE INDEX IF NOT EXISTS idx_session_states_run_id ON session_states (run_id);
CREATE INDEX IF NOT EXISTS idx_session_states_topic ON session_states (topic);
CREATE INDEX IF NOT EXISTS idx_session_states_workflow_status ON session_states (workflow_status);
DO $$ BEGIN IF to_regclass('session_states_summary') IS NULL THEN CREATE VIEW session_states_summary AS SELECT id, thread_id, run_id, created_at, updated_at, topic, difficulty, tests_passed, code_attempts, problem_attempts, workflow_status, CASE WHEN jsonb_typeof(problem_tests) = 'array' THEN jsonb_array_length(problem_tests) END AS test_count FROM session_states; END IF; END $$;
CREATE OR REPLACE FUNCTION session_states_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN NEW.updated_at = now(); END IF; RETURN NEW; END $$;
DROP TRIGGER IF EXISTS session_states_touch ON session_states;
CREATE TRIGGER session_states_touch BEFORE UPDATE ON session_states FOR EACH ROW EXECUTE FUNCTION session_states_touch();
CREATE INDEX IF NOT EXISTS "idx_session_states_newest" ON "session_states" ("created_at" DESC NULLS LAST, "id" DESC);
CREATE INDEX IF NOT EXISTS "session_states_fts" ON "session_states" USING gin (to_tsvector('simple', translate(left(coalesce("user_prompt", ''), 33333) || ' ' || left(coalesce("topic", ''), 33333) || ' ' || left(coalesce("problem_description", ''), 33333), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', '                                ')));
CREATE TABLE IF NOT EXISTS "sessionlab_workflow_version" (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
DELETE FROM "sessionlab_workflow_version";
INSERT INTO "sessionlab_workflow_version" (version_num) VALUES ('0003');
