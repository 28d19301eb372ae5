-- workflow: native tables to the canonical model.
-- A state history tells every attempt: the newest snapshot of each (problem_attempts, code_attempts), as code_attempts starts
-- again at 0 with each new problem. A plain row tells how many there were, and only the last one's code and outcome.

CREATE OR REPLACE VIEW workflow.history_attempts AS
SELECT
    source,
    thread_id,
    problem_attempts,
    code_attempts,
    arg_max_null(code, snapshot) AS code,
    arg_max_null(tests_passed, snapshot) AS tests_passed,
    row_number() OVER (PARTITION BY source, thread_id ORDER BY problem_attempts, code_attempts) AS attempt
FROM workflow.state_history
WHERE code_attempts > 0
GROUP BY source, thread_id, problem_attempts, code_attempts;

CREATE OR REPLACE VIEW workflow.canonical_sessions AS
WITH told AS (
    SELECT source, thread_id, max(attempt) AS attempts
    FROM workflow.history_attempts
    GROUP BY ALL
)
SELECT
    s.source,
    'workflow' AS kind,
    s.thread_id AS session_id,
    NULL::VARCHAR AS parent_session_id,
    s.user_prompt AS goal,
    s.topic,
    s.difficulty,
    NULL::VARCHAR AS mode,
    coalesce(
        s.workflow_status,
        CASE WHEN s.tests_passed THEN 'completed' WHEN NOT s.tests_passed THEN 'failed' END
    ) AS status,
    CASE WHEN s.workflow_status = 'running' THEN NULL ELSE s.tests_passed END AS success,
    coalesce(t.attempts, s.code_attempts) AS attempts,
    s.problem_attempts,
    NULL::BIGINT AS errors,
    NULL::BIGINT AS messages,
    NULL::VARCHAR AS user_id,
    s.extra->>'agent' AS agent,
    s.extra->>'model' AS model,
    s.run_id,
    NULL::VARCHAR AS workspace,
    s.created_at AS started_at,
    CASE WHEN s.workflow_status = 'running' THEN NULL ELSE s.updated_at END AS ended_at,
    epoch(CASE WHEN s.workflow_status = 'running' THEN NULL ELSE s.updated_at END - s.created_at) AS duration_s,
    s.extra
FROM workflow.session_states AS s
LEFT JOIN told AS t ON t.source = s.source AND t.thread_id = s.thread_id;

CREATE OR REPLACE VIEW workflow.canonical_attempts AS
WITH told AS (
    SELECT DISTINCT source, thread_id
    FROM workflow.state_history
),
counted AS (
    -- No thread tries that often: a number beyond is damage, and must not fill the memory.
    SELECT s.*, unnest(generate_series(1, CASE WHEN s.code_attempts > 10000 THEN 10000 ELSE s.code_attempts END)) AS attempt
    FROM workflow.session_states AS s
    ANTI JOIN told AS t ON t.source = s.source AND t.thread_id = s.thread_id
),
tries AS (
    SELECT
        source,
        thread_id,
        attempt,
        CASE WHEN attempt = code_attempts THEN code END AS code,
        CASE WHEN attempt = code_attempts AND workflow_status IS DISTINCT FROM 'running' THEN tests_passed END AS success,
        extra
    FROM counted
    UNION ALL BY NAME
    SELECT source, thread_id, attempt, code, tests_passed AS success, NULL::JSON AS extra
    FROM workflow.history_attempts
)
SELECT
    source,
    'workflow' AS kind,
    thread_id AS session_id,
    attempt,
    NULL::VARCHAR AS attempt_id,
    CASE WHEN success THEN 'completed' WHEN NOT success THEN 'failed' END AS status,
    success,
    NULL::BOOLEAN AS winner,
    extra->>'agent' AS agent,
    extra->>'model' AS model,
    NULL::VARCHAR AS runtime,
    code,
    NULL::VARCHAR AS feedback,
    NULL::BIGINT AS errors,
    NULL::BIGINT AS files_changed,
    NULL::BIGINT AS lines_added,
    NULL::BIGINT AS lines_deleted,
    NULL::TIMESTAMP AS started_at,
    NULL::TIMESTAMP AS ended_at
FROM tries;
