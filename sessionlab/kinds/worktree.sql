-- worktree: native tables to the canonical model. Instances are ordered by their number; a debate's rounds count as running.

CREATE OR REPLACE VIEW worktree.canonical_sessions AS
-- What hangs on a session is counted in one go: a hash table of all session ids for each table would take much memory.
WITH tallies AS (
    SELECT
        source,
        session_id,
        count(*) FILTER (WHERE what = 'instance') AS attempts,
        count(*) FILTER (WHERE what = 'message') AS messages,
        to_json(list(runtime ORDER BY runtime) FILTER (WHERE what = 'runtime')) AS runtime_mix
    FROM (
        SELECT source, session_id, 'instance' AS what, NULL::VARCHAR AS runtime FROM worktree.instances
        UNION ALL
        SELECT source, session_id, 'message', NULL FROM worktree.chat_messages
        UNION ALL
        SELECT source, session_id, 'runtime', runtime FROM worktree.session_runtime_mix
    )
    GROUP BY ALL
),
winners AS (
    SELECT i.source, i.session_id, any_value(i.agent_name) AS agent, any_value(i.model) AS model
    FROM worktree.instances AS i
    JOIN worktree.sessions AS s ON s.source = i.source AND s.id = i.session_id AND s.winner_id = i.instance_id
    GROUP BY ALL
)
SELECT
    s.source,
    'worktree' AS kind,
    s.id AS session_id,
    NULL::VARCHAR AS parent_session_id,
    s.task AS goal,
    NULL::VARCHAR AS topic,
    NULL::VARCHAR AS difficulty,
    s.type AS mode,
    CASE WHEN starts_with(s.status, 'round_') THEN 'running' ELSE s.status END AS status,
    CASE s.status WHEN 'completed' THEN true WHEN 'failed' THEN false END AS success,
    coalesce(t.attempts, 0) AS attempts,
    NULL::BIGINT AS problem_attempts,
    NULL::BIGINT AS errors,
    coalesce(t.messages, 0) AS messages,
    NULL::VARCHAR AS user_id,
    w.agent,
    coalesce(w.model, s.model) AS model,
    NULL::VARCHAR AS run_id,
    coalesce(p.workspace_hash, s.workspace_id) AS workspace,
    s.created_at AS started_at,
    s.completed_at AS ended_at,
    coalesce(epoch(s.completed_at - s.created_at), s.total_duration / 1000) AS duration_s,
    nullif('{' || concat_ws(
        ',',
        CASE WHEN starts_with(s.status, 'round_') THEN '"status":' || to_json(s.status) END,
        '"timeout_seconds":' || s.timeout_seconds,
        '"preserve_worktrees":' || s.preserve_worktrees,
        '"winner_id":' || s.winner_id,
        '"total_duration":' || s.total_duration,
        '"total_files_changed":' || s.total_files_changed,
        '"total_lines_added":' || s.total_lines_added,
        '"total_lines_deleted":' || s.total_lines_deleted,
        '"integration_phase":' || to_json(s.integration_phase),
        '"integration_instance_id":' || s.integration_instance_id,
        '"runtime_mix":' || t.runtime_mix,
        nullif(s.extra[2:-2], '')
    ) || '}', '{}')::JSON AS extra
FROM worktree.sessions AS s
LEFT JOIN (SELECT source, id, any_value(workspace_hash) AS workspace_hash FROM worktree.workspaces GROUP BY ALL) AS p
    ON p.source = s.source AND p.id = s.workspace_id
LEFT JOIN tallies AS t ON t.source = s.source AND t.session_id = s.id
LEFT JOIN winners AS w ON w.source = s.source AND w.session_id = s.id;

CREATE OR REPLACE VIEW worktree.canonical_attempts AS
SELECT
    i.source,
    'worktree' AS kind,
    i.session_id,
    row_number() OVER (PARTITION BY i.source, i.session_id ORDER BY i.instance_id) AS attempt,
    i.instance_id::VARCHAR AS attempt_id,
    i.status,
    CASE i.status WHEN 'completed' THEN true WHEN 'failed' THEN false END AS success,
    i.instance_id = s.winner_id AS winner,
    i.agent_name AS agent,
    i.model,
    i.runtime,
    NULL::VARCHAR AS code,
    i.output AS feedback,
    NULL::BIGINT AS errors,
    i.files_changed,
    i.lines_added,
    i.lines_deleted,
    i.start_time AS started_at,
    i.end_time AS ended_at
FROM worktree.instances AS i
-- Only those that name a winner: less to look up, with nothing to say of the others.
LEFT JOIN (SELECT source, id, winner_id FROM worktree.sessions WHERE winner_id IS NOT NULL) AS s
    ON s.source = i.source AND s.id = i.session_id;

CREATE OR REPLACE VIEW worktree.canonical_messages AS
SELECT
    m.source,
    'worktree' AS kind,
    m.session_id,
    m.id AS message_id,
    row_number() OVER (PARTITION BY m.source, m.session_id ORDER BY m."timestamp", m.id) AS seq,
    m.role,
    NULL::VARCHAR AS type,
    m.content,
    i.attempt,
    m."timestamp" AS sent_at,
    m.extra
FROM worktree.chat_messages AS m
LEFT JOIN (
    -- One row a number, whatever the source did: a message must not come twice.
    SELECT source, session_id, instance_id, min(attempt) AS attempt
    FROM (
        SELECT
            source,
            session_id,
            instance_id,
            row_number() OVER (PARTITION BY source, session_id ORDER BY instance_id) AS attempt
        FROM worktree.instances
    )
    GROUP BY ALL
) AS i ON i.source = m.source AND i.session_id = m.session_id AND i.instance_id = m.instance_id;
