-- codegen: native tables to the canonical model. Iterations are ordered by their id within a session. A file has ids of its
-- own: those of two files, as of two machines, may be alike.

CREATE OR REPLACE VIEW codegen.canonical_sessions AS
WITH failures AS (
    SELECT source, file, iteration_id, count(*) AS errors
    FROM codegen.error
    GROUP BY ALL
),
tries AS (
    SELECT
        i.source,
        i.session_id,
        count(*) AS attempts,
        sum(coalesce(f.errors, 0))::BIGINT AS errors,
        arg_max(coalesce(f.errors, 0), i.id) = 0 AS success,
        arg_max_null(i.created_at, i.id) AS ended_at
    FROM codegen.iteration AS i
    LEFT JOIN failures AS f ON f.source = i.source AND f.file IS NOT DISTINCT FROM i.file AND f.iteration_id = i.id
    GROUP BY ALL
)
SELECT
    s.source,
    'codegen' AS kind,
    s.id::VARCHAR AS session_id,
    s.parent_session_id::VARCHAR AS parent_session_id,
    s.design_goal AS goal,
    NULL::VARCHAR AS topic,
    NULL::VARCHAR AS difficulty,
    NULL::VARCHAR AS mode,
    CASE WHEN t.success THEN 'completed' WHEN NOT t.success THEN 'failed' ELSE 'running' END AS status,
    t.success,
    coalesce(t.attempts, 0) AS attempts,
    NULL::BIGINT AS problem_attempts,
    coalesce(t.errors, 0) AS errors,
    NULL::BIGINT AS messages,
    NULL::VARCHAR AS user_id,
    NULL::VARCHAR AS agent,
    NULL::VARCHAR AS model,
    NULL::VARCHAR AS run_id,
    NULL::VARCHAR AS workspace,
    s.created_at AS started_at,
    t.ended_at,
    epoch(t.ended_at - s.created_at) AS duration_s,
    s.extra
FROM codegen.session AS s
LEFT JOIN tries AS t ON t.source = s.source AND t.session_id = s.id;

CREATE OR REPLACE VIEW codegen.canonical_attempts AS
WITH failures AS (
    SELECT source, file, iteration_id, count(*) AS errors
    FROM codegen.error
    GROUP BY ALL
)
SELECT
    i.source,
    'codegen' AS kind,
    i.session_id::VARCHAR AS session_id,
    row_number() OVER (PARTITION BY i.source, i.session_id ORDER BY i.id) AS attempt,
    i.id::VARCHAR AS attempt_id,
    CASE WHEN f.errors IS NULL THEN 'completed' ELSE 'failed' END AS status,
    f.errors IS NULL AS success,
    NULL::BOOLEAN AS winner,
    NULL::VARCHAR AS agent,
    NULL::VARCHAR AS model,
    NULL::VARCHAR AS runtime,
    i.code,
    i.feedback,
    coalesce(f.errors, 0) AS errors,
    NULL::BIGINT AS files_changed,
    NULL::BIGINT AS lines_added,
    NULL::BIGINT AS lines_deleted,
    i.created_at AS started_at,
    NULL::TIMESTAMP AS ended_at
FROM codegen.iteration AS i
LEFT JOIN failures AS f ON f.source = i.source AND f.file IS NOT DISTINCT FROM i.file AND f.iteration_id = i.id;

CREATE OR REPLACE VIEW codegen.canonical_errors AS
WITH numbered AS (
    SELECT source, file, id, session_id, row_number() OVER (PARTITION BY source, session_id ORDER BY id) AS attempt
    FROM codegen.iteration
)
SELECT
    e.source,
    'codegen' AS kind,
    i.session_id::VARCHAR AS session_id,
    i.attempt,
    e.id::VARCHAR AS error_id,
    e.error_type,
    e.error_message AS message,
    e.error_line AS line,
    e.created_at AS occurred_at
FROM codegen.error AS e
LEFT JOIN numbered AS i ON i.source = e.source AND i.file IS NOT DISTINCT FROM e.file AND i.id = e.iteration_id;
