-- conversation: native tables to the canonical model. Messages are ordered by their time; of one time, by the `index`
-- in their metadata where there is one, then by their id.
-- An assistant message is an attempt; any other message belongs to the attempt that answers it, if one does.

-- Metadata and what else a source had become one object by joining their texts, as json_merge_patch drops what is null in
-- the second. Metadata that is no object keeps its name.

CREATE OR REPLACE VIEW conversation.canonical_sessions AS
WITH talk AS (
    SELECT
        source,
        session_id,
        count(*) AS messages,
        count(*) FILTER (WHERE message_role = 'assistant') AS attempts,
        arg_min(content, (
            coalesce("timestamp", 'infinity'::TIMESTAMP),
            coalesce(TRY_CAST(metadata->>'index' AS BIGINT), 9223372036854775807),
            conversation_id
        )) FILTER (WHERE message_role = 'user') AS goal
    FROM conversation.conversations
    GROUP BY ALL
)
SELECT
    s.source,
    'conversation' AS kind,
    s.session_id,
    s.metadata->>'parent_session_id' AS parent_session_id,
    t.goal,
    s.metadata->>'topic' AS topic,
    s.metadata->>'difficulty' AS difficulty,
    s.metadata->>'mode' AS mode,
    CASE WHEN s.end_time IS NULL THEN 'running' ELSE 'completed' END AS status,
    CASE s.metadata->>'success' WHEN 'true' THEN true WHEN 'false' THEN false END AS success,
    coalesce(t.attempts, 0) AS attempts,
    NULL::BIGINT AS problem_attempts,
    NULL::BIGINT AS errors,
    coalesce(t.messages, 0) AS messages,
    s.user_id,
    s.metadata->>'agent' AS agent,
    s.metadata->>'model' AS model,
    s.metadata->>'run_id' AS run_id,
    NULL::VARCHAR AS workspace,
    s.start_time AS started_at,
    s.end_time AS ended_at,
    epoch(s.end_time - s.start_time) AS duration_s,
    CASE
        WHEN s.extra IS NULL THEN s.metadata
        WHEN s.metadata IS NULL THEN s.extra
        ELSE ('{' || concat_ws(
            ',',
            CASE WHEN json_type(s.metadata) = 'OBJECT' THEN nullif(json(s.metadata)[2:-2], '') ELSE '"metadata":' || json(s.metadata) END,
            nullif(json(s.extra)[2:-2], '')
        ) || '}')::JSON
    END AS extra
FROM conversation.sessions AS s
LEFT JOIN talk AS t ON t.source = s.source AND t.session_id = s.session_id;

CREATE OR REPLACE VIEW conversation.numbered AS
SELECT
    *,
    row_number() OVER in_order AS seq,
    count(*) FILTER (WHERE message_role = 'assistant') OVER in_order AS answered,
    count(*) FILTER (WHERE message_role = 'assistant') OVER (PARTITION BY source, session_id) AS answers
FROM conversation.conversations
WINDOW in_order AS (
    PARTITION BY source, session_id
    ORDER BY "timestamp", TRY_CAST(metadata->>'index' AS BIGINT), conversation_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
);

CREATE OR REPLACE VIEW conversation.canonical_attempts AS
SELECT
    m.source,
    'conversation' AS kind,
    m.session_id,
    m.answered AS attempt,
    m.conversation_id AS attempt_id,
    NULL::VARCHAR AS status,
    NULL::BOOLEAN AS success,
    NULL::BOOLEAN AS winner,
    s.metadata->>'agent' AS agent,
    s.metadata->>'model' AS model,
    NULL::VARCHAR AS runtime,
    NULL::VARCHAR AS code,
    m.content AS feedback,
    NULL::BIGINT AS errors,
    NULL::BIGINT AS files_changed,
    NULL::BIGINT AS lines_added,
    NULL::BIGINT AS lines_deleted,
    m."timestamp" AS started_at,
    NULL::TIMESTAMP AS ended_at
FROM conversation.numbered AS m
LEFT JOIN conversation.sessions AS s ON s.source = m.source AND s.session_id = m.session_id
WHERE m.message_role = 'assistant';

CREATE OR REPLACE VIEW conversation.canonical_messages AS
SELECT
    source,
    'conversation' AS kind,
    session_id,
    conversation_id AS message_id,
    seq,
    message_role AS role,
    NULL::VARCHAR AS type,
    content,
    CASE WHEN message_role = 'assistant' THEN answered WHEN answered < answers THEN answered + 1 END AS attempt,
    "timestamp" AS sent_at,
    CASE
        WHEN extra IS NULL THEN metadata
        WHEN metadata IS NULL THEN extra
        ELSE ('{' || concat_ws(
            ',',
            CASE WHEN json_type(metadata) = 'OBJECT' THEN nullif(json(metadata)[2:-2], '') ELSE '"metadata":' || json(metadata) END,
            nullif(json(extra)[2:-2], '')
        ) || '}')::JSON
    END AS extra
FROM conversation.numbered;
