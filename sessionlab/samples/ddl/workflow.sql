CREATE TABLE session_states (
    id {uuid} PRIMARY KEY DEFAULT ({new_uuid}),
    created_at {time} DEFAULT CURRENT_TIMESTAMP,
    updated_at {time} DEFAULT CURRENT_TIMESTAMP,
    thread_id {varchar_255} NOT NULL UNIQUE,
    run_id {varchar_255},
    user_prompt TEXT,
    topic {varchar_50},
    difficulty {varchar_20},
    problem_description TEXT,
    problem_tests {json},
    code TEXT,
    tests_passed BOOLEAN,
    code_attempts INTEGER DEFAULT 0,
    problem_attempts INTEGER DEFAULT 0,
    workflow_status {varchar_20} DEFAULT 'running'
        CHECK(workflow_status IN ('running', 'completed', 'failed'))
);

CREATE VIEW session_states_summary AS
SELECT id, thread_id, run_id, created_at, updated_at, topic, difficulty, tests_passed, code_attempts, problem_attempts,
    workflow_status, {json_length}(problem_tests) AS test_count
FROM session_states;

-- after loading
CREATE INDEX idx_session_states_run_id ON session_states(run_id);
CREATE INDEX idx_session_states_created_at ON session_states(created_at);
CREATE INDEX idx_session_states_topic ON session_states(topic);
CREATE INDEX idx_session_states_difficulty ON session_states(difficulty);
CREATE INDEX idx_session_states_workflow_status ON session_states(workflow_status);

-- after loading, sqlite
CREATE TRIGGER session_states_updated AFTER UPDATE ON session_states WHEN new.updated_at IS old.updated_at
BEGIN
    UPDATE session_states SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = new.id;
END;

-- after loading, postgres
CREATE FUNCTION touch_session_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END $$;
CREATE TRIGGER session_states_updated BEFORE UPDATE ON session_states
    FOR EACH ROW EXECUTE FUNCTION touch_session_state();
