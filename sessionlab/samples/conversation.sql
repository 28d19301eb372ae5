-- Conversations first … last - 1: the contexts that each started from, and its turns.

CREATE OR REPLACE TABLE drafts AS
SELECT *, uid('session', n)::UUID AS session_id, state = 'running' AS active,
    -- The last question of an active session waits for its answer.
    2 * attempts - (state = 'running')::BIGINT AS turns
FROM sessions_from(getvariable('first'), getvariable('last'));

CREATE OR REPLACE TABLE native.sessions AS
SELECT
    session_id,
    format('user-{:02d}', 1 + floor(20 * u('user', n) ** 1.6)::BIGINT) AS user_id,
    started_at AS start_time,
    CASE WHEN NOT active THEN after(started_at, turns * 75 + 60 + 60 * u('close', n)) END AS end_time,
    -- A merge with a patch drops the keys that are NULL: a session without a parent has no such key.
    json_merge_patch('{}', {topic: topic, mode: ['agent', 'agent', 'edit', 'ask'][1 + (bits('mode', n) % 4)::BIGINT],
        success: CASE state WHEN 'passed' THEN true WHEN 'failed' THEN false END, agent: agent, model: model,
        difficulty: difficulty, parent_session_id: CASE WHEN parent IS NOT NULL THEN uid('session', parent) END}::JSON)
        AS metadata,
    n AS _n
FROM drafts ORDER BY n;

CREATE OR REPLACE TABLE native.contexts AS
SELECT uid('context', concat(n, '.', number))::UUID AS context_id, session_id, content, type, created_at, n AS _n,
    number AS _k
FROM (
    SELECT n, session_id, 1 AS number, 'system' AS type, started_at AS created_at, fill(concat('You are ', agent,
        ', a careful engineer who works on {noun}s and {other}s. Say what you change and why, keep functions ',
        'short, and run the tests first.'), bits('system', n)) AS content
    FROM drafts
    UNION ALL
    SELECT n, session_id, 2, 'file', after(started_at, 1), concat(fill('# src/{noun}.py', bits('words', subject)), E'\n',
        snippet(topic_no, bits('file', n), bits('words', subject)))
    FROM drafts WHERE bits('has file', n) % 2 = 0
) ORDER BY _n, _k;

CREATE OR REPLACE TABLE native.conversations AS
WITH drawn AS (
    SELECT *, concat(n, '.', turn) AS key, bits('message', concat(n, '.', turn)) AS number
    FROM (SELECT *, unnest(range(1, turns + 1)) AS turn FROM drafts)
)
SELECT
    uid('message', key)::UUID AS conversation_id,
    session_id,
    CASE WHEN turn % 2 = 1 THEN 'user' ELSE 'assistant' END AS message_role,
    CASE
        WHEN turn = 1 THEN concat(goal, '. ', fill('It is about {m} {noun}s a day, some of them {adj}.', number))
        WHEN turn % 2 = 1 THEN write(getvariable('requests'), number).trim()
        ELSE concat(write(getvariable('explanations'), number), write(getvariable('explanations'), bits('more', key)),
            E'\n\n```python\n', snippet(topic_no, bits('main', subject) + (turn // 2)::UBIGINT, bits('words', subject)),
            '```')
    END AS content,
    after(started_at, (turn - 1) * 75 + 5 + 60 * u('pause', key)) AS timestamp,
    {index: turn}::JSON AS metadata,
    n AS _n,
    turn AS _k
FROM drawn ORDER BY _n, _k;

CREATE OR REPLACE VIEW documents AS
WITH given AS (
    SELECT session_id, list({context_id: context_id, content: content, type: type, created_at: iso(created_at)}
        ORDER BY _k) AS contexts
    FROM native.contexts GROUP BY session_id
),
said AS (
    SELECT session_id, list({conversation_id: conversation_id, message_role: message_role, content: content,
        timestamp: iso(timestamp), metadata: metadata} ORDER BY _k) AS conversations
    FROM native.conversations GROUP BY session_id
)
SELECT
    format('{:06d}.jsonl', (_n - 1) // 100 + 1) AS file,
    _n,
    {session_id: session_id, user_id: user_id, start_time: iso(start_time), end_time: iso(end_time), metadata: metadata,
        contexts: coalesce(contexts, []), conversations: coalesce(conversations, [])} AS document
FROM native.sessions LEFT JOIN given USING (session_id) LEFT JOIN said USING (session_id);
